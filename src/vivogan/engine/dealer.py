"""What each step plays with: a function of (seed, step) alone, so that a resumed run needs no memory of the past."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vivogan.core.seeds import derive, torch_generator
from vivogan.engine import parallel
from vivogan.engine.augment import Augment
from vivogan.engine.batches import Batches
from vivogan.engine.settings import GameSettings
from vivogan.errors import SettingsError, UserError

Symmetry = Callable[[Tensor, torch.Generator], Tensor]


@dataclass(frozen=True)
class TrainingSet:
    """What the game is dealt from: samples x [N, …], conditions [N, …] or None, classes [N] to balance by, or None."""

    x: Tensor
    condition: Tensor | None = None
    labels: NDArray[np.integer] | None = None


@dataclass(frozen=True)
class Hand:
    """One micro-batch: real and generated samples [B, …] of the same conditions; ``fake`` carries its graph."""

    real: Tensor
    fake: Tensor
    condition: Tensor | None


class Dealer:
    """Deals the hands of a step.

    Args:
        symmetry: exact symmetries of the data, applied to the real side alone (they make the data set larger, not
            different).
        augment: alterations of a given strength, applied to both sides alike so that they do not leak into the samples.

    Raises ``SettingsError`` when a batch cannot be dealt evenly: means of unequal parts would not be the batch's mean.
    """

    def __init__(
        self, data: TrainingSet, settings: GameSettings, seed: int, symmetry: Symmetry, augment: Augment
    ) -> None:
        even = parallel.world() * settings.accumulate
        if settings.batch % even:
            raise SettingsError(
                f"game.batch: {settings.batch} samples cannot be dealt evenly to {parallel.world()} process(es) "
                f"in {settings.accumulate} micro-batch(es)",
                f"Choose a multiple of {even}",
            )
        self.data, self.settings, self.seed = data, settings, seed
        self.symmetry, self.augment = symmetry, augment
        self.batches = Batches(len(data.x), data.labels, settings.balance, derive(seed, "batches"))

    def deal(self, generator: nn.Module, device: str, turn: int, attempt: int, p: float, graph: bool) -> list[Hand]:
        """The hands of one turn, one a micro-batch; of several processes each gets every world-th row of the batch.

        Args:
            turn: how many turns of the discriminator came before.
            attempt: how often the guard rolled back: the same place is not played twice with the same latents.
            p: strength of the augmentation.
            graph: whether the generator will learn from these hands.
        """
        rows = slice(parallel.rank(), None, parallel.world())
        indices = self.batches.deal(turn, self.settings.batch)
        shape = len(indices), cast(int, generator.latent_dim)
        noise = torch.randn(shape, generator=torch_generator(self.seed, "z", turn, attempt))
        rng = torch_generator(self.seed, "augment", turn, attempt, parallel.rank(), device=device)
        hands = []
        for part in np.array_split(np.arange(len(indices))[rows], self.settings.accumulate):
            real, condition = self._records(indices[part], device)
            with torch.set_grad_enabled(graph):
                fake = generator(noise[part].to(device), condition)
            real = self.symmetry(real, rng)
            if p > 0:
                real, fake = self.augment(real, p, rng), self.augment(fake, p, rng)
            hands.append(Hand(real, fake, condition))
        return hands

    def _records(self, indices: NDArray[np.intp], device: str) -> tuple[Tensor, Tensor | None]:
        chosen = torch.from_numpy(indices)
        real = self.data.x[chosen].to(device).float()
        if not torch.isfinite(real).all():
            broken = [int(i) for i, x in zip(indices, real, strict=True) if not torch.isfinite(x).all()]
            raise UserError(f"training record {broken[0]} holds values that are not finite", "Remove it from the data")
        condition = None if self.data.condition is None else self.data.condition[chosen].to(device)
        return real, condition
