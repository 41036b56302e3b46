"""Predictors of molecules learn what is there, say how sure they are, explain themselves, and come back from disk."""

from __future__ import annotations

import csv
import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vivogan.domains.molecules.chemistry import molecule
from vivogan.domains.molecules.tasks.api import PREDICT
from vivogan.domains.molecules.tasks.data import read
from vivogan.domains.molecules.tools.attribution import atom_weights, masked
from vivogan.domains.molecules.tools.forest import ForestSettings
from vivogan.domains.molecules.tools.learned import learned
from vivogan.domains.molecules.tools.learning import fit_predictor
from vivogan.domains.molecules.tools.messages import MessageSettings
from vivogan.domains.molecules.tools.predictor import Predictor, PredictPlan
from vivogan.domains.molecules.tools.trees import TreeSettings
from vivogan.domains.tasks.agreement import auc, spearman
from vivogan.domains.tasks.run import TaskRun
from vivogan.domains.tasks.targets import Targets
from vivogan.errors import InputError, SettingsError, UserError

FAST = TreeSettings(rounds=40)
QUICK = PredictPlan(
    described=("ecfp", "properties"),
    ranked=("properties",),
    counted=("ecfp4",),
    boosting=FAST,
    forest=ForestSettings(trees=30, columns=0.2),
    folds=3,
)


def made(n: int, seed: int = 0) -> list[str]:
    """Benzene rings with chains and groups at them; all are molecules."""
    rng = np.random.default_rng(seed)
    groups = ["N", "O", "F", "Cl", "C(=O)O", "C#N", "OC", "N(C)C", "S", "Br"]
    found: dict[str, None] = {}
    while len(found) < n:
        a, b = rng.integers(1, 7, 2)
        x, y, z = rng.choice(groups, 3)
        found[f"{'C' * a}c1cc({x})c({'C' * b}{y})cc1{z}"] = None
    return list(found)


def nitrogens(smiles: list[str]) -> np.ndarray:
    return np.array([text.count("N") for text in smiles], float)


@pytest.fixture(scope="module")
def numbers() -> tuple[Predictor, list[str], np.ndarray]:
    """Nitrogen atoms and noise; the second column is known of every third molecule."""
    smiles = made(180)
    y = nitrogens(smiles) + np.random.default_rng(1).normal(0, 0.3, len(smiles))
    both = np.stack([y, -y], 1)
    both[np.arange(len(y)) % 3 > 0, 1] = np.nan
    folds = np.arange(len(y)) % 3
    return fit_predictor(smiles, both, Targets(["n", "minus"]), folds, QUICK, 0), smiles, both


def test_it_learns_and_its_intervals_hold(numbers: tuple[Predictor, list[str], np.ndarray]) -> None:
    predictor, smiles, _ = numbers
    new = [text for text in made(400, 5) if text not in set(smiles)]
    truth = nitrogens(new) + np.random.default_rng(2).normal(0, 0.3, len(new))
    found = predictor.predict(new)
    assert spearman(found.mean[:, 0], nitrogens(new)) > 0.8
    assert spearman(found.mean[:, 1], nitrogens(new)) < -0.7
    held = (found.low[:, 0] <= truth) & (truth <= found.high[:, 0])
    assert 0.84 < held.mean() < 0.97
    assert (found.sd > 0).all()
    assert predictor.means(new) == pytest.approx(found.mean)


def test_it_comes_back_from_its_state(numbers: tuple[Predictor, list[str], np.ndarray]) -> None:
    predictor, smiles, _ = numbers
    tensors, state = predictor.state()
    again = Predictor.from_state(tensors, json.loads(json.dumps(state)))
    for a, b in zip(
        vars(again.predict(smiles[:9])).values(), vars(predictor.predict(smiles[:9])).values(), strict=True
    ):
        assert a == pytest.approx(b, abs=1e-4)
    assert np.array_equal(again.where(smiles[:9]).nearest, np.arange(9))


def test_what_matters_is_coloured(numbers: tuple[Predictor, list[str], np.ndarray]) -> None:
    predictor, _, _ = numbers
    smiles = [text for text in made(60, 9) if text.count("N") == 1][:10]
    right = 0
    for text, weights in zip(smiles, atom_weights(predictor, smiles, 0), strict=True):
        symbols = [atom.GetSymbol() for atom in molecule(text).GetAtoms()]  # type: ignore[union-attr]
        assert len(weights) == len(symbols)
        right += symbols[int(np.argmax(weights))] == "N"
    assert right >= 8


def test_masks_are_molecules_and_lack_one_atom_each() -> None:
    for text in ("c1ccncc1C(=O)[O-]", "C[C@H](N)c1c[nH]cc1", "CC(=O)Oc1ccccc1C(=O)O"):
        found = masked(text)
        assert len(found) == molecule(text).GetNumAtoms()  # type: ignore[union-attr]
        assert all(one.count("*") == 1 for one in found)
    assert masked("") == []


@pytest.mark.parametrize("members", [("kernel",), ("descriptors",), ("boosting",), ("forest",)])
def test_every_member_learns_chances_with_gaps(members: Any) -> None:
    smiles = made(150)
    y = np.stack([nitrogens(smiles) > 0, np.char.find(smiles, "F") >= 0], 1).astype(float)
    y[::4, 1] = np.nan
    plan = QUICK.model_copy(update={"members": members})
    predictor = fit_predictor(smiles, y, Targets(["n", "f"], chances=True), np.arange(150) % 3, plan, 0)
    new = [text for text in made(250, 3) if text not in set(smiles)]
    found = predictor.predict(new)
    assert auc(found.mean[:, 0], (nitrogens(new) > 0).astype(float)) > 0.8
    assert ((found.low <= found.mean) & (found.mean <= found.high)).all()
    assert ((found.low >= 0) & (found.high <= 1)).all()
    assert set(predictor.answers(found.mean)[0]) <= {"yes", "no", "yes or no", "neither"}


def test_chemprop_is_asked_where_it_is_installed() -> None:
    smiles = made(150)
    y = np.stack([nitrogens(smiles), -nitrogens(smiles)], 1)
    y[::4, 1] = np.nan
    small = MessageSettings(width=32, epochs=30, batch=16, learning_rate=3e-3)
    plan = QUICK.model_copy(update={"members": ("chemprop",), "chemprop": small})
    if importlib.util.find_spec("chemprop") is None:
        with pytest.raises(UserError, match="pip install 'chemprop"):
            fit_predictor(smiles, y, Targets(["n", "m"]), np.arange(150) % 2, plan, 0)
        pytest.skip("chemprop is not installed: that it is asked for was tested, what it says was not")
    predictor = fit_predictor(smiles, y, Targets(["n", "m"]), np.arange(150) % 2, plan, 0)
    new = [text for text in made(250, 3) if text not in set(smiles)]
    found = predictor.predict(new)
    assert spearman(found.mean[:, 0], nitrogens(new)) > 0.7
    assert spearman(found.mean[:, 1], nitrogens(new)) < -0.7
    tensors, state = predictor.state()
    assert Predictor.from_state(tensors, json.loads(json.dumps(state))).predict(new).mean == pytest.approx(found.mean)


def test_probabilities_of_classes_sum_to_one() -> None:
    smiles = made(120)
    kinds = np.minimum(nitrogens(smiles), 2).astype(int)
    predictor = fit_predictor(smiles, np.eye(3)[kinds], Targets(["0", "1", "2"], "n"), np.arange(120) % 3, QUICK, 0)
    found = predictor.predict(smiles)
    assert found.mean.sum(1) == pytest.approx(1)
    assert (found.mean.argmax(1) == kinds).mean() > 0.8


def test_landmarks_do_for_many_molecules() -> None:
    smiles = made(150)
    y = nitrogens(smiles)[:, None]
    plan = QUICK.model_copy(update={"landmarks": 60})
    predictor = fit_predictor(smiles, y, Targets(["n"]), np.arange(150) % 3, plan, 0)
    assert len(predictor.hints.missed) == 60
    assert spearman(predictor.predict(smiles).mean[:, 0], y[:, 0]) > 0.8


def test_unmeasured_molecules_are_kept_only_where_they_win() -> None:
    smiles, extra = made(90), made(200, 7)
    y = nitrogens(smiles)[:, None]
    folds, plan = np.arange(90) % 3, QUICK.model_copy(update={"members": ("boosting",)})
    without = fit_predictor(smiles, y, Targets(["n"]), folds, plan, 0)
    tried = fit_predictor(smiles, y, Targets(["n"]), folds, plan, 0, extra)
    assert tried.trial["kept"] == (tried.trial["with"] < tried.trial["without"])
    same = bool(np.array_equal(tried.predict(extra).mean, without.predict(extra).mean))
    assert same == (not tried.trial["kept"])
    assert tried.trial["with"] != tried.trial["without"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> TaskRun:
    folder = tmp_path_factory.mktemp("predict")
    smiles = made(120)
    values = nitrogens(smiles) + np.random.default_rng(1).normal(0, 0.2, 120)
    rows = [f"{text},{value:.3f}" for text, value in zip(smiles, values, strict=True)]
    (folder / "measured.csv").write_text("\n".join(["smiles,pIC50", *rows, "no molecule,3"]) + "\n")
    overrides = ['described=["ecfp","properties"]', 'members=["kernel","boosting"]', "boosting.rounds=30", "folds=2"]
    return PREDICT.train(folder / "measured.csv", folder / "run", labels="pIC50", overrides=overrides, threads=1)


def test_a_run_is_judged_and_explained(run: TaskRun) -> None:
    found = run.evaluate().to_dict()
    assert found["scores"][0]["value"] > found["scores"][0]["low"] > -1
    assert {figure["name"] for figure in found["figures"]} == {"explained", "furthest"}
    assert found["curve"]["points"]
    assert "nearest molecules" in found["scores"][0]["note"]


def test_new_molecules_are_predicted_drawn_and_placed(run: TaskRun, tmp_path: Path) -> None:
    smiles = made(120)
    (tmp_path / "new.smi").write_text(f"{smiles[0]} known\nnot-a-molecule bad\n[SiH3][SiH2][SeH] odd\n")
    found = run.apply(tmp_path / "new.smi", tmp_path / "out", explain="1")
    with (tmp_path / "out" / "predicted.csv").open() as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["known", "odd"]
    assert rows["odd"]["domain"] == "outside"
    assert rows["known"]["domain"] == "inside"
    assert float(rows["known"]["similarity"]) == 1
    low, mean, high = (float(rows["known"][f"pIC50 {word}"]) for word in ("low", "predicted", "high"))
    assert low < mean < high
    assert len(found["refusals"]) == 1
    assert (tmp_path / "out" / "explained" / "001.svg").read_text().startswith("<svg")
    with pytest.raises(UserError, match="explain many"):
        run.apply(tmp_path / "new.smi", tmp_path / "out", explain="many")


def test_it_is_an_oracle(run: TaskRun) -> None:
    found = learned(f"{run.folder.path}:pIC50")
    assert found is not None
    values = found.values()([*made(5), "no molecule"])
    assert np.isnan(values[-1])
    assert values[:5] == pytest.approx(run.model.predict(made(5)).mean[:, 0])
    cautious = learned(f"{run.folder.path}@lcb")
    assert cautious is not None
    assert cautious.values()(made(5)) == pytest.approx(values[:5] - found.spread(made(5)))
    assert cautious.same_as(found)
    assert found.target == "pIC50"
    assert learned("runs/none") is None
    with pytest.raises(UserError, match="does not predict 'qed'"):
        learned(f"{run.folder.path}:qed")


def test_without_a_generator_or_unlabelled_molecules_nothing_is_imagined(run: TaskRun, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="neither a generator"):
        PREDICT.train(run.config.source, tmp_path / "run", labels="pIC50", overrides=["generated=10"], threads=1)


def test_recipes_find_their_columns(tmp_path: Path) -> None:
    rows = [f"{text},{i % 2},x" for i, text in enumerate(made(12))]
    (tmp_path / "herg.csv").write_text("\n".join(["Drug,Y,other", *rows]) + "\n")
    data = read(tmp_path / "herg.csv", {"recipe": "herg", "smiles": "Drug"})
    assert data.targets == Targets(["Y"], chances=True)
    with pytest.raises(UserError, match="there is none of this name"):
        read(tmp_path / "herg.csv", {"recipe": "hreg"})
    with pytest.raises(InputError, match="NR-AR"):
        read(tmp_path / "herg.csv", {"recipe": "tox21", "smiles": "Drug"})
    with pytest.raises(InputError, match="none of the columns of 'bbb'"):
        (tmp_path / "other.csv").write_text("\n".join(["smiles,z", *(row[:-2] for row in rows)]) + "\n")
        read(tmp_path / "other.csv", {"recipe": "bbb"})
