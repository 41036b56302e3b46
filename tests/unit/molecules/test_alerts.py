"""Alerts: those of RDKit's catalogues, by name and by atom."""

from __future__ import annotations

import pytest
from rdkit import Chem
from rdkit.Chem import FilterCatalog

from vivogan.domains.molecules.alerts import alerts, counted
from vivogan.errors import UserError

QUINONE, AZO = "O=C1C=CC(=O)C=C1", "Oc1ccccc1N=Nc1ccccc1"
VARIED = [
    QUINONE, AZO, "CC(=O)Oc1ccccc1C(=O)O", "O=C1CSC(=S)N1c1ccccc1", "O=C1NC(=O)C(=Cc2ccco2)S1", "CCN(CC)c1ccccc1",
    "Oc1ccc(O)c(O)c1", "c1ccc2[nH]ccc2c1", "CC1=NN(c2ccccc2)C(=O)C1=Cc1ccccc1", "Cc1ccc(NN=C2C(=O)Nc3ccccc32)cc1",
    "CN(C)c1ccc(C=C2C(=O)NC(=O)S2)cc1", "Oc1ccccc1C=NNC(=O)c1ccccc1", "CCCCCCCC", "C[N+](C)(C)CCO",
]  # fmt: skip


def catalogue(*names: str) -> FilterCatalog.FilterCatalog:
    wanted = FilterCatalog.FilterCatalogParams()
    for name in names:
        wanted.AddCatalog(getattr(FilterCatalog.FilterCatalogParams.FilterCatalogs, name))
    return FilterCatalog.FilterCatalog(wanted)


def plain(name: str) -> str:
    """A name as RDKit gives it without its ornaments."""
    return name.split("(")[0].replace("_", " ").strip()


def test_pains_are_those_of_rdkits_catalogue() -> None:
    whole = catalogue("PAINS_A", "PAINS_B", "PAINS_C")
    for smiles, found in zip(VARIED, alerts(VARIED, ["PAINS"]), strict=True):
        listed = whole.GetMatches(Chem.MolFromSmiles(smiles))
        assert sorted(alert.name for alert in found) == sorted(plain(entry.GetDescription()) for entry in listed)
    assert sum(map(bool, alerts(VARIED, ["PAINS"]))) >= 6


def test_an_alert_says_where_it_is() -> None:
    (azo,) = (alert for alert in alerts([AZO])[0] if alert.catalogue == "PAINS")
    mol = Chem.MolFromSmiles(AZO)
    assert {mol.GetAtomWithIdx(atom).GetSymbol() for atom in azo.atoms} == {"N"}
    assert str(azo) == "PAINS: azo A"
    twice = alerts(["O=CCCCCC=O"], ["Brenk"])[0]
    (aldehyde,) = (alert for alert in twice if alert.name == "aldehyde")
    assert {0, 7} <= set(aldehyde.atoms)


def test_catalogues_are_chosen_by_name() -> None:
    assert {alert.catalogue for alert in alerts([QUINONE])[0]} == {"PAINS", "Brenk"}
    assert {alert.catalogue for alert in alerts([QUINONE], ["NIH"])[0]} <= {"NIH"}
    assert alerts(["CN(CCCl)CCCl"], ["NIH"])[0]
    with pytest.raises(UserError, match="PAINS, Brenk, NIH"):
        alerts([QUINONE], ["Lilly"])


def test_what_is_no_molecule_has_no_alert() -> None:
    assert alerts(["", "no molecule", "CCO"]) == [[], [], []]


def test_molecules_are_counted_once_an_alert() -> None:
    found = counted(alerts([QUINONE, QUINONE, AZO, "CCO"]))
    assert found["PAINS: quinone A"] == 2
    assert found["PAINS: azo A"] == 1
    assert list(found.values()) == sorted(found.values(), reverse=True)
