"""The margins of the genes of most molecules, made right: what the factor model leaves of them is mapped away.

Quantiles are mapped to quantiles (optimal transport in one dimension), class by class, as a copula keeps its margins
apart from its dependence (Sklar 1959; for counts scDesign3, Song et al. 2024). Counts are shifted and rounded by
chance, so shares of zeros come out right as well.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vivogan.domains.expression.factors import between
from vivogan.domains.expression.noise import uniforms

Floats = NDArray[np.float64]
GENES = 256  # that are looked at, at most
BINS = 64  # of counts of a gene, whose shift is one
PRIOR = 30.0  # cells of a class that no shift counts for


class Margins(nn.Module):
    """Shifts of the counts of some genes by class, gene and count; none before ``fit``."""

    columns: Tensor  # m: which genes
    width: Tensor  # m: counts a bin
    shift: Tensor  # classes x m x BINS

    def __init__(self, classes: int, genes: int) -> None:
        super().__init__()
        count = min(GENES, genes)
        self.register_buffer("columns", torch.arange(count))
        self.register_buffer("width", torch.ones(count))
        self.register_buffer("shift", torch.zeros(classes, count, BINS))

    def forward(self, x: Tensor, condition: Tensor, key: Tensor) -> Tensor:
        """Counts [n, g] in place of counts x [n, g] of classes [n], or real numbers between them; keys [n, 2]."""
        counts = x[:, self.columns]  # n x m
        place = (counts / self.width).long().clamp(max=BINS - 1)
        gene = torch.arange(len(self.columns), device=x.device)
        if condition.is_floating_point():
            low, above = between(condition, len(self.shift))
            high = (low + 1).clamp(max=len(self.shift) - 1)
            lower, upper = (self.shift[own[:, None], gene, place] for own in (low, high))
            shift = torch.lerp(lower, upper, above[:, None].to(counts.dtype))
        else:
            shift = self.shift[condition[:, None], gene, place]
        moved = counts + shift + uniforms(key, len(gene), stream=1)
        return x.index_copy(1, self.columns, moved.floor().clamp(min=0))

    @torch.no_grad()
    def choose(self, x: Tensor) -> None:
        """Look at the genes of most molecules of counts x [n, g]."""
        self.columns.copy_(x.sum(0).argsort(descending=True, stable=True)[: len(self.columns)].sort().values)
        self.width.copy_((x[:, self.columns].amax(0) / BINS).ceil().clamp(min=1))
        self.shift.zero_()

    @torch.no_grad()
    def fit(self, own: int, real: Tensor, made: Tensor) -> None:
        """Map the counts of class ``own``: real and generated ones of the genes looked at, [n, m] and [k, m]."""
        weight = len(real) / (len(real) + PRIOR)
        for gene in range(len(self.columns)):
            one, other = (part[:, gene].double().numpy() for part in (real, made))
            shifts = weight * shifts_of(one, other, float(self.width[gene]))
            self.shift[own, gene] = torch.from_numpy(shifts).float()


def shifts_of(real: Floats, made: Floats, width: float) -> Floats:
    """By how much counts made [k] of each bin must move on average to be distributed as real [n] are, [BINS].

    The i-th of made goes to the quantile of real at the middle of its rank; equal counts share theirs. Bins without
    counts move as the nearest one does.
    """
    order = np.sort(made)
    place = (np.arange(len(order)) + 0.5) / len(order) * len(real)
    target = np.sort(real)[place.astype(np.intp).clip(max=len(real) - 1)]
    bins = (order / width).astype(np.intp).clip(max=BINS - 1)
    count = np.bincount(bins, minlength=BINS)
    total = np.bincount(bins, target - order, minlength=BINS)
    known = np.flatnonzero(count)
    return np.asarray(np.interp(np.arange(BINS), known, total[known] / count[known]))
