"""One structure, one SMILES: however it was drawn, and as fast as the structure allows."""

from __future__ import annotations

import csv
import gzip
import os
import random
from pathlib import Path

import pytest
from rdkit import Chem

from vivogan.domains.molecules.standardise import Rules, is_plain, standard, standardised, tools

REAL = Path(os.environ.get("VIVOGAN_DATA", "/nowhere"))
needs_data = pytest.mark.skipif(not REAL.is_dir(), reason="VIVOGAN_DATA names no folder")


def structures(path: str, most: int) -> list[str]:
    with gzip.open(REAL / path, "rt") as file:
        rows = [row["smiles"].strip() for row in csv.DictReader(file)]
    return random.Random(0).sample(rows, min(most, len(rows)))


def every_step(smiles: str) -> str:
    """RDKit's steps one after the other, none left out."""
    steps = tools()
    mol = steps.metals.Disconnect(Chem.MolFromSmiles(smiles))
    mol = steps.chooser.choose(steps.reionizer.reionize(steps.normalizer.normalize(mol)))
    mol = steps.reionizer.reionize(steps.uncharger.uncharge(mol))
    return str(Chem.MolToSmiles(Chem.MolFromSmiles(Chem.MolToSmiles(mol))))


@pytest.mark.parametrize(
    ("drawn", "kept"),
    [
        ("CC(=O)[O-].[Na+]", "CC(=O)O"),  # a salt
        ("CC(=O)O[Na]", "CC(=O)O"),  # the same, drawn as a bond
        ("C[NH3+].[Cl-]", "CN"),
        ("CCO.O", "CCO"),  # a hydrate
        ("CN(=O)=O", "C[N+](=O)[O-]"),
        ("C[S+]([O-])C", "CS(C)=O"),
        ("C[N+](C)(C)CC(=O)[O-]", "C[N+](C)(C)CC(=O)[O-]"),  # no proton takes this charge away
        ("[CH3:1][OH:2]", "CO"),
        ("[2H]OC", "[2H]OC"),
        ("N[C@@H](C)C(=O)O", "C[C@H](N)C(=O)O"),
        ("F/C=C/F", "F/C=C/F"),
        ("N[Pt](N)(Cl)Cl", "[NH2][Pt]([NH2])([Cl])[Cl]"),  # a complex stays whole
    ],
)
def test_is_drawn_in_one_way(drawn: str, kept: str) -> None:
    assert standard(drawn, Rules()).smiles == kept


def test_rules_are_followed() -> None:
    salt = "C[NH3+].[Cl-]"
    assert standard(salt, Rules(fragments="keep", charges="keep")).smiles == "C[NH3+].[Cl-]"
    assert standard(salt, Rules(charges="keep")).smiles == "C[NH3+]"
    assert standard("C[C@H](F)Cl", Rules(stereo="drop")).smiles == "CC(F)Cl"
    drawn = {standard(one, Rules(tautomers="canonical")).smiles for one in ("Oc1ccccn1", "O=c1cccc[nH]1")}
    assert drawn == {"O=c1cccc[nH]1"}
    assert standard("Oc1ccccn1", Rules()).smiles == "Oc1ccccn1"


def test_says_what_it_did() -> None:
    assert standard("CCO", Rules()).changed == ()
    assert standard("CC(=O)[O-].[Na+]", Rules()).changed == ("fragments", "charges")
    assert standard("C[S+]([O-])C", Rules()).changed == ("redrawn",)


@pytest.mark.parametrize(
    ("smiles", "words"),
    [
        ("", "no structure"),
        ("C1CC", "ring bond 1"),
        ("C%12CC", "ring bond 12"),
        ("CC(C", "'(' is not closed"),
        ("CC)C", "')' has no '('"),
        ("C[NH", "'[' is not closed"),
        ("C[Xx]", "[Xx] is no atom"),
        ("C&C", "'&' at letter 2"),
        ("CC(C)(C)(C)C", "atom 2 (C) has 5 bonds"),
        ("c1cccc1", "aromatic atoms 1, 2, 3, 4, 5"),
        ("cC", "atom 1 is aromatic and in no ring"),
        ("CC=", "no SMILES"),
        ("CCO>>CC=O", "reaction"),
        ("*CC", "open place"),
        ("C" * 10_000, "10000 heavy atoms"),
        ("(" * 100_000, "heavy atoms"),
        ("C" * 151, "151 heavy atoms"),
        ("c1cc[cH-]c1.c1cc[cH-]c1.[Fe+2]", "no molecule any more"),
    ],
)
def test_says_what_is_wrong(smiles: str, words: str) -> None:
    found = standard(smiles, Rules())
    assert found.smiles == ""
    assert words in found.fault


def test_order_is_kept_and_workers_change_nothing() -> None:
    drawn = ["CCO", "C1CC", "CC(=O)[O-].[Na+]"] * 5
    assert standardised(drawn, Rules(), workers=1) == [standard(one, Rules()) for one in drawn]


@needs_data
@pytest.mark.parametrize("file", ["bbbp", "clintox", "esol", "tox21", "hiv", "bace"])
def test_the_fast_path_equals_every_step(file: str) -> None:
    compared = plain = 0
    for smiles in structures(f"moleculenet/{file}.csv.gz", 500):
        found = standard(smiles, Rules(heaviest=1000))
        if found.smiles and ":" not in smiles:
            assert found.smiles == every_step(smiles), smiles
            compared += 1
            plain += is_plain(Chem.MolToSmiles(Chem.MolFromSmiles(smiles)))
    assert compared > 400
    assert 0 < plain <= compared


@needs_data
def test_targets_are_left_as_they_are_and_standard_is_a_fixed_point() -> None:
    for smiles in structures("target_activity/CHEMBL234_Ki.csv.gz", 500):
        found = standard(smiles, Rules()).smiles
        assert found == every_step(smiles)
        assert standard(found, Rules()).smiles == found
