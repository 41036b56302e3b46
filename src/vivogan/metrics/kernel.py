"""Kernel distances (squared maximum mean discrepancies): unbiased at any size, so they may fall below 0.

Gretton et al. 2012, eq. 3; the polynomial form over subsets is the kernel inception distance of Bińkowski et al. 2018.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from vivogan.metrics.arrays import Floats, feature_rows, same_width
from vivogan.metrics.distances import squared_distance_blocks

MEDIAN_ROWS = 1000  # rows of each set that the median heuristic looks at
FACTORS = (0.5, 1.0, 2.0)


def kernel_distance(
    a: ArrayLike, b: ArrayLike, subsets: int = 100, size: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Mean and standard deviation over subsets of the MMD² with the kernel (xᵀy / d + 1)³; "KID" on Inception features.

    Args:
        a, b: features [n, d] and [m, d]; each needs at least 2 rows.
        subsets: how many pairs of subsets. size: rows of each, at most n and m (the smaller set bounds it).
        seed: of the draws, without repetition within a subset. They are drawn as torch-fidelity draws them (its seed
            is 2020), so that equal features and seeds give equal numbers.

    Returns:
        (mean, sd), the sd with n in the denominator as torch-fidelity has it. It is the spread between subsets, not a
        standard error.

    Raises:
        ValueError: too few rows, subsets < 1, size < 2, different widths, or values that are not finite.
    """
    x, y = _pair(a, b)
    if subsets < 1 or size < 2:
        raise ValueError(f"kernel distance: subsets ≥ 1 and size ≥ 2 are needed, got {subsets} and {size}")
    size = min(size, len(x), len(y))
    rng = np.random.RandomState(seed)
    values = []
    for _ in range(subsets):
        u = x[rng.choice(len(x), size, replace=False)]
        v = y[rng.choice(len(y), size, replace=False)]
        values.append(_polynomial_mmd(u, v))
    return float(np.mean(values)), float(np.std(values))


def mmd(a: ArrayLike, b: ArrayLike, bandwidths: Sequence[float] | None = None) -> float:
    """The unbiased MMD² with the mean of Gaussian kernels exp(-|x - y|² / 2σ²).

    Args:
        a, b: features [n, d] and [m, d]; each needs at least 2 rows. All pairs are used, in bounded memory.
        bandwidths: the σ, in units of the features. By default half, once and twice the median distance between
            different records of both sets (Gretton et al. 2012, section 8). Give the σ measured on real data when
            several
            generators are compared: the default depends on both sets.

    Raises:
        ValueError: too few rows, no bandwidth or one that is not above 0, different widths, or values not finite.
    """
    x, y = _pair(a, b)
    sigmas = np.asarray(_median_bandwidths(x, y) if bandwidths is None else bandwidths, dtype=np.float64)
    if sigmas.ndim != 1 or sigmas.size == 0 or not (np.isfinite(sigmas).all() and (sigmas > 0).all()):
        raise ValueError(f"mmd: bandwidths must be one or more numbers above 0, got {sigmas.tolist()}")
    within_x = (_gaussian_sum(x, x, sigmas) - len(x)) / (len(x) * (len(x) - 1))  # less the diagonal, where k = 1
    within_y = (_gaussian_sum(y, y, sigmas) - len(y)) / (len(y) * (len(y) - 1))
    return within_x + within_y - 2 * _gaussian_sum(x, y, sigmas) / (len(x) * len(y))


def _polynomial_mmd(u: Floats, v: Floats) -> float:
    n = len(u)
    kuu, kvv, kuv = ((s @ t.T / u.shape[1] + 1) ** 3 for s, t in ((u, u), (v, v), (u, v)))  # [n, n] each
    within = kuu.sum() - np.trace(kuu) + kvv.sum() - np.trace(kvv)
    return float(within / (n * (n - 1)) - 2 * kuv.mean())


def _gaussian_sum(x: Floats, y: Floats, sigmas: Floats) -> float:
    """The sum over all pairs of the mean kernel."""
    total = 0.0
    for _, block in squared_distance_blocks(x, y):
        total += sum(float(np.exp(block / (-2 * sigma**2)).sum()) for sigma in sigmas)
    return total / len(sigmas)


def _median_bandwidths(x: Floats, y: Floats) -> list[float]:
    # Evenly spaced rows: the same for the same input, and not the first ones alone, which may be sorted by class.
    few = [s[np.unique(np.linspace(0, len(s) - 1, MEDIAN_ROWS).astype(np.intp))] for s in (x, y)]
    pooled = np.concatenate(few)
    squares = np.concatenate([block.ravel() for _, block in squared_distance_blocks(pooled, pooled)])
    squares = squares[squares > 0]
    if squares.size == 0:
        raise ValueError("mmd: all records are equal, so no bandwidth can be chosen; give bandwidths")
    median = float(np.sqrt(np.median(squares)))
    return [factor * median for factor in FACTORS]


def _pair(a: ArrayLike, b: ArrayLike) -> tuple[Floats, Floats]:
    x, y = feature_rows(a, "a", minimum=2), feature_rows(b, "b", minimum=2)
    same_width(x, y, ("a", "b"))
    return x, y
