"""One step of each player: the whole science of the game, without configuration, loop or files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vivogan.engine.losses import Objective
from vivogan.engine.penalties import interpolated_gradient, squared_gradient


@dataclass(frozen=True)
class Penalties:
    """Strengths of the gradient penalties of this step; all zero on the steps between lazy ones."""

    r1: float = 0.0
    r2: float = 0.0
    interpolated: float = 0.0

    def __bool__(self) -> bool:
        return self.r1 > 0 or self.r2 > 0 or self.interpolated > 0


def discriminator_loss(
    discriminator: nn.Module,
    objective: Objective,
    penalties: Penalties,
    real: Tensor,
    fake: Tensor,
    condition: Tensor | None,
    generator: torch.Generator,
) -> tuple[Tensor, dict[str, Tensor]]:
    """What the discriminator minimises.

    Args:
        real, fake: [B, …]; no gradient flows back into ``fake``.
        condition: [B, …] of both, or None.
        generator: randomness of the interpolated penalty.

    Returns:
        the scalar loss, and what to watch (detached scalars).
    """
    real, fake = real.detach().requires_grad_(penalties.r1 > 0), fake.detach().requires_grad_(penalties.r2 > 0)
    if penalties.r1 > 0 or penalties.r2 > 0:  # two passes: each penalty differentiates its own logits
        real_logits, fake_logits = discriminator(real, condition), discriminator(fake, condition)
    else:
        both = None if condition is None else torch.cat([condition, condition])
        real_logits, fake_logits = discriminator(torch.cat([real, fake]), both).chunk(2)
    real_logits, fake_logits = real_logits.float(), fake_logits.float()
    loss = objective.discriminator(real_logits, fake_logits)
    watched = {
        "loss_discriminator": loss.detach(),
        "real_logit": real_logits.detach().mean(),
        "fake_logit": fake_logits.detach().mean(),
        "lead": (real_logits - fake_logits).detach().sign().mean(),
    }
    if penalties:
        penalty = loss.new_zeros(())
        if penalties.r1 > 0:
            penalty = penalty + penalties.r1 / 2 * squared_gradient(real_logits, real)
        if penalties.r2 > 0:
            penalty = penalty + penalties.r2 / 2 * squared_gradient(fake_logits, fake)
        if penalties.interpolated > 0:
            gap = interpolated_gradient(discriminator, real, fake, condition, generator)
            penalty = penalty + penalties.interpolated * gap
        loss, watched["penalty"] = loss + penalty, penalty.detach()
    return loss, watched


def generator_loss(
    discriminator: nn.Module,
    objective: Objective,
    real: Tensor,
    fake: Tensor,
    condition: Tensor | None,
    anchor: Callable[[Tensor, Tensor | None], Tensor] | None = None,
) -> tuple[Tensor, dict[str, Tensor]]:
    """What the generator minimises; ``real`` is looked at by paired objectives and by ``anchor`` alone.

    ``anchor(real, condition)`` is what else it must not forget, such as the likelihood that it started from.
    """
    real_logits = discriminator(real.detach(), condition).detach().float() if objective.paired else fake.new_zeros(())
    loss = objective.generator(real_logits, discriminator(fake, condition).float())
    watched = {"loss_generator": loss.detach()}
    if anchor is not None:
        held = anchor(real.detach(), condition)
        loss, watched["anchor"] = loss + held, held.detach()
    return loss, watched
