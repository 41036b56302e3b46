"""The painter keeps to its scene: what it draws is where the labels are, in the light of the annotated images."""

from __future__ import annotations

import numpy as np
import pytest

from vivogan.domains.images.annotations.objects import Objects
from vivogan.domains.images.scenes.imagine import imagine
from vivogan.domains.images.scenes.painter import drawn, repainted
from vivogan.domains.images.scenes.settings import PainterSettings, SceneSettings
from vivogan.domains.images.scenes.simulator import simulate
from vivogan.domains.images.tools.pairs import Pair
from vivogan.engine.settings import GameSettings

QUICK = PainterSettings(
    side=32, crops=200, width=12, start=80, game=GameSettings(samples=320, batch=8, learning_rate=5e-4)
)


def discs(seed: int) -> Pair:
    """Discs on a dark ground."""
    pair = simulate("fluorescence", 1, (48, 52), seed=seed)[0]
    assert pair.objects.labels is not None
    inside = pair.objects.labels > 0
    image = 0.8 * inside + 0.02 * np.random.default_rng(seed).standard_normal(inside.shape)
    return Pair(image[None].astype(np.float32), pair.objects)


def test_scenes_are_drawn_from_whatever_is_known() -> None:
    pair = discs(0)
    maps = drawn(pair.objects, (48, 52), 2, 3.0)
    assert pair.objects.labels is not None
    np.testing.assert_array_equal(maps[0] > 0, pair.objects.labels > 0)
    assert maps[1].max() == 0  # no object of the second class
    assert 0 < maps[2].max() <= 1
    centres = np.array([[10, 10], [47, 51]], np.float32)
    dots = drawn(Objects(centres, np.array([0, 1])), (48, 52), 2, 3.0)
    assert dots[0, 10, 10] == 1
    assert dots[1, 47, 51] == 1
    boxes = drawn(Objects(centres[:1], np.array([0]), np.array([[4, 2, 16, 18]], np.float32)), (48, 52), 1, 3.0)
    assert boxes[0, 10, 16] > 0
    assert boxes[0, 4, 2] == 0  # an ellipse, not a rectangle
    assert drawn(Objects.none((48, 52)), (48, 52), 1, 3.0).max() == 0


@pytest.fixture(scope="module")
def painted() -> list[Pair]:
    annotated = [discs(i) for i in range(4)]
    return repainted([discs(i) for i in range(10, 14)], annotated, [discs(i).image for i in (20, 21)], QUICK, 0)


def test_painted_objects_are_where_their_labels_are(painted: list[Pair]) -> None:
    for pair in painted:
        assert pair.image.shape == (1, 48, 52)
        assert pair.objects.labels is not None
        inside = pair.objects.labels > 0
        assert pair.image[0][inside].mean() > pair.image[0][~inside].mean() + 0.3


def test_painting_is_a_function_of_the_seed(painted: list[Pair]) -> None:
    annotated = [discs(i) for i in range(4)]
    again = repainted([discs(i) for i in range(10, 14)], annotated, [discs(i).image for i in (20, 21)], QUICK, 0)
    np.testing.assert_array_equal(again[0].image, painted[0].image)


def test_imagining_paints_its_share() -> None:
    settings = SceneSettings(painted=0.5, painter=QUICK, composition=1.0)
    made = imagine([discs(i) for i in range(4)], [], 4, (48, 52), settings, 0)
    assert len(made) == 4
