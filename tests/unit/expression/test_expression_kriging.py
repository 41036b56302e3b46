"""The response of an unmeasured type from the others: what follows exactly, and what must not leak."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from vivogan.domains.expression.tools.kriging import Kriging, Types, measured, predicted
from vivogan.domains.expression.tools.normalise import log_normalised, moments, variable_genes

rng = np.random.default_rng(0)
GENES = 60


def types_of(shift: np.ndarray, control: np.ndarray, noise: float = 1e-4) -> Types:
    count = len(control)
    small = np.full_like(control, noise)
    cells = np.full((count, 2), 50)
    names = [f"type {k}" for k in range(count)]
    return Types(names, control, shift, small, small, cells, np.corrcoef(control), control)


def test_moments_are_those_of_the_dense_matrix() -> None:
    counts = csr_matrix(rng.poisson(0.7, (40, 12)))
    levels = log_normalised(counts)
    dense = np.log1p(counts.toarray() / counts.toarray().sum(1, keepdims=True) * 1e4)
    mean, variance = moments(levels)
    assert levels.toarray() == pytest.approx(dense)
    assert mean == pytest.approx(dense.mean(0))
    assert variance == pytest.approx(dense.var(0))


def test_variable_genes_are_those_that_vary() -> None:
    counts = rng.poisson(rng.uniform(2, 9, 30), (200, 30))
    counts[:, [3, 17]] = rng.poisson(np.where(np.arange(200) < 100, 9, 1)[:, None], (200, 2))
    counts[:, 5] = 0
    found = variable_genes(log_normalised(csr_matrix(counts)), 4)
    assert {3, 17} <= set(found.tolist())
    assert 5 not in variable_genes(log_normalised(csr_matrix(counts)), 30)


def test_a_type_like_a_known_one_responds_like_it() -> None:
    control = rng.uniform(0, 3, (4, GENES))
    control[3] = control[1]
    shift = rng.normal(0, 1, (4, GENES)) + 2
    mean, variance = Kriging(0.0, 0.1).predict(types_of(shift, control), 3, np.array([0, 1, 2]))
    assert mean == pytest.approx(np.maximum(shift[1], -control[3]), abs=0.1)
    unlike = control.copy()
    unlike[3] = rng.uniform(0, 3, GENES)
    _, wider = Kriging(0.0, 0.1).predict(types_of(shift, unlike), 3, np.array([0, 1, 2]))
    assert (wider > variance).mean() > 0.9


def test_no_level_falls_below_zero() -> None:
    control = rng.uniform(0, 0.5, (4, GENES))
    mean, _ = Kriging().predict(types_of(np.full((4, GENES), -2.0), control), 3, np.array([0, 1, 2]))
    assert (mean >= -control[3] - 1e-12).all()


def test_what_is_predicted_is_not_looked_at() -> None:
    control, shift = rng.uniform(0, 3, (6, GENES)), rng.normal(0, 1, (6, GENES))
    others = np.arange(5)
    shift[:] += 3
    one = predicted(types_of(shift, control), 5, others, others)
    shift[5] = np.nan
    two = predicted(types_of(shift, control), 5, np.arange(6), np.arange(6))
    assert one.mean == pytest.approx(two.mean)
    assert np.isfinite(one.variance).all()


def test_measured_types_have_their_means_and_noise() -> None:
    levels = rng.uniform(0, 2, (90, 5))
    names = np.repeat(["a", "b", "c"], 30)
    stimulated = np.tile([True, False], 45)
    stimulated[60:] = False  # c was measured in control alone
    found = measured(csr_matrix(levels), names, stimulated, ["a", "b", "c"])
    assert found.control[1] == pytest.approx(levels[30:60][~stimulated[30:60]].mean(0))
    assert found.shift[0] == pytest.approx(levels[:30][stimulated[:30]].mean(0) - levels[:30][~stimulated[:30]].mean(0))
    assert np.isnan(found.shift[2]).all()
    assert found.cells.tolist() == [[15, 15], [15, 15], [30, 0]]
    assert found.control_noise[2] == pytest.approx(np.full(5, 1 / 3 / 30), rel=0.5)


def test_what_all_types_share_is_not_shrunk() -> None:
    """Profiles that have nothing in common would let kriging alone go half the way."""
    control = rng.uniform(1, 3, (6, 150))
    shift = np.tile(rng.normal(0, 2, 150), (6, 1)) + rng.normal(0, 0.05, (6, 150))
    found = predicted(types_of(shift, control), 5, np.arange(5), np.arange(5))
    rising = shift[5] > 1
    assert np.polyfit(shift[5][rising], found.mean[rising], 1)[0] == pytest.approx(1, abs=0.2)
