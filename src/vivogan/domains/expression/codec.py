"""Cells ⇄ tensors: a row of whole-number counts of the modelled genes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from torch import Tensor

from vivogan.domains.expression.components import Components
from vivogan.domains.expression.formats.selected import choosing
from vivogan.domains.expression.records import Cells, ExpressionRecords
from vivogan.domains.expression.variable import most_variable
from vivogan.errors import DamagedRun

PIECE = 1024  # cells that are decoded at a time


@dataclass(frozen=True)
class ExpressionCodec:
    """x [n, g] float32: whole-number counts of the modelled ``genes``, those that vary most in the training part.

    ``cells`` is how many cells there are to learn from; ``components`` are those of the training part, by which the
    discriminator sees a cell as a whole.
    """

    genes: list[str]
    cells: int
    components: Components

    @classmethod
    def fit(cls, records: ExpressionRecords, train: NDArray[np.intp], genes: int | None = None) -> ExpressionCodec:
        """The ``genes`` most variable genes of the training part (as many as the records ask for), in their order."""
        counts = records.counts[train]
        chosen = most_variable(counts, records.genes, records.most_variable if genes is None else genes)
        x = _dense(counts[:, chosen])
        return cls([records.genes[i] for i in chosen], len(train), Components.fit(x))

    def encode(self, records: ExpressionRecords, indices: NDArray[np.intp]) -> Tensor:
        """The counts of the chosen cells, x [n, g]; a modelled gene that the records lack counts nothing."""
        return _dense(self.counts(records)[np.asarray(indices)])

    def counts(self, records: ExpressionRecords) -> csr_matrix:
        """All cells of the records over the modelled genes, [n, g]."""
        if records.genes == self.genes:
            return records.counts
        return csr_matrix(records.counts @ choosing(records.genes, self.genes).astype(records.counts.dtype))

    def decode(self, x: Tensor) -> Cells:
        """Counts x [n, g] as sparse cells."""
        return Cells(sparse(x), self.genes)

    @cached_property
    def index(self) -> dict[str, int]:
        """The column of every gene."""
        return {gene: i for i, gene in enumerate(self.genes)}

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        return self.components.state(), {"genes": self.genes, "cells": self.cells}

    @classmethod
    def from_state(cls, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> ExpressionCodec:
        """The codec that gave this state. Raises ``DamagedRun`` when the state is not one."""
        try:
            return cls(list(state["genes"]), int(state["cells"]), Components.from_state(tensors))
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedRun(
                f"the codec of the run cannot be read ({error})", "Train again, or copy the run again"
            ) from error


def sparse(x: Tensor) -> csr_matrix:
    """Counts x [n, g] as CSR of int32."""
    dense = x.detach().cpu().numpy()
    data, columns, ends = [], [], [np.zeros(1, np.int64)]
    for start in range(0, len(dense), PIECE):
        piece = dense[start : start + PIECE]
        counted = piece > 0.5  # what rounds to 1 or more
        places, many = np.flatnonzero(counted), np.count_nonzero(counted, axis=1)
        data.append(np.rint(piece.reshape(-1)[places]).astype(np.int32))
        columns.append((places - np.repeat(np.arange(len(piece)) * dense.shape[1], many)).astype(np.int32))
        ends.append(ends[-1][-1] + np.cumsum(many))
    parts = (np.concatenate(part) if part else np.empty(0, np.int32) for part in (data, columns))
    return csr_matrix((*parts, np.concatenate(ends)), shape=dense.shape)


def _dense(counts: csr_matrix) -> Tensor:
    return torch.from_numpy(counts.astype(np.float32).toarray())
