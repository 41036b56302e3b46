"""Cells along a measured path, such as pseudotime: generated at any value of it, smooth in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vivogan.domains.classes import Classes
from vivogan.domains.expression.data import write
from vivogan.domains.expression.records import ExpressionRecords
from vivogan.domains.expression.tools.learned_cells import learned_cells
from vivogan.domains.expression.tools.normalise import Floats, log_normalised, moments
from vivogan.domains.expression.tools.trend_plots import trend_picture
from vivogan.domains.run import Run, Watch, silent
from vivogan.domains.tasks.results import write_picture, write_rows
from vivogan.engine.sampler import sample
from vivogan.errors import UserError

CELLS = 200  # at each value
STEPS = 21  # values where none are given
SHOWN = 12  # genes of the picture


@dataclass(frozen=True)
class Trends:
    """How genes change along a path: ``mean`` and its standard error ``error`` [values, g], log-normalised."""

    column: str
    values: list[float]
    genes: list[str]
    mean: Floats
    error: Floats

    def rows(self) -> list[dict[str, Any]]:
        """One row for each gene and value."""
        return [
            {
                "gene": gene,
                self.column: f"{value:g}",
                "mean": f"{self.mean[i, j]:.4f}",
                "error": f"{self.error[i, j]:.4f}",
            }
            for j, gene in enumerate(self.genes)
            for i, value in enumerate(self.values)
        ]

    def strongest(self, count: int = SHOWN) -> list[int]:
        """The columns of the genes that change most along the path."""
        found: list[int] = np.argsort(-np.ptp(self.mean, axis=0), kind="stable")[:count].tolist()
        return found


@dataclass(frozen=True)
class Course:
    """Where levels of a measured column lie: the median of each, in ascending order."""

    column: str
    centres: Floats

    def coordinates(self, values: Sequence[float]) -> Floats:
        """Places among the levels: whole numbers at their medians, linear between, their ends beyond."""
        return np.interp(np.asarray(values, np.float64), self.centres, np.arange(len(self.centres)))


def path_of(run: Run, column: str) -> Course:
    """The path of a run that is conditioned on a measured column.

    Raises ``UserError`` where the run is not, or where its cells can no longer be read.
    """
    classes = run.classes
    if column != classes.column or not classes.edges:
        has = (
            f"'{classes.column}'" + ("" if classes.edges else ", which is not measured")
            if classes.column
            else "no label"
        )
        raise UserError(f"{column}: the run is conditioned on {has}", "Train with labels= a column of numbers")
    cells = learned_cells(run)
    return Course(column, _centres(classes, np.array([float(v) if v.strip() else np.nan for v in cells.values])))


def _centres(classes: Classes, values: Floats) -> Floats:
    """The median of the training values of each level; a level without any lies between its edges."""
    level = np.searchsorted(classes.edges, values, side="left")
    known = np.isfinite(values)
    edges = [np.nanmin(values), *classes.edges, np.nanmax(values)]
    found = []
    for k in range(len(classes.edges) + 1):
        own = values[known & (level == k)]
        found.append(float(np.median(own)) if len(own) else (edges[k] + edges[k + 1]) / 2)
    return np.maximum.accumulate(np.array(found))


def along(
    run: Run,
    column: str,
    values: Sequence[float] | None = None,
    n: int = CELLS,
    seed: int = 0,
    out: Path | None = None,
    watch: Watch = silent,
) -> tuple[ExpressionRecords, Trends]:
    """``n`` cells at each of the ``values`` of a measured column, and how genes change along them.

    Between two levels that the run learned, profiles are interpolated, and cells vary as those of either level do.

    Args:
        values: by default 21 from the median of the first level to that of the last; beyond them, cells are of the end.
        out: a folder for ``cells.h5ad``, ``trends.csv`` and ``trends.png``.
    """
    path = path_of(run, column)
    asked = np.linspace(path.centres[0], path.centres[-1], STEPS) if values is None else np.asarray(values, np.float64)
    if not len(asked) or not np.isfinite(asked).all() or n < 1:
        raise UserError("A path needs values that are numbers, and a cell at each", "Give values such as 0.1 0.5 0.9")
    watch({"event": "stage", "text": f"{n} cells at each of {len(asked)} values of {column}"})
    places = torch.from_numpy(np.repeat(path.coordinates(asked.tolist()), n)).float()
    samples = np.arange(len(places), dtype=np.int64)

    def condition(rows: NDArray[np.int64]) -> torch.Tensor:
        return places[np.minimum(rows, len(places) - 1)]  # whole blocks are made, also where less is asked for

    words = np.repeat(np.array([f"{value:g}" for value in asked]), n)
    made = _cells(run, {column: words}, samples, condition, seed)
    found = trends(made, column, asked.tolist())
    if out is not None:
        write(made, Path(out) / "cells.h5ad")
        write_rows(Path(out) / "trends.csv", found.rows())
        write_picture(
            Path(out) / "trends.png",
            trend_picture(found.genes, found.values, found.mean, found.error, found.strongest(), column),
        )
    return made, found


def at(run: Run, column: str, value: float, samples: NDArray[np.int64], seed: int = 0) -> ExpressionRecords:
    """Cells ``samples`` [n] of ``seed`` at one value of a measured column; see ``along``."""
    place = torch.from_numpy(path_of(run, column).coordinates([value])).float()
    words = np.repeat(np.array([f"{value:g}"]), len(samples))
    return _cells(run, {column: words}, samples, lambda rows: place.expand(len(rows)), seed)


def _cells(
    run: Run,
    labels: dict[str, NDArray[np.str_]],
    samples: NDArray[np.int64],
    condition: Callable[[NDArray[np.int64]], torch.Tensor],
    seed: int,
) -> ExpressionRecords:
    x = sample(run.generator, seed, samples, condition, device=run.device)
    ids = [f"seed{seed}-{i:06d}" for i in samples.tolist()]
    made: ExpressionRecords = run.domain.records(run.codec.decode(x), labels, ids, run.data)
    return made


def trends(records: ExpressionRecords, column: str, values: Sequence[float]) -> Trends:
    """Mean log-normalised expression at each value of a column, cells being equally many at each and in order."""
    levels = log_normalised(records.counts)
    parts = [moments(levels[rows]) for rows in np.array_split(np.arange(len(records)), len(values))]
    many = max(1, len(records) // len(values))
    mean, variance = (np.stack(side) for side in zip(*parts, strict=True))
    return Trends(column, list(values), list(records.genes), mean, np.sqrt(variance / many))
