"""What reading expression data gives: the records, the refusals, and the options that steer it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal, overload

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse import csr_matrix

from vivogan.core.configuration import Settings
from vivogan.core.limits import Limits


@dataclass(frozen=True)
class Refusal:
    """One file, one cell or one gene that cannot be used; ``reason`` also says how to mend it."""

    file: str
    record: str | None
    reason: str


class Cells(Sequence[csr_matrix]):
    """Cells as a sequence: ``counts`` [n, genes] (CSR of whole numbers) with the names of the ``genes``."""

    def __init__(self, counts: csr_matrix, genes: Sequence[str]) -> None:
        self.counts, self.genes = counts, list(genes)

    def __len__(self) -> int:
        return int(self.counts.shape[0])

    def __iter__(self) -> Iterator[csr_matrix]:
        return (self.counts[i] for i in range(len(self)))

    @overload
    def __getitem__(self, key: int) -> csr_matrix: ...

    @overload
    def __getitem__(self, key: slice | NDArray[np.intp] | list[int]) -> Cells: ...

    def __getitem__(self, key: int | slice | NDArray[np.intp] | list[int]) -> csr_matrix | Cells:
        """One cell as a row [1, genes], or several as ``Cells``."""
        if isinstance(key, int | np.integer):
            return self.counts[int(key)]
        return Cells(self.counts[key], self.genes)


@dataclass(frozen=True)
class ExpressionRecords:
    """Cells with their counts, genes and labels.

    ``counts`` is [n, g], CSR of int32: molecules (UMIs or reads) of each gene in each cell, as they were measured.
    ``genes`` are g unique names. ``labels`` maps an obs column to n strings (empty: unlabelled; numbers such as a
    pseudotime as text). ``ids`` are unique barcodes. ``part`` is "train", "selection" or "test" where the source gives
    a split, ``group`` (donor, batch, sample) what must stay on one side. ``provenance`` goes into ``uns``.
    """

    counts: csr_matrix
    genes: list[str]
    labels: dict[str, NDArray[np.str_]]
    ids: list[str]
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    part: NDArray[np.str_] | None = None
    group: NDArray[np.str_] | None = None
    most_variable: int = 2000
    source: str = ""
    provenance: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.counts.shape[0])

    @property
    def items(self) -> Cells:
        return Cells(self.counts, self.genes)

    @property
    def classes(self) -> NDArray[np.str_]:
        """The first label column, [n]; empty strings when nothing is labelled."""
        return next(iter(self.labels.values()), np.full(len(self), "", dtype=np.str_))


class ReadOptions(Settings):
    """How to read expression data.

    ``labels`` is an obs column, or several separated by commas, which are then joined to one condition
    ("B cell | stimulated"). ``name``, ``split`` and ``group`` are obs columns (barcodes, given parts, donor or batch).
    ``layer`` is where the counts are: a layer, "X" or "raw" of an AnnData; by default the first of X, a layer named
    counts, raw and the others that holds counts. ``metadata`` is a table of more obs columns, one of which has the
    barcodes; ``gene_names`` the column of the genes (var, features, row attributes) that names them. ``counts`` says
    what to do where no layer holds counts: "refuse", or "recover" them from values that were scaled by the library size
    (the least value of a cell is one molecule). ``genes`` is how many of the most variable genes are modelled (all,
    where there are no more), ``least_counts`` and ``least_cells`` the molecules a cell and the cells a gene must have
    to be kept.
    """

    labels: str | None = None
    name: str | None = None
    split: str | None = None
    group: str | None = None
    layer: str | None = None
    metadata: str | None = None
    gene_names: str | None = None
    counts: Literal["refuse", "recover"] = "refuse"
    genes: Annotated[int, Field(ge=2)] = 2000
    least_counts: Annotated[int, Field(ge=1)] = 1
    least_cells: Annotated[int, Field(ge=1)] = 1
    transposed: bool = False  # tables with genes in rows
    limits: Limits = Field(default_factory=Limits)
