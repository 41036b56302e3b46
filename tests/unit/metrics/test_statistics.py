from __future__ import annotations

import json
from functools import reduce
from operator import add

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vivogan.metrics.statistics import Moments


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    d=st.integers(1, 6),
    offset=st.sampled_from([0.0, 1.0, 1e6]),
)
def test_shards_merge_to_the_moments_of_the_whole(seed: int, sizes: list[int], d: int, offset: float) -> None:
    shards = [np.random.default_rng([seed, i]).normal(size=(n, d)) + offset for i, n in enumerate(sizes)]
    merged = reduce(add, map(Moments.of, shards))
    whole = np.concatenate(shards)
    assert merged.count == len(whole)
    np.testing.assert_allclose(merged.mean, whole.mean(axis=0), rtol=1e-12, atol=1e-12)
    if len(whole) > 1:
        expected = np.cov(whole.T, ddof=1).reshape(d, d)
        np.testing.assert_allclose(merged.covariance, expected, rtol=1e-7, atol=1e-9 * max(1.0, offset * 1e-3))


def test_integers_merge_without_any_rounding() -> None:
    x = np.random.default_rng(0).integers(-8, 8, size=(64, 3)).astype(float)
    x[32:] = x[:32] + 4  # halves with dyadic means, so that every operation is exact
    x[:32] -= x[:32].mean(axis=0)
    x[32:] -= x[32:].mean(axis=0) - 2
    merged = Moments.of(x[:32]) + Moments.of(x[32:])
    assert np.array_equal(merged.mean, Moments.of(x).mean)
    np.testing.assert_allclose(merged.m2, Moments.of(x).m2, rtol=1e-15, atol=1e-12)


def test_small_spread_on_a_large_mean_survives() -> None:
    noise = np.random.default_rng(1).integers(0, 2, size=(1000, 1)).astype(float)
    np.testing.assert_allclose(Moments.of(noise + 2.0**40).covariance, np.var(noise, ddof=1), rtol=1e-12)


def test_json_round_trip_keeps_every_bit() -> None:
    moments = Moments.of(np.random.default_rng(2).normal(size=(7, 3)))
    again = Moments.from_dict(json.loads(json.dumps(moments.to_dict())))
    assert again.count == moments.count
    assert np.array_equal(again.mean, moments.mean)
    assert np.array_equal(again.m2, moments.m2)
