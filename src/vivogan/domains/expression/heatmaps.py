"""Heat maps of cells by genes, cells beside their nearest training cell, and walks between latents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.base import Figure
from vivogan.domains.expression.canvas import MADE, REAL, axes_of, pixels, type_colours
from vivogan.domains.expression.metrics import log_normalised, pearson
from vivogan.domains.expression.records import Cells

Floats = NDArray[np.float64]
COLUMNS = 150  # cells of a heat map
LEAST = 4  # of a type at least, where it has them
PAIRS = 4
NARROW = 0.012  # share of the width below which a type's name does not fit above it
NONE = "#f4f5f7"  # where a gene is zero


def heat_map(
    x: Floats, y: NDArray[np.intp], names: Sequence[str], genes: Sequence[str], shown: NDArray[np.intp], top: float
) -> NDArray[np.uint8]:
    """Log-normalised cells x [n, g] in columns by type y [n], the ``shown`` genes in rows; ``top`` is the darkest."""
    columns = _by_type(y)
    types = y[columns]
    canvas, (strip, ax) = _stacked(height=1.2 + 0.165 * len(shown))
    colours = type_colours(len(names))
    image = _drawn(ax, x[np.ix_(columns, shown)], top)
    ax.set_yticks(range(len(shown)), [genes[g] for g in shown], fontsize=7)
    ax.set(xticks=[], xlabel=f"{len(columns)} cells")
    strip.set(xlim=(-0.5, len(columns) - 0.5), ylim=(0, 1), xticks=[], yticks=[])
    strip.spines[:].set_visible(False)
    for k in np.unique(types):
        places = np.flatnonzero(types == k)
        strip.axvspan(places[0] - 0.5, places[-1] + 0.5, color=colours[k], linewidth=0)
        ax.axvline(places[-1] + 0.5, color="white", linewidth=0.8)
        if len(np.unique(types)) > 1 and len(places) > NARROW * len(columns):
            strip.text(places.mean(), 1.25, names[k][:24], fontsize=7.5, rotation=50, rotation_mode="anchor")
    bar = canvas.colorbar(image, ax=ax, shrink=0.5, pad=0.01, aspect=22)
    bar.set_label("log-normalised expression", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    return pixels(canvas)


def _drawn(ax: Any, x: Floats, top: float) -> Any:
    """Cells x [n, g] in columns; zeros, which are most values, stay pale."""
    from matplotlib import colormaps

    colours = colormaps["magma_r"].with_extremes(bad=NONE)
    shown = np.ma.masked_equal(x.T, 0)
    return ax.imshow(shown, aspect="auto", cmap=colours, vmin=0, vmax=top, interpolation="nearest")


def _stacked(height: float) -> tuple[Any, list[Any]]:
    """A thin strip for the types above the map."""
    from matplotlib.figure import Figure as Canvas

    canvas: Any = Canvas(figsize=(10, max(3.0, height)), dpi=130, facecolor="white", layout="constrained")
    canvas.get_layout_engine().set(h_pad=0.01, hspace=0.0)
    return canvas, canvas.subplots(2, 1, height_ratios=[0.14, max(1.6, height - 1.2)]).tolist()


def _by_type(y: NDArray[np.intp]) -> NDArray[np.intp]:
    """Evenly spaced cells type by type, as many of each as it has, but some of every type."""
    columns = []
    for k in np.unique(y):
        rows = np.flatnonzero(y == k)
        count = min(len(rows), max(LEAST, round(COLUMNS * len(rows) / len(y))))
        columns.append(rows[np.linspace(0, len(rows) - 1, count).round().astype(np.intp)])
    return np.concatenate(columns)


def nearest(made: Cells, train: Cells, pairs: int = PAIRS) -> Figure:
    """Each generated cell against the training cell that is nearest to it, gene by gene."""
    a, b = (log_normalised(cells.counts[:pairs].toarray()) for cells in (made, train))
    canvas, panels = axes_of(len(a), width=3.1 * len(a), height=3.9)
    rng = np.random.default_rng(0)
    for ax, one, other in zip(panels, a, b, strict=True):
        held = (one > 0) | (other > 0)
        end = 1.06 * float(max(one.max(), other.max(), 1e-6))
        shaken = [values[held] + rng.normal(0, 0.008 * end, int(held.sum())) for values in (other, one)]
        ax.plot(*shaken, ".", markersize=3, color=MADE, alpha=0.45, markeredgewidth=0)
        ax.plot([0, end], [0, end], color=REAL, linewidth=0.8)
        shared = ((one > 0) & (other > 0)).sum() / max(1, held.sum())
        title = f"r = {pearson(one, other):.2f}\n{shared:.0%} of the genes in both".replace("%", " %")
        ax.set_title(title, fontsize=9)
        ax.set(xlim=(-0.04 * end, end), ylim=(-0.04 * end, end), xlabel="training cell")
        ax.set_aspect("equal")
    panels[0].set_ylabel("generated cell")
    caption = (
        "The generated cells closest to a training cell in the features that the scores compare; each point is a gene "
        "that one of the two has, log-normalised and a little scattered. A copy would lie on the line."
    )
    return Figure("nearest", "Nearest to training", caption, pixels(canvas))


def between(
    walks: Sequence[Cells], names: Sequence[str], genes: Sequence[str], shown: NDArray[np.intp], top: float
) -> Figure:
    """Each block walks from one latent to another of one type (the first types, in order): the genes that set types
    apart, step by step."""
    canvas, panels = axes_of(len(walks), width=2.3 + 1.75 * len(walks), height=1.0 + 0.165 * len(shown))
    image: Any = None
    for i, (ax, walk) in enumerate(zip(panels, walks, strict=True)):
        x = log_normalised(walk.counts.toarray())[:, shown]
        image = _drawn(ax, x, top)
        ax.set(xticks=[], xlabel="from one to another")
        ax.set_title(names[i % len(names)][:24], fontsize=8.5)
        ax.set_yticks(range(len(shown)), [genes[g] for g in shown] if i == 0 else [""] * len(shown), fontsize=7)
    bar = canvas.colorbar(image, ax=panels, shrink=0.5, pad=0.01, aspect=22)
    bar.set_label("log-normalised expression", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    caption = "Each block walks from one latent to another of one type; molecules are drawn anew at every step."
    return Figure("interpolation", "Between samples", caption, pixels(canvas))
