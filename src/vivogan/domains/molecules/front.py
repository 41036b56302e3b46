"""The Pareto front of several objectives: who is beaten by nobody, and how much of the space the front commands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SLICED = 3  # objectives up to which volumes are exact
SAMPLES = 2**16


def ranks(values: Floats) -> NDArray[np.intp]:
    """The front [n] of each of points [n, k] (higher is better): 0 for those that none dominates, 1 for those that none
    but these dominate, and so on (non-dominated sorting; Deb et al. 2002). NaN anywhere: −1.

    A point dominates another when it is nowhere worse and somewhere better.
    """
    found = np.full(len(values), -1, np.intp)
    left = np.flatnonzero(np.isfinite(values).all(1))
    rank = 0
    while len(left):
        first = left[_undominated(values[left])]
        found[first] = rank
        left = np.setdiff1d(left, first, assume_unique=True)
        rank += 1
    return found


def front(values: Floats) -> NDArray[np.intp]:
    """The rows of points [n, k] that none dominates, in order; rows with NaN are not among them."""
    known = np.flatnonzero(np.isfinite(values).all(1))
    return np.sort(known[_undominated(values[known])]) if len(known) else known


def _undominated(values: Floats) -> NDArray[np.bool_]:
    """Which of points [n, k] none dominates. Best sums first: whoever dominates stands before whom it dominates."""
    kept = np.ones(len(values), bool)
    for i in np.lexsort((np.arange(len(values)), -values.sum(1))):
        if kept[i]:
            worse = (values <= values[i]).all(1) & (values < values[i]).any(1)
            kept[worse] = False
    return kept


def hypervolume(values: Floats, reference: Floats) -> float:
    """The volume that points [n, k] dominate above a reference point [k]; points that are not above it add nothing.

    Exact for up to three objectives, by slicing along the last (While et al. 2006); for more it is the share of 65,536
    points of a Sobol sequence that are dominated, right to about a thousandth of the box that the points span.
    """
    above = values[(values > reference).all(1)] - reference
    if not len(above):
        return 0.0
    kept = above[front(above)]
    return _sliced(kept) if values.shape[1] <= SLICED else _sampled(kept)


def _sliced(points: Floats) -> float:
    if points.shape[1] == 1:
        return float(points.max())
    if points.shape[1] == 2:
        ordered = points[np.argsort(-points[:, 0], kind="stable")]
        heights = np.maximum.accumulate(ordered[:, 1])
        return float((ordered[:, 0] * np.diff(heights, prepend=0.0)).sum())
    order = np.argsort(-points[:, -1], kind="stable")
    heights = np.append(points[order, -1], 0.0)
    depths = heights[:-1] - heights[1:]
    return sum(depths[i] * _sliced(points[order[: i + 1], :-1]) for i in np.flatnonzero(depths > 0).tolist())


def _sampled(points: Floats) -> float:
    from scipy.stats import qmc

    box = points.max(0)
    drawn = qmc.Sobol(points.shape[1], seed=0).random(SAMPLES) * box
    inside = np.zeros(SAMPLES, bool)
    for point in points:
        inside |= (drawn <= point).all(1)
    return float(inside.mean() * box.prod())
