"""Counts made comparable between cells: log(1 + count / library × 10⁴)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]
SCALE = 1e4  # molecules that every cell is scaled to


def libraries(counts: csr_matrix) -> Floats:
    """The molecules of each cell, [n]; a cell without any counts as one, so that it can be divided by."""
    return np.maximum(np.asarray(counts.sum(axis=1), np.float64).ravel(), 1.0)


def log_normalised(counts: csr_matrix, library: Floats | None = None) -> csr_matrix:
    """log1p(count / library × 10⁴), [n, g]; ``library`` [n] is that of the given genes unless said."""
    size = libraries(counts) if library is None else library
    levels = csr_matrix(counts, dtype=np.float64)
    levels.data = np.log1p(levels.data * np.repeat(SCALE / size, np.diff(levels.indptr)))
    return levels


def moments(levels: csr_matrix) -> tuple[Floats, Floats]:
    """The mean and the variance of each gene over cells [n, g], n ≥ 1."""
    mean = np.asarray(levels.mean(axis=0)).ravel()
    square = np.asarray(levels.multiply(levels).mean(axis=0)).ravel()
    return mean, np.maximum(square - mean**2, 0.0)


def detected(counts: csr_matrix) -> NDArray[np.intp]:
    """In how many cells each gene was seen, [g]."""
    return np.bincount(csr_matrix(counts).indices, minlength=counts.shape[1]).astype(np.intp)


def variable_genes(levels: csr_matrix, count: int, least_cells: int = 3) -> NDArray[np.intp]:
    """The ``count`` genes that vary most for their mean, in order; those in fewer than ``least_cells`` cells never.

    The variance of log-normalised levels [n, g] against a parabola in the logarithm of the mean (as "vst" of Stuart et
    al. 2019 has it).
    """
    seen = np.flatnonzero(detected(levels) >= least_cells)
    if len(seen) <= count:
        return seen
    mean, variance = (np.log(part[seen]) for part in moments(levels))
    excess = variance - np.polyval(np.polyfit(mean, variance, 2), mean)
    return np.sort(seen[np.argsort(-excess)[:count]])
