"""The simple half of a predictor: a ridge regression on a kernel over descriptors, written down as a few arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vivogan.core.seeds import numpy_generator

PENALTIES = tuple(float(10.0**p) for p in np.arange(-2, 2.51, 0.5))
SMALLEST = 1e-6  # of the eigenvalues of the landmarks' kernel, as a share of the largest
CONSTANT = 1e-6  # deviation below which a descriptor says nothing
FARTHEST = 5.0
Floats = NDArray[np.float64]


class Kernel(nn.Module):
    """Blocks of descriptors → φ [n, m], whose products are nearly exp(−d² / d̄²) (Williams and Seeger 2001, Nyström).

    Descriptors are standardised, ``FARTHEST`` deviations from the mean at most, and every block weighs the same; d̄² is
    the mean squared distance of the landmarks.
    """

    mean: Tensor
    spread: Tensor
    weight: Tensor
    landmarks: Tensor
    root: Tensor

    def __init__(self, mean: Tensor, spread: Tensor, weight: Tensor, landmarks: Tensor, root: Tensor) -> None:
        super().__init__()
        parts = {"mean": mean, "spread": spread, "weight": weight, "landmarks": landmarks, "root": root}
        for name, value in parts.items():
            self.register_buffer(name, value)

    @classmethod
    def fit(cls, blocks: list[Tensor], most: int, seed: int) -> Kernel:
        """A kernel for descriptors like these (each [N, Fᵢ]), with at most ``most`` of them as landmarks."""
        d = torch.cat(blocks, 1)
        spread = d.std(0, correction=0)
        weight = torch.cat([torch.full((b.shape[1],), b.shape[1] ** -0.5) for b in blocks])
        weight = weight * (spread > CONSTANT)
        chosen = np.sort(numpy_generator(seed, "landmarks").permutation(len(d))[:most])
        nothing = torch.zeros(0)
        scaled = cls(d.mean(0), spread.clamp(min=CONSTANT), weight, nothing, nothing)
        landmarks = scaled.standardised([d[torch.from_numpy(chosen)]])
        apart = torch.cdist(landmarks, landmarks).square()
        width = apart.mean().clamp(min=CONSTANT)
        values, vectors = torch.linalg.eigh((-apart / width).exp().double())
        kept = values > SMALLEST * values[-1]
        root = (vectors[:, kept] / values[kept].sqrt()).to(d.dtype)
        return cls(scaled.mean, scaled.spread, weight / width.sqrt(), landmarks / width.sqrt(), root)

    @classmethod
    def from_state(cls, tensors: Mapping[str, Tensor]) -> Kernel:
        return cls(*(tensors[name] for name in ("mean", "spread", "weight", "landmarks", "root")))

    def standardised(self, blocks: list[Tensor]) -> Tensor:
        d = torch.cat(blocks, 1)
        return ((d - self.mean) / self.spread).clamp(-FARTHEST, FARTHEST) * self.weight

    def forward(self, blocks: list[Tensor]) -> Tensor:
        d = self.standardised(blocks)
        # Squares by products: the gradient of a distance is not defined where a sequence is its own landmark.
        apart = d.square().sum(1)[:, None] + self.landmarks.square().sum(1) - 2 * d @ self.landmarks.T
        found: Tensor = (-apart.clamp(min=0)).exp() @ self.root
        return found


@dataclass(frozen=True)
class Fit:
    """Weights [m, t] and offset [t] of a ridge regression, and what it says of rows that it did not learn from."""

    weights: Floats
    offset: Floats
    unseen: Floats  # [N, t]


def ridge(phi: Floats, y: Floats, folds: NDArray[np.intp]) -> Fit:
    """Ridge regression of y [N, t] (NaN: unknown) on φ [N, m]; the penalty is the best of ``PENALTIES`` for the folds.

    ``unseen`` has each row by the fit that left its fold out. Targets known of the same rows share a penalty.
    """
    known = np.isfinite(y)
    masks, group = np.unique(known, axis=1, return_inverse=True)
    weights, offset, unseen = np.zeros((phi.shape[1], y.shape[1])), np.zeros(y.shape[1]), np.zeros(y.shape)
    for g in range(masks.shape[1]):
        own = np.flatnonzero(group.ravel() == g)
        weights[:, own], offset[own], unseen[:, own] = one_ridge(phi, y[:, own], masks[:, g], folds)
    return Fit(weights, offset, unseen)


def one_ridge(
    phi: Floats, y: Floats, known: NDArray[np.bool_], folds: NDArray[np.intp]
) -> tuple[Floats, Floats, Floats]:
    """Weights [m, g], offset [g] and unseen [N, g] for targets that are known of the same rows."""
    offset = y[known].mean(0)
    centred = np.where(known[:, None], y - offset, 0.0)
    numbers = np.unique(folds)
    parts = [known & (folds == f) for f in numbers]
    grams = [phi[part].T @ phi[part] for part in parts]
    rights = [phi[part].T @ centred[part] for part in parts]
    gram, right = np.sum(grams, 0), np.sum(rights, 0)
    unseen = np.zeros((len(PENALTIES), *y.shape))
    for f, own_gram, own_right in zip(numbers, grams, rights, strict=True):
        values, vectors = np.linalg.eigh(gram - own_gram)
        turned = vectors.T @ (right - own_right)
        rows = phi[folds == f] @ vectors
        for i, penalty in enumerate(PENALTIES):
            unseen[i, folds == f] = rows @ (turned / (values.clip(0) + penalty)[:, None])
    best = int(((unseen[:, known] - centred[known]) ** 2).mean((1, 2)).argmin())
    weights = np.linalg.solve(gram + PENALTIES[best] * np.eye(len(gram)), right)
    return weights, offset, unseen[best] + offset
