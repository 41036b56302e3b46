"""Pictures composed of real objects: annotated ones cut out, turned, and pasted on annotated pictures.

Dwibedi et al. 2017 ("cut, paste and learn"); Ghiasi et al. 2021 ("simple copy-paste"), who keep what is already there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from vivogan.core.seeds import numpy_generator
from vivogan.domains.images.annotations.objects import Objects
from vivogan.domains.images.tools.pairs import Pair

SOFT = 1.2  # px over which a cut-out fades into its new surroundings
AROUND = 3  # px of surroundings that come with an object
ZOOM, GAIN = 0.15, 0.15  # standard deviations of log size and log contrast
HIDES = 0.15  # share of another object that a pasted one may hide


@dataclass(frozen=True)
class CutOut:
    """``image`` [C, h, w] of one object less the level of its surroundings, and its ``mask`` [h, w]."""

    image: NDArray[np.float32]
    mask: NDArray[np.float32]
    kind: int


def cut_outs(annotated: Sequence[Pair]) -> list[CutOut]:
    """Every whole object of pictures with masks."""
    found = []
    for pair in annotated:
        labels = pair.objects.labels
        if labels is None:
            continue
        height, width = labels.shape
        for i, where in enumerate(ndimage.find_objects(labels)):
            if where is None:
                continue
            (top, bottom), (left, right) = ((s.start - AROUND, s.stop + AROUND) for s in where)
            if top < 0 or left < 0 or bottom > height or right > width:
                continue
            window = labels[top:bottom, left:right]
            image, ground = pair.image[:, top:bottom, left:right], window == 0
            if ground.sum() < 5:
                continue
            level = np.median(image[:, ground], 1)
            mask = (window == i + 1).astype(np.float32)
            found.append(CutOut((image - level[:, None, None]).astype(np.float32), mask, int(pair.objects.classes[i])))
    return found


def compose(
    annotated: Sequence[Pair], cuts: Sequence[CutOut], size: tuple[int, int], seed: int, most: float = 1.0
) -> Pair:
    """An annotated picture, cropped and turned, with further real objects on it.

    Args:
        most: of how many objects more, as a share of those that a picture usually has.
    """
    rng = numpy_generator(seed, "compose")
    pair = annotated[int(rng.integers(len(annotated)))]
    assert pair.objects.labels is not None
    image, labels, kinds = _window(pair, size, rng)
    usual = np.mean([len(p.objects) / p.objects.labels.size for p in annotated if p.objects.labels is not None])
    more = int(rng.uniform(0, most) * usual * size[0] * size[1] + rng.random())
    for _ in range(more if cuts else 0):
        picture, mask, kind = _changed(cuts[int(rng.integers(len(cuts)))], rng)
        top, left = (int(rng.integers(-s // 2, n - s // 2 + 1)) for s, n in zip(mask.shape, size, strict=True))
        kinds = _paste(image, labels, kinds, picture, mask, kind, (top, left))
    ids = np.unique(labels)
    present = ids[ids > 0]
    return Pair(image, Objects.from_labels(labels, np.array(kinds, np.intp)[present - 1]))


def _window(
    pair: Pair, size: tuple[int, int], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.int32], list[int]]:
    """A crop of ``size``, turned at random; small pictures are mirrored outwards and their mirrored objects renamed."""
    labels, image = pair.objects.labels, pair.image
    assert labels is not None
    kinds = [int(k) for k in pair.objects.classes]
    if rng.random() < 0.5:
        image, labels = image.transpose(0, 2, 1), labels.T
    short = [max(0, want - have) for want, have in zip(size, labels.shape, strict=True)]
    if any(short):
        inside = labels.shape
        widths = [(0, s) for s in short]
        image, labels = np.pad(image, [(0, 0), *widths], mode="symmetric"), np.pad(labels, widths, mode="symmetric")
        labels, kinds = _renamed(labels, inside, kinds)
    top, left = (int(rng.integers(have - want + 1)) for have, want in zip(labels.shape, size, strict=True))
    rows, columns = slice(top, top + size[0]), slice(left, left + size[1])
    up, side = (int(s) for s in rng.choice((-1, 1), 2))
    return (
        np.array(image[:, rows, columns][:, ::up, ::side], np.float32),
        np.array(labels[rows, columns][::up, ::side], np.int32),
        kinds,
    )


def _renamed(
    labels: NDArray[np.int32], inside: tuple[int, ...], kinds: list[int]
) -> tuple[NDArray[np.int32], list[int]]:
    """Mirrored copies of objects become objects of their own, one a mirror image of the picture."""
    tile = sum(np.indices(labels.shape)[axis] // inside[axis] * (1000 if axis else 1) for axis in (0, 1))
    merged = labels.astype(np.int64) * 1_000_000 + np.where(labels > 0, tile, 0)
    ids, flat = np.unique(merged, return_inverse=True)
    named = flat.reshape(labels.shape).astype(np.int32) + (0 if ids[0] == 0 else 1)
    return named, [kinds[int(i // 1_000_000) - 1] for i in ids if i > 0]


def _changed(cut: CutOut, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32], int]:
    """Turned, mirrored, zoomed, brighter or dimmer: (picture [C, h, w], mask [h, w], class)."""
    zoom = float(np.exp(np.clip(rng.normal(), -2, 2) * ZOOM))
    angle, mirror = rng.uniform(0, 2 * np.pi), -1.0 if rng.random() < 0.5 else 1.0
    height, width = cut.mask.shape
    side = int(np.ceil(np.hypot(height, width) * zoom)) + 2
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.diag([1.0, mirror]) / zoom
    middle = np.array([(height - 1) / 2, (width - 1) / 2])
    offset = middle - turn @ np.array([(side - 1) / 2] * 2)
    moved = [
        ndimage.affine_transform(plane, turn, offset, (side, side), order=1, mode="constant")
        for plane in (*cut.image, cut.mask)
    ]
    gain = np.float32(np.exp(np.clip(rng.normal(), -2, 2) * GAIN))
    return gain * np.stack(moved[:-1]), moved[-1], cut.kind


def _paste(
    image: NDArray[np.float32],
    labels: NDArray[np.int32],
    kinds: list[int],
    picture: NDArray[np.float32],
    mask: NDArray[np.float32],
    kind: int,
    corner: tuple[int, int],
) -> list[int]:
    """Lay a cut-out on the picture and its labels, in place, unless it hides what is there; the classes after it."""
    height, width = labels.shape
    (top, left), side = corner, mask.shape[0]
    a, b = max(0, -top), max(0, -left)
    c, d = min(side, height - top), min(side, width - left)
    if a >= c or b >= d:
        return kinds
    rows, columns = slice(top + a, top + c), slice(left + b, left + d)
    solid, there = mask[a:c, b:d] > 0.5, labels[rows, columns]
    others = there[solid & (there > 0)]
    if solid.sum() < 4 or len(others) > HIDES * solid.sum():
        return kinds
    soft = ndimage.gaussian_filter(ndimage.binary_dilation(mask > 0.5, iterations=2).astype(np.float32), SOFT)[a:c, b:d]
    near = there == 0
    for channel, layer in zip(image, picture[:, a:c, b:d], strict=True):
        window = channel[rows, columns]
        level = float(np.median(window[near])) if near.any() else 0.0
        ground = np.where(there > 0, level, window)
        channel[rows, columns] = np.where(
            solid | (there == 0), (1 - soft) * window + soft * (0.5 * (ground + level) + layer), window
        )
    there[solid] = len(kinds) + 1
    return [*kinds, kind]
