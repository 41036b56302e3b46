"""The three parts: whole, disjoint, stratified, and never two sides for one donor or one picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivogan.domains.images.data import ImageRecords, split
from vivogan.errors import InputError


def records(labels: list[str], group: list[str] | None = None, part: list[str] | None = None) -> ImageRecords:
    count = len(labels)
    images: list[Any] = [np.array([[[i % 251, i // 251]]], np.uint8) for i in range(count)]
    columns = {"type": np.array(labels, dtype=np.str_)}
    own = None if group is None else np.array(group, dtype=np.str_)
    given_part = None if part is None else np.array(part, dtype=np.str_)
    return ImageRecords(images, columns, [str(i) for i in range(count)], [], [], given_part, own, "test")


classes = st.lists(st.sampled_from("abcd"), min_size=1, max_size=120)


@settings(max_examples=80, deadline=None)
@given(classes, st.integers(0, 5))
def test_parts_are_whole_disjoint_and_know_every_class(labels: list[str], seed: int) -> None:
    parts = split(records(labels), seed)
    together = np.concatenate([parts.train, parts.selection, parts.test])
    assert sorted(together.tolist()) == list(range(len(labels)))
    for name in set(labels):
        if labels.count(name) >= 3:
            assert any(labels[i] == name for i in parts.train)
    if len(labels) >= 6:
        assert len(parts.selection) >= 2
        assert len(parts.test) >= 2
        assert len(parts.train) >= 2


def test_shares_and_strata() -> None:
    labels = ["a"] * 200 + ["b"] * 100 + ["c"] * 20
    parts = split(records(labels), 0)
    assert (len(parts.train), len(parts.selection), len(parts.test)) == (224, 48, 48)
    assert sum(labels[i] == "c" for i in parts.test) == 3
    assert sum(labels[i] == "a" for i in parts.selection) == 30


def test_seed_decides() -> None:
    data = records(["a", "b"] * 50)
    assert (split(data, 3).test == split(data, 3).test).all()
    assert (split(data, 3).test != split(data, 4).test).any()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("123456789")), min_size=1, max_size=80))
def test_a_group_stays_on_one_side(rows: list[tuple[str, str]]) -> None:
    data = records([label for label, _ in rows], group=[group for _, group in rows])
    try:
        parts = split(data, 0)
    except InputError:  # few groups, each with a class of its own, that train may not lose
        assert len({group for _, group in rows}) < 3 or len({label for label, _ in rows}) > 1
        return
    sides = [{rows[i][1] for i in part} for part in (parts.train, parts.selection, parts.test)]
    assert sum(len(side) for side in sides) == len(set().union(*sides))
    assert sum(len(p) for p in (parts.train, parts.selection, parts.test)) == len(rows)
    assert all(sides)


def test_identical_images_stay_on_one_side() -> None:
    data = records(["a"] * 40)
    for i in range(0, 40, 2):
        data.images[i + 1] = data.images[i].copy()
    parts = split(data, 1)
    for part in (parts.train, parts.selection, parts.test):
        assert {i // 2 * 2 for i in part} | {i // 2 * 2 + 1 for i in part} == set(part.tolist())


def test_given_parts_are_kept() -> None:
    part = ["train"] * 10 + ["selection"] * 4 + ["test"] * 6
    parts = split(records(["a"] * 20, part=part), 0)
    assert parts.train.tolist() == list(range(10))
    assert parts.test.tolist() == list(range(14, 20))


def test_selection_is_cut_out_of_train_when_only_train_and_test_are_given() -> None:
    parts = split(records(["a", "b"] * 60, part=["train"] * 100 + ["test"] * 20), 0)
    assert parts.test.tolist() == list(range(100, 120))
    assert len(parts.selection) == round(100 * 0.15 / 0.85)
    assert parts.selection.max() < 100


def test_a_split_without_train_is_refused() -> None:
    with pytest.raises(InputError, match="no train part"):
        split(records(["a"] * 4, part=["test"] * 4), 0)
