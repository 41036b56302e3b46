"""Outlines and masks as pixels of an image, and many of them as one label map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.images.annotations.drawn import Crop


def trimmed(crop: Crop, shape: tuple[int, int] | None = None) -> Crop:
    """A crop cut to its pixels and, with ``shape``, to the image; an empty one has no pixels at all."""
    pixels, top, left = crop.pixels, crop.top, crop.left
    if shape is not None:
        rows = slice(max(0, -top), max(0, shape[0] - top))
        columns = slice(max(0, -left), max(0, shape[1] - left))
        pixels, top, left = pixels[rows, columns], max(0, top), max(0, left)
    y, x = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
    if len(y) == 0:
        return Crop(np.zeros((0, 0), bool))
    return Crop(pixels[y[0] : y[-1] + 1, x[0] : x[-1] + 1], top + int(y[0]), left + int(x[0]))


def filled(outlines: Sequence[NDArray[np.float64]], shape: tuple[int, int], holes: bool = False) -> Crop:
    """The pixels whose centres lie in any outline [k, 2] (y, x), or with ``holes`` in an odd number of them.

    An outline too thin for any keeps the pixel nearest to its middle.
    """
    from skimage.draw import polygon

    points = np.concatenate(outlines)
    low = np.maximum(np.floor(points.min(axis=0)), 0).astype(int)
    high = np.minimum(np.ceil(points.max(axis=0)) + 1, shape).astype(int)
    if (high <= low).any():
        return Crop(np.zeros((0, 0), bool))
    pixels = np.zeros(tuple(high - low), bool)
    for outline in outlines:
        y, x = polygon(outline[:, 0] - low[0], outline[:, 1] - low[1], shape=pixels.shape)
        pixels[y, x] = ~pixels[y, x] if holes else True
    if not pixels.any():
        y, x = (np.rint(points.mean(axis=0)).astype(int) - low).clip(0, np.array(pixels.shape) - 1)
        pixels[y, x] = True
    return trimmed(Crop(pixels, int(low[0]), int(low[1])))


def paint(crops: Sequence[Crop], shape: tuple[int, int]) -> NDArray[np.int32]:
    """A label map [H, W] in which crop i is i + 1. Where several lie on each other the smallest is seen.

    One that smaller ones cover completely takes half of what the largest of them shows there, so that none is lost.
    """
    labels = np.zeros(shape, np.int32)
    areas = [int(crop.pixels.sum()) for crop in crops]
    for i in sorted(range(len(crops)), key=lambda i: -areas[i]):
        window(labels, crops[i])[crops[i].pixels] = i + 1
    shown = np.bincount(labels.ravel(), minlength=len(crops) + 1)
    for i in np.flatnonzero(shown[1:] == 0).tolist():
        view = window(labels, crops[i])
        places = np.argwhere(crops[i].pixels)
        owners = view[tuple(places.T)]
        owner = int(np.bincount(owners).argmax())
        own = places[owners == owner]
        view[tuple(own[: len(own) // 2 if len(own) > 1 else 1].T)] = i + 1
    return labels


def window(labels: NDArray[np.int32], crop: Crop) -> NDArray[np.int32]:
    """The view of a label map under a crop."""
    height, width = crop.pixels.shape
    return labels[crop.top : crop.top + height, crop.left : crop.left + width]


def outlines_of(labels: NDArray[np.int32]) -> list[list[NDArray[np.float64]]]:
    """The closed outlines [k, 2] (y, x) of every object of a label map; those within others are holes.

    They run half-way between pixel centres, so that ``filled`` gives the same pixels back. One hidden has none.
    """
    from scipy import ndimage
    from skimage.measure import find_contours

    rings: list[list[NDArray[np.float64]]] = []
    for value, place in enumerate(ndimage.find_objects(labels), 1):
        if place is None:
            rings.append([])
            continue
        # A border of background closes every outline.
        own = np.pad(labels[place] == value, 1).astype(np.float64)
        low = np.array([place[0].start - 1, place[1].start - 1])
        rings.append([ring + low for ring in find_contours(own, 0.5)])
    return rings
