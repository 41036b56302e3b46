"""Gradient penalties: they keep the discriminator smooth where the samples are."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Critic = Callable[[Tensor, Tensor | None], Tensor]


def squared_gradient(logits: Tensor, inputs: Tensor) -> Tensor:
    """Mean over the batch of ‖∂ logits / ∂ inputs‖², differentiable a second time.

    R1 when ``inputs`` are real samples, R2 when they are generated (Mescheder et al. 2018, eq. 9 and 10, without the
    γ/2).

    Args:
        logits: [B], one a sample.
        inputs: [B, …], a leaf that requires gradients and from which ``logits`` were computed.
    """
    (gradient,) = torch.autograd.grad(logits.sum(), inputs, create_graph=True)
    return gradient.float().flatten(1).square().sum(1).mean()


def interpolated_gradient(
    critic: Critic, real: Tensor, fake: Tensor, condition: Tensor | None, generator: torch.Generator
) -> Tensor:
    """(‖∂ critic / ∂ x‖ − 1)² at random points between real and generated samples (Gulrajani et al. 2017, eq. 3).

    Args:
        real, fake: [B, …] of the same shape.
        condition: [B] or None.
        generator: draws the B places between.
    """
    place = torch.rand(len(real), generator=generator, device=generator.device).to(real)
    place = place.view(-1, *[1] * (real.dim() - 1))
    between = torch.lerp(real.detach(), fake.detach(), place).requires_grad_(True)
    (gradient,) = torch.autograd.grad(critic(between, condition).sum(), between, create_graph=True)
    norm: Tensor = torch.linalg.vector_norm(gradient.float().flatten(1), dim=1)  # B
    return (norm - 1).square().mean()
