"""Cells of each type as the game of a response sees them: shares of genes, states, and how they are moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from torch import Tensor

from vivogan.core.seeds import numpy_generator, torch_generator
from vivogan.domains.expression.tools.induction import Levels, moved
from vivogan.domains.expression.tools.normalise import SCALE, Floats, libraries, log_normalised, variable_genes
from vivogan.domains.expression.tools.response_game import Correction, ResponsePlan, Side, responding

Rows = NDArray[np.intp]
MOST_CELLS = 1000  # of a type in a condition that play
MOST_STATES = 30
STATE_GENES = 1000  # in which the state of a cell is seen
PASSES, DRAWS = 3, 4  # of matching shares to levels, and samples in each
MEAN_DRAWS = 16  # samples of a cell, of which a mean level is taken
PIECE = 1024  # genes that are moved at a time


@dataclass(frozen=True)
class Data:
    """Cells [n, g] with their types and whether they were ``stimulated``, both [n]."""

    counts: csr_matrix
    types: NDArray[np.str_]
    stimulated: NDArray[np.bool_]

    @cached_property
    def library(self) -> Floats:
        return libraries(self.counts)

    @cached_property
    def levels(self) -> csr_matrix:
        return log_normalised(self.counts, self.library)

    def rows(self, name: str, stimulated: bool, seed: int) -> Rows:
        """Cells of a type in a condition, ``MOST_CELLS`` at most."""
        found = np.flatnonzero((self.types == name) & (self.stimulated == stimulated))
        return np.sort(numpy_generator(seed, "rows", name, int(stimulated)).permutation(found)[:MOST_CELLS])

    def dense(self, rows: Rows, genes: Rows) -> Tensor:
        return torch.from_numpy(self.counts[rows][:, genes].toarray().astype(np.float32))

    def size(self, rows: Rows) -> Tensor:
        return torch.from_numpy(self.library[rows].astype(np.float32))

    @cached_property
    def _axes(self) -> tuple[Rows, Floats, Floats, Floats]:
        from sklearn.decomposition import TruncatedSVD

        control = self.levels[np.flatnonzero(~self.stimulated)]
        genes = variable_genes(control, STATE_GENES)
        count = min(MOST_STATES, len(genes) - 1, control.shape[0] - 1)
        model = TruncatedSVD(count, random_state=0).fit(control[:, genes])
        found = model.transform(control[:, genes])
        return genes, model.components_, found.mean(axis=0), np.maximum(found.std(axis=0), 1e-9)

    def state(self, rows: Rows, states: int) -> Tensor:
        """Principal components of control cells, in their standard deviations, [m, states] or fewer."""
        genes, axes, centre, width = self._axes
        found = (np.asarray(self.levels[rows][:, genes] @ axes.T) - centre) / width
        return torch.from_numpy(found[:, :states].astype(np.float32))


def start_shares(
    data: Data, rows: Rows, control: Floats, shift: Floats, genes: Rows, seed: int
) -> tuple[Floats, Floats]:
    """Shares of ``genes`` before and after, so that moved control cells have the mean level control + shift [r]."""
    table, draw = Levels(data.library[rows]), torch_generator(seed, "shares")
    old, aim = table.share(control), control + shift
    given, size = aim.copy(), data.size(rows)
    for first in range(0, len(genes), PIECE):
        places = np.arange(first, min(first + PIECE, len(genes)))
        counts, before = data.dense(rows, genes[places]), _tensor(old[places])
        for _ in range(PASSES):
            new = _tensor(table.share(given[places]))
            drawn = [moved(counts, size, before, new, draw) for _ in range(DRAWS)]
            given[places] = np.maximum(given[places] + aim[places] - mean_level(drawn, size), 0)
    return old, table.share(given)


def side(data: Data, name: str, control: Floats, shift: Floats, genes: Rows, plan: ResponsePlan, seed: int) -> Side:
    """One type in the responding ``genes``, as the game takes it; without real cells where there are none."""
    rows, real = data.rows(name, False, seed), data.rows(name, True, seed)
    old, new = start_shares(data, rows, control, shift, genes, seed)
    return Side(
        counts=data.dense(rows, genes),
        library=data.size(rows),
        state=data.state(rows, plan.states),
        old=_tensor(old),
        new=_tensor(new),
        real=data.dense(real, genes),
        real_library=data.size(real),
    )


def mean_after(part: Side, correction: Correction | None, seed: int) -> Floats:
    """The mean level of each responding gene [r] after the response, by the start or by a correction of it."""
    draw = torch_generator(seed, "mean after")
    return mean_level([cells_after(part, correction, draw) for _ in range(MEAN_DRAWS)], part.library)


def cells_after(part: Side, correction: Correction | None, draw: torch.Generator) -> Tensor:
    """Counts [m, r] after the response."""
    if correction is None:
        return moved(part.counts, part.library, part.old, part.new, draw)
    return responding(correction, part, torch.arange(len(part.counts)), draw)


def matched(part: Side, correction: Correction | None, aim: Floats, seed: int) -> Side:
    """The same type with shares such that its mean levels after the response are ``aim`` [r]."""
    table, given = Levels(part.library.numpy().astype(np.float64)), aim.copy()
    for again in range(PASSES):
        part = replace(part, new=_tensor(table.share(given)))
        given = np.maximum(given + aim - mean_after(part, correction, seed + again), 0)
    return replace(part, new=_tensor(table.share(given)))


def whole_cells(
    data: Data, rows: Rows, control: Floats, shift: Floats, genes: Rows, inside: Tensor, seed: int
) -> csr_matrix:
    """Counts [m, g] of all genes: ``inside`` [m, r] in the responding ``genes``, by the start in the others."""
    others = np.setdiff1d(np.arange(data.counts.shape[1]), genes)
    draw, size, parts = torch_generator(seed, "other genes"), data.size(rows), []
    old, new = start_shares(data, rows, control[others], shift[others], others, seed)
    for first in range(0, len(others), PIECE):
        places = np.arange(first, min(first + PIECE, len(others)))
        counts = data.dense(rows, others[places])
        parts.append(sparse(moved(counts, size, _tensor(old[places]), _tensor(new[places]), draw)))
    found = csr_matrix(hstack([*parts, sparse(inside)], format="csr"))
    return found[:, np.argsort(np.concatenate([others, genes]), kind="stable")]


def sparse(counts: Tensor) -> csr_matrix:
    """Whole counts [m, r] as a matrix."""
    return csr_matrix(counts.detach().round().to(torch.int32).numpy())


def mean_level(drawn: Sequence[Tensor], library: Tensor) -> Floats:
    """The mean log-normalised level [r] over cells and samples, each [m, r]."""
    scale = (SCALE / library)[:, None]
    return torch.stack([torch.log1p(counts * scale).mean(0) for counts in drawn]).mean(0).numpy().astype(np.float64)


def _tensor(values: Floats) -> Tensor:
    return torch.from_numpy(np.asarray(values, np.float32))
