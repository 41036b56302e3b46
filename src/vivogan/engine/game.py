"""The two players with their optimisers and the running average of the generator: all that a checkpoint must hold."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from vivogan.core.checkpoints import flatten_optimizer, unflatten_optimizer
from vivogan.engine import parallel
from vivogan.engine.dealer import Hand
from vivogan.engine.losses import OBJECTIVES
from vivogan.engine.precision import autocast
from vivogan.engine.settings import GameSettings
from vivogan.engine.step import Penalties, discriminator_loss, generator_loss

Watched = dict[str, Tensor]


class Game:
    """Two networks on one device.

    Args:
        generator: ``generator(z, condition) -> x``; has ``latent_dim``, and ``anchor(x, condition)`` where
            ``settings.anchor`` is not zero.
        discriminator: ``discriminator(x, condition) -> logits [B]``.
    """

    def __init__(
        self, generator: nn.Module, discriminator: nn.Module, settings: GameSettings, device: str = "cpu"
    ) -> None:
        self.settings, self.device = settings, device
        self.objective = OBJECTIVES[settings.objective]
        # channels_last is the order in which convolutions run fastest on CPUs and tensor cores.
        self.generator: nn.Module = generator.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.discriminator: nn.Module = discriminator.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        parallel.same_([*self.generator.state_dict().values(), *self.discriminator.state_dict().values()])
        self.average: nn.Module = copy.deepcopy(self.generator).requires_grad_(False).eval()
        rate = settings.learning_rate
        self.rates = (rate, settings.learning_rate_discriminator or rate)
        betas = (settings.beta1, settings.beta2)
        self.generator_optimizer = torch.optim.Adam(self.generator.parameters(), self.rates[0], betas)
        self.discriminator_optimizer = torch.optim.Adam(self.discriminator.parameters(), self.rates[1], betas)

    def discriminator_turn(self, hands: Sequence[Hand], penalties: Penalties, rng: torch.Generator) -> Watched:
        """One update of the discriminator from all hands together; the generator is left alone."""
        self.discriminator.requires_grad_(True)
        self.discriminator_optimizer.zero_grad()
        watched: Watched = {}
        for hand in hands:
            # Double backward stays in float32: bfloat16 loses the penalty.
            with autocast("float32" if penalties else self.settings.precision, self.device):
                loss, seen = discriminator_loss(
                    self.discriminator, self.objective, penalties, hand.real, hand.fake, hand.condition, rng
                )
            (loss / len(hands)).backward()  # type: ignore[no-untyped-call]
            _add(watched, seen, len(hands))
        self._update(self.discriminator, self.discriminator_optimizer)
        return watched

    def generator_turn(self, hands: Sequence[Hand]) -> Watched:
        """One update of the generator; the discriminator's weights need no gradients meanwhile."""
        self.discriminator.requires_grad_(False)
        self.generator_optimizer.zero_grad()
        watched: Watched = {}
        for hand in hands:
            with autocast(self.settings.precision, self.device):
                loss, seen = generator_loss(
                    self.discriminator, self.objective, hand.real, hand.fake, hand.condition, self._anchor
                )
            (loss / len(hands)).backward()  # type: ignore[no-untyped-call]
            _add(watched, seen, len(hands))
        watched["signal"] = self._update(self.generator, self.generator_optimizer)
        return watched

    @property
    def _anchor(self) -> Callable[[Tensor, Tensor | None], Tensor] | None:
        weight = self.settings.anchor
        own = cast(Callable[[Tensor, Tensor | None], Tensor], self.generator.anchor) if weight else None
        return None if own is None else lambda real, condition: weight * own(real, condition)

    def _update(self, network: nn.Module, optimizer: torch.optim.Optimizer) -> Tensor:
        """Average the gradients over the processes, clip, step; returns the gradient norm."""
        parameters = list(network.parameters())
        parallel.average_(p.grad for p in parameters)
        norm = nn.utils.clip_grad_norm_(parameters, self.settings.clip or float("inf"))
        optimizer.step()
        return norm.detach()

    def set_rate(self, multiplier: float) -> None:
        """Scale both learning rates."""
        for optimizer, rate in zip((self.generator_optimizer, self.discriminator_optimizer), self.rates, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate * multiplier

    @torch.no_grad()
    def update_average(self, decay: float) -> None:
        """Move the averaged generator towards the current one; counters and other integers are copied."""
        for mean, value in zip(self.average.state_dict().values(), self.generator.state_dict().values(), strict=True):
            mean.lerp_(value, 1 - decay) if mean.is_floating_point() else mean.copy_(value)

    def state(self) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]]:
        """(tensors by part, JSON by part) for a checkpoint."""
        generator, generator_json = flatten_optimizer(self.generator_optimizer.state_dict())
        discriminator, discriminator_json = flatten_optimizer(self.discriminator_optimizer.state_dict())
        return {
            "generator": self.generator.state_dict(),
            "discriminator": self.discriminator.state_dict(),
            "ema": self.average.state_dict(),
            "optimizer_generator": generator,
            "optimizer_discriminator": discriminator,
        }, {"optimizer_generator": generator_json, "optimizer_discriminator": discriminator_json}

    def load(self, tensors: Mapping[str, Mapping[str, Tensor]], state: Mapping[str, Any]) -> None:
        """Take back what ``state`` gave."""
        self.generator.load_state_dict(tensors["generator"])
        self.discriminator.load_state_dict(tensors["discriminator"])
        self.average.load_state_dict(tensors["ema"])
        for name in ("generator", "discriminator"):
            part = f"optimizer_{name}"
            optimizer: torch.optim.Optimizer = getattr(self, f"{name}_optimizer")
            optimizer.load_state_dict(unflatten_optimizer(dict(tensors[part]), state[part]))
            for parameter, kept in optimizer.state.items():  # copies, in the parameter's own order in memory
                kept.update({k: torch.empty_like(_shaped(parameter, v)).copy_(v) for k, v in kept.items()})


def _shaped(parameter: Tensor, value: Tensor) -> Tensor:
    return parameter.detach() if value.shape == parameter.shape else value


def _add(total: Watched, seen: Watched, parts: int) -> None:
    for name, value in seen.items():
        total[name] = total.get(name, value.new_zeros(())) + value / parts
