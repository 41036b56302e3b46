"""What the pictures share: axes, colours of types, legends, and how a canvas becomes pixels."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

REAL, MADE = "#3b4a5a", "#d1603d"
# Twenty colours that stay apart beside each other, the first ones also for the colour-blind (Okabe and Ito 2008).
TYPES = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#7f5fa8", "#b8a800", "#8c564b", "#1b7837",
    "#e7298a", "#4d4d4d", "#66c2a5", "#a6761d", "#3f51b5", "#f781bf", "#a6d854", "#8da0cb", "#e41a1c", "#00838f",
)  # fmt: skip
LEGEND_ROWS = 3  # of types under a picture


def type_colours(count: int) -> list[str]:
    """A colour for each of ``count`` types; they come again after twenty."""
    return [TYPES[k % len(TYPES)] for k in range(count)]


def axes_of(panels: int, rows: int = 1, width: float = 9.0, height: float = 3.2) -> tuple[Any, list[Any]]:
    """A white canvas with ``panels`` axes in ``rows`` rows; sizes in inches."""
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(width, height), dpi=130, facecolor="white", layout="constrained")
    axes = canvas.subplots(rows, -(-panels // rows), squeeze=False).ravel().tolist()
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
    return canvas, axes


def legend_of_types(canvas: Any, names: Sequence[str], colours: Sequence[str], sides: Sequence[str] = ()) -> None:
    """Types and their colours below the panels; ``sides`` adds those of real and generated."""
    from matplotlib.lines import Line2D

    shown = list(zip(names, colours, strict=True)) if len(names) > 1 else []
    shown += list(zip(sides, (REAL, MADE), strict=False))
    handles = [Line2D([], [], marker="o", linestyle="", markersize=6, color=colour, label=str(name)[:30])
               for name, colour in shown]  # fmt: skip
    columns = min(8, -(-len(handles) // LEGEND_ROWS) if len(handles) > 8 else len(handles))
    canvas.legend(handles=handles, loc="outside lower center", ncols=columns, frameon=False, fontsize=8.5,
                  handletextpad=0.2, columnspacing=1.2)  # fmt: skip


def pixels(canvas: Any) -> NDArray[np.uint8]:
    """The drawn canvas, [H, W, 3]."""
    from PIL import Image

    stream = BytesIO()
    canvas.savefig(stream, format="png")
    with Image.open(stream) as image:
        return np.asarray(image.convert("RGB")).copy()
