"""The seeded inputs of the reference tests. RandomState's streams never change between numpy versions."""

from __future__ import annotations

import numpy as np
import torch

FEATURE_SETS = {  # name: (rows of a, rows of b, columns)
    "tall": (400, 300, 12),
    "wide": (30, 25, 64),
    "mixed": (90, 20, 40),
    "inception_like": (260, 240, 128),
}
RESIZES = [(5, 7), (32, 32), (299, 299), (320, 401)]


def feature_pair(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Two correlated float64 feature sets: b is shifted and stretched against a."""
    n, m, d = FEATURE_SETS[name]
    rng = np.random.RandomState(sum(map(ord, name)))
    mixing = rng.normal(size=(d, d)) / np.sqrt(d)
    a = np.abs(rng.normal(size=(n, d)) @ mixing)
    b = np.abs(rng.normal(size=(m, d)) @ mixing * rng.uniform(0.8, 1.3, size=d) + 0.2)
    return a, b


def logits() -> np.ndarray:
    """[530, 17]; 530 is no multiple of 10."""
    return np.random.RandomState(17).normal(size=(530, 17)) * 2.5


def images(height: int, width: int, n: int = 2) -> torch.Tensor:
    """uint8 [n, 3, height, width]"""
    rng = np.random.RandomState(height * 1000 + width)
    return torch.from_numpy(rng.randint(0, 256, size=(n, 3, height, width)).astype(np.uint8))


def seeded_state(shapes: dict[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    """Weights for every name, which keep activations of order 1 through the whole network."""
    state = {}
    for name in sorted(shapes):
        shape, rng = shapes[name], np.random.RandomState(sum(map(ord, name)))
        if name.endswith("num_batches_tracked"):
            state[name] = torch.zeros(shape, dtype=torch.int64)
            continue
        if len(shape) > 1:
            values = rng.normal(size=shape) * np.sqrt(2 / np.prod(shape[1:]))
        elif name.endswith("running_var") or name.endswith("bn.weight"):
            values = rng.uniform(0.8, 1.2, size=shape)
        else:
            values = rng.normal(size=shape) * 0.1
        state[name] = torch.from_numpy(values.astype(np.float32))
    return state
