"""How strongly each gene sets a type apart, and whether generated cells have the same genes on top."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
TOP = 20  # markers of a type that are compared
FEWEST = 3  # cells of a type on either side, below which it is left out


def wilcoxon_auc(x: Floats, y: NDArray[np.intp], types: NDArray[np.intp] | None = None) -> Floats:
    """The Wilcoxon statistic of each type against all other cells, as an AUC: [types, g].

    Of log-normalised x [n, g] and types y [n]: the chance that a cell of the type has more of the gene than one of the
    others, ties counted half. Sorted by it, genes stand as scanpy's ``method="wilcoxon"`` ranks them (its z without
    correction for ties is a linear function of it). ``types`` are those asked for, by default all, in order.
    """
    from scipy.stats import rankdata

    ranks = rankdata(x, axis=0)  # n x g, means of ties
    asked = np.unique(y) if types is None else types
    inside = (y[None] == asked[:, None]).astype(np.float64)  # types x n
    count = inside.sum(1, keepdims=True)
    least = count * (count + 1) / 2
    pairs = np.maximum(count * (len(y) - count), 1)
    return np.asarray((inside @ ranks - least) / pairs)


def top_genes(x: Floats, y: NDArray[np.intp], types: NDArray[np.intp], top: int = TOP) -> NDArray[np.intp]:
    """The columns of the ``top`` genes that set each type apart most, the strongest first: [types, top]."""
    return np.argsort(-wilcoxon_auc(x, y, types), axis=1, kind="stable")[:, :top]


def marker_overlap(
    real: Floats, real_y: NDArray[np.intp], made: Floats, made_y: NDArray[np.intp], top: int = TOP
) -> float:
    """The share of a type's top markers that are the same in real [n, g] and generated [m, g] cells, mean over types.

    Types with fewer than 3 cells on either side are left out; 0 when none remains or one alone, which has no markers.
    """
    types = np.unique(real_y)
    types = types[[min((real_y == k).sum(), (made_y == k).sum()) >= FEWEST for k in types]]
    if len(types) < 2:
        return 0.0
    pairs = zip(*(top_genes(x, y, types, top) for x, y in ((real, real_y), (made, made_y))), strict=True)
    return float(np.mean([len(np.intersect1d(a, b)) / len(a) for a, b in pairs]))
