"""The supervised loop of every tool: each step a function of (seed, step) alone, so that a killed run continues."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn

from vivogan.core.checkpoints import Checkpoints, flatten_optimizer, unflatten_optimizer
from vivogan.core.configuration import Settings
from vivogan.engine.schedules import ema_decay, ramp
from vivogan.errors import TrainingStopped
from vivogan.nn.layout import channels_last

Loss = Callable[[nn.Module, int], Tensor]
Held = Callable[[nn.Module], float]
Watch = Callable[[dict[str, Any]], None]


class LearnSettings(Settings):
    """How a tool's network learns."""

    steps: Annotated[int, Field(ge=1)] = 1000
    learning_rate: Annotated[float, Field(gt=0)] = 3e-3
    weight_decay: Annotated[float, Field(ge=0)] = 1e-3
    warmup: Annotated[float, Field(ge=0, le=1)] = 0.05
    ema_half_life: Annotated[float, Field(ge=0)] = 60.0  # steps; shorter while the run is young
    clip: Annotated[float, Field(gt=0)] = 5.0
    tick: Annotated[int, Field(ge=1)] = 100  # steps between two lines of the log and two checkpoints


def learn(
    network: nn.Module,
    loss: Loss,
    settings: LearnSettings,
    checkpoints: Checkpoints | None = None,
    log: Watch = lambda record: None,
    held: Held | None = None,
) -> nn.Module:
    """Minimise ``loss(network, step)`` with AdamW, a warm-up and a cosine; returns the averaged network, frozen.

    ``loss`` makes its own batch of the step's number. With ``checkpoints`` the run begins where it was left. ``held``
    is the error of a network on what it does not learn from: with it, the best of all ticks is returned.
    Raises ``TrainingStopped`` when the loss is not finite.
    """
    channels_last(network).train()
    average = copy.deepcopy(network).requires_grad_(False).eval()
    best = _Best(copy.deepcopy(average), held) if held is not None else None
    rate = settings.learning_rate
    optimizer = torch.optim.AdamW(network.parameters(), rate, weight_decay=settings.weight_decay)
    first = _restore(checkpoints, network, average, optimizer, best)
    total, seen, began = 0.0, 0, time.perf_counter()
    for step in range(first, settings.steps):
        progress = step / settings.steps
        warm = ramp(progress, settings.warmup, 0.0)
        for group in optimizer.param_groups:
            group["lr"] = rate * warm * 0.5 * (1 + math.cos(math.pi * progress))
        optimizer.zero_grad()
        value = loss(network, step)
        value.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), settings.clip)
        optimizer.step()
        _follow(average, network, ema_decay(1, step + 1, settings.ema_half_life, 0.25))
        total, seen = total + float(value.detach()), seen + 1
        if (step + 1) % settings.tick == 0 or step + 1 == settings.steps:
            if not math.isfinite(total):
                raise TrainingStopped(
                    f"the loss is not a number after {step + 1} steps", mend="Lower learn.learning_rate"
                )
            seconds = round(time.perf_counter() - began, 3)
            error = {} if best is None else {"held": best.look(average)}
            log({"samples": step + 1, "steps": settings.steps, "loss": total / seen, "seconds": seconds} | error)
            total, seen = 0.0, 0
            if checkpoints is not None:
                tensors, state = flatten_optimizer(optimizer.state_dict())
                parts = {"network": network.state_dict(), "average": average.state_dict(), "optimizer": tensors}
                if best is not None:
                    parts["best"] = best.network.state_dict()
                checkpoints.save(step + 1, parts, {"optimizer": state, "held": best.error if best else None})
    return average if best is None else best.network


class _Best:
    """The best network so far."""

    def __init__(self, network: nn.Module, held: Held) -> None:
        self.network, self.held, self.error = network, held, math.inf

    def look(self, network: nn.Module) -> float:
        error = self.held(network)
        if error < self.error:
            self.error = error
            self.network.load_state_dict(network.state_dict())
        return error


@torch.no_grad()
def _follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    for mean, value in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        mean.lerp_(value, 1 - decay) if mean.is_floating_point() else mean.copy_(value)


def _restore(
    checkpoints: Checkpoints | None,
    network: nn.Module,
    average: nn.Module,
    optimizer: torch.optim.Optimizer,
    best: _Best | None,
) -> int:
    newest = checkpoints.newest() if checkpoints is not None else None
    if newest is None:
        return 0
    network.load_state_dict(newest.tensors["network"])
    average.load_state_dict(newest.tensors["average"])
    optimizer.load_state_dict(unflatten_optimizer(dict(newest.tensors["optimizer"]), newest.state["optimizer"]))
    if best is not None:
        best.network.load_state_dict(newest.tensors["best"])
        best.error = float(newest.state["held"])
    return newest.samples
