"""How fast this machine plays a game: what turns minutes into samples."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor

from vivogan.core.seeds import torch_generator
from vivogan.engine.dealer import Dealer, TrainingSet
from vivogan.engine.game import Game
from vivogan.engine.step import Penalties


def samples_per_second(
    game: Game,
    x: Tensor,
    condition: Tensor | None = None,
    steps: int = 24,
    warmup: int = 4,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Real samples shown a second over ``steps`` whole steps, lazy penalties included; the game's weights are spent.

    Args:
        x: [N, …] samples of the right shape, any values.
        condition: [N] or None.
    """
    settings = game.settings
    dealer = Dealer(TrainingSet(x, condition), settings, 0, lambda x, rng: x, lambda x, p, rng: x)
    rng = torch_generator(0, "speed", device=game.device)
    strong = Penalties(settings.r1, settings.r2, settings.gradient_penalty)
    started = clock()
    for step in range(warmup + steps):
        if step == warmup:
            _finish(game.device)
            started = clock()
        for turn in range(settings.discriminator_steps):
            hands = dealer.deal(
                game.generator, game.device, step, 0, 0.0, graph=turn == settings.discriminator_steps - 1
            )
            game.discriminator_turn(hands, Penalties() if step % settings.penalty_every else strong, rng)
        game.generator_turn(hands)
        game.update_average(0.9)
    _finish(game.device)
    return settings.batch * steps / (clock() - started)


def _finish(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()
