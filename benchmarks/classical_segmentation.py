"""Segmentation without learning, tuned by grid on annotated images: what a segmenter has to beat."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.filters import sato, threshold_local, threshold_otsu
from skimage.segmentation import watershed

Image = NDArray[np.float32]
Labels = NDArray[np.int32]
Pipeline = Callable[..., Labels]


def grown(height: NDArray[Any], seeds: NDArray[Any], mask: NDArray[np.bool_], least: int) -> Labels:
    """Seeds grow downhill in ``height`` inside the mask; objects of fewer than ``least`` pixels are dropped."""
    labels = watershed(-height, seeds, mask=mask)
    small = np.bincount(labels.ravel()) < least
    labels[small[labels]] = 0
    return labels.astype(np.int32)


def apart(mask: NDArray[np.bool_], distance: int, least: int) -> Labels:
    """The pieces of a mask, split between peaks of the distance to its border that are ``distance`` pixels apart."""
    deep = ndimage.gaussian_filter(ndimage.distance_transform_edt(mask), 1)
    peaks = peak_local_max(deep, min_distance=distance, labels=ndimage.label(mask)[0], exclude_border=False)
    seeds = np.zeros(mask.shape, np.int32)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return grown(deep, seeds, mask, least)


def otsu_watershed(image: Image, sigma: float, distance: int, least: int) -> Labels:
    """Bright objects: Otsu's threshold of the smoothed image, split by distance."""
    smooth = ndimage.gaussian_filter(image, sigma)
    return apart(smooth > threshold_otsu(smooth), distance, least)


def adaptive_watershed(image: Image, sigma: float, block: int, offset: float, distance: int, least: int) -> Labels:
    """Bright cells: above the local mean of a block by ``offset``, split by distance."""
    smooth = ndimage.gaussian_filter(image, sigma)
    return apart(smooth > threshold_local(smooth, block, "mean") + offset, distance, least)


def ridge_watershed(image: Image, sigma: float, threshold: float, depth: float, least: int) -> Labels:
    """Cells between dark membranes: where the ridge filter of Sato et al. (1998) is low and a membrane more than
    ``depth`` pixels away lies a seed; seeds grow to the ridges."""
    ridges = sato(image, sigmas=[sigma, 2 * sigma], black_ridges=True)
    ridges = ridges / max(float(np.percentile(ridges, 99)), 1e-6)
    away = ndimage.distance_transform_edt(ridges < threshold)
    seeds, _ = ndimage.label(away > depth)
    return grown(-ridges, seeds, np.ones(image.shape, bool), least)


GRIDS: dict[str, tuple[Pipeline, dict[str, tuple[float, ...]]]] = {
    "Otsu + watershed": (otsu_watershed, {"sigma": (1, 2, 4), "distance": (10, 20, 40), "least": (50,)}),
    "ridges (Sato) + watershed": (
        ridge_watershed,
        {"sigma": (2, 3), "threshold": (0.15, 0.3, 0.45), "depth": (2, 4, 7), "least": (50,)},
    ),
    "adaptive threshold + watershed": (
        adaptive_watershed,
        {"sigma": (1, 2), "block": (51, 101), "offset": (-0.1, 0.0), "distance": (10, 20, 40), "least": (50,)},
    ),
}
NUCLEI = {"sigma": (1, 2), "distance": (4, 6, 8), "least": (10, 20)}


def points(grid: dict[str, tuple[float, ...]]) -> Iterator[dict[str, float]]:
    for values in product(*grid.values()):
        yield dict(zip(grid, values, strict=True))


def tuned(
    pipeline: Pipeline,
    grid: dict[str, tuple[float, ...]],
    images: Sequence[Image],
    truths: Sequence[Labels],
    score: Callable[[Labels, Labels], float],
) -> dict[str, float]:
    """The grid's point with the best mean score."""

    def mean(point: dict[str, float]) -> float:
        return float(np.mean([score(t, pipeline(x, **point)) for x, t in zip(images, truths, strict=True)]))

    return max(points(grid), key=mean)
