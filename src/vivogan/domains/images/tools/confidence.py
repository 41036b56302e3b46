"""How sure a classifier may say it is: temperatures, and the error of stated confidence."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

COLDEST, HOTTEST = 0.1, 10.0


def fit_temperature(logits: ArrayLike, y: ArrayLike) -> float:
    """The temperature T by which held-out logits [n, K] / T are most likely (Guo et al. 2017).

    >>> sure = np.array([[8.0, 0], [8, 0], [8, 0], [8, 0]])
    >>> fit_temperature(sure, [0, 0, 0, 1]) > 5  # three of four right: 8 nats were too many
    True
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    scores, labels = np.asarray(logits, np.float64), np.asarray(y, np.intp)

    def loss(log_temperature: float) -> float:
        chances = log_softmax(scores / np.exp(log_temperature), axis=1)
        return float(-chances[np.arange(len(labels)), labels].mean())

    bounds = (np.log(COLDEST), np.log(HOTTEST))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))


def calibration_error(probabilities: ArrayLike, y: ArrayLike, bins: int = 15) -> float:
    """Expected calibration error: |confidence − accuracy| over equally wide bins of the largest of [n, K]
    probabilities, weighted by their sizes (Naeini et al. 2015).

    >>> calibration_error([[0.75, 0.25]] * 4, [0, 0, 0, 1])
    0.0
    """
    chances, labels = np.asarray(probabilities, np.float64), np.asarray(y, np.intp)
    confidence = chances.max(1)
    right: NDArray[np.float64] = (chances.argmax(1) == labels).astype(np.float64)
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs((confidence - right)[place == b].sum()) for b in range(bins)]
    return float(sum(gaps) / len(labels))
