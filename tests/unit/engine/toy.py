"""A game small enough to play to its end in a second: a ring of Gaussians and two multilayer perceptrons."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vivogan.core.checkpoints import Checkpoint, Checkpoints
from vivogan.engine.dealer import TrainingSet
from vivogan.engine.game import Game
from vivogan.engine.hooks import Hooks
from vivogan.engine.settings import GameSettings
from vivogan.engine.trainer import Trainer


class ToyGenerator(nn.Module):
    """z [B, 4], class [B] or None → points [B, 2]."""

    latent_dim = 4

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.embedding = nn.Embedding(8, 4)
        self.body = nn.Sequential(
            nn.Linear(8, width), nn.LeakyReLU(0.2), nn.Linear(width, width), nn.LeakyReLU(0.2), nn.Linear(width, 2)
        )

    def forward(self, z: Tensor, condition: Tensor | None) -> Tensor:
        c = torch.zeros(len(z), 4) if condition is None else self.embedding(condition)
        made: Tensor = self.body(torch.cat([z, c], 1))
        return made


class ToyDiscriminator(nn.Module):
    """Points [B, 2], class [B] or None → logits [B]."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.embedding = nn.Embedding(8, 4)
        self.body = nn.Sequential(
            nn.Linear(6, width), nn.LeakyReLU(0.2), nn.Linear(width, width), nn.LeakyReLU(0.2), nn.Linear(width, 1)
        )

    def forward(self, x: Tensor, condition: Tensor | None) -> Tensor:
        c = torch.zeros(len(x), 4) if condition is None else self.embedding(condition)
        logits: Tensor = self.body(torch.cat([x, c], 1))[:, 0]
        return logits


def ring(count: int = 512, seed: int = 0) -> TrainingSet:
    """Points around eight places of the unit circle; the place is the class."""
    rng = np.random.default_rng(seed)
    y = rng.integers(8, size=count)
    angle = y * np.pi / 4
    x = np.stack([np.cos(angle), np.sin(angle)], 1) + 0.05 * rng.standard_normal((count, 2))
    return TrainingSet(torch.from_numpy(x.astype(np.float32)), torch.from_numpy(y), y)


def settings(**changes: Any) -> GameSettings:
    """40 steps of 32 samples, a tick every 10 steps, unless said otherwise."""
    game = {"samples": 1280, "tick": 320, "batch": 32, "learning_rate": 2e-3, "penalty_every": 4, "r1": 0.1}
    return GameSettings.model_validate(game | changes)


def toy_game(game: GameSettings | None = None, seed: int = 0) -> Game:
    torch.manual_seed(seed)
    return Game(ToyGenerator(), ToyDiscriminator(), game or settings())


def trainer(
    folder: Path,
    game: GameSettings | None = None,
    *,
    stop: Callable[[], bool] = lambda: False,
    evaluate: Callable[[nn.Module], dict[str, float]] = lambda generator: {},
    data: TrainingSet | None = None,
    log: list[dict[str, Any]] | None = None,
    players: Game | None = None,
    hooks: dict[str, Any] | None = None,
) -> Trainer:
    """A trainer of the toy game in ``folder``, which logs into ``log``."""
    lines: list[dict[str, Any]] = [] if log is None else log
    made = Hooks(evaluate, lines.append, stop=stop, **(hooks or {}))
    return Trainer(players or toy_game(game), data or ring(), 5, Checkpoints(folder / "checkpoints"), made)


def after(steps: int) -> Callable[[], bool]:
    """Says stop when it is asked before the step of this number (from 0)."""
    asked = iter(range(10**9))
    return lambda: next(asked) >= steps


def weights(source: Game | Checkpoint) -> dict[str, Tensor]:
    """Every tensor of a game or a checkpoint, by part and name."""
    parts = source.tensors if isinstance(source, Checkpoint) else source.state()[0]
    return {f"{part}.{name}": t.detach().clone() for part, named in parts.items() for name, t in named.items()}


def assert_same_bits(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    """Every tensor equal to the bit."""
    assert one.keys() == other.keys()
    differ = [name for name in one if not torch.equal(one[name], other[name])]
    assert not differ


def largest_difference(one: dict[str, Tensor], other: dict[str, Tensor]) -> float:
    """Over all tensors."""
    assert one.keys() == other.keys()
    return max(float((one[name].double() - other[name].double()).abs().max()) for name in one)


def twin(game: Game) -> Game:
    """A copy that shares nothing."""
    return copy.deepcopy(game)
