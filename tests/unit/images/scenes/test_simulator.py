"""Rendering: what a picture shows is what its labels say, and a seed is a picture."""

from __future__ import annotations

import numpy as np
import pytest

from vivogan.domains.images.scenes.settings import ClassDescription, Kind, SceneDescription
from vivogan.domains.images.scenes.simulator import build, simulate

KINDS: list[Kind] = ["fluorescence", "brightfield"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_is_a_picture(kind: Kind) -> None:
    a, b, c = simulate(kind, 2, (48, 70), 5), simulate(kind, 2, (48, 70), 5), simulate(kind, 2, (48, 70), 6)
    for x, y in zip(a, b, strict=True):
        assert np.array_equal(x.image, y.image)
        assert np.array_equal(x.objects.centres, y.objects.centres)
    assert not np.array_equal(a[0].image, c[0].image)
    assert not np.array_equal(a[0].image, a[1].image)
    # the first pictures do not depend on how many are asked for
    assert np.array_equal(simulate(kind, 1, (48, 70), 5)[0].image, a[0].image)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_pictures_are_normalised_and_of_the_asked_shape(kind: Kind, channels: int) -> None:
    for pair in simulate(kind, 4, (64, 100), 0, channels):
        assert pair.image.shape == (channels, 64, 100)
        assert pair.image.dtype == np.float32
        assert np.isfinite(pair.image).all()
        low, high = np.percentile(pair.image[0], [1, 99.8])
        assert low == pytest.approx(0, abs=1e-3)
        assert high <= 1.001


@pytest.mark.parametrize("kind", KINDS)
def test_objects_differ_from_the_ground(kind: Kind) -> None:
    brighter = []
    for pair in simulate(kind, 10, (128, 128), 1):
        assert pair.objects.labels is not None
        inside = pair.objects.labels > 0
        brighter.append(pair.image.mean(0)[inside].mean() - pair.image.mean(0)[~inside].mean())
    wanted = np.array(brighter) * (1 if kind == "fluorescence" else -1)
    assert (wanted > 0.05).mean() >= 0.9


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_scene_is_a_picture_without_objects(kind: Kind) -> None:
    for pair in simulate(kind, 3, (40, 40), 0, description=SceneDescription(count=(0, 0))):
        assert len(pair.objects) <= 1  # one in a hundred pictures
        assert np.isfinite(pair.image).all()


def test_classes_have_stains_of_their_own() -> None:
    classes = (ClassDescription(name="a"), ClassDescription(name="b"))
    simulator = build("brightfield", 3, (128, 128), SceneDescription(classes=classes, count=(30, 30)))
    values = simulator.space.values(np.full(len(simulator.space), 0.3)) | {"density": 18.0, "diameter": 12.0}
    values |= {"ink_0_0": 1.5, "ink_0_1": 0.1, "ink_1_0": 0.1, "ink_1_1": 1.5}
    pair = simulator(simulator.space.unit(values), (128, 128), 0)
    assert pair.objects.labels is not None
    assert set(pair.objects.classes) == {0, 1}
    kind = np.concatenate([[-1], pair.objects.classes])[pair.objects.labels]
    redder = pair.image[0] - pair.image[1]
    assert redder[kind == 1].mean() > redder[kind == 0].mean() + 0.5
