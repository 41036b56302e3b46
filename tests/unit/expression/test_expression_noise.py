"""The noise of counts: a key says it all, and its law is the negative binomial's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import kstest, nbinom

from vivogan.core.seeds import latents
from vivogan.domains.expression.noise import keys, negative_binomial, uniforms


def keyed(n: int, seed: int = 0) -> torch.Tensor:
    return keys(torch.from_numpy(latents(seed, np.arange(n), 2)))


def test_uniforms_are_uniform_and_independent_over_cells_and_genes() -> None:
    share = uniforms(keyed(2000), 60).numpy().astype(np.float64)
    assert share.min() > 0
    assert share.max() < 1
    assert kstest(share.ravel(), "uniform").pvalue > 1e-3
    over_genes, over_cells = np.corrcoef(share.T), np.corrcoef(share[:300])
    for found, n in ((over_genes, 2000), (over_cells, 60)):
        off = found[np.triu_indices(len(found), 1)] * np.sqrt(n)
        assert abs(off.std() - 1) < 0.05


def test_a_key_decides_whatever_is_asked_with_it() -> None:
    key = keyed(64)
    assert torch.equal(uniforms(key, 50)[10:20], uniforms(key[10:20], 50))
    assert not torch.equal(uniforms(key, 50), uniforms(key, 50, stream=1))


@pytest.mark.parametrize(
    ("mean", "shape"), [(0.02, 5.0), (0.7, 0.5), (4.0, 3.0), (11.0, 1.0), (30.0, 40.0), (200.0, 4.0)]
)
def test_counts_have_the_law_of_the_negative_binomial(mean: float, shape: float) -> None:
    n, genes = 4000, 20
    x = negative_binomial(torch.full((n, genes), mean).log(), torch.full((n, genes), shape), keyed(n)).numpy().ravel()
    assert (x == np.rint(x)).all()
    assert x.min() >= 0
    law = nbinom(shape, shape / (shape + mean))
    error = np.sqrt((mean + mean**2 / shape) / x.size)
    assert abs(x.mean() - mean) < 4 * error + 0.01 * mean
    assert x.var() == pytest.approx(law.var(), rel=0.08)
    support = np.arange(int(law.ppf(0.999)) + 1)
    assert np.abs((x[:, None] <= support).mean(0) - law.cdf(support)).max() < 0.015
