"""From what a network sums to, to a count with an interval: a line shrunk towards the identity, and its residuals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

LEVEL = 0.90  # of the intervals
SLOPE, INTERCEPT = (
    0.1,
    0.05,
)  # prior standard deviations of the line: of its slope, and of its offset over the mean count
USUAL, BELIEF = 0.25, 4  # residual over √(count + 1) that is expected, and how many images that expectation is worth
MANY = 30  # residuals from which their own quantile is believed; fewer are taken for normal


@dataclass(frozen=True)
class Line:
    """``count = slope · raw + intercept`` with an interval of ``width · √(count + 1)`` on both sides."""

    slope: float = 1.0
    intercept: float = 0.0
    width: float = 2.0

    def __call__(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        """Calibrated counts, never below zero."""
        return np.maximum(self.slope * raw + self.intercept, 0.0)

    def interval(self, count: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Bounds of the 90 % interval of calibrated counts."""
        half = self.width * np.sqrt(count + 1)
        return np.maximum(count - half, 0.0), count + half


def fit_line(
    raw: NDArray[np.float64],
    true: NDArray[np.float64],
    straighten: bool,
    widening: float = 1.0,
    measured: NDArray[np.float64] | None = None,
) -> Line:
    """The line through images that were learned from, with sums ``raw`` [n] and true counts [n].

    Args:
        straighten: whether slope and intercept are fitted; else the identity stays.
        widening: of these images' residuals, as those of new images are larger.
        measured: residuals [m] over √(count + 1) of new images, where there are some; they alone decide the interval.
    """
    slope, intercept = shrunk_line(raw, true) if straighten and len(raw) > 1 else (1.0, 0.0)
    found = Line(slope, intercept)(raw)
    residuals = widening * np.abs(found - true) / np.sqrt(found + 1) if measured is None else measured
    return Line(slope, intercept, max(quantile(residuals), 1e-3))


def shrunk_line(raw: NDArray[np.float64], true: NDArray[np.float64]) -> tuple[float, float]:
    """Ridge regression towards slope 1 and intercept 0, so that two images cannot turn the line around."""
    mean = max(float(true.mean()), 1.0)
    design = np.stack([raw, np.full_like(raw, mean)], 1)  # n x 2; the intercept in units of the mean count
    error = true - raw
    noise = max(float(error.var()), 0.25)
    precision = design.T @ design / noise + np.diag([1 / SLOPE**2, 1 / INTERCEPT**2])
    slope, intercept = np.linalg.solve(precision, design.T @ error / noise)
    return float(1 + slope), float(intercept * mean)


def quantile(residuals: NDArray[np.float64]) -> float:
    """The 90 % quantile of absolute residuals: the split-conformal one (Vovk et al. 2005) when there are many.

    Else that of a normal distribution whose variance is learned on top of ``BELIEF`` residuals of ``USUAL`` (the
    conjugate prior; the predictive distribution is Student's), so that two images that happen to fit promise nothing.
    """
    n = len(residuals)
    if n >= MANY:
        return float(np.sort(residuals)[min(n, int(np.ceil((n + 1) * LEVEL))) - 1])
    spread = np.sqrt((BELIEF * USUAL**2 + (residuals**2).sum()) / (BELIEF + n))
    return float(stats.t.ppf(0.5 + LEVEL / 2, BELIEF + n) * spread)


@dataclass(frozen=True)
class Calibration:
    """Of each class: a line for the sum of the density, one for the number of peaks, and which of them counts.

    ``threshold`` is the height of a peak, in that of a lone object, from which it is an object.
    """

    density: tuple[Line, ...]
    peaks: tuple[Line, ...]
    by_peaks: tuple[bool, ...]
    threshold: tuple[float, ...]

    @classmethod
    def none(cls, classes: int) -> Calibration:
        return cls((Line(),) * classes, (Line(),) * classes, (False,) * classes, (0.4,) * classes)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        lines = {name: [vars(line) for line in getattr(self, name)] for name in ("density", "peaks")}
        return {**lines, "by_peaks": list(self.by_peaks), "threshold": list(self.threshold)}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Calibration:
        density, peaks = (tuple(Line(**line) for line in state[name]) for name in ("density", "peaks"))
        return cls(density, peaks, tuple(state["by_peaks"]), tuple(state["threshold"]))
