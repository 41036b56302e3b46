"""Pictures for the report: UMAP, marker dot plot, heat maps, gene curves and library sizes, real beside generated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.base import Figure
from vivogan.domains.expression.canvas import MADE, REAL, axes_of, legend_of_types, pixels, type_colours
from vivogan.domains.expression.heatmaps import between, heat_map, nearest
from vivogan.domains.expression.metrics import gene_curves, log_normalised, most_variable, pearson, pooled_components
from vivogan.domains.expression.ranking import top_genes
from vivogan.domains.expression.records import Cells

Floats = NDArray[np.float64]
MOST = 2000  # cells of each side that are drawn
MAPPED = 10  # cells of each side from which on a map is drawn
NEIGHBOURS = 15  # of the map
SPREAD = 0.3  # least distance of points in the map
SHOWN_TYPES = 16  # of the dot plot, the most frequent ones
MARKED = 48  # columns of the dot plot at most
EACH = 3  # markers of a type at most
VARIABLE = 30  # genes shown where there are no types
FEWEST = 3  # cells of a type, from which on it has markers


def figures(gallery: Mapping[str, Any]) -> list[Figure]:
    """Every picture that the data allow; "real", "generated" and "nearest" always."""
    names, genes = list(gallery["classes"]), list(gallery["real"].genes)
    rows = _evenly(min(len(gallery["real"]), len(gallery["made"])))
    y = np.asarray(gallery["y"], np.intp)[rows]
    counts = [_counts(gallery[part], rows) for part in ("real", "made")]
    real, made = (log_normalised(part) for part in counts)
    types, shown = _markers(real, y)
    top = float(np.quantile(real[:, shown], 0.98)) or 1.0
    found = [
        Figure(
            "real",
            "Real",
            "Test cells the model never saw, evenly spaced, by type. Genes: those that set the types apart.",
            heat_map(real, y, names, genes, shown, top),
        ),
        Figure(
            "generated",
            "Generated",
            "Not selected: evenly spaced among the samples of the evaluation; the same genes, the same colours.",
            heat_map(made, y, names, genes, shown, top),
        ),
        nearest(gallery["closest_made"], gallery["closest_train"]),
    ]
    if len(rows) >= MAPPED:
        found.append(_umap(real, made, y, names))
    if len(types) > 1:
        found.append(_dot_plot(real, made, y, types, shown, names, genes))
    found += [_curves(real, made), _libraries(*counts)]
    if gallery.get("walk"):
        found.append(between(gallery["walk"], names, genes, shown, top))
    return found


def _evenly(n: int) -> NDArray[np.intp]:
    return np.unique(np.linspace(0, max(0, n - 1), min(MOST, n)).round().astype(np.intp))


def _counts(cells: Cells, rows: NDArray[np.intp]) -> Floats:
    return np.asarray(cells.counts[rows].toarray(), np.float64)


def _markers(real: Floats, y: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The types shown, the most frequent first cut and then in order, and the genes that set them apart (Wilcoxon),
    type by type; without types, the most variable genes."""
    numbers, counts = np.unique(y, return_counts=True)
    numbers, counts = numbers[counts >= FEWEST], counts[counts >= FEWEST]
    types = np.sort(numbers[np.argsort(-counts, kind="stable")[:SHOWN_TYPES]])
    if len(types) < 2:
        return types, most_variable(real, min(VARIABLE, real.shape[1]))
    each = max(1, min(EACH, MARKED // len(types)))
    ranked = top_genes(real, y, types, top=each * len(types))
    chosen: list[int] = []
    for row in ranked:
        chosen += [int(gene) for gene in row if int(gene) not in chosen][:each]
    return types, np.array(chosen, np.intp)


def embedded(x: Floats) -> Floats:
    """UMAP (McInnes et al. 2018) of x [n, d], from its first two columns on: [n, 2], always the same."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its compiler, and of the one thread that a fixed seed leaves it
        from umap import UMAP  # type: ignore[import-untyped]

        near = min(NEIGHBOURS, len(x) - 1)
        found = UMAP(n_neighbors=near, min_dist=SPREAD, random_state=0, init="pca").fit_transform(x)
    return np.asarray(found, np.float64)


def _umap(real: Floats, made: Floats, y: NDArray[np.intp], names: Sequence[str]) -> Figure:
    """Both sets on one map: one fitted on real cells alone would draw generated ones to where real ones are."""
    points = embedded(np.concatenate(pooled_components(real, made)))
    a, b = points[: len(real)], points[len(real) :]
    present = np.unique(y)
    colours = type_colours(len(names))
    canvas, panels = axes_of(3, width=12.6, height=4.4)
    size = float(np.clip(4000 / len(points), 1.5, 14))
    both = [REAL] * len(a) + [MADE] * len(b)
    by_type = [colours[k] for k in y]
    order = np.random.default_rng(0).permutation(len(points))  # so that neither set lies on top
    drawn = ((a, by_type, "real"), (b, by_type, "generated"), (points[order], [both[i] for i in order], "both"))
    low, high = points.min(0), points.max(0)
    margin = 0.04 * (high - low) + 1e-6
    for ax, (part, shade, title) in zip(panels, drawn, strict=True):
        if title != "both":
            ax.scatter(*points.T, s=size, c="#e3e6ea", linewidths=0, rasterized=True)
        ax.scatter(*part.T, s=size, c=shade, linewidths=0, alpha=0.85 if title != "both" else 0.6, rasterized=True)
        ax.set_title(title, fontsize=11)
        ax.set(xticks=[], yticks=[], xlabel="UMAP 1", xlim=(low[0] - margin[0], high[0] + margin[0]),
               ylim=(low[1] - margin[1], high[1] + margin[1]))  # fmt: skip
    panels[0].set_ylabel("UMAP 2")
    legend_of_types(canvas, [names[k] for k in present], [colours[k] for k in present], ("real", "generated"))
    caption = (
        "Real and generated cells on one map (UMAP of 50 principal components of both). Left and middle: coloured by "
        "type, the other set in grey; right: real over generated. Generated cells should lie where real ones of the "
        "same type do, and fill the same area."
    )
    return Figure("umap", "UMAP", caption, pixels(canvas))


def _dot_plot(
    real: Floats,
    made: Floats,
    y: NDArray[np.intp],
    types: NDArray[np.intp],
    shown: NDArray[np.intp],
    names: Sequence[str],
    genes: Sequence[str],
) -> Figure:
    """As biologists print markers: the larger the dot, the more cells have the gene; the darker, the more of it."""
    tables = [_by_type(part[:, shown], y, types) for part in (real, made)]  # of types x genes, twice
    most = np.maximum(np.maximum(tables[0][0].max(0), tables[1][0].max(0)), 1e-9)
    height = 1.5 + 2 * 0.24 * len(types)
    canvas, panels = axes_of(2, rows=2, width=max(6.0, 2.6 + 0.235 * len(shown)), height=height + 0.9)
    columns, lines = np.meshgrid(np.arange(len(shown)), np.arange(len(types)))
    drawn: Any = None
    for ax, (means, share), title in zip(panels, tables, ("real", "generated"), strict=True):
        drawn = ax.scatter(columns.ravel(), lines.ravel(), s=(2 + 88 * share).ravel(), c=(means / most).ravel(),
                           cmap="Reds", vmin=0, vmax=1, edgecolors="#5a6675", linewidths=0.4)  # fmt: skip
        ax.set(xlim=(-0.7, len(shown) - 0.3), ylim=(len(types) - 0.4, -0.6), yticks=range(len(types)))
        ax.set_yticklabels([names[k][:28] for k in types], fontsize=8)
        ax.set_title(title, fontsize=10, loc="left")
        ax.set_xticks(range(len(shown)), [""] * len(shown) if title == "real" else [genes[g] for g in shown])
        ax.tick_params(axis="x", rotation=90, labelsize=7.5)
    colours = canvas.colorbar(drawn, ax=panels, shrink=0.45, aspect=16, anchor=(0, 0.05), pad=0.012)
    colours.set_label("mean expression\n(share of the gene's most)", fontsize=8)
    colours.ax.tick_params(labelsize=7.5)
    sizes = [panels[0].scatter([], [], s=2 + 88 * s, c="#9aa5b1", edgecolors="#5a6675", linewidths=0.4,
                               label=f"{s:.0%}".replace("%", " %")) for s in (0.1, 0.5, 1.0)]  # fmt: skip
    canvas.legend(handles=sizes, loc="outside right upper", frameon=False, fontsize=8, title="cells with\nthe gene",
                  title_fontsize=8, labelspacing=0.9)  # fmt: skip
    caption = (
        "The genes that set each type apart among real test cells (Wilcoxon), and how generated cells of the types "
        "have them: both halves should show the same diagonal."
    )
    return Figure("markers", "Markers of the types", caption, pixels(canvas))


def _by_type(x: Floats, y: NDArray[np.intp], types: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Mean, and share of cells above zero, of x [n, g] in each type: [types, g] twice."""
    cells = [x[y == k] for k in types]
    return np.array([part.mean(0) for part in cells]), np.array([(part > 0).mean(0) for part in cells])


def _curves(real: Floats, made: Floats) -> Figure:
    one, other = gene_curves(real), gene_curves(made)
    labels = {"mean": "mean", "variance": "variance", "zero share": "share of cells without it"}
    canvas, panels = axes_of(4, width=13.2, height=3.5)
    for ax, name in zip(panels, one, strict=False):
        a, b = one[name], other[name]
        ax.plot(a, b, ".", markersize=3.5, color=MADE, alpha=0.35, markeredgewidth=0)
        both = np.concatenate([a, b])
        low, high = float(both.min()), float(both.max())
        if name != "zero share":
            least = float(both[both > 0].min()) if (both > 0).any() else 1e-3
            low = max(least, 1e-4)
            ax.set(xscale="log", yscale="log")
        ends = (low * 0.8, high * 1.25) if name != "zero share" else (low - 0.03, high + 0.03)
        ax.plot(ends, ends, color=REAL, linewidth=0.9)
        ax.set(xlim=ends, ylim=ends, xlabel=f"{labels[name]}, real", ylabel=f"{labels[name]}, generated")
        ax.set_title(f"gene {name}: r = {pearson(a, b):.3f}", fontsize=10)
        ax.set_aspect("equal")
    for curves, colour, label in ((one, REAL, "real"), (other, MADE, "generated")):
        panels[3].plot(curves["mean"], curves["zero share"], ".", markersize=3.5, color=colour, alpha=0.35,
                       markeredgewidth=0, label=label)  # fmt: skip
    panels[3].set(xlabel="mean of a gene", ylabel="share of cells without it", ylim=(-0.03, 1.03))
    panels[3].set_title("zeros over mean", fontsize=10)
    panels[3].legend(frameon=False, fontsize=8, markerscale=2.5)
    caption = (
        "Each point is a gene: its mean, its variance and how many cells lack it, log-normalised, real against "
        "generated. On the line both agree. Right: genes of the same mean should be missing in as many cells."
    )
    return Figure("curves", "Genes one by one", caption, pixels(canvas))


def _libraries(real: Floats, made: Floats) -> Figure:
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    canvas, panels = axes_of(2, width=9.0, height=3.2)
    values = {
        "molecules of a cell (library size)": [np.maximum(part.sum(1), 1) for part in (real, made)],
        "genes detected in a cell": [np.maximum((part > 0).sum(1), 1).astype(np.float64) for part in (real, made)],
    }
    for ax, (label, pair) in zip(panels, values.items(), strict=True):
        both = np.concatenate(pair)
        edges = np.geomspace(both.min() * 0.95, both.max() * 1.05, 45)
        for part, colour, name in zip(pair, (REAL, MADE), ("real", "generated"), strict=True):
            weights = np.full(len(part), 1 / len(part))
            ax.hist(part, edges, weights=weights, histtype="stepfilled", color=colour, alpha=0.12)
            ax.hist(part, edges, weights=weights, histtype="step", color=colour, linewidth=1.5, label=name)
        ax.set(xscale="log", xlabel=label)
        ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        ax.xaxis.set_minor_formatter(NullFormatter())
    panels[0].set_ylabel("share of cells")
    panels[0].legend(frameon=False, fontsize=9)
    caption = "How many molecules and genes cells have, among the genes modelled; logarithmic axes."
    return Figure("library", "Library size and genes detected", caption, pixels(canvas))
