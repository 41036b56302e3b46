"""Hypotheses about targets as bars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.expression.canvas import MADE, REAL, axes_of, pixels
from vivogan.domains.expression.tools.normalise import Floats

SHOWN = 24  # genes


def hint_picture(state: str, genes: Sequence[str], effect: Floats, fdr: Floats) -> NDArray[np.uint8]:
    """The strongest ``effect`` [g] on a state, the strongest first; pale: not beyond permutations."""
    count = min(SHOWN, len(genes))
    canvas, (ax,) = axes_of(1, width=6.5, height=0.9 + 0.2 * count)
    for place in range(count):
        colour = MADE if effect[place] < 0 else REAL
        ax.barh(place, effect[place], color=colour, alpha=1.0 if fdr[place] < 0.05 else 0.35, height=0.75)
    ax.set_yticks(range(count), list(genes[:count]), fontsize=7)
    ax.set_ylim(count - 0.4, -0.6)
    ax.axvline(0, color="#222222", lw=0.7)
    ax.tick_params(axis="x", labelsize=7)
    ax.set_xlabel(f"expected change of log odds of {state} per 10,000 molecules", fontsize=8)
    ax.set_title("Hypotheses, not tested: silencing these genes (pale: FDR ≥ .05)", fontsize=9, loc="left")
    return pixels(canvas)
