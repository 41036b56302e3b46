"""The other strand, where both are alike, and the disturbance that keeps a discriminator from learning by heart."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vivogan.metrics.utility import classifier_two_sample

TELLING = 0.6  # AUC of telling a strand from the other from which a set has a direction
LEAST, LOOKED_AT = 40, 400  # sequences
MUTATED = 0.1  # of the places of a disturbed sequence


def other_strand(x: Tensor) -> Tensor:
    """The reverse complement of DNA x [n, 4, L]; A, C, G, T are rows 0 to 3."""
    return x.flip(1, 2)


def strands_alike(x: Tensor, seed: int = 0) -> bool:
    """Whether a forest cannot tell sequences x [n, 4, L] from their other strands, by words and where they stand."""
    from vivogan.domains.sequences.features import described

    if len(x) < LEAST:
        return False
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(x))[: 2 * LOOKED_AT])
    still, turned = x[order].chunk(2)
    a, b = (torch.cat(described(part, "kmers"), 1).numpy() for part in (still, other_strand(turned)))
    return classifier_two_sample(a, b, seed, folds=3) < TELLING


def symmetrise(x: Tensor, rng: torch.Generator) -> Tensor:
    """The batch, every sequence read from either strand by chance."""
    turn = torch.rand(len(x), 1, 1, generator=rng, device=rng.device) < 0.5
    return torch.where(turn, other_strand(x), x)


def disturb(x: Tensor, p: float, rng: torch.Generator) -> Tensor:
    """Each sequence of x [B, A, L], with probability ``p``, takes a tenth of its places from another of the batch."""
    chosen = torch.rand(len(x), 1, 1, generator=rng, device=rng.device) < p
    places = torch.rand(len(x), 1, x.shape[2], generator=rng, device=rng.device) < MUTATED
    return torch.where(chosen & places, x.roll(1, 0), x)
