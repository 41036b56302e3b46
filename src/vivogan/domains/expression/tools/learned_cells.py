"""The cells that a run learned from, read again from its source."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vivogan.core.seeds import numpy_generator
from vivogan.domains.run import Run

MOST = 20_000  # cells that are looked at


@dataclass(frozen=True)
class LearnedCells:
    """Counts ``x`` [n, g] in the run's genes, class numbers ``y`` [n] and the text ``values`` [n] of its column."""

    x: NDArray[np.float32]
    y: NDArray[np.intp]
    values: list[str]


def learned_cells(run: Run) -> LearnedCells:
    """The training cells of a run, ``MOST`` at most; ``UserError`` when its source is no longer what it was."""
    records, train = run.source_records(), run.split.train
    rows = np.sort(numpy_generator(0, "learned cells").permutation(train)[:MOST])
    labels = records.labels.get(run.classes.column, records.classes)[rows]
    y = run.classes.indices(labels)
    rows, labels, y = rows[y >= 0], labels[y >= 0], y[y >= 0]
    return LearnedCells(run.codec.encode(records, rows).numpy(), y, labels.tolist())
