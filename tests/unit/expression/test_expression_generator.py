"""The generator: counts with a gradient, by number, between classes, and what it says without drawing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from vivogan.domains.expression.components import Components
from vivogan.domains.expression.discriminator import ExpressionDiscriminator, packed
from vivogan.domains.expression.factors import Factors
from vivogan.domains.expression.generator import ExpressionGenerator
from vivogan.engine.sampler import sample

GENES, CLASSES, FACTORS, CELLS = 25, 3, 2, 90


@pytest.fixture
def generator() -> ExpressionGenerator:
    rng = torch.Generator().manual_seed(0)
    found = ExpressionGenerator(GENES, CLASSES, FACTORS, CELLS)
    with torch.no_grad():
        found.profile.copy_(torch.randn(CLASSES, GENES, generator=rng).log_softmax(1))
        found.loadings.copy_(0.4 * torch.randn(GENES, FACTORS, generator=rng))
    points, y = torch.randn(CELLS, FACTORS, generator=rng), torch.arange(CELLS) % CLASSES
    sizes = 5 + 0.3 * torch.randn(CELLS, generator=rng)
    found.factors.keep(points, torch.full((CELLS, FACTORS), 0.5), sizes, y, seed=0)
    return found


def drawn(generator: ExpressionGenerator, condition: Tensor, seed: int = 0) -> Tensor:
    return sample(generator, seed, np.arange(len(condition)), lambda rows: condition[rows % len(condition)])


def test_it_gives_whole_counts_by_number(generator: ExpressionGenerator) -> None:
    own = torch.arange(40) % CLASSES
    x = drawn(generator, own)
    assert x.shape == (40, GENES)
    assert (x == x.round()).all()
    assert (x >= 0).all()
    again = sample(generator, 0, np.array([31, 7]), lambda rows: own[rows % 40])
    assert torch.equal(again, x[[31, 7]])
    assert not torch.equal(drawn(generator, own, seed=1), x)


def test_libraries_are_those_of_training_cells(generator: ExpressionGenerator) -> None:
    x = drawn(generator, torch.zeros(4000, dtype=torch.long))
    kept = generator.factors.sizes[: int(generator.factors.ends[1])]
    assert x.sum(1).log().mean() == pytest.approx(float(kept.mean()), abs=0.03)


def test_its_mean_is_the_mean_of_what_it_draws(generator: ExpressionGenerator) -> None:
    own = torch.full((6000,), 1)
    x = drawn(generator, own)
    found = generator.mean(torch.tensor([1]))[0]
    assert float(found.sum()) == pytest.approx(1, abs=1e-5)
    assert (x.sum(0) / x.sum() - found).abs().max() < 0.02


def test_the_gradient_is_that_of_the_mean(generator: ExpressionGenerator) -> None:
    z = torch.randn(8, generator.latent_dim, generator=torch.Generator().manual_seed(1))
    own = torch.arange(8) % CLASSES
    x = generator(z, own)
    with torch.no_grad():
        assert torch.allclose(x, generator(z, own), atol=1e-4)
    (gradient,) = torch.autograd.grad(torch.log1p(x).sum(), generator.profile)
    assert torch.isfinite(gradient).all()
    assert gradient.abs().max() > 0


def test_real_numbers_lie_between_the_classes(generator: ExpressionGenerator) -> None:
    whole, real = torch.tensor([0, 2]), torch.tensor([0.0, 2.0])
    assert torch.allclose(generator.mean(real), generator.mean(whole), atol=1e-6)
    ends = generator.profile[:2]
    between = generator.profiles(torch.tensor([0.25]))[0]
    assert torch.allclose(between, 0.75 * ends[0] + 0.25 * ends[1], atol=1e-6)
    a, b = (drawn(generator, torch.full((3000,), value)) for value in (1.0, 1.1))
    shares = [part.sum(0) / part.sum() for part in (a, b)]
    assert (shares[0] - shares[1]).abs().max() < 0.03
    assert (b == b.round()).all()


def test_silencing_a_gene_moves_those_that_go_with_it(generator: ExpressionGenerator) -> None:
    with torch.no_grad():
        generator.loadings.zero_()
        generator.loadings[0, 0], generator.loadings[1, 0], generator.loadings[2, 0] = 1.0, 0.5, -1.0
        generator.shape.fill_(20)  # no noise of a gene's own
    found = generator.conditioned(torch.tensor([0]), torch.tensor([0]), torch.tensor([-2.0]))[0]
    assert torch.allclose(found[:4], torch.tensor([-2.0, -1.0, 2.0, 0.0]), atol=1e-3)


def test_states_are_found_again(generator: ExpressionGenerator) -> None:
    own, states = (
        torch.zeros(50, dtype=torch.long),
        torch.randn(50, FACTORS, generator=torch.Generator().manual_seed(2)),
    )
    generator.shape.data.fill_(10)
    x = torch.poisson(generator.log_means(states, torch.full((50,), 9.0), own).exp())
    found = generator.states(x, own)
    assert (found - states).abs().mean() < 0.1


def test_states_of_a_class_come_from_its_cells() -> None:
    factors = Factors(4, 1, 20)
    points, y = torch.arange(30.0)[:, None], torch.arange(30) // 10  # the last class has none
    factors.keep(points, torch.zeros(30, 1), torch.zeros(30), y, seed=0)
    z = torch.randn(3000, 3, generator=torch.Generator().manual_seed(0))
    for k in range(3):
        found, _ = factors.draw(z, torch.full((3000,), k))
        assert found.min() >= 10 * k
        assert found.max() < 10 * k + 10
    between, _ = factors.draw(z, torch.full((3000,), 0.25))
    assert float((between >= 10).float().mean()) == pytest.approx(0.25, abs=0.03)
    assert torch.isfinite(factors.draw(z, torch.full((3000,), 3))[0]).all()


def test_the_covariance_is_that_of_what_is_drawn(generator: ExpressionGenerator) -> None:
    z = torch.randn(20_000, generator.factors.latent_dim, generator=torch.Generator().manual_seed(0))
    found, _ = generator.factors.draw(z, torch.full((len(z),), 2))
    assert torch.allclose(torch.cov(found.T), generator.covariance(torch.tensor([2]))[0], atol=0.06)


def test_packs_are_of_one_class() -> None:
    h, own = torch.arange(7.0)[:, None], torch.tensor([1, 0, 1, 1, 0, 1, 1])
    found = packed(h, own, 2)[:, 0]
    assert found.tolist() == [1.0, 2.5, 1.0, 4.0, 2.5, 4.0, 6.0]


def test_the_discriminator_judges_by_class_and_by_company() -> None:
    x = torch.poisson(torch.rand(24, GENES, generator=torch.Generator().manual_seed(0)) * 9)
    network = ExpressionDiscriminator(Components.fit(x), CLASSES, 16, pack=4)
    own = torch.zeros(24, dtype=torch.long)
    assert network(x, own).shape == (24,)
    network.embedding.weight.data.normal_()
    assert not torch.allclose(network(x, own), network(x, own + 1))
    alone, beside = network(x[:4], own[:4])[0], network(x[[0, 5, 6, 7]], own[:4])[0]
    assert alone != beside


def test_classes_keep_their_share_of_the_room() -> None:
    factors = Factors(3, 1, 12)
    y = torch.tensor([0] * 40 + [1] * 20)
    factors.keep(torch.randn(60, 1), torch.ones(60, 1), torch.zeros(60), y, seed=0)
    counts = factors.ends.diff().tolist()
    assert counts == [5, 2, 1]
    assert factors.ends[-1] <= 12


def test_a_silenced_gene_tells_no_more_than_cells_have_shown() -> None:
    generator = ExpressionGenerator(6, 1, 2, 50)
    generator.factors.keep(
        0.05 * torch.randn(50, 2), torch.full((50, 2), 0.01), torch.full((50,), 6.0), torch.zeros(50).long(), 0
    )
    torch.nn.init.ones_(generator.loadings)
    generator.shape.data.fill_(12.0)  # no noise of the gene's own
    condition, gene = torch.zeros(2).long(), torch.tensor([0, 3])
    near, far = (generator.conditioned(condition, gene, torch.full((2,), shift)) for shift in (-0.1, -20.0))
    assert near[0, 1] == pytest.approx(-0.1, rel=0.05)
    assert -0.3 < far[0, 1] < -0.1
    assert far[1, 3] == -20
