"""The start finds the model that made the counts; thinning loses molecules alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.distributions import NegativeBinomial, Normal, kl_divergence

from vivogan.core.seeds import torch_generator
from vivogan.domains.expression.augment import thinned
from vivogan.domains.expression.generator import ExpressionGenerator
from vivogan.domains.expression.likelihood import (
    Block,
    LikelihoodSettings,
    divergence,
    evidence_bound,
    profiles,
    start,
)
from vivogan.engine.sampler import sample

GENES, CLASSES, FACTORS = 40, 2, 2


def truth() -> tuple[Tensor, Tensor, Tensor]:
    """Counts [n, g] of two classes with two factors, their classes [n], and the covariance of the log rates."""
    rng = torch.Generator().manual_seed(0)
    profile = torch.randn(CLASSES, GENES, generator=rng).log_softmax(1)
    loadings = 0.5 * torch.randn(GENES, FACTORS, generator=rng)
    y = torch.arange(600) % CLASSES
    odds = profile[y] + torch.randn(600, FACTORS, generator=rng) @ loadings.T
    return torch.poisson(500 * odds.softmax(1), generator=rng), y, loadings @ loadings.T


@pytest.fixture(scope="module")
def fitted() -> tuple[ExpressionGenerator, Tensor, Tensor, Tensor]:
    x, y, covariance = truth()
    generator = ExpressionGenerator(GENES, CLASSES, FACTORS, len(x))
    start(generator, x, y, LikelihoodSettings(epochs=40, block=200), seed=0)
    return generator, x, y, covariance


def test_the_factors_that_made_the_counts_are_found(
    fitted: tuple[ExpressionGenerator, Tensor, Tensor, Tensor],
) -> None:
    generator, _, _, expected = fitted
    loadings, covariance = generator.loadings.detach(), generator.covariance(torch.tensor([0]))[0]
    found = loadings @ covariance @ loadings.T
    centred = [c - c.mean(0) - c.mean(1, keepdim=True) + c.mean() for c in (found, expected)]  # shares: up to a shift
    assert np.corrcoef(centred[0].flatten(), centred[1].flatten())[0, 1] > 0.95
    assert float(centred[0].trace() / centred[1].trace()) == pytest.approx(1, abs=0.25)


def test_generated_cells_are_like_those_learned(fitted: tuple[ExpressionGenerator, Tensor, Tensor, Tensor]) -> None:
    generator, x, y, _ = fitted
    made = sample(generator, 1, np.arange(len(y)), lambda rows: y[rows % len(y)])
    for k in range(CLASSES):
        real, own = torch.log1p(x[y == k]), torch.log1p(made[y == k])
        assert (real.mean(0) - own.mean(0)).abs().mean() < 0.08
        assert np.corrcoef(real.var(0), own.var(0))[0, 1] > 0.9
    nearest = torch.cdist(torch.log1p(made), torch.log1p(x)).min(1).values
    among = torch.cdist(torch.log1p(x), torch.log1p(x)).fill_diagonal_(math.inf).min(1).values
    assert nearest.median() > 0.9 * among.median()


def test_the_bound_is_likelihood_less_divergence() -> None:
    x, y, _ = truth()
    x, y = x[:5], y[:5]
    generator = ExpressionGenerator(GENES, CLASSES, FACTORS, 5)
    means, widths = torch.randn(5, FACTORS), torch.full((5, FACTORS), -20.0)
    sizes = x.sum(1, keepdim=True).log()
    block = Block(x, y, sizes, means, widths, torch.optim.Adam([means]), torch.arange(5))
    spread = torch.zeros(CLASSES, FACTORS)
    found = evidence_bound(generator, block, spread, torch_generator(0, "test"))
    mean = generator.log_means(means, sizes[:, 0], y).exp()
    shape = generator.shape[y].exp()
    law = NegativeBinomial(shape, logits=(mean / shape).log()).log_prob(x).sum()
    constants = torch.lgamma(x + 1).sum()
    expected = law + constants - divergence(means, widths, spread[y])
    assert float(found.detach()) == pytest.approx(float(expected.detach()), rel=1e-4)


def test_the_divergence_of_wide_tails_is_near_that_of_the_normal() -> None:
    means, widths, spread = torch.randn(9, 3), torch.randn(9, 3) * 0.3, torch.zeros(9, 3)
    normal = kl_divergence(Normal(means, widths.exp()), Normal(0.0, 1.0)).sum(1)
    student = torch.stack([divergence(*(part[i : i + 1] for part in (means, widths, spread))) for i in range(9)])
    assert np.corrcoef(normal, student)[0, 1] > 0.9
    far = torch.tensor([[100.0, 0, 0]])
    assert divergence(far, widths[:1], spread[:1]) < 100 < 0.5 * far.square().sum()


def test_profiles_are_shares_and_lean_on_all_classes() -> None:
    x = torch.zeros(4, 3)
    x[:3, 0], x[3, 1] = 100, 2
    found = profiles(x, torch.tensor([0, 0, 0, 1]), 3).exp()
    assert torch.allclose(found.sum(1), torch.ones(3))
    assert found[0, 0] > 0.97
    assert found[1, 0] > 0.2
    assert found[1, 1] > 5 * found[0, 1]
    pooled = (x.sum(0) + 0.5) / (x.sum() + 1.5)
    assert torch.allclose(found[2], pooled, atol=1e-5)  # a class without cells is like all


def test_thinning_loses_molecules_and_keeps_the_gradient() -> None:
    rng = torch.Generator().manual_seed(0)
    x = torch.poisson(torch.full((300, 20), 6.0), generator=rng).requires_grad_()
    found = thinned(x, 1.0, torch.Generator().manual_seed(1))
    assert ((found.round() - found).abs() < 1e-5).all()
    assert (found <= x + 1e-5).all()
    assert float((found.sum() / x.sum()).detach()) == pytest.approx(0.75, abs=0.03)
    (gradient,) = torch.autograd.grad(found.sum(), x)
    assert gradient.min() >= 0.5
    assert gradient.max() <= 1
    assert torch.equal(thinned(x.detach(), 0.0, rng), x.detach())
