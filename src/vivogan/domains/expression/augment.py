"""What the discriminator sees of cells altered alike on both sides: fewer of the molecules caught."""

from __future__ import annotations

import torch
from torch import Tensor

THINNED = 0.5  # share of the molecules that is lost at most, at strength 1


def thinned(x: Tensor, p: float, rng: torch.Generator) -> Tensor:
    """Counts x [n, g] with each molecule kept by a chance of the cell's own, 1 down to 1 − p / 2.

    Binomial thinning is what sequencing less deeply does. The gradient is that of the mean.
    """
    kept = 1 - THINNED * p * torch.rand(len(x), 1, generator=rng, device=x.device)
    counts = x.detach().round()
    row, gene = counts.nonzero(as_tuple=True)
    drawn = torch.binomial(counts[row, gene], kept[row, 0], generator=rng)
    value = torch.zeros_like(counts).index_put_((row, gene), drawn)
    return value + kept * (x - x.detach()) if x.requires_grad else value
