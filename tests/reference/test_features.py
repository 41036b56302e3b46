"""Our numbers are those of torch-fidelity, torchmetrics and prdc on the same features.

The stored ones always, the live ones where the libraries are installed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.reference import make_golden
from tests.reference.inputs import FEATURE_SETS, feature_pair, logits
from vivogan.metrics.frechet import frechet_distance
from vivogan.metrics.inception import inception_score
from vivogan.metrics.kernel import kernel_distance, mmd
from vivogan.metrics.manifold import coverage, precision_recall_density_coverage
from vivogan.metrics.statistics import Moments

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden.json").read_text())
TOLERANCE = 1e-6  # relative
SETS = pytest.mark.parametrize("name", list(FEATURE_SETS))


def close(value: Any) -> Any:
    return pytest.approx(value, rel=TOLERANCE, abs=1e-12)


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


@SETS
def test_frechet_distance_is_the_stored_fid(name: str) -> None:
    a, b = feature_pair(name)
    stored = GOLDEN["features"][name]
    for ours in (frechet_distance(a, b), frechet_distance(Moments.of(a), Moments.of(b)), frechet_distance(b, a)):
        assert ours == close(stored["fid_torch_fidelity"])
        assert ours == close(stored["fid_torchmetrics"])


@SETS
def test_kernel_distance_is_the_stored_kid(name: str) -> None:
    a, b = feature_pair(name)
    stored = GOLDEN["features"][name]
    assert list(kernel_distance(a, b, subsets=7, size=15, seed=2020)) == close(stored["kid_torch_fidelity"])
    n = min(len(a), len(b))
    assert kernel_distance(a[:n], b[:n], subsets=1, size=n)[0] == close(stored["kid_torchmetrics"])
    assert mmd(a[:n], b[:n], [3.0]) == close(stored["rbf_torch_fidelity"])


@SETS
@pytest.mark.parametrize("k", [1, 3, 5])
def test_precision_recall_density_coverage_are_the_stored_ones(name: str, k: int) -> None:
    a, b = feature_pair(name)
    stored = GOLDEN["features"][name]["prdc"][str(k)]
    assert vars(precision_recall_density_coverage(a, b, k)) == close(stored)
    assert coverage(a, b, k) == close(stored["coverage"])


@pytest.mark.parametrize("splits", [1, 3, 10])
def test_inception_score_is_the_stored_one(splits: int) -> None:
    assert list(inception_score(softmax(logits()), splits)) == close(GOLDEN["inception_score"][str(splits)])


@pytest.mark.parametrize("seed", range(3))
def test_live_torch_fidelity(seed: int) -> None:
    _needs("torch_fidelity", "metric_fid")
    a, b = _pair(seed, 150, 130, 10)
    assert frechet_distance(a, b) == close(make_golden.torch_fidelity_fid(a, b))
    ours = kernel_distance(a, b, subsets=5, size=40, seed=seed)
    assert list(ours) == close(make_golden.torch_fidelity_kid(a, b, subsets=5, size=40, seed=seed))
    assert list(inception_score(softmax(a), 4)) == close(make_golden.torch_fidelity_isc(a, 4))


@pytest.mark.parametrize("seed", range(3))
def test_live_torchmetrics(seed: int) -> None:
    _needs("torchmetrics", "image.fid")
    a, b = _pair(seed, 80, 80, 100)
    assert frechet_distance(a, b) == close(make_golden.torchmetrics_fid(a, b))
    assert kernel_distance(a, b, subsets=1, size=80)[0] == close(make_golden.torchmetrics_kid(a, b))


@pytest.mark.parametrize("seed", range(3))
def test_live_prdc(seed: int) -> None:
    pytest.importorskip("prdc")
    a, b = _pair(seed, 70, 90, 6)
    assert vars(precision_recall_density_coverage(a, b, 4)) == close(make_golden.prdc(a, b, 4))


def _pair(seed: int, n: int, m: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.normal(size=(m, d)) * 1.3 + 0.2


def _needs(library: str, module: str) -> None:
    try:
        getattr(make_golden, library)(module)
    except ImportError as error:
        pytest.skip(f"{library} cannot be imported: {error}")
