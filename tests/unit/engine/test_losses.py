"""Every objective against an independent form of it, and what all of them have in common."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy
from torch.nn.functional import hinge_embedding_loss, margin_ranking_loss, mse_loss, soft_margin_loss

from vivogan.engine.losses import OBJECTIVES


def logits(seed: int = 0, count: int = 64) -> tuple[Tensor, Tensor]:
    rng = torch.Generator().manual_seed(seed)
    real, fake = (3 * torch.randn(count, dtype=torch.float64, generator=rng) for _ in range(2))
    return real.requires_grad_(), fake.requires_grad_()


def independent(name: str, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Both losses by torch's own functions of other purposes, or by loops."""
    one, zero = torch.ones_like(real), torch.zeros_like(real)
    pairs = list(zip(real, fake, strict=True))
    if name == "non-saturating":
        return cross_entropy(real, one) + cross_entropy(fake, zero), cross_entropy(fake, one)
    if name == "relativistic":
        return soft_margin_loss(real - fake, one), soft_margin_loss(fake - real, one)
    if name == "hinge":
        # max(0, 1 − x) is what hinge_embedding_loss calls the loss of dissimilar pairs.
        return hinge_embedding_loss(real, -one) + hinge_embedding_loss(-fake, -one), -torch.stack(
            [f for _, f in pairs]
        ).mean()
    if name == "wasserstein":
        total = sum((f - r for r, f in pairs), zero.sum()) / len(pairs)
        return total, sum((-f for _, f in pairs), zero.sum()) / len(pairs)
    assert name == "least-squares"
    return (mse_loss(real, one) + mse_loss(fake, zero)) / 2, mse_loss(fake, one) / 2


@pytest.mark.parametrize("name", OBJECTIVES)
def test_each_is_its_independent_form(name: str) -> None:
    real, fake = logits()
    objective = OBJECTIVES[name]
    discriminator, generator = independent(name, real, fake)
    torch.testing.assert_close(objective.discriminator(real, fake), discriminator)
    torch.testing.assert_close(objective.generator(real, fake), generator)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_discriminator_wants_real_up_and_fake_down_and_the_generator_the_opposite(name: str) -> None:
    real, fake = logits(1)
    up, down = torch.autograd.grad(OBJECTIVES[name].discriminator(real, fake), (real, fake))
    if name == "least-squares":  # wants 1 and 0, from either side
        assert torch.equal(up.sign(), (real - 1).sign())
        assert torch.equal(down.sign(), fake.sign())
    else:
        assert (up <= 0).all()
        assert (down >= 0).all()
        assert up.min() < 0 < down.max()
    (lifted,) = torch.autograd.grad(OBJECTIVES[name].generator(real.detach(), fake), fake)
    assert (lifted[fake < 1] < 0).all()


@pytest.mark.parametrize("name", OBJECTIVES)
def test_only_paired_objectives_let_the_generator_look_at_real_logits(name: str) -> None:
    real, fake = logits(2)
    objective = OBJECTIVES[name]
    moved = objective.generator(real + 1, fake)
    assert (moved.item() != objective.generator(real, fake).item()) == objective.paired


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_batch_is_the_mean_of_its_halves_and_its_order_is_of_no_account(name: str) -> None:
    real, fake = logits(3)
    objective = OBJECTIVES[name]
    for loss in (objective.discriminator, objective.generator):
        halves = (loss(real[:32], fake[:32]) + loss(real[32:], fake[32:])) / 2
        torch.testing.assert_close(loss(real, fake), halves)
        torch.testing.assert_close(loss(real, fake), loss(real.flip(0), fake.flip(0)))


@pytest.mark.parametrize("name", OBJECTIVES)
def test_far_logits_stay_finite(name: str) -> None:
    real, fake = torch.tensor([-1e4, 1e4]), torch.tensor([1e4, -1e4])
    for loss in (OBJECTIVES[name].discriminator, OBJECTIVES[name].generator):
        assert torch.isfinite(loss(real, fake))


def test_the_relativistic_losses_of_the_two_players_mirror_each_other() -> None:
    real, fake = logits(4)
    objective = OBJECTIVES["relativistic"]
    torch.testing.assert_close(objective.generator(real, fake), objective.discriminator(fake, real))
    assert margin_ranking_loss(real, real, torch.ones_like(real)).item() == 0  # a pair without a lead costs ln 2
    assert objective.discriminator(real, real).item() == pytest.approx(torch.log(torch.tensor(2.0)).item())
