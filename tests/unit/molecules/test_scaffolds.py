"""Scaffolds are those of Bemis and Murcko, and the split that MoleculeNet publishes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit.Chem.Scaffolds import MurckoScaffold

from vivogan.domains.molecules.scaffolds import scaffold, scaffold_order, scaffold_split, scaffolds

REAL = Path(os.environ.get("VIVOGAN_DATA", "/nowhere"))
SERIES = ["c1ccccc1", "c1ccncc1", "C1CCCCC1"]


def test_equal_to_rdkits() -> None:
    for smiles in ["CC(=O)Oc1ccccc1C(=O)O", "C[C@H]1CCN(C)C[C@@H]1Nc1ncnc2[nH]ccc12", "O=C1CCCC1CCc1ccccn1", "CCO"]:
        assert scaffold(smiles) == MurckoScaffold.MurckoScaffoldSmiles(smiles)


def test_frequent_ones_teach_and_rare_ones_test() -> None:
    smiles = ["c1ccccc1C", "c1ccccc1CC", "c1ccccc1CCC", "c1ccncc1C", "C1CCCCC1C"]
    train, valid, test = scaffold_split(smiles, (0.6, 0.2, 0.2))
    assert (train, valid, test) == ([0, 1, 2], [4], [3])


@given(st.lists(st.tuples(st.sampled_from(SERIES), st.integers(1, 9)), min_size=5, max_size=60))
def test_whole_scaffolds_once(picked: list[tuple[str, int]]) -> None:
    smiles = [f"{'C' * tail}{core}" for core, tail in picked]
    parts = scaffold_split(smiles)
    assert sorted(i for part in parts for i in part) == list(range(len(smiles)))
    found = scaffolds(smiles)
    sides = [{found[i] for i in part} for part in parts]
    assert not sides[0] & sides[1]
    assert not sides[1] & sides[2]
    assert not sides[0] & sides[2]
    sizes = [len(members) for members in scaffold_order(found)]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.skipif(not REAL.is_dir(), reason="VIVOGAN_DATA names no folder")
def test_sizes_on_a_real_set() -> None:
    import csv
    import gzip

    with gzip.open(REAL / "moleculenet" / "bace.csv.gz", "rt") as file:
        smiles = [row["smiles"] for row in csv.DictReader(file)]
    assert [len(part) for part in scaffold_split(smiles)] == [1210, 151, 152]  # the sizes that MoleculeNet reports
