"""The samplers that a game must beat keep what they promise."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vivogan.domains.expression.baselines import NegativeBinomial, NeighbourMixing, baselines


@pytest.fixture(scope="module")
def cells() -> tuple[torch.Tensor, np.ndarray]:
    """Two classes of 300 cells, 12 genes: the first two follow one another, the third is overdispersed."""
    rng = np.random.default_rng(0)
    y = np.arange(600) % 2
    common = rng.gamma(2, 0.5, 600)
    means = np.where(y[:, None] == 0, np.linspace(1, 8, 12), np.linspace(8, 1, 12))
    means[:, :2] *= common[:, None]
    means[:, 2] *= rng.gamma(0.8, 1 / 0.8, 600)
    return torch.from_numpy(rng.poisson(means)).float(), y


@pytest.mark.parametrize("name", list(baselines()))
def test_means_and_variances_of_each_class(name: str, cells: tuple[torch.Tensor, np.ndarray]) -> None:
    x, y = cells
    own = np.zeros(2000, np.intp)
    made = baselines()[name].fit(x, y).sample(own, seed=1)
    assert made.shape == (2000, 12)
    assert (made == made.round()).all()
    assert (made >= 0).all()
    real = x[torch.from_numpy(y) == 0]
    assert (made.mean(0) / real.mean(0) - 1).abs().max() < 0.15
    if name != "neighbour mixing":
        assert (made.var(0) / real.var(0) - 1).abs().max() < 0.35
    again = baselines()[name].fit(x, y).sample(own, seed=1)
    assert torch.equal(made, again)


def test_the_copula_keeps_correlations_that_margins_lose(cells: tuple[torch.Tensor, np.ndarray]) -> None:
    x, y = cells
    own = np.zeros(3000, np.intp)
    real = np.corrcoef(x[y == 0].numpy().T)[0, 1]
    alone, coupled = (NegativeBinomial(c).fit(x, y).sample(own, 0).numpy() for c in (False, True))
    assert abs(np.corrcoef(alone.T)[0, 1]) < 0.08
    assert 0.5 * real < np.corrcoef(coupled.T)[0, 1] < 1.2 * real  # random places within steps lose some


def test_mixtures_lie_between_neighbours() -> None:
    x = torch.tensor([[100.0, 0.0, 9.0], [90.0, 0.0, 8.0], [0.0, 100.0, 9.0], [0.0, 80.0, 9.0]])
    made = NeighbourMixing().fit(x, np.array([0, 0, 1, 1])).sample(np.array([0, 1] * 50), 0)
    assert (made[::2, 1] == 0).all()
    assert (made[1::2, 0] == 0).all()
    assert made[::2, 0].max() <= 190
    assert made[::2, 0].float().mean() == pytest.approx(95, abs=8)


def test_classes_of_one_cell_or_none_are_answered() -> None:
    x, y = torch.poisson(torch.full((21, 6), 3.0)), np.r_[np.zeros(20, np.intp), 1]
    for sampler in baselines().values():
        assert sampler.fit(x, y).sample(np.array([0, 1, 2]), 0).shape == (3, 6)
