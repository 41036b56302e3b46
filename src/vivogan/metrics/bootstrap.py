"""Confidence intervals by resampling records.

``interval`` is the percentile bootstrap (Efron 1979; Efron and Tibshirani 1993, ch. 13): right for means, accuracies,
AUCs.

It is wrong for distances between point clouds. A bootstrap sample holds only about 63 % different records. Repeated
rows shrink the rank of a covariance and put neighbours at distance 0, so Fréchet and kernel distances, precision,
recall, density, coverage and adversarial accuracies are shifted, often so far that the interval misses the value
itself; the Fréchet distance moreover has a bias of order 1/n already (Chong and Forsyth 2020). For these,
``half_sample_interval`` draws halves *without* repetition and keeps their spread but not their shift.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def interval(
    function: Callable[..., float], *samples: Any, n: int = 200, level: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """The percentile interval of ``function(*samples)`` when the rows of every sample are drawn again, independently.

    Args:
        function: takes as many arrays as there are samples, returns one number.
        samples: arrays with one record a row (the first axis); rows are drawn with repetition.
        n: number of draws. level: the share of draws between the two ends.

    Returns:
        (low, high).

    Raises:
        ValueError: no sample or an empty one, n < 2, a level outside (0, 1), or a function value that is not finite.
    """
    arrays = _checked(samples, n, level, minimum=1)
    rng = np.random.default_rng(seed)
    values = [function(*(s[rng.integers(len(s), size=len(s))] for s in arrays)) for _ in range(n)]
    low, high = np.quantile(_finite(values), _tails(level))
    return float(low), float(high)


def half_sample_interval(
    function: Callable[..., float], *samples: Any, n: int = 100, level: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """An interval for distances between point clouds: the spread over random halves, laid around the full value.

    Drawn without repetition, b of N rows, a statistic varies by (N - b)/b times the variance that it has at N rows
    itself (the delete-d jackknife: Shao and Wu 1989; subsampling: Politis and Romano 1994). At b = N/2 the factor is
    1. The mean of the halves is taken off, and with it the larger finite-sample bias that they have at N/2 rows.

    Args, returns and errors as in ``interval``; every sample needs at least 4 rows. The bias that the value has at its
    own N
    is not removed: print it beside its floor, measured at the same sizes. Where both samples come from one
    distribution the interval is wider than it need be.
    """
    arrays = _checked(samples, n, level, minimum=4)
    rng = np.random.default_rng(seed)
    value = float(_finite([function(*arrays)])[0])
    draws = [function(*(s[rng.permutation(len(s))[: (len(s) + 1) // 2]] for s in arrays)) for _ in range(n)]
    spread = _finite(draws)
    low, high = np.quantile(spread - spread.mean(), _tails(level))
    return value + float(low), value + float(high)


def _tails(level: float) -> list[float]:
    return [(1 - level) / 2, (1 + level) / 2]


def _finite(values: list[float]) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not np.isfinite(array).all():
        raise ValueError("bootstrap: the function must return one finite number for every draw")
    return array


def _checked(samples: tuple[Any, ...], n: int, level: float, minimum: int) -> list[NDArray[Any]]:
    arrays = [np.asarray(sample) for sample in samples]
    if not arrays:
        raise ValueError("bootstrap: at least one sample is needed")
    for position, array in enumerate(arrays):
        rows = array.shape[0] if array.ndim else 0
        if rows < minimum:
            raise ValueError(f"bootstrap: sample {position} needs at least {minimum} rows, got {rows}")
    if n < 2:
        raise ValueError(f"bootstrap: at least 2 draws are needed, got n={n}")
    if not 0 < level < 1:
        raise ValueError(f"bootstrap: the level must lie between 0 and 1, got {level}")
    return arrays
