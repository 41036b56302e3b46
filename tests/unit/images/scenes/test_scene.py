"""Scenes: what is described is drawn, and labels, centres and boxes say the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivogan.domains.images.scenes.scene import SPACE, SceneSampler, described
from vivogan.domains.images.scenes.settings import ClassDescription, SceneDescription
from vivogan.domains.images.scenes.shapes import ANGLES, ShapeBank, diameters_of, ellipses, outlines


@settings(max_examples=25)
@given(
    unit=st.lists(st.floats(0, 1), min_size=len(SPACE), max_size=len(SPACE)),
    height=st.integers(16, 90),
    width=st.integers(16, 90),
    seed=st.integers(0, 1000),
    cut=st.booleans(),
)
def test_labels_centres_and_boxes_say_the_same(
    unit: list[float], height: int, width: int, seed: int, cut: bool
) -> None:
    values = SPACE.values(np.array(unit))
    scene = SceneSampler()(values, (height, width), np.random.default_rng(seed))
    objects = scene.objects(cut)
    assert objects.labels is not None
    assert objects.boxes is not None
    assert objects.labels.shape == (height, width)
    assert len(objects) == len(objects.classes) == len(objects.boxes) == objects.labels.max()
    for i, (centre, box) in enumerate(zip(objects.centres, objects.boxes, strict=True)):
        ys, xs = np.nonzero(objects.labels == i + 1)
        assert len(ys) >= 3
        assert (box == (ys.min() - 0.5, xs.min() - 0.5, ys.max() + 0.5, xs.max() + 0.5)).all()
        assert (centre > -0.5).all()
        assert (centre < (height - 0.5, width - 0.5)).all()


def test_described_counts_and_sizes_are_drawn() -> None:
    description = SceneDescription(count=(10, 20), diameter=(12, 16), elongation=(1, 1.1), overlap=(-0.1, 0))
    size = (200, 300)
    sampler, space = described(description, size)
    rng = np.random.default_rng(0)
    counts, areas = [], []
    for _ in range(12):
        values = space.values(rng.random(len(space))) | {"diameter_spread": 0.05, "crowding": 0.0}
        objects = sampler(values, size, rng).objects(cut=False)
        assert objects.labels is not None
        counts.append(len(objects))
        areas.append(np.median(np.bincount(objects.labels.ravel())[1:]))
    assert min(counts) >= 9
    assert max(counts) <= 20
    assert np.mean(counts) == pytest.approx(14, abs=3)
    diameters = np.sqrt(4 / np.pi * np.array(areas))
    assert diameters.min() > 10.5
    assert diameters.max() < 17.5


def test_classes_are_as_frequent_and_as_large_as_described() -> None:
    classes = (ClassDescription(name="small", share=3), ClassDescription(name="large", share=1, scale=2))
    sampler, space = described(SceneDescription(classes=classes, count=(40, 40), diameter=(6, 6)), (256, 256))
    values = space.values(np.full(len(space), 0.2)) | {"diameter_spread": 0.05}
    rng = np.random.default_rng(1)
    scenes = [sampler(values, (256, 256), rng) for _ in range(6)]
    kinds = np.concatenate([s.classes for s in scenes])
    diameters = np.concatenate([s.diameters for s in scenes])
    assert (kinds == 1).mean() == pytest.approx(0.25, abs=0.08)
    assert np.median(diameters[kinds == 1]) / np.median(diameters[kinds == 0]) == pytest.approx(2, rel=0.05)


def test_clustering_brings_neighbours_to_the_described_distance() -> None:
    from scipy.spatial import cKDTree

    def near(clustering: float) -> float:
        values = SPACE.values(np.full(len(SPACE), 0.3)) | {"diameter": 10, "diameter_spread": 0.0, "overlap": 0.0}
        values |= {"density": 8.0, "patchiness": 0.0, "crowding": 0.0, "clustering": clustering}
        centres = SceneSampler()(values, (300, 300), np.random.default_rng(2)).centres
        return float((cKDTree(centres).query(centres, 2)[0][:, 1] < 11.6).mean())

    assert near(0.9) > 0.7
    assert near(0.0) < 0.35


def test_an_outline_keeps_its_area_through_mask_and_bank() -> None:
    rng = np.random.default_rng(0)
    values = SPACE.values(np.full(len(SPACE), 0.3)) | {"diameter": 24, "density": 4.0, "overlap": -0.1, "crowding": 0.0}
    scene = SceneSampler()(values, (256, 256), rng)
    objects = scene.objects()
    found = outlines(objects)
    whole = ((scene.centres > 20) & (scene.centres < 236)).all(1)
    assert whole.sum() >= 5
    assert diameters_of(found)[whole] == pytest.approx(scene.diameters[whole], rel=0.12)
    bank = ShapeBank(found[whole] / diameters_of(found)[whole, None])
    drawn = bank.draw(np.full(9, 30, np.float32), 0.05, rng)
    assert drawn.shape == (9, ANGLES)
    assert diameters_of(drawn) == pytest.approx(np.full(9, 30), rel=1e-3)


def test_elongation_is_the_ratio_of_the_axes() -> None:
    radii = ellipses(np.full(50, 20, np.float32), np.full(50, 2, np.float32), 0.0, np.random.default_rng(0))
    assert np.median(radii.max(1) / radii.min(1)) == pytest.approx(2, rel=0.05)
    assert diameters_of(radii) == pytest.approx(np.full(50, 20), rel=0.02)


def test_nothing_described_is_an_empty_scene() -> None:
    values = SPACE.values(np.full(len(SPACE), 0.5)) | {"count": 0.0}
    scene = SceneSampler()(values, (20, 30), np.random.default_rng(0))
    assert len(scene) == len(scene.objects()) == scene.labels.max() == 0
