"""What a matrix holds, and counts recovered from what is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from vivogan.domains.expression.counts import (
    FRACTION,
    LOG1P,
    NEGATIVE,
    NOT_A_NUMBER,
    TOO_GREAT,
    counts_of,
    faults,
    finding,
    first_fault,
    recover,
)
from vivogan.domains.expression.formats.layers import InMemory
from vivogan.domains.expression.formats.sheet import Sheet
from vivogan.domains.expression.records import ReadOptions
from vivogan.errors import InputError

rng = np.random.default_rng(0)
COUNTS = rng.poisson(rng.gamma(0.5, 2, (80, 1)) * rng.gamma(0.3, 3, 60) + 0.3)
COUNTS[:, 0] = 1
SCALED = COUNTS * (1e4 / (COUNTS.sum(1, keepdims=True) + rng.integers(0, 500, (80, 1))))  # some genes were left out


def sparse(values: object) -> csr_matrix:
    return csr_matrix(np.asarray(values, np.float32))


KINDS = {
    "counts": (COUNTS, "counts", "counts"),
    "rounded": (COUNTS + 1e-5, "counts", "counts"),
    "log1p of scaled": (np.log1p(SCALED), "recoverable", "log1p of counts scaled by the library size"),
    "log2 of scaled": (np.log2(1 + SCALED), "recoverable", "log2"),
    "scaled by library": (SCALED, "recoverable", "normalised: counts scaled"),
    "shares": (COUNTS / COUNTS.sum(1, keepdims=True), "recoverable", "each cell sums to 1"),
    "log1p of counts": (np.log1p(COUNTS), "recoverable", "log1p of counts"),
    "z-scores": ((COUNTS - COUNTS.mean(0)) / COUNTS.std(0).clip(0.1), "other", "scaled or centred values"),
    "square roots": (np.sqrt(COUNTS), "other", "as logged values have them"),
    "NaN": (np.where(COUNTS > 0, np.nan, 0), "other", "values that are no numbers"),
    "corrected": (COUNTS * rng.uniform(0.5, 1, COUNTS.shape) * 100, "other", "fractions (such as"),
}


@pytest.mark.parametrize("name", KINDS)
def test_names_what_it_found(name: str) -> None:
    values, kind, text = KINDS[name]
    found = finding(sparse(values))
    assert (found.kind, text in found.text) == (kind, True), found


@pytest.mark.parametrize(
    "name", ["log1p of scaled", "log2 of scaled", "scaled by library", "shares", "log1p of counts"]
)
def test_recovers_the_counts(name: str) -> None:
    matrix = sparse(KINDS[name][0])
    found, wrong = recover(matrix, finding(matrix).transform)
    assert not wrong.any()
    assert np.array_equal(found.toarray(), COUNTS)


@given(
    counts=st.lists(st.integers(1, 300), min_size=3, max_size=40).filter(
        lambda c: np.gcd.reduce(c) == 1 and min(c) <= 3
    ),
    size=st.floats(0.05, 50),
)
def test_recovers_cells_whose_least_count_is_up_to_three(counts: list[int], size: float) -> None:
    found, wrong = recover(
        csr_matrix(np.log1p(np.array([counts]) * size)), "log-normalised: log1p of counts scaled by the library size"
    )
    assert not wrong.any()
    ratio = found.data / np.array(counts)
    assert np.allclose(ratio, ratio[0], rtol=0.05)  # whole multiples: as far as the values tell


def test_cells_that_cannot_be_recovered_are_told() -> None:
    values = np.log1p(SCALED)
    values[3] = rng.uniform(0.5, 3, 60)
    matrix = sparse(values)
    found, wrong = recover(matrix, finding(matrix).transform)
    assert np.flatnonzero(wrong).tolist() == [3]
    assert np.array_equal(np.delete(found.toarray(), 3, 0), np.delete(COUNTS, 3, 0))
    _, wrong = recover(sparse(np.log1p([[1, 2, 0], [0.5, 1, 3]])), LOG1P)
    assert wrong.tolist() == [0, FRACTION]


def test_faults_of_cells() -> None:
    block = csr_matrix(np.array([[1, 0, 2], [np.nan, 1, 0], [1, -2, 0], [0.5, 0, -1], [0, 3e10, 0], [0, 0, 0]]))
    assert faults(block).tolist() == [0, NOT_A_NUMBER, NEGATIVE, FRACTION, TOO_GREAT, 0]
    assert first_fault(block, 2, ["a", "b", "c"]) == "has a negative value (b -2), no count"
    assert first_fault(block, 3, ["a", "b", "c"]) == "has a fraction (a 0.5) and 1 more such, no count"


def sheet(**layers: object) -> Sheet:
    found = {name: InMemory(sparse(values), [f"g{i}" for i in range(60)]) for name, values in layers.items()}
    return Sheet(Path("a.h5ad"), [f"c{i}" for i in range(80)], dict(found))


class TestLayers:
    def test_the_first_that_holds_counts(self) -> None:
        scaled = KINDS["z-scores"][0]
        assert counts_of(sheet(X=COUNTS, counts=COUNTS), ReadOptions())[0] == "X"
        assert counts_of(sheet(X=scaled, raw=COUNTS, spliced=COUNTS), ReadOptions())[0] == "raw"
        assert counts_of(sheet(X=scaled, raw=COUNTS, counts=COUNTS), ReadOptions())[0] == "counts"
        assert counts_of(sheet(X=COUNTS, raw=COUNTS), ReadOptions(layer="raw"))[0] == "raw"

    def test_none_is_refused_by_name(self) -> None:
        both = sheet(X=KINDS["z-scores"][0], raw=np.log1p(SCALED))
        with pytest.raises(
            InputError, match=r"X has scaled or centred .*; raw has values that are log-norm.*--counts recover"
        ):
            counts_of(both, ReadOptions())
        assert counts_of(both, ReadOptions(counts="recover"))[0] == "raw"
        with pytest.raises(InputError, match=r"has no layer 'umi'. Its layers: X, raw"):
            counts_of(both, ReadOptions(layer="umi"))
        with pytest.raises(InputError, match=r"holds no counts: scaled or centred.* Give the raw counts"):
            counts_of(sheet(X=KINDS["z-scores"][0]), ReadOptions(counts="recover"))
