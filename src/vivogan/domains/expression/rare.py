"""Rare types: which they are, and whether generated cells of them are what they are called."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.expression.annotation import Annotator

Floats = NDArray[np.float64]
RARE = 0.02  # share of the cells below which a type is rare
FEWEST = 3  # cells of it, below which nothing can be learned


def rare_types(y: NDArray[np.intp], share: float = RARE) -> NDArray[np.intp]:
    """The types of y [n] that are rarer than ``share`` but have 3 cells."""
    types, counts = np.unique(y, return_counts=True)
    return np.asarray(types[(counts < share * len(y)) & (counts >= FEWEST)], np.intp)


def recovered(annotator: Annotator, x: Floats, y: NDArray[np.intp], types: NDArray[np.intp]) -> float:
    """The share of the cells x [n, g] of ``types`` that a classifier takes for their type, mean over the types.

    A classifier of real cells, asked about generated ones, says whether they are what they are called; one that
    learned from generated cells, asked about real ones, whether they hold what makes up the type. 0 without cells.
    """
    present = [k for k in types if (y == k).any()]
    if not present:
        return 0.0
    found = annotator.predict(x)
    return float(np.mean([(found[y == k] == k).mean() for k in present]))
