"""Pictures for the report: plain grids of pixels, enlarged without smoothing so that what was made is what is seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.base import Figure

PER_CLASS = 10
MOST_CLASSES = 12
GAP = 2
WIDTH = 1100  # pixels of a figure, about


def visible(image: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    """An image [H, W, C] of any type as [H, W, 3] uint8: one channel is grey, two are cyan and magenta, of more the
    first three."""
    scaled = np.clip((image.astype(np.float64) - low) / max(high - low, 1e-12), 0, 1)
    if scaled.shape[2] == 1:
        scaled = scaled.repeat(3, 2)
    elif scaled.shape[2] == 2:
        scaled = np.stack([scaled[..., 1], scaled[..., 0], scaled.max(2)], 2)
    return (scaled[..., :3] * 255).round().astype(np.uint8)


def grid(rows: Sequence[Sequence[NDArray[np.uint8]]]) -> NDArray[np.uint8]:
    """Images [H, W, 3] in rows and columns on white, enlarged by a whole factor to about ``WIDTH``."""
    columns = max(len(row) for row in rows)
    height = max(image.shape[0] for row in rows for image in row)
    width = max(image.shape[1] for row in rows for image in row)
    page = np.full((len(rows) * (height + GAP) - GAP, columns * (width + GAP) - GAP, 3), 255, np.uint8)
    for i, row in enumerate(rows):
        for j, image in enumerate(row):
            top, left = i * (height + GAP), j * (width + GAP)
            page[top : top + image.shape[0], left : left + image.shape[1]] = image
    factor = max(1, round(WIDTH / page.shape[1]))
    return page.repeat(factor, 0).repeat(factor, 1)


def _spaced(rows: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    """At most ``most`` of the rows, evenly spaced: neighbours in a file are often neighbours on the slide."""
    return rows[np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(np.intp)]


def figures(gallery: Mapping[str, Any]) -> list[Figure]:
    """Real and generated images by class, the generated ones nearest to training, and walks between latents."""
    stack = np.stack([np.asarray(image) for image in gallery["real"]])
    low, high = (0.0, 255.0) if stack.dtype == np.uint8 else (float(stack.min()), float(stack.max()))

    def shown(images: Sequence[Any]) -> list[NDArray[np.uint8]]:
        return [visible(np.asarray(image), low, high) for image in images]

    y, names = gallery["y"], gallery["classes"]
    present = [k for k in range(len(names)) if (y == k).any()]
    if len(present) > 1:
        rows = [_spaced(np.flatnonzero(y == k), PER_CLASS) for k in present[:MOST_CLASSES]]
        listed = "one class a row, from the top: " + ", ".join(names[k] for k in present[:MOST_CLASSES])
    else:
        columns = min(PER_CLASS, len(y))
        shown_rows = max(1, min(5, len(y) // columns))
        rows = list(_spaced(np.arange(len(y)), shown_rows * columns).reshape(shown_rows, columns))
        listed = "evenly spaced"
    real = grid([shown([gallery["real"][i] for i in row]) for row in rows])
    made = grid([shown([gallery["made"][i] for i in row]) for row in rows])
    near = grid([shown(gallery["closest_made"]), shown(gallery["closest_train"])])
    walk = grid([shown(row) for row in gallery["walk"]])
    return [
        Figure("real", "Real", f"Test images the model never saw; {listed}.", real),
        Figure(
            "generated",
            "Generated",
            f"Not selected: evenly spaced among the samples of the evaluation; {listed}.",
            made,
        ),
        Figure(
            "nearest",
            "Nearest to training",
            "Above: the generated images closest to a training image. Below: that image.",
            near,
        ),
        Figure("interpolation", "Between samples", "Each row walks from one latent to another.", walk),
    ]
