"""Pictures of motifs: logos beside their sites and the known motif, and where they stand."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.sequences.alphabets import PROTEIN, Alphabet
from vivogan.domains.sequences.interpretation import MADE, REAL, Found
from vivogan.domains.sequences.lettering import NUCLEIC_COLOURS, PROTEIN_COLOURS, pixels
from vivogan.domains.sequences.tools.comparison import Match, short_name
from vivogan.domains.sequences.tools.motif import Floats, bits

SHOWN = 10  # motifs in a picture
COLOURS = {REAL: "#3b4a5a", MADE: "#d1603d"}
DPI = 130
WINDOW = 5  # places over which positions are counted together


def png(image: NDArray[np.uint8]) -> bytes:
    """An image [H, W, 3] as a PNG file."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG")
    return stream.getvalue()


def logos(found: Sequence[Found], alphabet: Alphabet) -> NDArray[np.uint8]:
    """One row a motif: as found, its sites in real and in generated sequences, and the known motif it is like."""
    shown = list(found)[:SHOWN]
    parts = [name for name in (REAL, MADE) if any(name in each.places for each in shown)]
    columns = 1 + len(parts) + any(each.matches for each in shown)
    canvas, axes = _grid(len(shown), columns, 3.1, 1.55)
    for row, each in zip(axes, shown, strict=True):
        width, match = len(each.motif.counts), each.matches[0] if each.matches else None
        _logo(row[0], each.motif.counts, alphabet)
        row[0].set_title(f"{each.motif.name}: {len(each.motif.sites)} sites", fontsize=8)
        for ax, name in zip(row[1:], parts, strict=False):
            if each.rates.get(name):
                _logo(ax, each.logos[name], alphabet)
                number = round(each.rates[name] * each.counts[name])
                ax.set_title(f"{name}: {number} of {each.counts[name]} sequences", fontsize=8)
            else:
                _blank(ax, f"{name}: no site")
        if match is not None:
            _logo(row[-1], _placed(match, width), alphabet)
            sure = "" if each.match else "not sure: "
            row[-1].set_title(f"{sure}{short_name(match.target.name)}, q = {match.q:.1g}", fontsize=8)
    return pixels(canvas)


def places(found: Sequence[Found]) -> NDArray[np.uint8]:
    """Where the sites of each motif begin, real and generated."""
    shown = list(found)[:SHOWN]
    canvas, axes = _grid(-(-len(shown) // 2), min(2, len(shown)), 4.6, 1.7)
    panels = [ax for row in axes for ax in row]
    for ax, each in zip(panels, shown, strict=False):
        end = max([1, *(int(starts.max()) + 1 for starts in each.places.values() if len(starts))])
        edges = np.arange(0.5, end + WINDOW + 0.5, WINDOW)
        for name, starts in each.places.items():
            heights = 100 * np.histogram(starts + 1, edges)[0] / each.counts[name]
            ax.stairs(heights, edges, color=COLOURS[name], label=name, linewidth=1.2)
        match = f", like {short_name(each.match.target.name)}" if each.match else ""
        ax.set_title(f"{each.motif.name} ({each.motif.consensus}){match}", fontsize=8)
        ax.set_ylabel("sequences (%)", fontsize=7)
        ax.tick_params(labelsize=7)
    for ax in panels[len(shown) :]:
        ax.set_axis_off()
    for ax in panels[max(0, len(shown) - 2) : len(shown)]:
        ax.set_xlabel("position at which the motif begins", fontsize=7)
    panels[0].legend(frameon=False, fontsize=7)
    return pixels(canvas)


def _grid(rows: int, columns: int, width: float, height: float) -> tuple[Any, list[list[Any]]]:
    from matplotlib.figure import Figure

    size = (width * columns, height * rows + 0.3)
    canvas = Figure(figsize=size, dpi=DPI, facecolor="white", layout="constrained")
    axes = canvas.subplots(rows, columns, squeeze=False).tolist()
    for row in axes:
        for ax in row:
            ax.spines[["top", "right"]].set_visible(False)
    return canvas, axes


def _blank(ax: Any, text: str) -> None:
    ax.set_axis_off()
    ax.set_title(text, fontsize=8, color="#777777")


def _placed(match: Match, width: int) -> Floats:
    """The known motif on the columns of the found one, in its direction; columns that it does not have are even."""
    counts = match.target.counts if match.forward else match.target.counts[::-1, ::-1]
    found = np.ones((width, counts.shape[1]))
    for place in range(width):
        if 0 <= place - match.offset < len(counts):
            found[place] = counts[place - match.offset]
    return found


def _logo(ax: Any, counts: Floats, alphabet: Alphabet) -> None:
    """Letters as high as their share of the information of their place."""
    import logomaker  # type: ignore[import-untyped]
    import pandas as pd  # type: ignore[import-untyped]

    colours = PROTEIN_COLOURS if alphabet is PROTEIN else NUCLEIC_COLOURS
    scaled = counts * np.where(counts.sum(1, keepdims=True) > 1.5, 1.0, 100.0)
    heights = scaled / np.maximum(1e-9, scaled.sum(1, keepdims=True)) * bits(scaled)[:, None]
    table = pd.DataFrame(heights, columns=list(alphabet.letters), index=range(1, len(counts) + 1))
    logomaker.Logo(table, ax=ax, color_scheme={letter: colours[letter] for letter in alphabet.letters})
    ax.set(ylim=(0, np.log2(len(alphabet.letters))))
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.tick_params(labelsize=7)
    ax.set_ylabel("bits", fontsize=7)
