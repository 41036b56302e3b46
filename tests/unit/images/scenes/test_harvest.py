"""What stands alone is cut out once, crowds of it are labelled exactly, and numbers are estimated without labels."""

from __future__ import annotations

import numpy as np
import pytest

from vivogan.domains.images.annotations.objects import Objects
from vivogan.domains.images.scenes.harvest import Harvest, composed, ground_of, harvest, usual_radius
from vivogan.domains.images.scenes.imagine import imagine
from vivogan.domains.images.scenes.settings import HarvestSettings, SceneDescription, SceneSettings
from vivogan.domains.images.tools.pairs import Pair

SETTINGS = HarvestSettings()


def discs(seed: int, n: int = 25, size: int = 128, radius: float = 5.0) -> Pair:
    """Soft bright discs anywhere on an uneven dark ground."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, size, (n, 2))
    y, x = np.mgrid[:size, :size]
    light = np.zeros((size, size))
    for cy, cx in centres:
        light = np.maximum(light, 0.8 / (1 + np.exp((np.hypot(y - cy, x - cx) - radius) / 0.8)))
    image = 0.1 + 0.1 * x / size + light + 0.01 * rng.standard_normal((size, size))
    return Pair(image[None].astype(np.float32), Objects(centres.astype(np.float32), np.zeros(n, np.intp)))


@pytest.fixture(scope="module")
def crop() -> Harvest:
    found = harvest([discs(i).image for i in range(10)], SETTINGS)
    assert found is not None
    return found


def test_the_usual_radius_is_found() -> None:
    assert usual_radius([discs(i).image for i in range(3)]) == pytest.approx(5, abs=1.5)


def test_the_ground_has_no_objects() -> None:
    pair = discs(0)
    ground = ground_of(pair.image, 5.0)
    assert ground.max() < 0.35
    assert ground[0, :, -10:].mean() > ground[0, :, :10].mean()


def test_lone_blobs_are_cut_out(crop: Harvest) -> None:
    assert len(crop.blobs) >= 20
    areas = np.array([own.sum() for own in crop.outlines])
    assert np.median(areas) == pytest.approx(np.pi * 25, rel=0.25)
    assert all(blob[:, 0].max() < 0.05 for blob in crop.blobs)  # the light fades out: no edge shows


def test_numbers_are_estimated_without_labels(crop: Harvest) -> None:
    estimated = crop.peaks.mean() * crop.hidden
    assert estimated == pytest.approx(25, rel=0.25)
    counted = harvest([discs(i).image for i in range(10)], SETTINGS, None, [25] * 10)
    assert counted is not None
    assert counted.peaks.mean() * counted.hidden == pytest.approx(25)


@pytest.mark.parametrize("cut", [False, True])
def test_composed_scenes_are_labelled_exactly(crop: Harvest, cut: bool) -> None:
    for pair in composed(crop, 3, (96, 120), SETTINGS, 1, cut):
        objects = pair.objects
        assert pair.image.shape == (1, 96, 120)
        assert objects.labels is not None
        assert objects.labels.max() == len(objects) > 5
        assert set(np.unique(objects.labels)) == set(range(len(objects) + 1))
        assert ((objects.centres > -0.5) & (objects.centres < [95.5, 119.5])).all()
        inside = objects.labels > 0
        assert pair.image[0][inside].mean() > pair.image[0][~inside].mean() + 0.3


def test_scenes_are_functions_of_the_seed(crop: Harvest) -> None:
    one, again, other = (composed(crop, 1, (64, 64), SETTINGS, seed)[0].image for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_too_little_is_no_harvest() -> None:
    assert harvest([np.zeros((1, 64, 64), np.float32)] * 3, SETTINGS) is None
    noise = np.random.default_rng(0).standard_normal((1, 64, 64)).astype(np.float32)
    assert harvest([noise], SETTINGS, 5.0) is None


def test_imagining_harvests_where_it_can() -> None:
    said: list[dict[str, object]] = []
    quick = SceneSettings(crop=64, prior=20, particles=10, rounds=1, discriminator_steps=2)
    made = imagine([], [discs(i).image for i in range(10)], 4, (64, 64), quick, 0, said.append)
    assert any("told_apart" in line for line in said)
    assert said[-1] == {"composed": 0, "harvested": 4, "simulated": 0}
    assert all(pair.objects.labels is not None for pair in made)
    dark = SceneDescription(kind="brightfield")
    imagine([], [discs(i).image for i in range(10)], 2, (64, 64), quick, 0, said.append, dark)
    assert said[-1] == {"composed": 0, "harvested": 0, "simulated": 2}
