"""What stands alone is cut out, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.images.scenes.discs import discs
from vivogan.domains.images.scenes.harvest import Harvest, ground_of, harvest, usual_radius
from vivogan.domains.images.scenes.imagine import imagine
from vivogan.domains.images.scenes.settings import HarvestSettings, SceneDescription, SceneSettings

SETTINGS = HarvestSettings()


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


def test_two_in_one_are_no_lone_blob() -> None:
    """Pairs that show one peak are larger than what stands alone, and are left where they are."""
    y, x = np.mgrid[:160, :160]
    images, singles = [], 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        light = np.zeros((160, 160))
        for i, (cy, cx) in enumerate((20 + 40 * a, 20 + 40 * b) for a in range(4) for b in range(4)):
            cy, cx, wide = cy + rng.uniform(-0.5, 0.5), cx + rng.uniform(-0.5, 0.5), 4 + 0.1 * rng.standard_normal()
            for dx in (-3, 3) if i % 8 == 0 else (0,):
                light += 0.5 * np.exp(-((y - cy) ** 2 + (x - cx - dx) ** 2) / (2 * wide**2))
            singles += i % 8 != 0
        images.append((0.1 + light + 0.003 * rng.standard_normal(light.shape))[None].astype(np.float32))
    found = harvest(images, SETTINGS)
    assert found is not None
    lights = np.array([blob.sum() for blob in found.blobs])
    assert 0.6 * singles < len(lights) <= singles
    assert lights.max() < 1.4 * np.median(lights)


def test_what_was_counted_is_remembered(crop: Harvest) -> None:
    assert crop.hidden is None
    counted = harvest([discs(i).image for i in range(10)], SETTINGS, None, [25] * 10)
    assert counted is not None
    assert counted.hidden is not None
    assert counted.peaks.mean() * counted.hidden == pytest.approx(25)


def test_too_little_is_no_harvest() -> None:
    assert harvest([np.zeros((1, 64, 64), np.float32)] * 3, SETTINGS) is None
    noise = np.random.default_rng(0).standard_normal((1, 64, 64)).astype(np.float32)
    assert harvest([noise], SETTINGS, 5.0) is None


def test_imagining_harvests_where_it_can() -> None:
    said: list[dict[str, object]] = []
    quick = SceneSettings(
        crop=64, prior=60, particles=10, rounds=1, discriminator_steps=2, harvest=HarvestSettings(tried=60, rounds=1)
    )
    made = imagine([], [discs(i).image for i in range(10)], 4, (64, 64), quick, 0, said.append)
    assert any("told_apart" in line for line in said)
    assert said[-1] == {"composed": 0, "harvested": 4, "simulated": 0}
    assert all(pair.objects.labels is not None for pair in made)
    dark = SceneDescription(kind="brightfield")
    imagine([], [discs(i).image for i in range(10)], 2, (64, 64), quick, 0, said.append, dark)
    assert said[-1] == {"composed": 0, "harvested": 0, "simulated": 2}
