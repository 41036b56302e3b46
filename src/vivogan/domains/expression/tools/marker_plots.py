"""Markers as a picture: the strongest genes of each type, in all types."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.expression.canvas import axes_of, pixels
from vivogan.domains.expression.tools.normalise import Floats

SHOWN = 4  # genes a type
LARGEST = 60.0  # area of the largest dot, in points


def marker_picture(
    types: Sequence[str], genes: Sequence[str], effect: Floats, fdr: Floats, inside: Floats
) -> NDArray[np.uint8]:
    """Dots: their area is the share of cells of a type with the gene, their colour the effect of silencing it.

    Rings mark a false discovery rate below .05. All of [types, g].
    """
    columns = list(dict.fromkeys(int(j) for row in effect for j in np.argsort(-row, kind="stable")[:SHOWN]))
    width = 2.6 + 0.26 * len(columns)
    canvas, (ax,) = axes_of(1, width=width, height=1.5 + 0.3 * len(types))
    strongest = np.maximum(effect.max(axis=1, keepdims=True), 1e-12)
    shown = np.clip(effect / strongest, -1, 1)[:, columns]
    rows, places = np.meshgrid(np.arange(len(types)), np.arange(len(columns)), indexing="ij")
    sure = (fdr < 0.05)[:, columns]
    dots = ax.scatter(
        places.ravel(),
        rows.ravel(),
        s=4 + LARGEST * inside[:, columns].ravel(),
        c=shown.ravel(),
        cmap="RdBu_r",
        vmin=-1,
        vmax=1,
        linewidths=np.where(sure & (shown > 0), 0.9, 0).ravel(),
        edgecolors="#222222",
    )
    ax.set_xticks(range(len(columns)), [genes[j] for j in columns], rotation=90, fontsize=7)
    ax.set_yticks(range(len(types)), list(types), fontsize=8)
    ax.set_ylim(len(types) - 0.5, -0.5)
    ax.set_xlim(-0.7, len(columns) - 0.3)
    bar = canvas.colorbar(dots, ax=ax, fraction=0.02, pad=0.01)
    bar.set_label("fall of log odds, of the largest", fontsize=7)
    bar.ax.tick_params(labelsize=6)
    ax.set_title(
        "What genes say for types (area: share of cells with the gene; ring: FDR < .05)",
        fontsize=8,
        loc="left",
    )
    return pixels(canvas)
