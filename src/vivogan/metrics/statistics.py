"""Count, mean and scatter of a feature set, which merge exactly, so that shards and machines can be combined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from vivogan.metrics.arrays import Floats, feature_rows


@dataclass(frozen=True, eq=False)
class Moments:
    """The first two moments of ``count`` feature rows.

    Attributes:
        count: number of rows n.
        mean: [d].
        m2: [d, d], the sum over rows of (x - mean)(x - mean)ᵀ; divided by n - 1 it is the covariance.

    Raises:
        ValueError: shapes that do not belong together, a count below 1, or a value that is not finite.

    >>> a, b = Moments.of([[0.0, 1.0], [2.0, 3.0]]), Moments.of([[4.0, 5.0]])
    >>> (a + b).mean.tolist()
    [2.0, 3.0]
    """

    count: int
    mean: Floats
    m2: Floats

    def __post_init__(self) -> None:
        mean = np.asarray(self.mean, dtype=np.float64)
        m2 = np.asarray(self.m2, dtype=np.float64)
        if self.count < 1:
            raise ValueError(f"moments: the count must be at least 1, got {self.count}")
        if mean.ndim != 1 or mean.size == 0 or m2.shape != (mean.size, mean.size):
            raise ValueError(f"moments: expected mean [d] and m2 [d, d], got {list(mean.shape)} and {list(m2.shape)}")
        if not (np.isfinite(mean).all() and np.isfinite(m2).all()):
            raise ValueError("moments: the mean or m2 holds a value that is not finite (NaN or infinity)")
        object.__setattr__(self, "count", int(self.count))
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "m2", m2)

    @classmethod
    def of(cls, x: ArrayLike) -> Moments:
        """The moments of features ``x`` [n, d], by two passes (the mean is taken off before squaring)."""
        rows = feature_rows(x, "features")
        mean = rows.mean(axis=0)
        centred = rows - mean  # [n, d]
        # The mean is itself rounded; taking the residual off keeps m2 right when |mean| >> sd.
        residual = centred.mean(axis=0)
        centred -= residual
        return cls(rows.shape[0], mean + residual, centred.T @ centred)

    def __add__(self, other: Moments) -> Moments:
        """The moments of both sets together (Chan, Golub and LeVeque 1983, eq. 2.1, in its matrix form)."""
        if self.mean.size != other.mean.size:
            raise ValueError(f"moments: cannot merge {self.mean.size} columns with {other.mean.size}")
        count = self.count + other.count
        delta = other.mean - self.mean  # [d]
        mean = self.mean + delta * (other.count / count)
        m2 = self.m2 + other.m2 + np.outer(delta, delta) * (self.count * other.count / count)
        return Moments(count, mean, m2)

    @property
    def covariance(self) -> Floats:
        """[d, d], with n - 1 in the denominator. Raises ValueError for a single row."""
        if self.count < 2:
            raise ValueError("moments: a covariance needs at least 2 rows, got 1")
        return self.m2 / (self.count - 1)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, for JSON; doubles survive the round trip bit for bit."""
        return {"count": self.count, "mean": self.mean.tolist(), "m2": self.m2.tolist()}

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Moments:
        """The inverse of ``to_dict``. Raises ValueError when a key is missing."""
        missing = [key for key in ("count", "mean", "m2") if key not in state]
        if missing:
            raise ValueError(f"moments: the stored statistics lack {', '.join(missing)}")
        return cls(int(state["count"]), np.asarray(state["mean"], np.float64), np.asarray(state["m2"], np.float64))
