"""Some genes of a matrix: those asked for by name, or all: 10x files count surface proteins and guides too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix

from vivogan.domains.expression.formats.layers import Layer
from vivogan.domains.expression.formats.sheet import Sheet
from vivogan.errors import InputError

GENES = "Gene Expression"


class Selected:
    """Some columns of a layer."""

    def __init__(self, layer: Layer, kept: np.ndarray) -> None:
        self.layer, self.kept = layer, kept
        self.genes = [layer.genes[i] for i in kept.tolist()]
        self.shape, self.step = (layer.shape[0], len(kept)), layer.step

    def rows(self, start: int, stop: int) -> csr_matrix:
        return self.layer.rows(start, stop)[:, self.kept]


def only_genes(sheet: Sheet, kinds: list[str]) -> Sheet:
    """The sheet without features that are no genes; a note counts them. Raises ``InputError`` where none are."""
    counts = Counter(kind for kind in kinds if kind != GENES)
    if not counts:
        return sheet
    told = " and ".join(f"{count} of {kind}" for kind, count in counts.most_common())
    kept = np.flatnonzero(np.array(kinds) == GENES)
    if not len(kept):
        raise InputError(sheet.path, f"holds no genes, but {told}", mend="Give the matrix of gene expression")
    sheet.layers = {name: Selected(layer, kept) for name, layer in sheet.layers.items()}
    sheet.notes.append(f"features that are no genes were left out: {told}")
    return sheet


def choosing(genes: Sequence[str], kept: Sequence[str]) -> csr_matrix:
    """What turns columns ``genes`` into columns ``kept``, [genes, kept] of ones: a matrix of cells times this.

    Columns of one name are summed; a gene that is kept and not there counts nothing.
    """
    place = {gene: i for i, gene in enumerate(kept)}
    rows = np.array([i for i, gene in enumerate(genes) if gene in place], np.intp)
    columns = np.array([place[genes[i]] for i in rows.tolist()], np.intp)
    return csr_matrix((np.ones(len(rows), np.int32), (rows, columns)), shape=(len(genes), len(kept)))
