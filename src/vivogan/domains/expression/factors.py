"""What state a cell is in, drawn before its counts: types are clumps within clumps, which one normal misses.

States are drawn around those of training cells, each as wide as the likelihood leaves its state open: the aggregated
posterior, which is the prior that explains the cells best (Tomczak and Welling 2018). Molecules are few, so states are
far from certain, and the counts are drawn anew: no cell comes back.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vivogan.core.seeds import numpy_generator

LIBRARY = 0.05  # standard deviation by which log library sizes differ from a training cell's


class Factors(nn.Module):
    """Deviations [n, k] of cells from the profile of their class, and logarithms of their library sizes.

    Args:
        classes: how many.
        parts: k.
        cells: how many training cells states are drawn around, at most.
    """

    points: Tensor  # cells x k: means of the posteriors, class after class
    widths: Tensor  # cells x k: their standard deviations
    sizes: Tensor  # cells: log molecules
    ends: Tensor  # classes + 1: where each class begins and ends

    def __init__(self, classes: int, parts: int, cells: int) -> None:
        super().__init__()
        self.parts = parts
        self.register_buffer("points", torch.zeros(cells, parts))
        self.register_buffer("widths", torch.ones(cells, parts))
        self.register_buffer("sizes", torch.zeros(cells))
        self.register_buffer("ends", torch.zeros(classes + 1, dtype=torch.long))

    @property
    def latent_dim(self) -> int:
        """A number that chooses the training cell, one of the library size, and the deviation from its state."""
        return self.parts + 2

    @property
    def classes(self) -> int:
        return len(self.ends) - 1

    def draw(self, z: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Deviations [n, k] and log library sizes [n] of normal z [n, k + 2], condition [n].

        Between two classes (a real-valued condition), the nearer one's cells are chosen the more often.
        """
        share = torch.special.ndtr(z[:, 0].double())
        own = self.nearest(share, condition) if condition.is_floating_point() else (condition, share)
        row = self._row(*own)
        return self.points[row] + self.widths[row] * z[:, 2:], self.sizes[row] + LIBRARY * z[:, 1]

    def nearest(self, share: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """One of the two classes [n] around a real-valued condition [n], and what is left of the share [n]."""
        low, above = between(condition, self.classes)
        above = above.double()
        upper = share < above
        rest = torch.where(upper, share / above.clamp(min=1e-12), (share - above) / (1 - above).clamp(min=1e-12))
        return low + upper.long(), rest

    def _row(self, own: Tensor, share: Tensor) -> Tensor:
        first, count = self.ends[own], self.ends[own + 1] - self.ends[own]
        return first + (share * count).long().clamp(min=0).minimum(count - 1)

    def covariance(self) -> Tensor:
        """The covariance of deviations in each class, [classes, k, k]."""
        found = []
        for first, end in zip(self.ends[:-1].tolist(), self.ends[1:].tolist(), strict=True):
            points = self.points[first:end] - self.points[first:end].mean(0)
            found.append(points.T @ points / len(points) + torch.diag(self.widths[first:end].square().mean(0)))
        return torch.stack(found)

    @torch.no_grad()
    def keep(self, points: Tensor, widths: Tensor, sizes: Tensor, y: Tensor, seed: int) -> Factors:
        """Draw around these from now on: posteriors [n, k] of cells, their log library sizes [n] and classes [n].

        Where there are more than there is room for, each class keeps its share; a class without cells borrows one.
        """
        rng, room = numpy_generator(seed, "states"), len(self.sizes)
        chosen = [torch.nonzero(y == k)[:, 0] for k in range(self.classes)]
        chosen = [own if len(own) else torch.from_numpy(rng.integers(len(y), size=1)) for own in chosen]
        needed = sum(map(len, chosen))
        share = 1.0 if needed <= room else (room - self.classes) / needed
        rows = [own[torch.from_numpy(rng.permutation(len(own))[: max(1, int(share * len(own)))])] for own in chosen]
        self.ends.copy_(torch.cumsum(torch.tensor([0, *map(len, rows)]), 0))
        row = torch.cat(rows)
        for kept, given in ((self.points, points), (self.widths, widths), (self.sizes, sizes)):
            kept[: len(row)] = given[row]
        return self


def between(condition: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """The class below each real-valued condition [n] (the last but one at most), and how far it is to the next."""
    place = condition.clamp(0, classes - 1)
    low = place.floor().long().clamp(max=max(0, classes - 2))
    return low, place - low
