"""Optimising molecules: what is asked is found, within the calls, by the rules, and nothing hazardous is written."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from vivogan.domains.molecules.chemistry import molecule
from vivogan.domains.molecules.hazards import screen
from vivogan.domains.molecules.objectives import Desirability, Objective, objective
from vivogan.domains.molecules.optimize import Optimized, optimize
from vivogan.domains.molecules.search import Search, Settings
from vivogan.domains.oracles import Floats, Oracle
from vivogan.errors import UserError

START = [
    "CC(=O)Oc1ccccc1C(=O)O", "CC(C)Cc1ccc(cc1)C(C)C(=O)O", "Cn1c(=O)c2c(ncn2C)n(C)c1=O", "CC(=O)Nc1ccc(O)cc1",
    "CN1CCC[C@H]1c1cccnc1", "CCN(CC)CC(=O)Nc1c(C)cccc1C", "COc1ccc2cc(ccc2c1)C(C)C(=O)O", "Nc1ccc(cc1)S(N)(=O)=O",
    "OC(=O)c1ccccc1Nc1cccc(c1)C(F)(F)F", "CC(C)NCC(O)COc1cccc2ccccc12", "Clc1ccc(cc1)C(c1ccccc1)N1CCNCC1",
    "CCOC(=O)c1ccc(N)cc1", "O=C(O)c1cccnc1", "CC1(C)SC2C(NC(=O)Cc3ccccc3)C(=O)N2C1C(=O)O", "c1ccc2[nH]ccc2c1",
]  # fmt: skip
QUICK = Settings(first=15, batch=20, children=4, generations=2, screened=10, waiting=20)


def counting(element: str) -> Objective:
    def values(smiles: list[str]) -> Floats:
        mols = [molecule(text) for text in smiles]
        return np.array([float(sum(a.GetSymbol() == element for a in mol.GetAtoms())) for mol in mols])

    return Objective(Oracle(element, values), Desirability())


def run_of(**options: Any) -> Optimized:
    asked = {"calls": 120, "n": 10, "settings": QUICK} | options
    return optimize(asked.pop("source", START), asked.pop("objectives", [counting("N")]), **asked)


@pytest.fixture(scope="module")
def found() -> Optimized:
    return run_of(objectives=[counting("N"), objective("logp=1..3"), objective("weight<350")], calls=240)


def test_what_is_asked_is_found_and_new(found: Optimized) -> None:
    assert found.gains[0].deviations > 2
    assert len(found.rows) == 10
    scores = [row["score"] for row in found.rows]
    assert scores == sorted(scores, reverse=True)
    assert not set(found.smiles) & {Chem.CanonSmiles(text) for text in START}
    assert found.rows[0]["N"] > max(counting("N").values(START))
    assert [row["weight"] < 350 and 1 <= row["logp"] <= 3 for row in found.rows] == [
        row["all met"] == "yes" for row in found.rows
    ]


def test_designs_differ(found: Optimized) -> None:
    prints = [
        rdFingerprintGenerator.GetMorganGenerator(2, fpSize=2048).GetFingerprint(molecule(s)) for s in found.smiles
    ]
    for i, one in enumerate(prints[1:], 1):
        assert max(DataStructs.BulkTanimotoSimilarity(one, prints[:i])) <= 0.6


def test_the_front_is_beaten_by_no_design(found: Optimized) -> None:
    names = [f"desirability {name}" for name in ("N", "logp", "weight")]
    front = np.array([[row[name] for name in names] for row in found.front])
    designs = np.array([[row[name] for name in names] for row in found.rows])
    for point in front:
        assert not ((designs >= point).all(1) & (designs > point).any(1)).any()
    assert 0 < found.volume <= 1
    assert all(row["front"] == 1 for row in found.front)


def test_calls_are_a_budget_and_nothing_is_asked_twice() -> None:
    asked: list[str] = []

    def values(smiles: list[str]) -> Floats:
        asked.extend(smiles)
        return np.array([len(text) for text in smiles], float)

    result = run_of(objectives=[Objective(Oracle("length", values), Desirability())], calls=97)
    assert len(asked) == len(set(asked)) == result.calls == 97
    assert result.history[-1]["calls"] == 97


def test_the_same_seed_finds_the_same() -> None:
    one, again, other = (run_of(calls=60, seed=seed).smiles for seed in (0, 0, 1))
    assert one == again
    assert one != other


def test_what_cannot_be_judged_is_no_design() -> None:
    def values(smiles: list[str]) -> Floats:
        return np.array([np.nan if "N" in text else float(len(text)) for text in smiles])

    result = run_of(objectives=[Objective(Oracle("partly", values), Desirability())])
    assert all("N" not in text for text in result.smiles)
    assert any("could not be judged" in line for line in result.lines)
    never = Objective(Oracle("never", lambda s: np.full(len(s), np.nan)), Desirability())
    assert run_of(objectives=[never], calls=60).rows == []


def test_molecules_hold_what_they_must() -> None:
    asked: list[str] = []

    def values(smiles: list[str]) -> Floats:
        asked.extend(smiles)
        return np.array([len(text) for text in smiles], float)

    one = Objective(Oracle("length", values), Desirability())
    run_of(objectives=[one], must=["C(=O)[OX2H]"], must_not=["[F,Cl]"])
    acid, halogen = Chem.MolFromSmarts("C(=O)[OX2H]"), Chem.MolFromSmarts("[F,Cl]")
    assert len(asked) > 50
    assert all(molecule(s).HasSubstructMatch(acid) and not molecule(s).HasSubstructMatch(halogen) for s in asked)
    asked.clear()
    run_of(objectives=[one], scaffold="c1ccc2c(c1)ccn2[*]")
    indole = Chem.MolFromSmarts("c1ccc2c(c1)ccn2")
    assert len(asked) > 50
    assert all(molecule(s).HasSubstructMatch(indole) for s in asked)


def test_the_judge_says_whether_it_agrees() -> None:
    agrees = run_of(judge=Oracle("again", counting("N").values))
    assert "confirms" in agrees.lines[2]
    assert all(row["judge again"] == row["N"] for row in agrees.rows)
    random = np.random.default_rng(0)
    differs = run_of(judge=Oracle("coin", lambda s: random.random(len(s))))
    assert "disagrees" in differs.lines[2]
    with pytest.raises(UserError, match="the oracle itself"):
        run_of(judge=counting("N").oracle)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"objectives": []}, "at least one --objective"),
        ({"source": ["C1CC", ""]}, "none of the given molecules can be read"),
        ({"must": ["[U]"]}, "none of the 15 molecules"),
        ({"must": ["c1c"]}, "--must c1c: is not a SMARTS"),
        ({"scaffold": "c1c"}, "--scaffold c1c: is not a SMILES"),
    ],
)
def test_what_cannot_be_done_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        run_of(**options)


def test_what_is_written(found: Optimized, tmp_path: Path) -> None:
    summary = found.save(tmp_path)
    rows = list(csv.DictReader((tmp_path / "molecules.csv").open()))
    assert [row["smiles"] for row in rows] == found.smiles
    assert {"qed", "sa", "alerts", "N", "desirability logp", "all met", "score"} <= set(rows[0])
    assert (tmp_path / "molecules.sdf").read_text().count("$$$$") == len(rows)
    assert len((tmp_path / "molecules.smi").read_text().splitlines()) == len(rows)
    assert {row["smiles"] for row in csv.DictReader((tmp_path / "front.csv").open())} == {
        r["smiles"] for r in found.front
    }
    history = list(csv.DictReader((tmp_path / "history.csv").open()))
    assert int(history[-1]["calls"]) == found.calls
    assert json.loads((tmp_path / "optimized.json").read_text())["designs"] == summary["designs"] == 10


def test_hazards_are_withheld(found: Optimized, tmp_path: Path) -> None:
    agent = "CCOP(C)(=O)SCCN(C(C)C)C(C)C"
    assert not screen([agent]).kept.any()
    row = {**found.rows[0], "smiles": agent}
    summary = Optimized([row, found.rows[0]], [row], 0.5, [], found.gains, 1, [{"round": 0}], []).save(tmp_path)
    assert summary["designs"] == 1
    assert summary["front"] == 0
    assert "withheld" in summary["screening"]
    written = "".join(path.read_text() for path in tmp_path.iterdir())
    assert agent not in written
    assert Chem.CanonSmiles(agent) not in written


# ── the search ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_surrogate_earns_its_place() -> None:
    target = rdFingerprintGenerator.GetMorganGenerator(2)
    goal = target.GetSparseCountFingerprint(molecule("COc1ccc(CCN2CCC(c3ccccc3F)CC2)cc1S(N)(=O)=O"))

    def score(smiles: list[str]) -> Floats:
        prints = [target.GetSparseCountFingerprint(molecule(text)) for text in smiles]
        return np.array(DataStructs.BulkTanimotoSimilarity(goal, prints))

    def reached(seed: int, **changes: Any) -> float:
        search = Search(score, [Chem.CanonSmiles(s) for s in START], 150, seed, Settings(first=15, batch=15, **changes))
        search.run()
        return search.top(10)

    guided = [reached(seed, children=6) for seed in (0, 1)]
    blind = [reached(seed, children=1, generations=1, surrogate=False, waiting=0) for seed in (0, 1)]
    assert np.mean(guided) > np.mean(blind)


def test_a_search_ends_when_nothing_gets_better() -> None:
    def score(smiles: list[str]) -> Floats:
        return np.array([float("N" in text) for text in smiles])  # soon the best hundred are all 1

    search = Search(score, START, 5000, 0, Settings(first=5, batch=40, children=2, patience=3, screened=5))
    search.run()
    assert search.top(100) == 1
    assert len(search.found) < 1000


def test_while_nothing_scores_the_start_is_asked_and_then_bred_from() -> None:
    asked: list[str] = []

    def score(smiles: list[str]) -> Floats:
        asked.extend(smiles)
        return np.zeros(len(smiles))

    Search(score, START, 60, 0, Settings(first=3, batch=3, children=2, patience=1)).run()
    given = {Chem.CanonSmiles(text) for text in START}
    assert set(asked[: len(START)]) == given
    assert len(asked) > len(START)


def test_a_scaffold_alone_is_a_start() -> None:
    for scaffold in ("c1ccc2c(c1)ccn2[*]", "O=C1CCN([*])CC1[*:2]", "c1ccncc1"):
        result = run_of(source=[], scaffold=scaffold, calls=60, n=5)
        assert result.calls == 60
        assert len(result.rows) > 0
