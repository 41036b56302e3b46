"""Predicted responses as a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.expression.canvas import MADE, REAL, axes_of, pixels
from vivogan.domains.expression.tools.response import Predicted

SHOWN = 24  # genes a type


def response_picture(types: Sequence[Predicted], genes: Sequence[str]) -> NDArray[np.uint8]:
    """For each type the largest predicted shifts with their 90 % intervals; crosses where it was measured."""
    canvas, axes = axes_of(len(types), width=3.4 * len(types) + 0.6, height=5.2)
    for ax, one in zip(axes, types, strict=False):
        order = np.argsort(-np.abs(one.shift), kind="stable")[:SHOWN]
        places = np.arange(len(order))
        shift = one.shift[order]
        below, above = shift - (one.low - one.control)[order], (one.high - one.control)[order] - shift
        ax.errorbar(shift, places, xerr=[below, above], fmt="o", ms=3.5, color=MADE, ecolor=MADE, elinewidth=0.9)
        if np.isfinite(one.measured).all():
            ax.plot(one.measured[order], places, "x", ms=5, color=REAL)
        ax.axvline(0, color="#222222", lw=0.7)
        ax.set_yticks(places, [genes[j] for j in order], fontsize=7)
        ax.set_ylim(len(order) - 0.5, -0.5)
        ax.tick_params(axis="x", labelsize=7)
        ax.set_title(one.name, fontsize=9)
    canvas.supxlabel(
        "shift of mean log-normalised expression:\npredicted with 90 % interval (dots), measured (crosses)", fontsize=8
    )
    return pixels(canvas)
