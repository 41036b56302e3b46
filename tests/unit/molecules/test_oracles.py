"""Oracles of molecules: what their names mean, and what is said where they mean nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from rdkit import DataStructs
from rdkit.Chem import AllChem, MolFromSmiles

from vivogan.domains.molecules import properties
from vivogan.domains.molecules.oracles import oracle, pattern, unit_range
from vivogan.domains.molecules.tools import learned as room
from vivogan.errors import UserError

SMILES = ["CCO", "c1ccccc1O", "CC(=O)Nc1ccc(O)cc1"]


@pytest.mark.parametrize("name", ["qed", "sa", "logp", "weight", "rings"])
def test_properties_by_name(name: str) -> None:
    said = oracle(name).values([*SMILES, "C1CC"])
    assert said[:3].tolist() == pytest.approx([properties.PROPERTIES[name](MolFromSmiles(s)) for s in SMILES])
    assert np.isnan(said[3])


def test_similarity_is_that_of_morgan_bits() -> None:
    prints = [AllChem.GetMorganFingerprintAsBitVect(MolFromSmiles(s), 2, 2048) for s in SMILES]
    expected = [DataStructs.TanimotoSimilarity(prints[2], one) for one in prints]
    assert oracle("similar(CC(=O)Nc1ccc(O)cc1)").values(SMILES).tolist() == pytest.approx(expected)


def test_novelty_is_distance_from_a_file(tmp_path: Path) -> None:
    known = tmp_path / "known.smi"
    known.write_text("CCO\nc1ccccc1O\n")
    said = oracle(f"novel({known})").values(SMILES)
    assert said[:2].tolist() == [0, 0]
    assert 0 < said[2] < 1


def test_which_values_lie_between_0_and_1() -> None:
    assert [unit_range(w) for w in ("qed", "similar(C)", "novel(a.smi)", "logp", "runs/a")] == [True] * 3 + [False] * 2


def test_commands_and_functions_speak_of_objectives() -> None:
    one = oracle(f'{sys.executable} -c "import sys; [print(len(s.strip())) for s in sys.stdin]"')
    assert one.values(SMILES).tolist() == [3, 9, 18]
    with pytest.raises(UserError, match="--objective no_such_module_here:f: cannot be imported"):
        oracle("no_such_module_here:f")


def test_predictors_by_their_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, float]] = []

    def learned(body: str, sign: float) -> SimpleNamespace | None:
        asked.append((body, sign))
        return SimpleNamespace(values=lambda: lambda smiles: np.full(len(smiles), 7.0)) if "runs" in body else None

    monkeypatch.setattr(room, "learned", learned)
    found = oracle("runs/a:pIC50@lcb", -1.0)
    assert asked == [("runs/a:pIC50@lcb", -1.0)]
    assert found.learned is not None
    assert found.values(SMILES).tolist() == [7, 7, 7]


@pytest.mark.parametrize(
    "body", ["nonsense", "runs/none:y", "similar()", "similar(C1CC)", "novel(none.smi)", "no-such -x"]
)
def test_what_is_not_there_is_refused_in_one_line(body: str) -> None:
    with pytest.raises(UserError) as error:
        oracle(body)
    assert "\n" not in str(error.value)


def test_substructures_are_smarts() -> None:
    assert MolFromSmiles("CCO").HasSubstructMatch(pattern("[OX2H]", "--must"))
    with pytest.raises(UserError, match=r"--must-not C\(: is not a SMARTS"):
        pattern("C(", "--must-not")
