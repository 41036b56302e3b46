from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.stats import wasserstein_distance

from vivogan.domains.expression import metrics
from vivogan.domains.expression.records import Cells
from vivogan.metrics.kernel import mmd

Floats = NDArray[np.float64]


def cells(n: int, seed: int, genes: int = 30, rate: float = 1.0) -> Floats:
    """Counts of n cells: gamma-distributed means per gene, libraries that differ."""
    means = np.random.default_rng(1).gamma(0.6, 2.0, genes)
    rng = np.random.default_rng(seed)
    return rng.poisson(rate * means * rng.lognormal(0, 0.4, (n, 1))).astype(np.float64)


def test_every_cell_is_brought_to_ten_thousand() -> None:
    x = metrics.log_normalised(cells(20, 0) + 1)
    assert np.expm1(x).sum(1) == pytest.approx(np.full(20, 1e4))


def test_an_empty_cell_stays_zero() -> None:
    assert not metrics.log_normalised(np.zeros((2, 5))).any()


def test_summaries_by_hand() -> None:
    codec = SimpleNamespace(genes=["MT-CO1", "a", "b"])
    found = metrics.summaries(torch.tensor([[2.0, 0.0, 6.0], [0.0, 0.0, 0.0]]), codec)
    assert found["log library"].ravel() == pytest.approx([np.log(9), 0])
    assert found["log genes detected"].ravel() == pytest.approx([np.log(3), 0])
    assert found["mitochondrial share"].ravel() == pytest.approx([0.25, 0])
    assert found["share of top 50 genes"].ravel() == pytest.approx([1, 0])


def test_no_mitochondrial_share_without_names() -> None:
    found = metrics.summaries(torch.ones(2, 3), SimpleNamespace(genes=["a", "b", "c"]))
    assert "mitochondrial share" not in found
    assert {values.shape for values in found.values()} == {(2, 1)}


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_w1_agrees_with_scipy_at_unequal_sizes(n: int, m: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 4, (n, 3)).astype(float), rng.normal(size=(m, 3))
    expected = [wasserstein_distance(a[:, j], b[:, j]) for j in range(3)]
    assert metrics.w1_by_column(a, b) == pytest.approx(expected, abs=1e-12)


def test_gene_w1_looks_at_the_genes_that_vary() -> None:
    a = np.zeros((10, 3))
    a[:, 0] = np.arange(10)
    assert metrics.gene_w1(a, a + np.array([1.0, 5.0, 5.0]), genes=1) == pytest.approx(1)


def test_library_w1_is_a_ratio_in_logarithms() -> None:
    a = cells(50, 0) + 1
    assert metrics.library_w1(a, 3 * a) == pytest.approx(np.log(3))


def test_correlations_agree_with_numpy() -> None:
    x = np.random.default_rng(0).normal(size=(40, 6)) @ np.random.default_rng(1).normal(size=(6, 6))
    assert metrics.correlations(x) == pytest.approx(np.corrcoef(x.T))


def test_a_gene_that_never_varies_is_correlated_with_none() -> None:
    x = np.random.default_rng(0).normal(size=(40, 3))
    x[:, 1] = 2
    assert metrics.correlations(x)[1, [0, 2]] == pytest.approx([0, 0])


def test_correlation_agreement_is_lost_when_genes_are_shuffled() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4)) @ rng.normal(size=(4, 20)) + 0.3 * rng.normal(size=(300, 20))
    shuffled = np.column_stack([rng.permutation(column) for column in x.T])
    assert metrics.correlation_agreement(x[:150], x[150:]) > 0.95
    assert metrics.correlation_agreement(x[:150], shuffled[150:]) < 0.3


@pytest.mark.parametrize("score", [metrics.forest_auc_pooled, metrics.forest_auc])
def test_a_forest_tells_other_cells_but_not_the_same(score: object) -> None:
    same = [metrics.log_normalised(cells(60, seed)) for seed in (0, 1)]
    other = metrics.log_normalised(cells(60, 2)[:, ::-1])
    assert callable(score)
    assert 0.3 < score(*same) < 0.7
    assert score(same[0], other) > 0.95


def test_mmd_is_near_zero_for_the_same() -> None:
    same = [metrics.log_normalised(cells(80, seed)) for seed in (0, 1)]
    other = metrics.log_normalised(cells(80, 2)[:, ::-1])
    near, far = (mmd(*metrics.pooled_components(same[0], one)) for one in (same[1], other))
    assert abs(near) < 0.02 < far


def test_components_are_those_of_both() -> None:
    a, b = (metrics.log_normalised(cells(n, n)) for n in (25, 15))
    u, v = metrics.pooled_components(a, b, components=30)
    assert (u.shape, v.shape) == ((25, 30), (15, 30))
    both = np.concatenate([u, v])
    assert both.mean(0) == pytest.approx(np.zeros(30), abs=1e-9)
    assert np.linalg.norm(u[0] - v[0]) == pytest.approx(np.linalg.norm(a[0] - b[0]))


def test_tstr_accuracy_falls_with_wrong_types() -> None:
    x = np.concatenate([cells(40, 0), cells(40, 1)[:, ::-1]])
    y = np.repeat([0, 1], 40)
    logged = metrics.log_normalised(x)
    assert metrics.tstr_accuracy(logged[::2], y[::2], logged[1::2], y[1::2]) > 0.95
    assert metrics.tstr_accuracy(logged[::2], 1 - y[::2], logged[1::2], y[1::2]) < 0.05


def test_curves_by_hand() -> None:
    found = metrics.gene_curves(np.array([[0.0, 2.0], [4.0, 2.0]]))
    assert found["mean"].tolist() == [2, 2]
    assert found["variance"].tolist() == [4, 0]
    assert found["zero share"].tolist() == [0.5, 0]


def test_literature_prefers_real_cells() -> None:
    genes = [f"g{i}" for i in range(30)]
    real, same, worse = (Cells(csr_matrix(x), genes) for x in (cells(60, 0), cells(60, 1), cells(60, 2, rate=0.3)))
    good, bad = metrics.literature(real, same), metrics.literature(real, worse)
    assert good.keys() == bad.keys()
    for name, (value, better) in good.items():
        assert (value > bad[name][0]) == (better == "higher"), name
