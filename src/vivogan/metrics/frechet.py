"""The Fréchet distance between two feature sets, each seen as one Gaussian.

    d² = |μa - μb|² + tr Ca + tr Cb - 2 tr (Ca Cb)^½          (Dowson and Landau 1982, eq. 4; Heusel et al. 2017, eq. 6)

Whatever factors are chosen with FaᵀFa = Ca and FbᵀFb = Cb, the last trace is the nuclear norm (the sum of singular
values) of Fa Fbᵀ. So no square root of a non-symmetric product is ever taken: nothing complex can appear, no offset
has to be added to a singular covariance, and singular values keep an absolute error of 1e-16 where square roots of
eigenvalues have 1e-8.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vivogan.metrics.arrays import Floats, feature_rows
from vivogan.metrics.statistics import Moments


def frechet_distance(a: ArrayLike | Moments, b: ArrayLike | Moments) -> float:
    """The (squared) Fréchet distance, the number printed as "FID" when the features are Inception-V3's.

    Args:
        a, b: features [n, d] of at least 2 rows, or their ``Moments``. Either kind with either.

    Returns:
        A real number ≥ 0, in squared units of the features.

    Raises:
        ValueError: fewer than 2 rows, different widths, or values that are not finite.

    >>> frechet_distance([[0.0], [2.0]], [[3.0], [5.0]])
    9.0
    """
    mean_a, factor_a = _mean_and_factor(a, "a")
    mean_b, factor_b = _mean_and_factor(b, "b")
    if mean_a.size != mean_b.size:
        raise ValueError(f"a has {mean_a.size} columns and b has {mean_b.size}; they must be equal")
    shift = float(np.sum((mean_a - mean_b) ** 2))
    spread = float(np.sum(factor_a**2) + np.sum(factor_b**2))  # tr Ca + tr Cb
    return max(0.0, shift + spread - 2.0 * _nuclear_norm(factor_a @ factor_b.T))


def _mean_and_factor(sample: ArrayLike | Moments, name: str) -> tuple[Floats, Floats]:
    """The mean [d] and a factor F [min(n, d), d] with FᵀF = covariance."""
    if not isinstance(sample, Moments):
        rows = feature_rows(sample, name, minimum=2)
        if rows.shape[0] <= rows.shape[1]:
            # Gram form: the centred rows are the factor, and d by d matrices are never built.
            mean = rows.mean(axis=0)
            return mean, (rows - mean) / np.sqrt(rows.shape[0] - 1)
        sample = Moments.of(rows)
    return sample.mean, _symmetric_factor(sample.covariance)


def _symmetric_factor(covariance: Floats) -> Floats:
    """Λ^½ Vᵀ of the eigen-decomposition C = V Λ Vᵀ; eigenvalues that are only rounding noise are dropped."""
    from scipy.linalg import eigh

    values, vectors = eigh((covariance + covariance.T) / 2)  # [d], [d, d]
    noise = np.finfo(np.float64).eps * values.size * max(float(values[-1]), 0.0)
    kept = values > noise
    factor: Floats = np.sqrt(values[kept])[:, None] * vectors[:, kept].T
    return factor


def _nuclear_norm(matrix: Floats) -> float:
    if matrix.size == 0:
        return 0.0
    return float(np.linalg.svd(matrix, compute_uv=False).sum())
