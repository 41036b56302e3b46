"""Worth ordering, or why not; and the columns beside what is written."""

from __future__ import annotations

import numpy as np
import pytest

from vivogan.domains.molecules.ordering import OrderRules, orderable
from vivogan.domains.molecules.records import MoleculeRecords
from vivogan.domains.molecules.table import COLUMNS, Known, described

PARACETAMOL = "CC(=O)Nc1ccc(O)cc1"


@pytest.mark.parametrize(
    ("smiles", "why"),
    [
        ("C", "1 heavy atoms"),
        ("C[Si](C)(C)CCCNC(=O)c1ccccc1", "contains Si"),
        ("O=C1C=CC(=O)C(C)=C1c1ccccc1", "PAINS: quinone A"),
        ("CCCCCCCCCCCCCCOc1ccccc1", "rotatable bonds"),
        ("OCC1OC(OC2C(O)C(O)C(O)OC2CO)C(O)C(O)C1O", "polar surface"),
        ("CCCCCCCCCCCCCCCC(=O)OCC(COC(=O)CCCCCCCCCCCCCCC)OC(=O)CCCCCCC", "Lipinski (weight"),
        ("not a molecule", "not a molecule"),
    ],
)
def test_what_speaks_against_a_molecule_is_named(smiles: str, why: str) -> None:
    (verdict,) = orderable([smiles])
    assert verdict.startswith("no: ")
    assert why in verdict


def test_a_plain_drug_may_be_ordered() -> None:
    assert orderable([PARACETAMOL, "COc1cc2ncnc(Nc3ccc(F)c(Cl)c3)c2cc1OCCCN1CCOCC1"]) == ["yes", "yes"]


def test_rules_can_be_changed() -> None:
    assert orderable(["C"], OrderRules(smallest=1, accessible=9)) == ["yes"]
    assert orderable([PARACETAMOL], OrderRules(accessible=1.0))[0].startswith("no: hard to make")


def test_columns_stand_beside_the_labels() -> None:
    made = MoleculeRecords([PARACETAMOL, "CCCCO"], {"class": np.array(["a", "b"])}, ["m1", "m2"])
    known = Known(["CCO", "CC(=O)Nc1ccc(OCC)cc1", "CCCO"], ["ethanol", "phenacetin", "propanol"])
    found = described(made, known)
    assert list(found.labels) == [*COLUMNS, "alerts", "order", "nearest", "nearest_smiles", "similarity", "class"]
    assert found.labels["nearest"].tolist() == ["phenacetin", "propanol"]
    assert 0.4 < float(found.labels["similarity"][0]) < 1
    assert found.labels["weight"].tolist() == ["151.2", "74.1"]
    assert found.labels["donors"].tolist() == ["2", "1"]
    assert found.ids == made.ids


def test_without_known_molecules_nothing_is_near() -> None:
    made = MoleculeRecords(["CCO"], {}, ["m1"])
    for known in (None, Known([], [])):
        assert "nearest" not in described(made, known).labels
