from __future__ import annotations

import numpy as np
import pytest

from vivogan.metrics.bootstrap import half_sample_interval, interval
from vivogan.metrics.frechet import frechet_distance


def mean(x: np.ndarray) -> float:
    return float(x.mean())


def mean_difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(a.mean() - b.mean())


def test_widths_are_those_of_the_normal_theory() -> None:
    x = np.random.default_rng(0).normal(size=400)
    expected = 2 * 1.96 * x.std(ddof=1) / 20
    for function in (interval, half_sample_interval):
        low, high = function(mean, x, n=800)
        assert high - low == pytest.approx(expected, rel=0.15)
        assert low < x.mean() < high


def test_samples_are_drawn_independently() -> None:
    x = np.random.default_rng(1).normal(size=100)
    low, high = interval(mean_difference, x, x)
    assert high - low > 0.3  # the same rows in both would give exactly 0


def test_level_and_seed() -> None:
    x = np.random.default_rng(2).normal(size=80)
    for function in (interval, half_sample_interval):
        wide, narrow = function(mean, x, level=0.95), function(mean, x, level=0.5)
        assert wide[0] < narrow[0] < narrow[1] < wide[1]
        assert function(mean, x, seed=3) == function(mean, x, seed=3)
        assert function(mean, x, seed=3) != function(mean, x, seed=4)


def test_half_samples_cover_a_mean_as_often_as_they_say() -> None:
    rng = np.random.default_rng(3)
    hits = [low <= 0 <= high for low, high in (half_sample_interval(mean, rng.normal(size=40)) for _ in range(300))]
    assert 0.89 <= np.mean(hits) <= 0.99


def test_the_plain_bootstrap_misses_a_frechet_distance_and_the_half_samples_do_not() -> None:
    """50 rows of 20 features: the expected value at these sizes is known by simulation."""
    rng = np.random.default_rng(4)

    def draw() -> tuple[np.ndarray, np.ndarray]:
        return rng.normal(size=(50, 20)), rng.normal(size=(50, 20)) * 1.3 + 0.2

    expected = np.mean([frechet_distance(*draw()) for _ in range(200)])
    plain = half = 0
    for seed in range(25):
        a, b = draw()
        low, high = interval(frechet_distance, a, b, n=40, seed=seed)
        plain += low <= expected <= high
        low, high = half_sample_interval(frechet_distance, a, b, n=40, seed=seed)
        half += low <= expected <= high
    assert plain <= 5
    assert half >= 20
