"""Euclidean distances between feature rows, in bounded memory and right to the last digits even for near-duplicates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vivogan.metrics.arrays import Floats, feature_rows, same_width

# Entries of one block of the distance matrix: 4 M float64 = 32 MB; about three such arrays live at once.
BLOCK = 4_000_000
# |x|² + |y|² - 2xy loses all digits when x ≈ y. Squared distances below this share of |x|² + |y|² are computed again
# from the differences, so that the relative error stays below about 1e-9 and the distance of equal rows is exactly 0.
CANCELLATION = 1e-6


def squared_distance_blocks(x: Floats, y: Floats) -> Iterator[tuple[slice, Floats]]:
    """Squared distances of ``x`` [n, d] to ``y`` [m, d], some rows of ``x`` at a time: (rows, block [rows, m])."""
    centre = y.mean(axis=0)  # a large common offset would cost digits
    y_centred = y - centre
    y_norms = np.einsum("md,md->m", y_centred, y_centred)
    step = max(1, BLOCK // y.shape[0])
    for start in range(0, x.shape[0], step):
        rows = slice(start, min(start + step, x.shape[0]))
        part = x[rows] - centre
        scale = np.einsum("nd,nd->n", part, part)[:, None] + y_norms  # [rows, m]
        block = scale - 2.0 * (part @ y_centred.T)
        scale *= CANCELLATION
        i, j = np.nonzero(block <= scale)
        pairs = max(1, BLOCK // x.shape[1])
        for first in range(0, i.size, pairs):
            ii, jj = i[first : first + pairs], j[first : first + pairs]
            difference = x[rows][ii] - y[jj]  # [pairs, d]
            block[ii, jj] = np.einsum("pd,pd->p", difference, difference)
        yield rows, block


def nearest(queries: ArrayLike, references: ArrayLike) -> tuple[Floats, NDArray[np.intp]]:
    """The nearest reference of every query.

    Args:
        queries: [n, d]. references: [m, d].

    Returns:
        distance [n] (Euclidean, exactly 0 for an equal row) and index [n] into ``references`` (any of equals).

    Raises:
        ValueError: an empty set, different widths, or values that are not finite.
    """
    x, y = feature_rows(queries, "queries"), feature_rows(references, "references")
    same_width(x, y, ("queries", "references"))
    distance, index = neighbours(x, y, 1)
    return distance[:, 0], index[:, 0]


def neighbours(x: Floats, y: Floats, k: int, same: bool = False) -> tuple[Floats, NDArray[np.intp]]:
    """Distances [n, k], ascending, and indices [n, k] of the ``k`` rows of ``y`` nearest to every row of ``x``.

    With ``same`` the two are one set and a row is not its own neighbour (an equal row elsewhere is). The distances are
    taken from the differences, so that those of whole numbers are equal when they should be: ties count.
    """
    distance, index = np.empty((x.shape[0], k)), np.empty((x.shape[0], k), dtype=np.intp)
    for rows, block in squared_distance_blocks(x, y):
        if same:
            block[np.arange(block.shape[0]), np.arange(rows.start, rows.stop)] = np.inf
        found = np.argpartition(block, k - 1, axis=1)[:, :k]  # [rows, k]
        squares = np.empty(found.shape)
        for column in range(k):
            difference = x[rows] - y[found[:, column]]  # [rows, d]
            squares[:, column] = np.einsum("nd,nd->n", difference, difference)
        order = np.argsort(squares, axis=1, kind="stable")
        distance[rows] = np.sqrt(np.take_along_axis(squares, order, axis=1))
        index[rows] = np.take_along_axis(found, order, axis=1)
    return distance, index
