from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivogan.metrics.frechet import frechet_distance
from vivogan.metrics.statistics import Moments


def features(seed: int, n: int, d: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + rng.normal(size=d)


def gaussian(mean: np.ndarray, covariance: np.ndarray) -> Moments:
    return Moments(1001, mean, covariance * 1000)


def test_commuting_covariances_have_a_closed_form() -> None:
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))[0]
    sd_a, sd_b = np.array([1.0, 2.0, 3.0, 0.0, 0.5]), np.array([2.0, 2.0, 1.0, 1.0, 0.0])
    mean_a, mean_b = np.zeros(5), np.array([1.0, -2.0, 0.0, 0.0, 2.0])
    a = gaussian(mean_a, rotation @ np.diag(sd_a**2) @ rotation.T)
    b = gaussian(mean_b, rotation @ np.diag(sd_b**2) @ rotation.T)
    # In the common basis the Gaussians are products of one-dimensional ones: 1 + 0 + 4 + 1 + .25, and 9 for the means.
    assert frechet_distance(a, b) == pytest.approx(15.25, rel=1e-12)


def test_optimal_map_gives_the_distance() -> None:
    """If y = T x with T symmetric positive, T is the optimal transport map and the distance is E|Tx - x|²."""
    rng = np.random.default_rng(1)
    x = features(1, 400, 6)
    root = rng.normal(size=(6, 6))
    transport = root @ root.T / 6 + np.eye(6) * 0.1
    y = x @ transport + 0.7
    cost = np.sum((y - y.mean(0) - (x - x.mean(0))) ** 2) / 399 + np.sum((y.mean(0) - x.mean(0)) ** 2)
    assert frechet_distance(x, y) == pytest.approx(cost, rel=1e-10)


@pytest.mark.parametrize("shape", [(50, 4), (5, 40), (40, 40), (2, 3)])
def test_identical_sets_are_at_distance_zero(shape: tuple[int, int]) -> None:
    x = features(2, *shape)
    scale = np.trace(np.atleast_2d(np.cov(x.T)))
    assert 0 <= frechet_distance(x, x.copy()) < 1e-12 * scale
    assert 0 <= frechet_distance(Moments.of(x), x) < 1e-7 * scale


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**9), n=st.integers(2, 30), m=st.integers(2, 30), d=st.integers(1, 15))
def test_properties(seed: int, n: int, m: int, d: int) -> None:
    a, b = features(seed, n, d), features(seed + 1, m, d)
    distance = frechet_distance(a, b)
    assert isinstance(distance, float)
    assert distance >= 0
    close = pytest.approx(distance, rel=1e-6, abs=1e-6)
    assert frechet_distance(b, a) == close  # symmetric
    assert frechet_distance(a[np.random.default_rng(seed).permutation(n)], b) == close  # no order
    assert frechet_distance(a + 5.0, b + 5.0) == close  # translation
    assert frechet_distance(3 * a, 3 * b) == pytest.approx(9 * distance, rel=1e-6, abs=1e-5)  # squared units
    # The Gram form (features with n ≤ d) and the eigen form (moments) are one number.
    assert frechet_distance(Moments.of(a), Moments.of(b)) == close
    assert frechet_distance(Moments.of(a), b) == close


def test_constant_features() -> None:
    assert frechet_distance(np.zeros((4, 3)), np.zeros((9, 3))) == 0
    assert frechet_distance(np.zeros((4, 3)), np.full((9, 3), 2.0)) == 12
