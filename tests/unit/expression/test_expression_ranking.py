from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu
from sklearn.metrics import roc_auc_score

from vivogan.domains.expression.ranking import marker_overlap, top_genes, wilcoxon_auc


def labelled(seed: int, n: int = 90, genes: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Three types; each has five genes of its own."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    x = rng.poisson(1.0, (n, genes)).astype(float)
    for k in range(3):
        x[y == k, 5 * k : 5 * k + 5] += rng.poisson(4, ((y == k).sum(), 5))
    return x, y


def test_the_statistic_is_the_area_under_the_curve() -> None:
    x, y = labelled(0)
    x = x[:, :8]
    found = wilcoxon_auc(x, y)
    expected = [[roc_auc_score(y == k, x[:, g]) for g in range(8)] for k in range(3)]
    assert found == pytest.approx(np.array(expected))


def test_it_ranks_as_the_mann_whitney_statistic() -> None:
    x, y = labelled(1)
    found = top_genes(x, y, np.arange(3), top=5)
    for k in range(3):
        u = mannwhitneyu(x[y == k], x[y != k], axis=0).statistic
        assert set(np.argsort(-u)[:5].tolist()) == set(found[k].tolist())


def test_overlap_of_the_same_and_of_other_markers() -> None:
    (a, y), (b, _) = labelled(0), labelled(1)
    assert marker_overlap(a, y, a, y) == 1
    assert marker_overlap(a, y, b, y, top=5) == 1
    assert marker_overlap(a, y, b[:, ::-1], y, top=5) == 0


def test_types_without_cells_on_one_side_are_left_out() -> None:
    x, y = labelled(0)
    assert marker_overlap(x, y, x[y < 2], y[y < 2], top=5) > 0.5
    assert marker_overlap(x, y, x[y == 0], y[y == 0]) == 0
