"""Dot maps: pictures in which every object is one small blob, as the counting sets of VGG and ADI are drawn.

Dots that touch are told apart by their area: a blob of k times the usual area is k dots. (In ADI's JPEG maps a dot is
one pixel: 31,001 blobs, 16 of them of two pixels, mean 155.1 an image; the published 165 is not in these files.)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

MOST_AREA = 12  # pixels of a usual dot; larger blobs are objects drawn whole
MOST_COVER = 0.05  # of the image
TOUCHING = np.ones((3, 3), bool)  # dots touch by their corners too


def are_dots(pictures: Sequence[NDArray[np.bool_]]) -> bool:
    """Whether binary pictures [H, W] are dot maps: blobs of few pixels that cover little."""
    drawn = [picture for picture in pictures if picture.any()]
    if not drawn or np.mean([picture.mean() for picture in drawn]) > MOST_COVER:
        return False
    return usual_area(drawn) <= MOST_AREA


def usual_area(pictures: Sequence[NDArray[np.bool_]]) -> float:
    """The median number of pixels of a blob."""
    areas = [np.bincount(ndimage.label(picture, TOUCHING)[0].ravel())[1:] for picture in pictures]
    blobs = np.concatenate(areas) if areas else np.zeros(0)
    return float(np.median(blobs)) if len(blobs) else 1.0


def dots_of(picture: NDArray[np.bool_], area: float) -> NDArray[np.float64]:
    """The centres [n, 2] (y, x) of the dots of a map, where a dot usually has ``area`` pixels.

    A blob of k dots is cut into k parts of equal area across its long axis.
    """
    blobs, count = ndimage.label(picture, TOUCHING)
    places = np.argwhere(blobs)
    order = np.argsort(blobs[blobs > 0], kind="stable")
    ends = np.cumsum(np.bincount(blobs[blobs > 0], minlength=count + 1))[1:]
    centres: list[NDArray[np.float64]] = []
    for pixels in np.split(places[order], ends[:-1]) if count else []:
        parts = max(1, round(len(pixels) / max(area, 1.0)))
        centres += across(pixels, parts) if parts > 1 else [pixels.sum(axis=0) / len(pixels)]
    return np.array(centres, np.float64).reshape(-1, 2)


def across(pixels: NDArray[np.intp], parts: int) -> list[NDArray[np.float64]]:
    """The centres of the parts of a blob [k, 2], cut across its longest axis."""
    spread = pixels - pixels.mean(axis=0)
    axis = np.linalg.eigh(spread.T @ spread)[1][:, -1]
    pixels = pixels[np.argsort(spread @ axis, kind="stable")]
    return [part.mean(axis=0) for part in np.array_split(pixels, parts)]
