"""Genes along a path, as curves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.expression.canvas import MADE, axes_of, pixels
from vivogan.domains.expression.tools.normalise import Floats

COLUMNS = 4


def trend_picture(
    genes: Sequence[str], values: Sequence[float], mean: Floats, error: Floats, shown: Sequence[int], column: str
) -> NDArray[np.uint8]:
    """The mean level of the ``shown`` genes [values] with twice its standard error, a panel each."""
    rows = max(1, -(-len(shown) // COLUMNS))
    canvas, axes = axes_of(rows * COLUMNS, rows=rows, width=9, height=0.4 + 1.7 * rows)
    for ax, j in zip(axes, shown, strict=False):
        ax.fill_between(
            values, mean[:, j] - 2 * error[:, j], mean[:, j] + 2 * error[:, j], color=MADE, alpha=0.25, lw=0
        )
        ax.plot(values, mean[:, j], color=MADE, lw=1.4)
        ax.set_title(genes[j], fontsize=8)
        ax.tick_params(labelsize=6)
        ax.set_ylim(bottom=0)
    for ax in axes[len(shown) :]:
        ax.set_visible(False)
    canvas.supxlabel(column, fontsize=8)
    canvas.supylabel("mean log-normalised expression", fontsize=8)
    return pixels(canvas)
