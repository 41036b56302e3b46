from __future__ import annotations

import itertools
from statistics import NormalDist

import numpy as np
import pytest

from vivogan.metrics import distances
from vivogan.metrics.kernel import kernel_distance, mmd


def test_cubic_distance_of_two_point_sets_by_hand() -> None:
    # d = 1: k(x, y) = (xy + 1)³. Within {0, 1}: k = 1; within {0, 2}: 1; across 1, 1, 1, 27.
    a, b = np.array([[0.0], [1.0]]), np.array([[0.0], [2.0]])
    assert kernel_distance(a, b, subsets=3, size=2) == pytest.approx((1 + 1 - 2 * 30 / 4, 0.0))


def test_subsets_are_bounded_by_the_smaller_set_and_seeded() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(40, 3)), rng.normal(size=(12, 3))
    assert kernel_distance(a, b, subsets=4, seed=1) == kernel_distance(a, b, subsets=4, size=12, seed=1)
    assert kernel_distance(a, b, subsets=4, seed=1) != kernel_distance(a, b, subsets=4, seed=2)


def test_both_are_unbiased_and_see_a_shift() -> None:
    rng = np.random.default_rng(1)
    null = [(rng.normal(size=(60, 4)), rng.normal(size=(60, 4))) for _ in range(60)]
    for function in (lambda a, b: kernel_distance(a, b, 1, 60)[0], lambda a, b: mmd(a, b, [2.0])):
        values = np.array([function(a, b) for a, b in null])
        assert abs(values.mean()) < 4 * values.std() / np.sqrt(len(values))
        assert values.min() < 0
        assert function(null[0][0], null[0][1] + 1) > values.max()


def test_gaussian_mmd_has_a_closed_form_for_gaussians() -> None:
    # E k over N(0, 1)² with bandwidth 1 is 1/√3; across N(0, 1) and N(2, 1) it is exp(-2²/6)/√3.
    x = np.array([[NormalDist().inv_cdf((i + 0.5) / 1500)] for i in range(1500)])  # quantiles: no luck of the draw
    assert mmd(x, x + 2, [1.0]) == pytest.approx(2 / np.sqrt(3) * (1 - np.exp(-4 / 6)), abs=0.003)


def test_several_bandwidths_are_the_mean_and_the_order_does_not_matter() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(30, 3)), rng.normal(size=(20, 3)) + 1
    assert mmd(a, b, [0.5, 2.0]) == pytest.approx((mmd(a, b, [0.5]) + mmd(a, b, [2.0])) / 2)
    assert mmd(a[::-1], b[rng.permutation(20)]) == pytest.approx(mmd(a, b))
    assert mmd(10 * a, 10 * b) == pytest.approx(mmd(a, b))  # the default bandwidths follow the units


def test_blocks_do_not_change_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(30, 3)), rng.normal(size=(20, 3))
    whole = mmd(a, b, [1.0])
    for block in (1, 45):
        monkeypatch.setattr(distances, "BLOCK", block)
        assert mmd(a, b, [1.0]) == pytest.approx(whole, rel=1e-12)


def test_mmd_against_a_plain_double_loop() -> None:
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=(6, 2)), rng.normal(size=(5, 2))

    def mean(pairs: list[tuple[np.ndarray, np.ndarray]]) -> float:
        return float(np.mean([np.exp(-(np.linalg.norm(x - y) ** 2) / (2 * 0.7**2)) for x, y in pairs]))

    within = mean(list(itertools.permutations(a, 2))) + mean(list(itertools.permutations(b, 2)))
    assert mmd(a, b, [0.7]) == pytest.approx(within - 2 * mean(list(itertools.product(a, b))))
