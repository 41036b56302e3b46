"""A mixture of Gaussians as a map from latents to points: where the latent game starts."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

LOOKED_AT = 40_000  # points that the mixture is fitted to
FEWEST = 20  # points a component for each number of a point
SPREAD = 1e-3  # added to every variance


class Mixture(nn.Module):
    """Components with full covariances that all classes share, each class in its own proportions.

    Fitted by expectation maximisation (Dempster et al. 1977). Before ``fit`` it is one standard normal a component.

    Args:
        size: d, numbers a point.
        classes, components: how many.
    """

    reached: Tensor  # classes x K, cumulative weights
    means: Tensor  # K x d
    roots: Tensor  # K x d x d, Cholesky factors of the covariances

    def __init__(self, size: int, classes: int, components: int) -> None:
        super().__init__()
        self.size = size
        even = torch.arange(1, components + 1) / components
        self.register_buffer("reached", even.repeat(classes, 1))
        self.register_buffer("means", torch.zeros(components, size))
        self.register_buffer("roots", torch.eye(size).repeat(components, 1, 1))

    @property
    def latent_dim(self) -> int:
        """One number for the component, and those of its Gaussian."""
        return 1 + self.size

    def fit(self, x: Tensor, y: NDArray[np.intp], seed: int) -> None:
        """Fit to points x [n, d] of classes y [n]; as many components as the points bear, the others stay empty."""
        from sklearn.mixture import GaussianMixture

        classes, components = self.reached.shape
        rng = np.random.default_rng(seed)
        rows = rng.permutation(len(x))[:LOOKED_AT]
        points, own = x.double().numpy()[rows], y[rows]
        count = max(1, min(components, len(points) // (FEWEST * self.size)))
        found = GaussianMixture(count, reg_covar=SPREAD, max_iter=50, tol=1e-2, random_state=seed % 2**32).fit(points)
        shares = found.predict_proba(points)
        weights = np.stack([shares[own == c].sum(0) if (own == c).any() else shares.sum(0) for c in range(classes)])
        weights = np.pad(weights / weights.sum(1, keepdims=True), ((0, 0), (0, components - count)))
        roots = np.linalg.cholesky(found.covariances_)
        self.reached.copy_(torch.from_numpy(weights.cumsum(1)))
        self.means[:count] = torch.from_numpy(found.means_).float()
        self.roots[:count] = torch.from_numpy(roots).float()

    def forward(self, z: Tensor, condition: Tensor) -> Tensor:
        """Points [n, d] of latents z [n, 1 + d] and classes [n]."""
        share = torch.special.ndtr(z[:, :1].double()).float()
        k = (share > self.reached[condition]).sum(1).clamp_max(len(self.means) - 1)
        found = self.means[k]
        for component in k.unique().tolist():  # never n x d x d numbers at once
            rows = k == component
            found[rows] = found[rows] + z[rows, 1:] @ self.roots[component].T
        return found
