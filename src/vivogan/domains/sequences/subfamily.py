"""What subfamily an aligned sequence is of, drawn before its letters: families are clumps within clumps.

Couplings alone spread sequences evenly over a family; nature does not. So principal components of the one-hot columns
are drawn first, around those of training sequences, and the letters follow them. The components are blurred in
training exactly as they are when drawn: they guide, and what follows them is not read off.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vivogan.core.seeds import numpy_generator

PARTS = 128  # principal components
MOST_POINTS, FEWEST_POINTS = 2048, 128  # training summaries that new ones are drawn around: of all classes, of one
NEAREST, FARTHEST = 0.35, 0.5  # of the blur, in differing symbols: some are close kin of a known one, some remote


class Subfamily(nn.Module):
    """The summary [n, d] of aligned sequences, and the distribution of summaries.

    A smoothed bootstrap (Silverman and Young 1987) with a bandwidth that varies from draw to draw, log-uniformly.
    Each component is drawn towards the mean by as much of it as is noise, its best linear estimate (Wiener 1949), so
    variances stay those of training.
    """

    points: Tensor  # classes x P x d
    centre: Tensor  # A L
    axes: Tensor  # A L x d
    variance: Tensor  # d

    def __init__(self, symbols: int, length: int, classes: int) -> None:
        super().__init__()
        self.symbols, self.length = symbols, length
        self.size = min(PARTS, symbols * length)
        self.register_buffer("centre", torch.zeros(symbols * length))
        self.register_buffer("axes", torch.zeros(symbols * length, self.size))
        self.register_buffer("variance", torch.ones(self.size))
        self.register_buffer("points", torch.zeros(classes, max(FEWEST_POINTS, MOST_POINTS // classes), self.size))

    def measure(self, x: Tensor) -> Tensor:
        """[n, d] of sequences x [n, A, L]."""
        return (x.flatten(1) - self.centre) @ self.axes

    def jittered(self, x: Tensor) -> Tensor:
        """The same, blurred as ``draw`` blurs."""
        found = self.measure(x)
        return self._blurred(found, torch.rand_like(found[:, 0]), torch.randn_like(found))

    def draw(self, z: Tensor, condition: Tensor) -> Tensor:
        """[n, d] of normal numbers z [n, d + 1] and classes [n].

        The first number chooses a training summary of the class, and how far the rest move it.
        """
        count = self.points.shape[1]
        place = (torch.special.ndtr(z[:, 0].double()) * count).clamp(0, count - 1e-6)
        point = self.points[condition, place.long()]
        return self._blurred(point, place.frac().to(z.dtype), z[:, 1:])

    def _blurred(self, found: Tensor, share: Tensor, noise: Tensor) -> Tensor:
        """Summaries [n, d] with noise [n, d], at ``share`` [n] of the way from the nearest to the farthest blur."""
        width = (NEAREST * (FARTHEST / NEAREST) ** share)[:, None]
        return (found + width * noise) * self.variance / (self.variance + width**2)

    def fit(self, x: Tensor, y: NDArray[np.intp], seed: int) -> Subfamily:
        """Fit to training sequences x [n, A, L] of classes y [n]."""
        flat = x.flatten(1)
        self.centre.copy_(flat.mean(0))
        _, _, axes = torch.linalg.svd(flat - self.centre, full_matrices=False)
        self.axes.zero_()
        self.axes[:, : len(axes)] = axes[: self.size].T
        found = self.measure(x)
        self.variance.copy_(found.var(0, correction=0))
        rng = numpy_generator(seed, "subfamily")
        count = self.points.shape[1]
        for k in range(len(self.points)):
            own = np.flatnonzero(y == k)
            rows = own if len(own) else np.arange(len(x))  # a class without records is like all
            chosen = np.concatenate([rng.permutation(rows) for _ in range(-(-count // len(rows)))])[:count]
            self.points[k] = found[torch.from_numpy(chosen)]
        return self
