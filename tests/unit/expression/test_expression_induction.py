"""Cells moved to another condition: means, whole counts, gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import poisson

from vivogan.domains.expression.tools.induction import Levels, moved

LIBRARY = np.array([400.0, 900.0, 2500.0])


@pytest.mark.parametrize("share", [1e-5, 3e-4, 2e-3, 0.08])
def test_levels_are_expectations_of_counting(share: float) -> None:
    table = Levels(LIBRARY)
    exact = []
    for library in np.quantile(LIBRARY, [1 / 6, 0.5, 5 / 6]):
        counts = np.arange(2000)
        exact.append((poisson.pmf(counts, library * share) * np.log1p(counts * 1e4 / library)).sum())
    assert np.interp(share, table.shares, table.levels) == pytest.approx(np.mean(exact), rel=0.01)


@given(st.floats(1e-6, 0.2))
@settings(max_examples=30, deadline=None)
def test_shares_and_levels_go_back_and_forth(share: float) -> None:
    table = Levels(LIBRARY)
    level = np.interp(share, table.shares, table.levels)
    assert table.share(np.array([level]))[0] == pytest.approx(share, rel=1e-3)


def test_falling_genes_are_thinned_and_rising_ones_made() -> None:
    draw = torch.Generator().manual_seed(0)
    counts = torch.poisson(torch.full((4000, 3), 6.0), generator=draw)
    old, new = torch.tensor([0.006, 0.006, 0.006]), torch.tensor([0.003, 0.006, 0.01])
    found = moved(counts, torch.full((4000,), 1000.0), old, new, draw)
    assert (found == found.round()).all()
    assert (found[:, 0] <= counts[:, 0]).all()
    assert torch.equal(found[:, 1], counts[:, 1])
    assert (found[:, 2] >= counts[:, 2]).all()
    assert found.mean(0).numpy() == pytest.approx([3, 6, 10], rel=0.03)


def test_the_gradient_is_that_of_the_mean() -> None:
    new = torch.tensor([0.003, 0.01], requires_grad=True)
    counts, library = torch.tensor([[6.0, 6.0]]), torch.tensor([1000.0])
    moved(counts, library, torch.tensor([0.006, 0.006]), new, torch.Generator().manual_seed(0)).sum().backward()
    assert new.grad is not None
    assert new.grad.numpy() == pytest.approx([6 / 0.006, 1000])
