"""Sequences as pictures: pages of letters on coloured ground, and charts as arrays of pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

COLUMNS = 120  # letters a line
_SIZE = 7.5  # points
_DPI = 144
_ADVANCE = 0.6  # of the size: the width of a letter of DejaVu Sans Mono, which is drawn in whole pixels (9 of 15)
_LINE = 1.5  # of the size
NUCLEIC_COLOURS = {"A": "#2e8b57", "C": "#2f6fb5", "G": "#d99a1c", "T": "#c8443c", "U": "#c8443c"}
# As Clustal X colours residues: hydrophobic, aromatic, polar, positive, negative, and the special three.
_RESIDUES = {"AVLIM": "#4a7fc1", "FWYH": "#3a9b9b", "STNQ": "#4a9b4a", "KR": "#c8443c", "DE": "#9b4ac1"}
PROTEIN_COLOURS = {letter: colour for members, colour in _RESIDUES.items() for letter in members} | {
    "C": "#d6749b", "G": "#d99a1c", "P": "#a8a020",
}  # fmt: skip
_GROUND = "#f2f2f2"


@dataclass(frozen=True)
class Line:
    """One line of a page: a label, letters, and how strongly the ground of each is coloured (0 to 1; None: half)."""

    label: str
    letters: str
    strength: Sequence[float] | None = None


def page(lines: Sequence[Line | None], colours: dict[str, str]) -> NDArray[np.uint8]:
    """Lines of letters, None for an empty line, as [H, W, 3]."""
    from matplotlib.colors import to_rgb
    from matplotlib.figure import Figure

    columns = max(len(line.letters) for line in lines if line is not None)
    margin = _SIZE * _ADVANCE * (2 + max(len(line.label) for line in lines if line is not None))
    wide, high = columns * _SIZE * _ADVANCE, len(lines) * _SIZE * _LINE
    figure = Figure(figsize=((margin + wide + 10) / 72, (high + 12) / 72), dpi=_DPI, facecolor="white")
    axes = figure.add_axes(
        (margin / (margin + wide + 10), 6 / (high + 12), wide / (margin + wide + 10), high / (high + 12))
    )
    ground = np.ones((len(lines), columns, 3))
    for row, line in enumerate(lines):
        if line is None:
            continue
        strengths = line.strength or [0.35] * len(line.letters)
        for column, (letter, strength) in enumerate(zip(line.letters, strengths, strict=True)):
            colour = np.array(to_rgb(colours.get(letter, _GROUND)))
            ground[row, column] = 1 - strength * (1 - colour)
        style: dict[str, Any] = {"fontfamily": "DejaVu Sans Mono", "fontsize": _SIZE, "va": "center_baseline"}
        axes.text(0, row + 0.5, line.letters, ha="left", **style)
        axes.text(-1, row + 0.5, line.label, ha="right", color="#555555", **style)
    axes.imshow(ground, extent=(0, columns, len(lines), 0), aspect="auto", interpolation="nearest")
    axes.set_axis_off()
    return pixels(figure)


def pixels(figure: Any) -> NDArray[np.uint8]:
    """A matplotlib figure as [H, W, 3]."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    found: NDArray[np.uint8] = np.asarray(canvas.buffer_rgba())[..., :3].copy()
    return found
