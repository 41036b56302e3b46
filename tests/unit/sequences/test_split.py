"""Splits keep clusters, groups and given parts together, whatever the set."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivogan.domains.sequences.clusters import clusters
from vivogan.domains.sequences.records import SequenceRecords
from vivogan.domains.sequences.split import split
from vivogan.errors import InputError


def records(count: int, copies: int = 1, seed: int = 0, classes: int = 1, **more: object) -> SequenceRecords:
    """``count`` unrelated sequences of 60 letters, each with near copies of itself."""
    rng = random.Random(seed)
    sequences = []
    for _ in range(count):
        founder = "".join(rng.choices("ACGT", k=60))
        sequences += [
            founder[:i] + "ACGT"[("ACGT".index(founder[i]) + 1) % 4] + founder[i + 1 :] for i in range(copies)
        ]
    labels = {"kind": np.array([str(i % classes) for i in range(len(sequences))])} if classes > 1 else {}
    ids = [f"r{i}" for i in range(len(sequences))]
    return SequenceRecords(sequences=sequences, labels=labels, ids=ids, **more)  # type: ignore[arg-type]


def test_shares_and_determinism() -> None:
    found = split(records(100, 2), seed=1)
    assert [len(part) for part in (found.train, found.selection, found.test)] == [140, 30, 30]
    again = split(records(100, 2), seed=1)
    other = split(records(100, 2), seed=2)
    assert found.test.tolist() == again.test.tolist() != other.test.tolist()


def test_clusters_stay_together() -> None:
    data = records(30, 4)
    found = split(data, seed=0)
    alike = clusters(data.sequences, data.identity, data.aligned)
    sides = [set(alike[part].tolist()) for part in (found.train, found.selection, found.test)]
    assert not sides[0] & sides[1]
    assert not sides[0] & sides[2]
    assert not sides[1] & sides[2]


def test_classes_are_shared_out() -> None:
    data = records(200, classes=2)
    found = split(data, seed=0)
    assert [int((data.classes[part] == "0").sum()) for part in (found.train, found.selection, found.test)] == [
        70,
        15,
        15,
    ]


def test_measurements_are_shared_out() -> None:
    data = records(200)
    data.labels["expr"] = np.array([str(i / 7) for i in range(200)])
    found = split(data, seed=0)
    values = data.classes.astype(float)
    assert abs(values[found.test].mean() - values.mean()) < 0.15 * values.std()


@settings(max_examples=30)
@given(st.integers(3, 14), st.integers(1, 4), st.integers(0, 3), st.integers(1, 3))
def test_no_part_is_empty_and_none_overlap(count: int, copies: int, seed: int, classes: int) -> None:
    data = records(count, copies, seed, classes)
    found = split(data, seed)
    everything = np.concatenate([found.train, found.selection, found.test])
    assert sorted(everything.tolist()) == list(range(len(data)))
    assert min(map(len, (found.train, found.selection, found.test))) > 0


def test_variants_of_one_sequence_are_split_with_a_note() -> None:
    data = records(1, 40)
    found = split(data, seed=0)
    assert [len(part) for part in (found.train, found.selection, found.test)] == [28, 6, 6]
    assert any("could not be kept on one side" in note for note in data.notes)


def test_groups_stay_together() -> None:
    data = records(40, group=np.array([f"g{i % 8}" for i in range(40)]))
    found = split(data, seed=0)
    assert data.group is not None
    sides = [set(data.group[part].tolist()) for part in (found.train, found.selection, found.test)]
    assert sum(map(len, sides)) == 8


def test_given_parts_are_kept() -> None:
    part = np.array(["train"] * 30 + ["test"] * 10)
    found = split(records(40, part=part), seed=0)
    assert found.test.tolist() == list(range(30, 40))
    assert len(found.selection) == 5
    with pytest.raises(InputError, match="no train part"):
        split(records(4, part=np.array(["test"] * 4)), seed=0)


def test_two_groups_cannot_fill_three_parts() -> None:
    with pytest.raises(InputError, match="2 groups are too few"):
        split(records(20, group=np.array(["a", "b"] * 10)), seed=0)
