from __future__ import annotations

import numpy as np
import pytest

from vivogan.domains.expression.neighbours import inverse_simpson, milisi, neighbour_weights


def test_weights_have_the_asked_perplexity() -> None:
    distances = np.sort(np.random.default_rng(0).gamma(2, size=(20, 90)), 1)
    weights = neighbour_weights(distances, 30)
    entropy = -(weights * np.log(weights)).sum(1)
    assert weights.sum(1) == pytest.approx(np.ones(20))
    assert np.exp(entropy) == pytest.approx(np.full(20, 30), rel=1e-3)
    assert (np.diff(weights, axis=1) <= 0).all()


def test_equal_distances_weigh_alike() -> None:
    assert neighbour_weights(np.ones((2, 9)), 3) == pytest.approx(np.full((2, 9), 1 / 9))


def test_two_sets_apart_do_not_mix_and_halves_of_one_do() -> None:
    x = np.random.default_rng(0).normal(size=(400, 5))
    assert milisi(x[:200], x[200:] + 50) == pytest.approx(1)
    assert 1.75 < milisi(x[:200], x[200:]) < 2


def test_a_cell_among_the_other_set_sees_one_set_alone() -> None:
    points = np.concatenate([np.random.default_rng(0).normal(size=(200, 3)), np.zeros((1, 3))])
    which = np.append(np.zeros(200), 1)
    assert inverse_simpson(points, which)[-1] == pytest.approx(1)


def test_few_cells() -> None:
    assert 1 <= milisi(np.zeros((2, 2)), np.ones((2, 2))) <= 2
