"""A cell under a new condition: molecules of falling genes are thinned, those of rising genes are made.

Given how much of a cell's molecules a gene should be (its share), a molecule counted in control is kept with
probability min(1, new / old share), and Poisson many are added for what is missing. So a cell keeps what it was, the
counts stay whole numbers, and their noise stays that of counting.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.special import gammaln
from torch import Tensor

from vivogan.domains.expression.tools.normalise import SCALE, Floats

MOST_SUMMED = 60.0  # molecules expected, up to which counts are summed over
MOST_LIBRARIES = 32  # quantiles of the libraries that stand for all
GRID_POINTS = 240  # shares at which the level of a gene is tabulated
LOWEST, HIGHEST = 1e-8, 0.3  # shares of a cell's molecules
FALLS = 1e-9  # share that stands for none


class Levels:
    """Share of a cell's molecules ⇄ mean log-normalised level, for cells of these libraries [m] that count by chance.

    A count is Poisson with mean library × share; the level is the mean of log1p(count / library × 10⁴) over cells.
    """

    def __init__(self, library: Floats) -> None:
        count = min(MOST_LIBRARIES, len(library))
        depth = np.quantile(library, (np.arange(count) + 0.5) / count)
        self.shares = np.concatenate([[0.0], np.geomspace(LOWEST, HIGHEST, GRID_POINTS)])
        self.levels = np.array([_levels(depth, share).mean() for share in self.shares])

    def share(self, level: Floats) -> Floats:
        """The share that gives a level, elementwise; beyond the table, its ends."""
        return np.interp(level, self.levels, self.shares)


def _levels(library: Floats, share: float) -> Floats:
    """E log1p(K · 10⁴ / library) for K ~ Poisson(library · share), of each library [m].

    Exact up to a mean of 60 molecules, by expansion to the second order (error below 1e-4) beyond.
    """
    mean, scale = library * share, SCALE / library
    few = np.minimum(mean, MOST_SUMMED)[:, None]
    counts = np.arange(int(few.max() + 8 * np.sqrt(few.max()) + 12))
    chances = np.exp(counts * np.log(np.maximum(few, 1e-300)) - few - gammaln(counts + 1))  # m x K
    exact = (chances * np.log1p(counts * scale[:, None])).sum(axis=1)
    expanded = np.log1p(mean * scale) - 0.5 * mean * np.square(scale / (1 + mean * scale))
    return np.where(mean <= MOST_SUMMED, exact, expanded)


def moved(counts: Tensor, library: Tensor, old: Tensor, new: Tensor, generator: torch.Generator) -> Tensor:
    """Whole counts [m, g] after shares went from ``old`` to ``new`` ([m, g] or [g]), with the gradient of their mean.

    Args:
        counts: [m, g] control counts; ``library`` [m] their molecules over all genes.

    The gradient is straight-through: that of the expected counts with respect to ``new``.
    """
    kept = (new / old.clamp_min(FALLS)).clamp(max=1.0)
    added = library[:, None] * (new - old).clamp_min(0.0)
    mean = counts * kept + added
    with torch.no_grad():
        drawn = torch.binomial(counts, kept.expand_as(counts).contiguous(), generator=generator)
        drawn += torch.poisson(added.expand_as(counts).contiguous(), generator=generator)
    return mean + (drawn - mean).detach()
