"""The simple way to outline bright objects, without any learning: what a segmenter is compared with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.filters import threshold_otsu
from skimage.segmentation import watershed

from vivogan.domains.images.annotations.objects import Objects

SMOOTH = 1.0  # σ of the image and of the distances, in pixels
APART = 6  # pixels between two seeds
LEAST = 15  # pixels of an object


def otsu_watershed(image: NDArray[np.float32]) -> Objects:
    """Objects of an image [C, H, W]: Otsu's threshold on the mean of its channels, split where their outline is narrow.

    The side of the threshold that covers less is taken for objects, so that dark ones on bright ground are found too.
    """
    grey = ndimage.gaussian_filter(image.mean(0), SMOOTH)
    if np.ptp(grey) == 0:
        return Objects.none(grey.shape)
    inside = grey > threshold_otsu(grey)
    inside = ~inside if inside.mean() > 0.5 else inside
    distance = ndimage.gaussian_filter(ndimage.distance_transform_edt(inside), SMOOTH)
    pieces, _ = ndimage.label(inside)
    seeds = peak_local_max(distance, min_distance=APART, labels=pieces, exclude_border=False)
    markers = np.zeros(grey.shape, np.int32)
    markers[tuple(seeds.T)] = np.arange(1, len(seeds) + 1)
    labels = watershed(-distance, markers, mask=inside)
    sizes = np.bincount(labels.ravel())
    return Objects.from_labels(np.where(sizes[labels] >= LEAST, labels, 0))
