"""Cells ⇄ tensors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_matrix

from vivogan.domains.expression.codec import ExpressionCodec, sparse
from vivogan.domains.expression.components import Components
from vivogan.domains.expression.features import ExpressionExtractor, fit_extractor
from vivogan.domains.expression.records import ExpressionRecords
from vivogan.errors import DamagedRun


def records(counts: np.ndarray, genes: list[str] | None = None, most_variable: int = 2000) -> ExpressionRecords:
    names = genes or [f"g{i}" for i in range(counts.shape[1])]
    ids = [f"c{i}" for i in range(len(counts))]
    return ExpressionRecords(csr_matrix(counts.astype(np.int32)), names, {}, ids, most_variable=most_variable)


def cells(n: int = 60, genes: int = 30, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.poisson(rng.gamma(0.5, 4, genes) * rng.gamma(2, 0.5, (n, 1)))


@settings(max_examples=30, deadline=None)
@given(arrays(np.int32, st.tuples(st.integers(1, 7), st.integers(1, 9)), elements=st.integers(0, 9000)))
def test_sparse_is_the_same_matrix(counts: np.ndarray) -> None:
    found = sparse(torch.from_numpy(counts).float())
    assert found.shape == counts.shape
    assert found.dtype == np.int32
    assert (found.toarray() == counts).all()
    assert found.nnz == (counts != 0).sum()
    assert found.has_sorted_indices


def test_there_and_back() -> None:
    given_ = records(cells())
    codec = ExpressionCodec.fit(given_, np.arange(40))
    x = codec.encode(given_, np.array([3, 50]))
    assert x.dtype == torch.float32
    assert x.shape == (2, 30)
    decoded = codec.decode(x)
    assert decoded.genes == codec.genes == given_.genes
    assert (decoded.counts.toarray() == given_.counts[[3, 50]].toarray()).all()


def test_it_takes_the_most_variable_genes_by_name() -> None:
    counts = np.ones((40, 6), int)
    counts[::2, 2], counts[1::2, 4] = 90, 70
    given_ = records(counts, most_variable=2)
    codec = ExpressionCodec.fit(given_, np.arange(40))
    assert codec.genes == ["g2", "g4"]
    other = records(counts[:, [4, 0, 2]], ["g4", "g0", "g2"])
    assert torch.equal(codec.encode(other, np.arange(40)), codec.encode(given_, np.arange(40)))
    lacking = records(counts[:, :4], ["g0", "g1", "g2", "g3"])
    assert (codec.encode(lacking, np.arange(3))[:, 1] == 0).all()


def test_state_returns() -> None:
    given_ = records(cells())
    codec = ExpressionCodec.fit(given_, np.arange(60))
    again = ExpressionCodec.from_state(*codec.state())
    x = codec.encode(given_, np.arange(9))
    assert again.genes == codec.genes
    assert again.cells == 60
    assert torch.equal(again.components(x), codec.components(x))
    with pytest.raises(DamagedRun):
        ExpressionCodec.from_state({}, {"genes": []})


def test_components_are_those_of_scikit_learn() -> None:
    from sklearn.decomposition import PCA

    x = torch.from_numpy(cells(200, 40)).float()
    components = Components.fit(x)
    logged = torch.log1p(x * 1e4 / x.sum(1, keepdim=True)).double().numpy()
    expected = PCA(5).fit_transform(logged)
    found = components(x).double().numpy()
    assert found.shape == (200, 40)
    assert np.abs(np.abs(found[:, :5]) - np.abs(expected)).max() < 0.02 * expected.std(0)[0]


def test_components_of_noise_are_no_features() -> None:
    rng = np.random.default_rng(0)
    rates = rng.gamma(1, 2, 300)
    types = rates * np.exp(rng.normal(0, 1.5, (6, 300)))[rng.integers(6, size=400)]
    noise, structured = (torch.from_numpy(rng.poisson(mean, (400, 300))).float() for mean in (rates, types))
    assert Components.steady(noise).axes.shape == (300, 2)
    assert Components.steady(structured).axes.shape == (300, 5)  # as many as tell six types apart
    assert Components.steady(structured[:3]).axes.shape == (300, 2)
    assert Components.steady(structured[:1]).axes.shape == (300, 1)


def test_features_return() -> None:
    x = torch.from_numpy(cells(200, 40)).float()
    extractor = fit_extractor(x, seed=0)
    features = extractor(x).shape[1]
    assert extractor.name.startswith(f"pca{features}-")
    assert ExpressionExtractor.from_state(extractor.state()[0]).name == extractor.name
    assert extractor(x[:0]).shape == (0, features)
    assert extractor(x).var(0).mean() == pytest.approx(1, rel=1e-3)
