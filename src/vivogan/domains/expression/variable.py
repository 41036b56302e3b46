"""The genes that differ most between cells: those that are modelled."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

THETA = 100.0  # overdispersion that is expected of every gene, as in the paper


def most_variable(counts: csr_matrix, genes: Sequence[str], n: int) -> NDArray[np.intp]:
    """The ``n`` genes of most variance, as ascending columns of ``counts`` [cells, genes]; all where there are no more.

    Scanpy ranks them by the variance of analytic Pearson residuals (Lause, Berens & Kobak 2021, Genome Biology 22:258,
    eq. 4), which takes counts as they are. Genes that no cell has are never chosen before others.
    """
    if n >= len(genes):
        return np.arange(len(genes))
    import anndata
    import scanpy

    seen = np.flatnonzero(np.asarray(counts.sum(0)).ravel() > 0)
    filled = np.flatnonzero(np.asarray(counts.sum(1)).ravel() > 0)
    if len(seen) <= n:
        rest = np.setdiff1d(np.arange(len(genes)), seen)[: n - len(seen)]
        return np.sort(np.concatenate([seen, rest]))
    cells = counts[filled][:, seen].astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = scanpy.experimental.pp.highly_variable_genes(
            anndata.AnnData(cells), theta=THETA, n_top_genes=n, flavor="pearson_residuals", inplace=False
        )
    return np.sort(seen[found["highly_variable"].to_numpy(dtype=bool)])
