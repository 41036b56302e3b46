"""Whole donors lie on one side; else classes are shared out; given parts are kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from vivogan.domains.expression.data import ExpressionRecords, split
from vivogan.errors import InputError


def cells(n: int = 200) -> ExpressionRecords:
    rng = np.random.default_rng(0)
    return ExpressionRecords(
        counts=csr_matrix(rng.poisson(1, (n, 5)).astype(np.int32)),
        genes=list("abcde"),
        labels={"type": np.array(["B", "T", "T", "NK"] * (n // 4))},
        ids=[f"c{i}" for i in range(n)],
    )


def test_classes_are_shared_out() -> None:
    records = cells()
    found = split(records, 1)
    assert sorted(np.concatenate([found.train, found.selection, found.test]).tolist()) == list(range(200))
    for part, size in ((found.train, 140), (found.selection, 30), (found.test, 30)):
        assert len(part) == size
        assert abs(np.mean(records.classes[part] == "T") - 0.5) < 0.05
    assert np.array_equal(found.test, split(records, 1).test)
    assert not np.array_equal(found.test, split(records, 2).test)


def test_whole_donors_lie_on_one_side() -> None:
    records = replace(cells(), group=np.array([f"d{i % 9}" for i in range(200)]))
    found = split(records, 0)
    assert records.group is not None
    sides = [set(records.group[part].tolist()) for part in (found.train, found.selection, found.test)]
    assert all(sides)
    assert sum(map(len, sides)) == 9


def test_given_parts_are_kept() -> None:
    records = replace(cells(), part=np.array(["train"] * 150 + ["test"] * 50))
    found = split(records, 0)
    assert found.test.tolist() == list(range(150, 200))
    assert len(found.selection) == round(150 * 15 / 85)
    with pytest.raises(InputError, match="no train part"):
        split(replace(cells(), part=np.array(["test"] * 200)), 0)


def test_two_donors_are_too_few() -> None:
    with pytest.raises(InputError, match="2 groups are too few"):
        split(replace(cells(), group=np.array(["d1", "d2"] * 100)), 0)
