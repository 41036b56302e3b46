from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivogan.metrics import distances
from vivogan.metrics.distances import nearest, neighbours
from vivogan.metrics.manifold import PRDC, coverage, precision_recall_density_coverage


def test_a_line_by_hand() -> None:
    real = np.array([[0.0], [1.0], [3.0], [10.0]])  # k = 1: radii 1, 1, 2, 7
    generated = np.array([[0.5], [1.2], [20.0]])  # radii .7, .7, 18.8
    found = precision_recall_density_coverage(real, generated, k=1)
    # .5 lies in the balls of 0, 1 (not of 3: 2.5 > 2); 1.2 in those of 1 and 3; 20 in none. 3 is within 1.8 of 1.2.
    assert found == PRDC(precision=pytest.approx(2 / 3), recall=1.0, density=pytest.approx(4 / 3), coverage=0.75)


def test_identical_and_far_sets() -> None:
    x = np.random.default_rng(0).normal(size=(50, 3))
    assert precision_recall_density_coverage(x, x, 3).precision == 1
    assert precision_recall_density_coverage(x, x, 3).recall == 1
    assert precision_recall_density_coverage(x, x, 3).coverage == 1
    assert precision_recall_density_coverage(x, x + 100, 3) == PRDC(0, 0, 0, 0)


def test_collapse_keeps_precision_and_loses_coverage() -> None:
    rng = np.random.default_rng(1)
    real = rng.normal(size=(200, 2))
    collapsed = real[:1] + 0.01 * rng.normal(size=(200, 2))
    found = precision_recall_density_coverage(real, collapsed, 5)
    assert found.precision > 0.95
    assert found.recall < 0.05
    assert found.coverage < 0.2


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**9), n=st.integers(6, 40), m=st.integers(6, 40), k=st.integers(1, 5))
def test_order_and_units_do_not_matter_and_coverage_agrees(seed: int, n: int, m: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(n, 3)), rng.normal(size=(m, 3))
    found = precision_recall_density_coverage(a, b, k)
    assert precision_recall_density_coverage(a[rng.permutation(n)], b[rng.permutation(m)], k) == found
    assert precision_recall_density_coverage(4 * a, 4 * b, k) == found
    assert coverage(a, b, k) == pytest.approx(found.coverage)


def test_blocks_do_not_change_the_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(70, 4)), rng.normal(size=(90, 4))
    whole = precision_recall_density_coverage(a, b)
    for block in (1, 500):
        monkeypatch.setattr(distances, "BLOCK", block)
        assert precision_recall_density_coverage(a, b) == whole


def test_distances_of_equal_and_nearly_equal_rows_are_right_far_from_the_origin() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(40, 50)) + 1e4
    y = x.copy()
    y[:, 0] += 2.0**-20
    assert np.all(nearest(x, x)[0] == 0)
    distance, index = nearest(y, x)
    np.testing.assert_allclose(distance, 2.0**-20, rtol=1e-5)  # what the rounding of 1e4 + 2^-20 leaves
    assert np.array_equal(index, np.arange(40))


def test_nearest_and_smallest_against_a_plain_search() -> None:
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(15, 3)), rng.normal(size=(11, 3))
    full = np.linalg.norm(x[:, None] - y, axis=2)
    distance, index = nearest(x, y)
    np.testing.assert_allclose(distance, full.min(axis=1), rtol=1e-12)
    assert np.array_equal(index, full.argmin(axis=1))
    np.testing.assert_allclose(neighbours(x, y, 3)[0], np.sort(full, axis=1)[:, :3], rtol=1e-12)
    own = np.sort(np.linalg.norm(x[:, None] - x, axis=2), axis=1)[:, 1:3]
    np.testing.assert_allclose(neighbours(x, x, 2, same=True)[0], own, rtol=1e-12)


def test_ties_of_whole_numbers_are_ties_and_borders_are_outside() -> None:
    bits = (np.random.default_rng(5).random((80, 9)) < 0.3).astype(float)
    counted = np.rint((bits[:, None] != bits).sum(axis=2))
    np.fill_diagonal(counted, 99)
    expected = np.sort(counted, axis=1)[:, :4]
    assert np.array_equal(neighbours(bits, bits, 4, same=True)[0], np.sqrt(expected))
    # On the integers every neighbour lies on the border of a ball of k = 1.
    line = np.arange(20.0)[:, None] + 0.1
    assert precision_recall_density_coverage(line, line + 1, 1).precision == pytest.approx(19 / 20)
    assert precision_recall_density_coverage(line, line + 1, 1).density == pytest.approx(19 / 20)
