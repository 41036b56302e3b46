"""Crops turn image and target alike, keep what an object sums to, and are functions of (seed, step)."""

from __future__ import annotations

import numpy as np
import torch

from vivogan.domains.images.annotations.objects import Objects
from vivogan.domains.images.tools.crops import Crops, CropSettings, zoomed
from vivogan.domains.images.tools.pairs import Pair

PLAIN = CropSettings(size=32, batch=4, gain=0, offset=0)


def pair(value: float = 0.0, size: tuple[int, int] = (48, 40)) -> Pair:
    rng = np.random.default_rng(3)
    centres = rng.uniform(4, 36, (5, 2)).astype(np.float32)
    half = np.array([2, 4])
    boxes = np.hstack([centres - half, centres + half]).astype(np.float32)
    image = rng.random((1, *size), np.float32) + np.float32(value)
    return Pair(image, Objects(centres, np.zeros(5, np.intp), boxes))


def same(objects: Objects, shape: tuple[int, int]) -> np.ndarray:
    """The target is the picture itself, so that both must move together."""
    return np.stack([np.add.outer(np.arange(shape[0]), np.zeros(shape[1])), np.zeros(shape)]).astype(np.float32)


def test_a_batch_is_a_function_of_seed_and_step() -> None:
    one, other = (Crops([pair()], [], same, CropSettings(size=32, batch=4, blur=1, noise=0.1), 10, 7) for _ in "ab")
    for a, b in zip(one(3), other(3), strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(one(3)[0], one(4)[0])


def test_image_and_target_move_together() -> None:
    known = pair()

    def itself(objects: Objects, shape: tuple[int, int]) -> np.ndarray:
        return known.image.astype(np.float32)

    images, targets = Crops([known], [], itself, PLAIN, 10, 0)(0)
    assert images.shape == (4, 1, 32, 32)
    np.testing.assert_allclose(images, targets, atol=1e-3)  # targets are kept in half precision


def test_heights_and_widths_change_places_when_turned() -> None:
    def sides(objects: Objects, shape: tuple[int, int]) -> np.ndarray:
        return np.stack([np.full(shape, 4.0), np.full(shape, 8.0)]).astype(np.float32)

    known = pair()
    ramp = np.broadcast_to(np.arange(48, dtype=np.float32)[:, None], (48, 40))
    images, targets = Crops([Pair(ramp[None].copy(), known.objects)], [], sides, PLAIN, 10, 0, (0, 1))(0)
    turned = images.diff(dim=3).abs().mean((1, 2, 3)) > 0.5  # the ramp runs along the columns
    assert 0 < turned.sum() < len(turned)
    assert torch.equal(targets[:, 0, 0, 0] == 8, turned)


def test_small_images_are_mirrored_until_they_fill_a_crop() -> None:
    images, targets = Crops([pair(size=(20, 40))], [], same, PLAIN, 10, 0)(1)
    assert images.shape[-2:] == targets.shape[-2:] == (32, 32)


def test_generated_images_come_in_their_share() -> None:
    settings = CropSettings(size=32, batch=8, gain=0, offset=0, generated=1.0, generated_final=0.0)
    crops = Crops([pair()], [pair(100)], same, settings, 100, 0)
    assert (crops(0)[0] > 50).all()
    assert (crops(100)[0] < 50).all()
    only = Crops([], [pair(100)], same, settings, 100, 0)
    assert (only(100)[0] > 50).all()


def test_zooming_keeps_objects_on_their_places() -> None:
    known = pair()
    labels = np.zeros((48, 40), np.int32)
    labels[8:20, 10:30] = 1
    objects = Objects.from_labels(labels)
    image, small = zoomed(labels[None].astype(np.float32), objects, 0.5)
    assert image.shape == (1, 24, 20)
    again = Objects.from_labels(small.labels)
    np.testing.assert_allclose(small.centres, again.centres, atol=0.3)
    np.testing.assert_allclose(small.boxes, again.boxes, atol=0.5)
    assert len(zoomed(known.image, known.objects, 2.0)[1]) == 5
