"""The words of the command line as functions, without a trained run where none is needed."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import vivogan
from vivogan.domains.classes import Classes
from vivogan.domains.molecules import api
from vivogan.domains.molecules.making import levelled, new_ones
from vivogan.domains.molecules.records import MoleculeRecords
from vivogan.domains.molecules.table import Known
from vivogan.errors import InputError, UserError

DRUGS = ["CC(=O)Oc1ccccc1C(=O)O", "CC(=O)Nc1ccc(O)cc1", "CC(C)Cc1ccc(C(C)C(=O)O)cc1", "Cn1c(=O)c2c(ncn2C)n(C)c1=O"]


class Endless:
    """A run that makes the numbers of its samples, every third of them one molecule, and some that are none."""

    def generate(self, n: int, where: Any, seed: int, start: int, truncation: float, keep: float) -> MoleculeRecords:
        made = ["" if i % 5 == 4 else "C" * (1 + i // 3) for i in range(start, start + n)]
        return MoleculeRecords(made, {"kind": np.array(["a"] * n)}, [f"s{i}" for i in range(start, start + n)])


def test_molecules_are_a_public_name() -> None:
    assert vivogan.molecules is api
    assert all(hasattr(api, name) for name in api.__all__)
    assert api.predict.domain == "molecules"


def test_clean_writes_what_can_be_used_and_says_the_rest(tmp_path: Path) -> None:
    source = tmp_path / "mixed.csv"
    rows = [f"{smiles}.[Na+].[Cl-],{i}" for i, smiles in enumerate(DRUGS)]
    source.write_text("\n".join(["smiles,value", *rows, "not_a_molecule,3", f"{DRUGS[0]},0"]) + "\n")
    found = api.clean(source, tmp_path / "clean.csv", labels="value")
    assert found["molecules"] == 4
    assert len(found["refusals"]) == 1
    written = list(csv.DictReader((tmp_path / "clean.csv").open()))
    assert {row["smiles"] for row in written} == set(DRUGS)
    assert json.loads((tmp_path / "clean-report.json").read_text())["refusals"] == found["refusals"]


def test_new_molecules_are_different_and_unknown() -> None:
    known = Known(["C", "CCC"], ["methane", "propane"])
    found = new_ones(Endless(), 10, known, None, 0, 0, 1.0, 1.0)  # type: ignore[arg-type]
    assert len(found) == 10
    assert len(set(found.smiles)) == 10
    assert not {"", "C", "CCC"} & set(found.smiles)
    assert found.notes == []
    assert len(found.labels["kind"]) == 10
    assert len(set(found.ids)) == 10


def test_a_run_without_enough_new_molecules_says_so() -> None:
    known = Known(["C" * i for i in range(1, 200)], ["alkane"] * 199)
    found = new_ones(Endless(), 10, known, None, 0, 0, 1.0, 1.0)  # type: ignore[arg-type]
    assert len(found) == 0
    assert found.notes == ["only 0 new molecules among 200 samples"]


def test_levels_are_not_written_as_measurements() -> None:
    asked = MoleculeRecords(["CCO"], {"pIC50": np.array(["7.1 to 8.2"])}, ["m1"])
    run = SimpleNamespace(classes=Classes("pIC50", ("up to 7.1", "7.1 to 8.2"), (5, 5), (7.1,)))
    assert list(levelled(asked, run).labels) == ["level"]  # type: ignore[arg-type]
    named = SimpleNamespace(classes=Classes("pIC50", ("7.1 to 8.2",), (5,)))
    assert list(levelled(asked, named).labels) == ["pIC50"]  # type: ignore[arg-type]


def test_any_two_files_are_judged_by_the_suites(tmp_path: Path) -> None:
    (tmp_path / "made.smi").write_text("\n".join([*DRUGS, DRUGS[0], "nonsense"]) + "\n")
    (tmp_path / "real.smi").write_text("\n".join([*DRUGS, "CCCCO", "c1ccncc1", "CCN"]) + "\n")
    found = api.evaluate(tmp_path / "made.smi", tmp_path / "real.smi", train=tmp_path / "real.smi", fcd=False)
    scores = {score["name"]: score["value"] for score in found["scores"]}
    assert found["generated"] == str(tmp_path / "made.smi")
    valid = next(value for name, value in scores.items() if name.lower().startswith("valid"))
    novelty = next(value for name, value in scores.items() if "novel" in name.lower())
    assert valid == pytest.approx(5 / 6)
    assert novelty == 0


def test_what_is_no_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.smi"):
        api.evaluate(DRUGS, tmp_path / "absent.smi")


def test_ones_own_molecules_are_screened(tmp_path: Path) -> None:
    (tmp_path / "own.smi").write_text("\n".join([f"{DRUGS[1]} a", "C[NH+](CCCl)CCCl b", "O=C1C=CC(=O)C=C1 c"]) + "\n")
    found = api.screen(tmp_path / "own.smi")
    assert found["molecules"] == 3
    assert found["hazards"]["withheld"] == {"nitrogen mustards (CWC 1.A.6)": 1}
    assert found["alerts"]["PAINS: quinone A"] == 1
    assert found["orderable"] == 1
    rows = {row["id"]: row for row in found["rows"]}
    assert rows["b"]["hazard"].startswith("nitrogen mustards")
    assert rows["a"]["order"] == "yes"
    assert rows["b"]["order"].startswith("no: nitrogen mustards")
    assert "quinone" in rows["c"]["order"]


def test_a_list_that_is_not_there_is_said_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--screen"):
        api.generate(None, 5, tmp_path / "made.smi", screen=tmp_path / "absent.smi")  # type: ignore[arg-type]


def test_optimising_towards_toxicity_is_refused(tmp_path: Path) -> None:
    (tmp_path / "start.smi").write_text("\n".join(DRUGS) + "\n")
    (tmp_path / "toxicity.py").write_text("def score(rows):\n    return [1.0 for _ in rows]\n")
    with pytest.raises(UserError):
        api.optimize(tmp_path / "start.smi", ["toxicity:score"], tmp_path / "designs")
    assert not (tmp_path / "designs").exists()
