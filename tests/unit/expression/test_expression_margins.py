"""Margins are mapped to the true ones, in each class, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vivogan.core.seeds import latents
from vivogan.domains.expression.margins import BINS, Margins, shifts_of
from vivogan.domains.expression.noise import keys


def keyed(n: int) -> torch.Tensor:
    return keys(torch.from_numpy(latents(0, np.arange(n), 2)))


def test_nothing_moves_before_it_is_fitted() -> None:
    x = torch.poisson(torch.rand(50, 9) * 20)
    assert torch.equal(Margins(2, 9)(x, torch.arange(50) % 2, keyed(50)), x)


def test_counts_get_the_distribution_of_the_real_ones() -> None:
    rng = np.random.default_rng(0)
    n, genes = 6000, 3
    made = torch.from_numpy(np.stack([rng.poisson(1.0, n), rng.poisson(40.0, n), rng.poisson(5.0, n)], 1)).float()
    heavy = rng.negative_binomial(2, 2 / 42, n)
    real = torch.from_numpy(
        np.stack([rng.poisson(1.0, n) * (rng.random(n) < 0.7), heavy, rng.poisson(5.0, n)], 1)
    ).float()
    margins = Margins(2, genes)
    margins.choose(torch.cat([real, made]))
    margins.fit(1, real, made)
    own = torch.ones(n, dtype=torch.long)
    found = margins(made, own, keyed(n))
    assert (found == found.round()).all()
    assert found.min() >= 0
    assert float((found[:, 0] == 0).float().mean()) == pytest.approx(float((real[:, 0] == 0).float().mean()), abs=0.02)
    assert float(found[:, 1].std() / real[:, 1].std()) == pytest.approx(1, abs=0.1)
    assert (found[:, 2] - made[:, 2]).abs().mean() < 0.15
    assert np.corrcoef(found[:, 1], made[:, 1])[0, 1] > 0.9  # ranks stay
    assert torch.equal(margins(made, own - 1, keyed(n)), made)  # the other class was not fitted
    assert torch.equal(margins(made, own.float(), keyed(n)), found)
    half = margins(made, own.float() - 0.5, keyed(n))
    assert float((half - made).mean()) == pytest.approx(float((found - made).mean()) / 2, abs=0.02)


def test_few_cells_move_little() -> None:
    margins = Margins(1, 1)
    made = torch.poisson(torch.full((2000, 1), 4.0), generator=torch.Generator().manual_seed(0))
    margins.fit(0, torch.full((2, 1), 30.0), made)
    assert margins.shift.abs().max() < 3


def test_shifts_are_those_of_quantiles() -> None:
    made = np.arange(100) % 10
    assert np.allclose(shifts_of(made + 3.0, made, 1.0)[:10], 3)
    assert len(shifts_of(made, made, 1.0)) == BINS
    assert np.abs(shifts_of(made, made, 1.0)).max() == 0
