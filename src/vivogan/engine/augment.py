"""Adaptive discriminator augmentation: how strongly real and generated samples are altered alike."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Augment = Callable[[Tensor, float, torch.Generator], Tensor]  # (x [B, …], strength 0…1, randomness) → x


class AugmentationController:
    """Holds the discriminator's lead at a target by turning the strength ``p`` up and down (Karras et al. 2020, "ADA").

    The paper's r_t = E[sign D(real)] is replaced by E[sign(D(real) − D(fake))] over pairs: the two agree for losses
    whose logits centre on zero, and only the pairs mean anything for relativistic and Wasserstein losses, whose logits
    float.
    """

    def __init__(self, p: float, target: float, samples: int, adaptive: bool) -> None:
        self.p, self.target, self.samples, self.adaptive = p, target, samples, adaptive
        self._sum, self._count = 0.0, 0

    def watch(self, lead: float, batch: int) -> None:
        """Take in the mean sign of the pairs of one batch; every fourth batch, move ``p`` by one notch."""
        if not self.adaptive:
            return
        self._sum, self._count = self._sum + lead, self._count + 1
        if self._count == 4:
            notch = 4 * batch / self.samples
            self.p = min(1.0, max(0.0, self.p + (notch if self._sum / 4 > self.target else -notch)))
            self._sum, self._count = 0.0, 0

    def state(self) -> dict[str, float]:
        """What a checkpoint must keep."""
        return {"p": self.p, "sum": self._sum, "count": self._count}

    def load(self, state: dict[str, float]) -> None:
        self.p, self._sum, self._count = float(state["p"]), float(state["sum"]), int(state["count"])
