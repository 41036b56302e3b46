"""Measurements of segmented objects, one row an object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.images.annotations.objects import Objects

SHAPE = (
    "label",
    "area",
    "perimeter",
    "eccentricity",
    "solidity",
    "orientation",
    "axis_major_length",
    "axis_minor_length",
    "equivalent_diameter_area",
    "centroid",
    "bbox",
)
INTENSITY = ("intensity_mean", "intensity_min", "intensity_max")
CALLED = {
    "centroid-0": "centre_y",
    "centroid-1": "centre_x",
    "bbox-0": "top",
    "bbox-1": "left",
    "bbox-2": "bottom",
    "bbox-3": "right",
    "axis_major_length": "major_axis",
    "axis_minor_length": "minor_axis",
    "equivalent_diameter_area": "diameter",
}


def properties(objects: Objects, image: NDArray[Any], names: Sequence[str] = ()) -> dict[str, NDArray[Any]]:
    """Columns [n] of size, shape, place and brightness of the n objects, by ``skimage.measure.regionprops_table``.

    Args:
        objects: with labels.
        image: [H, W, C] in the user's units, which the intensities keep.
        names: of the channels; "0", "1", … where none are given.

    Returns:
        label, class, area (pixels), perimeter, eccentricity, solidity, orientation (radians, from the y axis
        counter-clockwise), major_axis, minor_axis, diameter (of a disc of the same area), centre_y, centre_x, top,
        left, bottom, right (pixels, the last two outside), and intensity_mean_*, intensity_min_*, intensity_max_* of
        every channel.

    Raises:
        ValueError: the objects have no outlines, or the sizes or the number of names do not agree.
    """
    from skimage.measure import regionprops_table

    if objects.labels is None:
        raise ValueError("properties need outlines; these objects have centres or boxes only")
    if image.ndim != 3 or objects.labels.shape != image.shape[:2]:
        raise ValueError(f"labels {list(objects.labels.shape)} do not fit the image {list(image.shape)}")
    channels = list(names) or [str(c) for c in range(image.shape[2])]
    if len(channels) != image.shape[2]:
        raise ValueError(f"{len(channels)} names for {image.shape[2]} channels")
    table = regionprops_table(objects.labels, image, properties=SHAPE + INTENSITY)
    columns: dict[str, NDArray[Any]] = {}
    for key, column in table.items():
        what, _, channel = key.rpartition("-")
        name = f"{what}_{channels[int(channel)]}" if what in INTENSITY else CALLED.get(key, key)
        columns[name] = np.asarray(column)
        if name == "label":
            columns["class"] = np.asarray(objects.classes)
    return columns
