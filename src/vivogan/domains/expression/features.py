"""The space in which cells are compared: principal components of log-normalised counts, named after what they are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vivogan.domains.expression.components import Components
from vivogan.errors import DamagedRun


class ExpressionExtractor:
    """Counts x [n, g] → features [n, d], d ≤ 50: components of the training part, of mean variance 1, not whitened.

    Only those that cells left out show too: in others, real cells never seen are unlike the training part, so that a
    generator could seem nearer than real data. ``name`` ends in the first digits of a hash of what was fitted:
    ``pca12-1a2b3c4d``.
    """

    def __init__(self, components: Components) -> None:
        self.components = components
        self.scale = float(components.spread.square().mean().sqrt())
        digest = hashlib.sha256(b"".join(t.contiguous().numpy().tobytes() for t in components.state().values()))
        self.name = f"pca{components.axes.shape[1]}-{digest.hexdigest()[:8]}"

    @torch.no_grad()
    def __call__(self, x: Tensor) -> NDArray[np.float64]:
        """Features [n, d] of counts x [n, g]."""
        if not len(x):
            return np.empty((0, self.components.axes.shape[1]))
        return self.components(x).double().numpy() / self.scale

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        return self.components.state(), {}

    @classmethod
    def from_state(cls, tensors: Mapping[str, Tensor]) -> ExpressionExtractor:
        """The extractor that gave this state. Raises ``DamagedRun`` when the state is not one."""
        try:
            return cls(Components.from_state(tensors))
        except KeyError as error:
            raise DamagedRun(
                f"the features of the run cannot be read ({error})", "Train again, or copy the run again"
            ) from error


def fit_extractor(x: Tensor, seed: int) -> ExpressionExtractor:
    """Fit the features on counts x [n, g] of the training part."""
    return ExpressionExtractor(Components.steady(x, seed=seed))
