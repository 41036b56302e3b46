"""How alike molecules are by their descriptors: a Gaussian kernel on their ranks, for kernel ridges upon it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vivogan.domains.molecules.tools.features import Table
from vivogan.domains.tasks.targets import Floats

STEPS = 65  # quantiles by which a rank is looked up
FARTHEST = 3.0  # deviations
LEAST = 0.05  # deviation of a column that says something


@dataclass(frozen=True)
class Ranked:
    """Columns [F] as normal deviates of their ranks among the known, by ``quantiles`` [STEPS, F]."""

    quantiles: Floats

    def __call__(self, x: Table) -> Floats:
        """[n, F] of x [n, F]."""
        from scipy.special import ndtri

        shares = np.linspace(0, 1, len(self.quantiles))
        ranks = np.empty(x.shape)
        for column, own in enumerate(self.quantiles.T):
            # The middle of the steps of equal quantiles: the mean of ranks from the left and from the right.
            right = np.interp(x[:, column], own, shares)
            left = 1 - np.interp(-x[:, column], -own[::-1], shares)
            ranks[:, column] = (left + right) / 2
        edge = 1e-3
        return np.clip(ndtri(np.clip(ranks, edge, 1 - edge)), -FARTHEST, FARTHEST)


@dataclass(frozen=True)
class GaussianKernel:
    """exp(−d² / width) with d the distance of ranked descriptors; ``known`` [m, F] are the landmarks."""

    ranked: Ranked
    known: Floats
    columns: NDArray[np.int64]
    width: float

    @classmethod
    def fit(cls, x: Table, landmarks: NDArray[np.intp]) -> Self:
        """For descriptors like x [N, F], of which some rows are landmarks; the width is the median squared distance."""
        quantiles = np.quantile(x.astype(np.float64), np.linspace(0, 1, STEPS), axis=0)
        z = Ranked(quantiles)(x)
        columns = np.flatnonzero(z.std(0) > LEAST)
        known = z[landmarks][:, columns]
        few = known[:: max(1, len(known) // 500)]
        apart = squares(few, few)[np.triu_indices(len(few), 1)]
        return cls(Ranked(quantiles[:, columns]), known, columns, float(np.median(apart)) if len(apart) else 1.0)

    def __call__(self, x: Table) -> Floats:
        """Between molecules x [n, F] and the landmarks, [n, m]."""
        return np.asarray(np.exp(-squares(self.ranked(x[:, self.columns]), self.known) / max(self.width, 1e-9)))

    def state(self) -> dict[str, Tensor]:
        return {
            "quantiles": torch.from_numpy(self.ranked.quantiles),
            "known": torch.from_numpy(self.known.astype(np.float32)),
            "columns": torch.from_numpy(self.columns),
            "width": torch.tensor([self.width], dtype=torch.float64),
        }

    @classmethod
    def from_state(cls, tensors: Mapping[str, Tensor]) -> Self:
        quantiles, known, columns, width = (
            tensors[name].numpy() for name in ("quantiles", "known", "columns", "width")
        )
        return cls(Ranked(quantiles), known.astype(np.float64), columns, float(width[0]))


def squares(a: Floats, b: Floats) -> Floats:
    """Squared distances, [n, m]."""
    return np.maximum((a * a).sum(1)[:, None] + (b * b).sum(1) - 2 * a @ b.T, 0.0)
