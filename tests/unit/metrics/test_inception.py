from __future__ import annotations

import numpy as np
import pytest

from vivogan.metrics.inception import inception_score


def test_extremes() -> None:
    sharp = np.eye(5)[np.arange(50) % 5]
    assert inception_score(sharp, splits=2) == pytest.approx((5.0, 0.0))  # certain, and spread over five classes
    assert inception_score(np.full((50, 5), 0.2)) == pytest.approx((1.0, 0.0))  # knows nothing
    assert inception_score(np.eye(5)[np.zeros(50, dtype=int)]) == pytest.approx((1.0, 0.0))  # one class alone


def test_parts_in_the_given_order() -> None:
    # The first half has one class, the second two: scores 1 and 2.
    p = np.eye(2)[np.array([0, 0, 0, 0, 0, 1, 0, 1])]
    assert inception_score(p, splits=2) == pytest.approx((1.5, 0.5))
    assert inception_score(p[::-1], splits=2) == pytest.approx((1.5, 0.5))


def test_float32_softmax_is_accepted() -> None:
    x = np.random.default_rng(0).dirichlet(np.ones(1008), size=40).astype(np.float32)
    assert inception_score(x)[0] > 1
