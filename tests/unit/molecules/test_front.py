"""The Pareto front and the volume that it commands, against slow and plain definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vivogan.domains.molecules.front import front, hypervolume, ranks

Floats = NDArray[np.float64]


@st.composite
def points(draw: st.DrawFn) -> Floats:
    n, k, seed = draw(st.integers(1, 12)), draw(st.integers(1, 4)), draw(st.integers(0, 10**6))
    return np.random.default_rng(seed).integers(0, 5, (n, k)).astype(float)  # ties on purpose


def dominates(a: Floats, b: Floats) -> bool:
    return bool((a >= b).all() and (a > b).any())


@given(points())
@settings(max_examples=60, deadline=None)
def test_the_front_is_what_none_dominates(values: Floats) -> None:
    slow = [i for i, b in enumerate(values) if not any(dominates(a, b) for a in values)]
    assert front(values).tolist() == slow
    assert np.flatnonzero(ranks(values) == 0).tolist() == slow


@given(points())
@settings(max_examples=60, deadline=None)
def test_every_point_of_a_later_rank_is_dominated_by_one_of_the_rank_before(values: Floats) -> None:
    found = ranks(values)
    for i in np.flatnonzero(found > 0):
        assert any(dominates(values[j], values[i]) for j in np.flatnonzero(found == found[i] - 1))


@given(points())
@settings(max_examples=60, deadline=None)
def test_the_hypervolume_counts_the_cubes_that_are_dominated(values: Floats) -> None:
    corners = np.stack(np.meshgrid(*[np.arange(5)] * values.shape[1], indexing="ij"), -1).reshape(-1, values.shape[1])
    inside = sum(bool((values >= corner + 1).all(1).any()) for corner in corners)  # cubes of side 1
    sampled = 2.0 * (values.shape[1] > 3)  # of 256: beyond three objectives it is an estimate
    assert hypervolume(values, np.zeros(values.shape[1])) == pytest.approx(inside, abs=1e-9 + sampled)


def test_what_is_unknown_is_on_no_front() -> None:
    values = np.array([[1.0, np.nan], [0.0, 0.0], [0.5, 0.5]])
    assert front(values).tolist() == [2]
    assert ranks(values).tolist() == [-1, 1, 0]
    assert front(np.full((2, 2), np.nan)).tolist() == []
    assert hypervolume(np.array([[1.0, 1.0]]), np.array([1.0, 0.0])) == 0
