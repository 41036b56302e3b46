"""Screening: every family is caught in any spelling, medicines pass, and a user's own list is kept."""

from __future__ import annotations

import csv
import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem

from vivogan.domains.molecules.hazards import LIST, UNREADABLE, ScreenSettings, screen, screened, skeletons
from vivogan.domains.molecules.records import MoleculeRecords
from vivogan.domains.molecules.scheduled import FAMILIES, SUBSTANCES, Action
from vivogan.errors import UserError

DATA = os.environ.get("VIVOGAN_DATA")
needs_data = pytest.mark.skipif(not DATA, reason="VIVOGAN_DATA names no folder of data sets")

# One member of each family: reagents, simulants and medicines rather than agents.
MEMBERS = {
    "organophosphorus fluorides": "CC(C)OP(=O)(OC(C)C)F",
    "phosphonous and phosphorous fluorides": "FP(F)c1ccccc1",
    "phosphorus cyanides": "CCOP(=O)(C#N)OCC",
    "aminoethyl phosphonothiolates": "CCOP(=O)(OCC)SCC[N+](C)(C)C",
    "aminoethyl phosphonites": "COP(c1ccccc1)OCCN(C)C",
    "phosphonic chlorides": "ClP(=O)(Cl)c1ccccc1",
    "small alkylphosphorus compounds": "COP(C)(=O)OC",
    "phosphoramidic dihalides": "CN(C)P(=O)(Cl)Cl",
    "sulfur mustards": "CCSCCCl",
    "organoarsenic halides": "C[As](C)Cl",
    "chlorovinylarsines": "C[As](C)C=CCl",
    "nitrogen mustards": "C[NH+](CCCl)CCCl",
    "aminoethyl chlorides": "CCN(CC)CCCl",
    "saxitoxins": "CC1NC(=N)N2CCCC23NC(=N)NC13",
    "quaternary dimethylcarbamoyloxypyridines": "CN(C)C(=O)Oc1cccnc1C[N+](C)(C)C",
    "caged bicyclic phosphates": "CC12COP(=O)(OC1)OC2",
    "fentanyls": "CCC(=O)N(c1ccccc1)C2(CC[NH+](CC2)CCC(=O)OC)C(=O)OC",
    "nitazenes": "NCCn1c(Cc2ccccc2)nc2ccccc12",
    "tetrahalogenated dioxins": "Clc1cc2Oc3cc(Cl)c(Cl)cc3Oc2cc1Cl",
    "tetrahalogenated dibenzofurans": "Brc1cc2oc3cc(Br)c(Br)cc3c2cc1Br",
    "fluoroacetates": "NC(=O)CF",
    "dialkylmercury": "CC[Hg]CC",
    "cyclic organic peroxides": "CC1(C)OOC(C)(C)OO1",
}
CAUTIONED = {
    "nitrate ester": "O=[N+]([O-])O[C@H]1CO[C@@H]2[C@@H](O)CO[C@H]12",  # isosorbide mononitrate
    "N-nitro compound": "CN(C)[N+](=O)[O-]",
    "three nitro groups": "Cc1c([N+](=O)[O-])cc([N+](=O)[O-])cc1[N+](=O)[O-]",
    "azide": "Cc1cn([C@H]2C[C@H](N=[N+]=[N-])[C@@H](CO)O2)c(=O)[nH]c1=O",  # zidovudine
    "organic peroxide": "C[C@@H]1CC[C@H]2[C@@H](C)C(=O)O[C@@H]3O[C@]4(C)CC[C@@H]1C32OO4",  # artemisinin
    "deactivated nitrogen mustard": "O=C(O)CCCc1ccc(N(CCCl)CCCl)cc1",  # chlorambucil
}
MEDICINES = {
    "aspirin": "CC(=O)Oc1ccccc1C(=O)O",
    "imatinib": "Cc1ccc(NC(=O)c2ccc(CN3CCN(C)CC3)cc2)cc1Nc1nccc(-c2cccnc2)n1",
    "pyridostigmine": "CN(C)C(=O)Oc1ccc[n+](C)c1",
    "amifostine": "NCCCNCCSP(=O)(O)O",
    "tenofovir": "C[C@H](Cn1cnc2c(N)ncnc21)OCP(=O)(O)O",
    "fosfomycin": "C[C@@H]1O[C@@H]1P(=O)(O)O",
    "sofosbuvir": "CC(C)OC(=O)[C@H](C)NP(=O)(OC[C@@H]1[C@@H](O)[C@](C)(F)[C@@H](O1)n1ccc(=O)[nH]c1=O)Oc1ccccc1",
    "dutasteride": "C[C@]12CC[C@H]3[C@@H](CC[C@H]4NC(=O)C=C[C@]34C)[C@@H]1CC[C@@H]2C(=O)Nc1cc(C(F)(F)F)ccc1C(F)(F)F",
    "haloperidol": "O=C(CCCN1CCC(O)(c2ccc(Cl)cc2)CC1)c1ccc(F)cc1",
    "clindamycin": "CCC[C@@H]1C[C@H](N(C)C1)C(=O)N[C@@H]([C@@H]1O[C@H](SC)[C@H](O)[C@@H](O)[C@H]1O)[C@H](C)Cl",
    "clidinium": "C[N+]12CCC(CC1)C(C2)OC(=O)C(O)(c1ccccc1)c1ccccc1",
}  # fmt: skip


def records(smiles: list[str]) -> MoleculeRecords:
    labels = {"y": np.array([str(i) for i in range(len(smiles))])}
    return MoleculeRecords(smiles, labels, [f"m{i}" for i in range(len(smiles))])


@pytest.mark.parametrize(("family", "smiles"), MEMBERS.items())
def test_every_family_is_caught_in_any_spelling(family: str, smiles: str) -> None:
    mol = Chem.MolFromSmiles(smiles)
    spelt = [Chem.MolToSmiles(mol, doRandom=True) for _ in range(5)] + [f"{smiles}.Cl", f"O.{smiles}"]
    found = screen([smiles, *spelt])
    assert not found.kept.any()
    assert all(family in str(reason) for reason in found.reasons), found.reasons


def test_every_family_that_withholds_has_a_member_here() -> None:
    for family in FAMILIES:
        known = MEMBERS if family.action is Action.withhold else CAUTIONED
        assert any(family.name.startswith(name) for name in known), family.name


@pytest.mark.parametrize(("caution", "smiles"), CAUTIONED.items())
def test_what_calls_for_caution_is_kept_and_said(caution: str, smiles: str) -> None:
    kept, found = screened(records([smiles, "CCO"]))
    assert kept.smiles == [smiles, "CCO"]
    assert kept.remarks is not None
    assert caution in kept.remarks[0]
    assert kept.remarks[1] == ""
    assert f"1 {caution}" in found.line


@pytest.mark.parametrize("name", MEDICINES)
def test_medicines_pass(name: str) -> None:
    assert screen([MEDICINES[name]]).reasons == [None]


def test_substances_are_known_by_their_skeleton_alone() -> None:
    assert all(len(key) == 14 and key.isupper() for key in SUBSTANCES)
    assert screen(["OC1CN2CCC1CC2", "O[C@H]1CN2CCC1CC2", "OC1C[NH+]2CCC1CC2"]).reasons == ["CWC Schedule 2.B"] * 3


def test_what_is_withheld_is_counted_and_named_by_reason_only() -> None:
    kept, found = screened(records(["CCO", "C#N", "NC(=O)CF", "CCSCCCl", "CCSCCBr"]))
    assert kept.smiles == ["CCO"]
    assert kept.ids == ["m0"]
    assert kept.labels["y"].tolist() == ["0"]
    assert found.withheld["sulfur mustards (CWC 1.A.4)"] == 2
    assert found.line.startswith("4 of 5 molecules withheld by screening (sulfur mustards (CWC 1.A.4): 2; ")
    for said in (found.line, str(found.to_dict())):
        assert not any(smiles in said for smiles in ("CCS", "CF", "m1"))


def test_what_cannot_be_read_is_not_written() -> None:
    assert screen(["no molecule", ""]).reasons == [UNREADABLE] * 2


def test_nothing_is_screened_without_a_word() -> None:
    found = screen(["CCO"])
    assert found.line.startswith("screened against ")
    assert found.line.endswith("nothing withheld")
    assert screen([]).line.endswith("nothing withheld")


def test_a_list_of_ones_own_withholds_its_molecules_and_their_analogues(tmp_path: Path) -> None:
    own = tmp_path / "secret.smi"
    ours = "CN1CCN(CC1)c1ccc(cc1)C(=O)Nc1ccc(C)c(c1)C(F)(F)F"
    own.write_text(f"{ours} ours\nCCCCCCCCCCOc1ccc(cc1)C(N)=O longer\n")
    analogue = "CCCCCCCCCOc1ccc(cc1)C(N)=O"
    found = screen(["Cc1ccc(NC(=O)c2ccc(cc2)N2CCN(C)CC2)cc1C(F)(F)F", analogue, "CCO"], ScreenSettings.given(own))
    assert found.reasons == ["listed in secret.smi", "close analogue of what secret.smi lists", None]
    assert "secret.smi" in found.line


def test_a_list_of_keys_needs_no_structures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "keys.txt"
    own.write_text("LFQSCWFLJHTTHZ-UHFFFAOYSA-N\tethanol\n\nQTBSBXVTEAMEQO\n")
    monkeypatch.setenv(LIST, str(own))
    assert screen(["CCO", "CC(=O)O", "CCN"]).kept.tolist() == [False, False, True]


def test_a_list_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--screen"):
        screen(["CCO"], ScreenSettings.given(tmp_path / "absent.smi"))


def test_skeletons_of_the_parts_of_a_salt() -> None:
    assert skeletons(["CCO.[Na+]", "x"]) == ["LFQSCWFLJHTTHZ.FKNQFGJONOIPTF", ""]


# Approved, and withheld all the same: scheduled (mechlorethamine), cholinesterase inhibitors (isoflurophate,
# echothiophate), opioids of the fentanyl family, and hydrogen cyanide, which the data call approved.
APPROVED_AND_WITHHELD = 8


@needs_data
def test_approved_drugs_pass_but_for_those_that_are_known() -> None:
    with gzip.open(Path(str(DATA)) / "moleculenet" / "clintox.csv.gz", "rt") as file:
        approved = [row["smiles"] for row in csv.DictReader(file) if row["FDA_APPROVED"] == "1"]
    readable = [smiles for smiles in approved if Chem.MolFromSmiles(smiles) is not None]
    found = screen(readable)
    held = {smiles: reason for smiles, reason in zip(readable, found.reasons, strict=True) if reason}
    assert len(held) == APPROVED_AND_WITHHELD, held
    assert found.withheld["fentanyls"] == 4


@needs_data
def test_screening_compounds_pass() -> None:
    with gzip.open(Path(str(DATA)) / "moses" / "test.csv.gz", "rt") as file:
        smiles = [row["SMILES"] for _, row in zip(range(3000), csv.DictReader(file), strict=False)]
    assert screen(smiles).kept.mean() >= 0.999
