"""How well generated cells mix with real ones among their nearest neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
PERPLEXITY = 30.0
NEIGHBOURS = 90  # three times the perplexity, as Korsunsky et al. look at
STEPS = 50  # of the bisection for a cell's kernel width
ENOUGH = 1e-5  # nats by which its entropy may miss


def milisi(a: Floats, b: Floats, perplexity: float = PERPLEXITY) -> float:
    """Mean integration LISI of a [n, d] and b [m, d]: how many of the two sets a neighbourhood holds, 1 to 2.

    The inverse Simpson index of the sets among each cell's nearest neighbours, weighted by a Gaussian kernel of the
    given perplexity (Korsunsky et al. 2019; as a score of generated cells: Zinati et al. 2024). 2 only where the two
    are equally many and everywhere mixed: read it beside real against real of equal numbers.
    """
    points = np.concatenate([a, b])
    which = np.concatenate([np.zeros(len(a)), np.ones(len(b))])
    return float(inverse_simpson(points, which, perplexity).mean())


def inverse_simpson(points: Floats, which: Floats, perplexity: float = PERPLEXITY) -> Floats:
    """The local inverse Simpson index of two sets (``which`` is 0 or 1, [n]) around each of points [n, d]: [n]."""
    from sklearn.neighbors import NearestNeighbors

    count = min(NEIGHBOURS, len(points) - 1)
    distances, found = NearestNeighbors(n_neighbors=count).fit(points).kneighbors()  # n x k, without the cell itself
    weights = neighbour_weights(distances, min(perplexity, count / 3))
    share = (weights * which[found]).sum(1)
    return np.asarray(1 / (share**2 + (1 - share) ** 2))


def neighbour_weights(distances: Floats, perplexity: float) -> Floats:
    """Gaussian weights of neighbours at distances [n, k] that sum to 1, with the given perplexity in every row.

    As in t-SNE (van der Maaten and Hinton 2008), the kernel's precision is found by bisection.
    """
    gaps = distances - distances[:, :1]  # only differences matter; LISI's kernel is exp(-distance · beta)
    target = np.log(perplexity)
    beta = 1 / np.maximum(gaps.mean(1), 1e-12)
    low, high = np.zeros(len(gaps)), np.full(len(gaps), np.inf)
    for _ in range(STEPS):
        weights = np.exp(-gaps * beta[:, None])
        total = weights.sum(1)
        entropy = np.log(total) + beta * (weights * gaps).sum(1) / total
        miss = entropy - target
        if np.abs(miss).max() < ENOUGH:
            break
        low, high = np.where(miss > 0, beta, low), np.where(miss > 0, high, beta)
        beta = np.where(np.isinf(high), beta * 2, (low + np.where(np.isinf(high), low, high)) / 2)
    weights = np.exp(-gaps * beta[:, None])
    return np.asarray(weights / weights.sum(1, keepdims=True))
