"""scanpy's Wilcoxon ranking, beside which markers are shown."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vivogan.domains.expression.tools.normalise import Floats


@dataclass(frozen=True)
class Ranking:
    """Of each type [types, g]: the ``rank`` of a gene, from 1, and its ``score`` (z; above zero: the type has more)."""

    rank: NDArray[np.intp]
    score: Floats


def wilcoxon(levels: csr_matrix, y: NDArray[np.intp], types: int) -> Ranking:
    """Each type against all other cells by ``scanpy.tl.rank_genes_groups(method="wilcoxon")``."""
    import anndata
    import pandas as pd
    import scanpy

    names = [f"{k:04d}" for k in range(types)]
    genes = [str(j) for j in range(levels.shape[1])]
    cells = [str(i) for i in range(levels.shape[0])]
    obs = pd.DataFrame({"type": pd.Categorical([names[k] for k in y.tolist()], names)}, index=cells)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pandas, about fragmented frames
        table = anndata.AnnData(levels.astype(np.float32), obs=obs, var=pd.DataFrame(index=genes))
        table.uns["log1p"] = {"base": None}
        scanpy.tl.rank_genes_groups(table, "type", method="wilcoxon", n_genes=len(genes))
    found = table.uns["rank_genes_groups"]
    rank, score = np.zeros((types, len(genes)), np.intp), np.zeros((types, len(genes)))
    for k, name in enumerate(names):
        order = np.array(found["names"][name], dtype=np.intp)
        rank[k, order], score[k, order] = np.arange(1, len(order) + 1), found["scores"][name]
    return Ranking(rank, score)
