"""Whole scaffolds on one side, and given parts and groups respected."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from vivogan.domains.molecules.data import MoleculeRecords
from vivogan.domains.molecules.split import split
from vivogan.errors import InputError

CORES = ["c1ccccc1", "c1ccncc1", "C1CCCCC1", "c1ccoc1", "c1ccsc1", "C1CCNC1", "c1cnc[nH]1", "C1CC1", "c1ccc2ccccc2c1"]


def series(tails: int = 6) -> MoleculeRecords:
    smiles = [f"{'C' * (tail + 1)}{core}" for core in CORES for tail in range(tails)]
    smiles += ["C" * n for n in range(2, 12)]
    return MoleculeRecords(smiles, {}, [str(i) for i in range(len(smiles))])


def sides(records: MoleculeRecords, seed: int = 0) -> list[set[int]]:
    found = split(records, seed)
    return [set(part.tolist()) for part in (found.train, found.selection, found.test)]


def test_scaffolds_lie_on_one_side_and_chains_stand_alone() -> None:
    records = series()
    parts = sides(records)
    assert sorted(i for part in parts for i in part) == list(range(len(records)))
    cores = [{records.scaffolds[i] for i in part} - {""} for part in parts]
    assert not any(one & other for one, other in itertools.combinations(cores, 2))
    assert sum(any(records.scaffolds[i] == "" for i in part) for part in parts) >= 2
    assert parts == sides(series())
    assert parts != sides(records, seed=1)


def test_a_random_split_cuts_scaffolds() -> None:
    records = replace(series(), splitting="random")
    parts = sides(records)
    cores = [{records.scaffolds[i] for i in part} for part in parts]
    assert cores[0] & cores[2]
    assert [len(part) for part in parts] == [44, 10, 10]


def test_one_series_is_dissolved_and_noted() -> None:
    records = MoleculeRecords([f"{'C' * n}c1ccccc1" for n in range(1, 21)], {}, [str(i) for i in range(20)])
    assert [len(part) for part in sides(records)] == [14, 3, 3]
    assert any("share a scaffold" in note for note in records.notes)


def test_given_parts_and_groups() -> None:
    records = series()
    part = np.array(["test" if i % 5 == 0 else "train" for i in range(len(records))])
    found = sides(replace(records, part=part))
    assert found[2] == set(np.flatnonzero(part == "test").tolist())
    assert found[1]
    with pytest.raises(InputError, match="no train part"):
        split(replace(records, part=np.full(len(records), "test")), 0)
    group = np.array([str(i % 7) for i in range(len(records))])
    grouped = sides(replace(records, group=group, splitting="random"))
    assert not {group[i] for i in grouped[0]} & {group[i] for i in grouped[2]}
