"""The honest samplers that a game must beat: no game, no network."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vivogan.core.seeds import numpy_generator


class PrincipalGaussian:
    """For each class a Gaussian in the space of its principal components (the classical eigen-image model)."""

    def __init__(self, components: int = 128) -> None:
        self.components = components

    def fit(self, x: Tensor, y: NDArray[np.intp]) -> PrincipalGaussian:
        """x [N, C, H, W], y [N]."""
        self.shape = x.shape[1:]
        self.models = {int(k): self._fit_one(x[torch.from_numpy(y == k)].flatten(1).float()) for k in np.unique(y)}
        return self

    def _fit_one(self, flat: Tensor) -> tuple[Tensor, Tensor]:
        mean = flat.mean(0)
        rank = min(self.components, *flat.shape)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            _, scale, axes = torch.svd_lowrank(flat - mean, q=rank)
        return mean, (axes * scale / max(1, len(flat) - 1) ** 0.5).T  # d, q x d

    def sample(self, y: NDArray[np.intp], seed: int) -> Tensor:
        """One image for each class number of y [n]."""
        out = torch.empty(len(y), *self.shape)
        rng = numpy_generator(seed, "principal gaussian")
        for k in np.unique(y):
            mean, factor = self.models[int(k)]
            rows = np.flatnonzero(y == k)
            noise = torch.from_numpy(rng.standard_normal((len(rows), len(factor)), dtype=np.float32))
            out[torch.from_numpy(rows)] = (mean + noise @ factor).clamp(-1, 1).unflatten(1, self.shape)
        return out


class SmoothedBootstrap:
    """A training image mixed with one of its nearest neighbours of the same class (a bootstrap in convex
    combinations)."""

    def __init__(self, neighbours: int = 5) -> None:
        self.neighbours = neighbours

    def fit(self, x: Tensor, y: NDArray[np.intp]) -> SmoothedBootstrap:
        """x [N, C, H, W], y [N]."""
        self.x, self.rows = x, {int(k): np.flatnonzero(y == k) for k in np.unique(y)}
        return self

    def sample(self, y: NDArray[np.intp], seed: int) -> Tensor:
        """One image for each class number of y [n]."""
        from sklearn.neighbors import NearestNeighbors

        out = torch.empty(len(y), *self.x.shape[1:])
        rng = numpy_generator(seed, "smoothed bootstrap")
        for k in np.unique(y):
            members = self.x[torch.from_numpy(self.rows[int(k)])].float()
            flat = members.flatten(1).numpy()
            asked = np.flatnonzero(y == k)
            first = rng.integers(len(flat), size=len(asked))
            count = min(self.neighbours + 1, len(flat))
            near = NearestNeighbors(n_neighbors=count).fit(flat).kneighbors(flat[first], return_distance=False)
            second = near[np.arange(len(asked)), rng.integers(min(1, count - 1), count, size=len(asked))]
            share = torch.from_numpy(rng.uniform(0.2, 0.8, (len(asked), 1, 1, 1)).astype(np.float32))
            out[torch.from_numpy(asked)] = torch.lerp(members[first], members[second], share)
        return out
