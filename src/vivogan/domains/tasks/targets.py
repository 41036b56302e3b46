"""What a predictor predicts, what it says, and how rows are dealt to the folds that say how good it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vivogan.core.seeds import numpy_generator

Floats = NDArray[np.float64]
LEVEL = 0.9  # of the intervals


@dataclass(frozen=True)
class Targets:
    """What is predicted: columns of numbers, columns of yes and no, or the classes of one column."""

    names: list[str]
    classes: str = ""  # the column that they are the classes of
    chances: bool = False  # every column is 0 or 1, each for itself


@dataclass(frozen=True)
class Predicted:
    """``mean``, ``sd``, ``low`` and ``high`` [n, t]; for classes the mean is the probability."""

    mean: Floats
    sd: Floats
    low: Floats
    high: Floats


def dealt(groups: NDArray[np.intp], folds: int, seed: int) -> NDArray[np.intp]:
    """A fold [n] of every row: whole groups, largest first, each to the smallest fold; rows, where groups are few."""
    if len(np.unique(groups)) < 2 * folds:
        groups = np.arange(len(groups))
    sizes = np.bincount(groups)
    order = numpy_generator(seed, "folds").permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    total, fold = np.zeros(folds, np.intp), np.zeros(len(sizes), np.intp)
    for group in order.tolist():
        fold[group] = total.argmin()
        total[fold[group]] += sizes[group]
    return fold[groups]
