"""Crowds are labelled exactly, and the images themselves say how their objects stand together."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.images.scenes.discs import discs
from vivogan.domains.images.scenes.crowd import ARRANGEMENT, Crowd
from vivogan.domains.images.scenes.gather import gathered, likely, quadratic, signature
from vivogan.domains.images.scenes.harvest import Harvest, harvest
from vivogan.domains.images.scenes.settings import HarvestSettings, SceneSettings


@pytest.fixture(scope="module")
def crop() -> Harvest:
    found = harvest([discs(i).image for i in range(10)], HarvestSettings())
    assert found is not None
    return found


@pytest.mark.parametrize("cut", [False, True])
def test_crowds_are_labelled_exactly(crop: Harvest, cut: bool) -> None:
    crowd = Crowd(crop)
    for seed, unit in enumerate(np.random.default_rng(0).random((4, len(ARRANGEMENT)))):
        pair = crowd(unit, (96, 120), seed, cut)
        objects = pair.objects
        assert pair.image.shape == (1, 96, 120)
        assert objects.labels is not None
        assert objects.labels.max() == len(objects) > 5
        assert set(np.unique(objects.labels)) == set(range(len(objects) + 1))
        assert ((objects.centres > -0.5) & (objects.centres < [95.5, 119.5])).all()
        inside = objects.labels > 0
        assert pair.image[0][inside].mean() > pair.image[0][~inside].mean() + 0.3


def test_crowds_are_functions_of_the_seed(crop: Harvest) -> None:
    unit = np.full(len(ARRANGEMENT), 0.5)
    one, again, other = (Crowd(crop)(unit, (64, 64), seed).image for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(("adding", "most"), [(0.0, 1.0), (1.0, 2.0)])
def test_light_of_two_at_one_place(crop: Harvest, adding: float, most: float) -> None:
    """One opaque body, or the sum."""
    unit = ARRANGEMENT.unit({"crowded": 0.9, "nearest": 0.05, "adding": adding, "numbers": 2.5})
    alone = max(float(blob.max()) for blob in crop.blobs)
    brightest = max(float(Crowd(crop)(unit, (128, 128), seed).image.max()) for seed in range(3))
    assert brightest < most * 1.25 * alone + 0.3 or adding > 0
    assert brightest > 1.5 * alone or adding <= 0


def test_objects_keep_their_distance(crop: Harvest) -> None:
    unit = ARRANGEMENT.unit({"crowded": 0.9, "nearest": 1.0, "numbers": 1.0})
    centres = Crowd(crop)(unit, (128, 128), 0, cut=False).objects.centres
    away = np.hypot(*(centres[:, None] - centres[None]).transpose(2, 0, 1)) + 1e6 * np.eye(len(centres))
    assert away.min() >= crop.radius - 1e-3


def test_the_arrangement_is_found_without_labels(crop: Harvest) -> None:
    """Images composed with known numbers tell them."""
    true = {"crowded": 0.6, "nearest": 0.2, "adding": 0.8, "numbers": 1.5}
    crowd = Crowd(crop)
    real = [crowd(ARRANGEMENT.unit(true), (128, 128), 1000 + i).image for i in range(30)]
    units = likely(crowd, real, len(real), SceneSettings(particles=100, harvest=HarvestSettings(tried=300)), seed=0)
    values = [ARRANGEMENT.values(unit) for unit in units]
    assert np.mean([v["numbers"] for v in values]) == pytest.approx(1.5, rel=0.15)
    assert np.mean([v["adding"] for v in values]) == pytest.approx(0.8, abs=0.2)
    assert np.mean([v["crowded"] for v in values]) > 0.35


def test_known_numbers_stay(crop: Harvest) -> None:
    counted = harvest([discs(i).image for i in range(10)], HarvestSettings(), None, [25] * 10)
    assert counted is not None
    quick = SceneSettings(crop=96, particles=20, harvest=HarvestSettings(tried=90))
    crowds = gathered(counted, [discs(i).image for i in range(10)], quick, 0, lambda record: None)
    made = crowds.draw(20, (128, 128), 0, cut=False)
    assert np.mean([len(pair.objects) for pair in made]) == pytest.approx(25, rel=0.15)


def test_a_blank_picture_has_a_signature(crop: Harvest) -> None:
    assert np.isfinite(signature(np.zeros((1, 64, 64), np.float32), crop)).all()


def test_the_emulator_has_every_product() -> None:
    x = np.array([[2.0, 3.0]])
    assert quadratic(x).tolist() == [[1, 2, 3, 4, 6, 9]]
