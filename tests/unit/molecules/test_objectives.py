"""Objectives: what specifications mean, how good values are, and that toxicity is never raised."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem

from vivogan.domains.molecules import oracles as room
from vivogan.domains.molecules.objectives import (
    LEAST,
    Constraints,
    Desirability,
    Objective,
    desirabilities,
    objective,
    overall,
    refuse_toxic,
)
from vivogan.domains.oracles import Oracle
from vivogan.errors import UserError

SMILES = ["CC(=O)Oc1ccccc1C(=O)O", "CCO", "c1ccc2ccccc2c1"]


def constant(name: str, weight: float = 1.0, **wanted: float) -> Objective:
    return Objective(Oracle(name, lambda s: np.zeros(len(s))), Desirability(**wanted), weight)


# ── specifications ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("spec", "name", "sign", "low", "high", "weight"),
    [
        ("qed", "qed", 1, None, None, 1),
        ("-sa*2", "sa", -1, None, None, 2),
        ("logp=1..3", "logp", 1, 1, 3, 1),
        ("logp = -1 .. 3.5 * .5", "logp", 1, -1, 3.5, 0.5),
        ("weight<500", "weight", 1, None, 500, 1),
        ("tpsa>60*3", "tpsa", 1, 60, None, 3),
        ("similar(C=CO)>.4", "similar(C=CO)", 1, 0.4, None, 1),
        ("similar(CC(=O)Nc1ccc(O)cc1)", "similar(CC(=O)Nc1ccc(O)cc1)", 1, None, None, 1),
    ],
)
def test_specifications(spec: str, name: str, sign: float, low: float, high: float, weight: float) -> None:
    found = objective(spec)
    d = found.desirability
    assert (found.name, d.sign, d.low, d.high, found.weight) == (name, sign, low, high, weight)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("-logp<3", "which way is better"),
        ("logp=3..1", "empty"),
        ("qed*0", "weighs nothing"),
        ("nothing_of_this_name", "no property"),
        ("similar(C1CC)>.4", "is not a SMILES"),
        ("", "without a name"),
    ],
)
def test_what_cannot_be_meant_is_refused(spec: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        objective(spec)


def test_a_function_of_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_molecule_scores.py").write_text(
        "def carbons(smiles):\n    return [s.count('C') for s in smiles]\n"
    )
    monkeypatch.chdir(tmp_path)
    found = objective("own_molecule_scores:carbons>2")
    assert found.values(["CCC", "O"]).tolist() == [3, 0]
    assert found.desirability.met(found.values(["CCC", "O"])).tolist() == [True, False]


# ── toxicity ────────────────────────────────────────────────────────────────────────────────────────────────────────

HARM = ["toxicity", "hERG", "AMES", "DILI", "CT_TOX", "NR-AhR", "SR-p53", "tox21", "hepatotoxicity", "cytotox",
        "runs/herg_blockers", "Carcinogens", "mutagenicity", "pLD50", "haemolysis", "clintox"]  # fmt: skip
HARMLESS = ["pIC50", "names", "runs/activity", "nontoxic", "solubility", "qed", "BBBP", "games", "dilithium", "error"]


@pytest.mark.parametrize("name", HARM)
def test_toxicity_may_fall_and_never_rise(name: str) -> None:
    with pytest.raises(UserError, match="would raise toxicity"):
        refuse_toxic(["runs/x", name], True, name)
    refuse_toxic(["runs/x", name], False, name)


@pytest.mark.parametrize("name", HARMLESS)
def test_other_things_may_rise(name: str) -> None:
    refuse_toxic([name], True, name)


@pytest.mark.parametrize("name", ["LD50", "oral_LD50_rat", "LC50", "ld_50"])
def test_lethal_doses_are_refused_both_ways(name: str) -> None:
    for raised in (True, False):
        with pytest.raises(UserError, match="unclear which direction"):
            refuse_toxic([name], raised, name)


@pytest.mark.parametrize(
    ("spec", "allowed"),
    [("{}", False), ("-{}", True), ("{}<.3", True), ("{}>.3", False), ("{}=.2..9", False), ("{}*-2", True)],
)
@pytest.mark.parametrize("where", ["column", "task", "source", "folder"])
def test_every_name_of_a_predictor_counts(
    spec: str, allowed: bool, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {"column": "y", "task": "activity", "source": "data.csv", "folder": "runs/a"} | {where: "herg"}
    known = SimpleNamespace(task=names["task"], target=names["column"], source=names["source"], folder=names["folder"])
    found = Oracle("runs/a", lambda s: np.zeros(len(s)), learned=known)
    monkeypatch.setattr(room, "KINDS", (lambda body, sign: found,))
    if allowed:
        assert objective(spec.format("runs/a"))
    else:
        with pytest.raises(UserError, match="raise toxicity"):
            objective(spec.format("runs/a"))


# ── desirability ────────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=30), st.sampled_from([1.0, -1.0]))
def test_without_a_window_better_is_more_desirable(values: list[float], sign: float) -> None:
    x = np.sort(np.array(values))
    found = Desirability(sign).fitted(x)(x)
    assert ((found > 0) & (found <= 1)).all()
    assert (sign * np.diff(found) >= 0).all()


@given(st.floats(-10, 10), st.floats(0, 10), st.lists(st.floats(-50, 50), min_size=2, max_size=30))
def test_windows_are_flat_inside_and_fall_outside(low: float, size: float, values: list[float]) -> None:
    x = np.sort(np.array(values))
    wanted = Desirability(low=low, high=low + size).fitted(x)
    found, inside = wanted(x), wanted.met(x)
    assert (found[inside] == 1).all()
    assert (np.diff(found[x > low + size]) <= 0).all()
    assert (np.diff(found[x < low]) >= 0).all()


def test_unknown_values_stay_unknown() -> None:
    two = [constant("a"), constant("b", share=True)]
    found = overall(desirabilities([np.array([1.0, np.nan]), np.array([0.5, 0.5])], two), two)
    assert np.isnan(found).tolist() == [False, True]
    assert Desirability(low=0).met(np.array([1.0, np.nan])).tolist() == [True, False]


def test_the_whole_is_a_weighted_geometric_mean() -> None:
    two = [constant("a", 3.0, share=True), constant("b", 1.0, share=True)]
    found = overall(np.array([[0.5, 1.0], [1.0, 0.5], [1.0, 1.0]]), two)
    assert found.tolist() == pytest.approx([0.5**0.75, 0.5**0.25, 1.0])


def test_one_failure_is_not_bought_off() -> None:
    two = [constant("a", share=True), constant("b", share=True)]
    failing, even = overall(np.array([[1.0, LEAST], [0.4, 0.4]]), two)
    assert failing < even


# ── oracles and constraints ─────────────────────────────────────────────────────────────────────────────────────────


def test_values_of_what_is_no_molecule_are_unknown() -> None:
    for spec in ("qed", "similar(CCO)"):
        said = objective(spec).values([*SMILES, "C1CC"])
        assert np.isfinite(said[:3]).all()
        assert np.isnan(said[3])
    assert objective("similar(OCC)").values(["CCO"])[0] == 1


def test_constraints_hold_and_say_what_is_wrong_with_themselves() -> None:
    mols = [Chem.MolFromSmiles(smiles) for smiles in SMILES]
    assert [Constraints.of(["c1ccccc1"], ["C(=O)O"])(mol) for mol in mols] == [False, False, True]
    with pytest.raises(UserError, match=r"--must c1cc: is not a SMARTS"):
        Constraints.of(["c1cc("[:4]])
