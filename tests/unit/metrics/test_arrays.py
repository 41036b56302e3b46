"""Every metric refuses unusable input in one clear line, and takes any real dtype."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from vivogan.metrics.bootstrap import interval
from vivogan.metrics.frechet import frechet_distance
from vivogan.metrics.inception import inception_score
from vivogan.metrics.kernel import kernel_distance, mmd
from vivogan.metrics.manifold import coverage, precision_recall_density_coverage
from vivogan.metrics.memorisation import adversarial_accuracy, memorisation, nearest
from vivogan.metrics.statistics import Moments
from vivogan.metrics.utility import classifier_two_sample

GOOD = np.random.default_rng(0).normal(size=(30, 3))
PAIRS: list[Callable[[Any, Any], Any]] = [
    frechet_distance,
    kernel_distance,
    mmd,
    coverage,
    precision_recall_density_coverage,
    adversarial_accuracy,
    nearest,
    classifier_two_sample,
    lambda a, b: memorisation(a, GOOD[:, : np.shape(a)[-1]], b),
    lambda a, b: memorisation(a, b, GOOD[:, : np.shape(a)[-1]]),
]
FUNCTIONS = pytest.mark.parametrize("function", PAIRS)


@FUNCTIONS
@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (np.zeros(30), "shape"),
        (np.zeros((30, 3, 1)), "shape"),
        (np.zeros((30, 0)), "no columns"),
        (np.zeros((0, 3)), "rows"),
        (np.where(np.eye(30, 3) > 0, np.nan, 1.0), "row 0"),
        (np.where(np.eye(30, 3) > 0, np.inf, 1.0), "not finite"),
        (np.full((30, 3), "a"), "real numbers"),
        (np.ones((30, 3), dtype=complex), "real numbers"),
        (GOOD[:, :2], "columns"),
    ],
    ids=["vector", "cube", "no columns", "empty", "nan", "inf", "text", "complex", "narrow"],
)
def test_refusals(function: Callable[[Any, Any], Any], bad: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        function(GOOD, bad)
    assert "\n" not in str(caught.value)


@FUNCTIONS
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_any_float_dtype_is_computed_in_float64(function: Callable[[Any, Any], Any], dtype: type) -> None:
    a, b = GOOD.astype(dtype), (GOOD[::-1] * 1.5).astype(dtype)
    narrow, wide = function(a, b), function(a.astype(np.float64), b.astype(np.float64))
    if isinstance(narrow, tuple):
        assert all(np.array_equal(x, y) for x, y in zip(narrow, wide, strict=True))
    else:
        assert narrow == wide


@pytest.mark.parametrize(
    "call",
    [
        lambda: frechet_distance(GOOD[:1], GOOD),
        lambda: frechet_distance(Moments.of(GOOD[:1]), GOOD),
        lambda: kernel_distance(GOOD, GOOD, subsets=0),
        lambda: mmd(GOOD, GOOD, [0.0]),
        lambda: mmd(GOOD, GOOD, []),
        lambda: mmd(np.ones((5, 2)), np.ones((5, 2))),
        lambda: coverage(GOOD, GOOD, 0),
        lambda: coverage(GOOD[:5], GOOD, 5),
        lambda: precision_recall_density_coverage(GOOD, GOOD[:5], 5),
        lambda: memorisation(np.ones((9, 3)), GOOD, GOOD),
        lambda: classifier_two_sample(GOOD, GOOD, folds=1),
        lambda: inception_score(GOOD),
        lambda: inception_score(np.full((20, 4), 0.2)),
        lambda: inception_score(np.full((5, 2), 0.5)),
        lambda: interval(np.mean),
        lambda: interval(np.mean, GOOD, n=1),
        lambda: interval(np.mean, GOOD, level=1.0),
        lambda: interval(np.mean, GOOD[:0]),
        lambda: interval(lambda s: float("nan"), GOOD),
        lambda: Moments(0, np.zeros(2), np.zeros((2, 2))),
        lambda: Moments(3, np.zeros(2), np.zeros((3, 3))),
        lambda: Moments.from_dict({"count": 3}),
        lambda: Moments.of(GOOD) + Moments.of(GOOD[:, :2]),
    ],
)
def test_other_refusals(call: Callable[[], Any]) -> None:
    with pytest.raises(ValueError) as caught:
        call()
    assert "\n" not in str(caught.value)
