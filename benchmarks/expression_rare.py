"""Rare types of a mouse's bladder: does a classifier of cell types gain from generated cells of them?

    python -m benchmarks.expression_rare          # all, about 20 minutes of one core
    python -m benchmarks.expression_rare 0 1      # one seed and split: learned, judged and kept

Six of the sixteen types have 13 to 44 cells. Half of every type is learned from, the other half judges: three seeds,
five splits each, as a half has as few as six cells of a type. The classifier is the customary one: logistic regression
on 50 principal components of log-normalised counts. It learns from real cells alone, from the same with class weights,
and with cells added to each rare type until it has ``CELLS``: mixtures of neighbours, or cells of a run of vivogan (the
likelihood and a short game) that learned from the same half. ``CELLS`` was chosen on cord blood (cbmc_citeseq), whose
types were made as rare: the best of 50, 150 and 400 for generated cells and for mixtures alike.

Beside them stand a ceiling, the rare cells of half the judging part added and judged on its other half; and how much of
the gain is left with other classifiers.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.blood import CACHE
from benchmarks.expression import bladder, chosen, halves
from benchmarks.kept import once
from benchmarks.record import write_result
from vivogan.core.seeds import derive, numpy_generator
from vivogan.domains.expression import data
from vivogan.domains.expression.annotation import Annotator
from vivogan.domains.expression.baselines import NeighbourMixing
from vivogan.domains.expression.components import Components
from vivogan.domains.expression.domain import DOMAIN
from vivogan.domains.expression.metrics import log_normalised
from vivogan.domains.expression.records import ExpressionRecords
from vivogan.domains.run import Run
from vivogan.domains.train import train
from vivogan.metrics.bootstrap import interval
from vivogan.metrics.utility import Classifier

Floats = NDArray[np.float64]
Labels = NDArray[np.intp]
Row = dict[str, Any]
SEEDS, SPLITS = (0, 1, 2), 5
RARE = 44  # cells of a type in all, at most
CELLS, FEWER = 400, 150  # of a rare type after cells were added; FEWER beside it, as mixtures may lose with many
SELECTION, TEST = 120, 4  # cells of the common types that choose among checkpoints, and that nobody looks at
OPTIONS: dict[str, Any] = {"budget": "10k", "overrides": ["game.samples=2560", "game.tick=1280"]}
NEIGHBOURS = 5
GOAL = 0.02
JUDGED = "generated"
ARMS = {
    "real": "real cells alone",
    "weights": "class weights",
    "mixing": "neighbour mixing",
    "SMOTE": "SMOTE",
}


# ── cells that are added ────────────────────────────────────────────────────────────────────────────────────────────


def learned(records: ExpressionRecords, rare: NDArray[np.bool_], seed: int, split: int) -> Run:
    """The run of one split; all cells of rare types teach."""
    folder = CACHE / "expression_rare" / f"run-{seed}-{split}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    source = _source(records, rare, folder.with_suffix(".h5ad"), seed, split)
    read = {"labels": "type", "split": "split", "genes": str(len(records.genes))}
    train(DOMAIN, source, folder, read=read, seed=seed, threads=1, **OPTIONS)
    return Run.open(folder, threads=1)


def _source(records: ExpressionRecords, rare: NDArray[np.bool_], path: Path, seed: int, split: int) -> Path:
    common = numpy_generator(seed, "selection", split).permutation(np.flatnonzero(~rare))
    part = np.full(len(records), "train", dtype="<U9")
    part[common[:SELECTION]] = "selection"
    part[common[:TEST]] = "test"
    data.write(replace(records, part=part), path)
    return path


def generated(run: Run, own: Labels, seed: int, start: bool = False) -> Floats:
    """Counts of one generated cell for each type number of ``own`` [n]."""
    generator = run.start if start else None
    made = run.tensors(np.arange(len(own)), seed, lambda rows: own[rows % len(own)], generator=generator)
    return np.asarray(made, np.float64)


def mixed(x: Floats, y: Labels, wanted: Labels, seed: int) -> Floats:
    """Molecules thinned from two neighbours of a type (``NeighbourMixing``)."""
    sampler = NeighbourMixing().fit(torch.from_numpy(x).float(), y)
    return np.asarray(sampler.sample(wanted, seed), np.float64)


def smote(x: Floats, y: Labels, wanted: Labels, seed: int) -> Floats:
    """Counts at a random place between a cell and one of its five nearest of the type, rounded (Chawla et al. 2002)."""
    counts = torch.from_numpy(x).float()
    places = np.asarray(Components.fit(counts)(counts))
    rng, found = numpy_generator(seed, "smote"), np.zeros((len(wanted), x.shape[1]))
    for k in np.unique(wanted):
        rows, asked = np.flatnonzero(y == k), np.flatnonzero(wanted == k)
        gaps = np.square(places[rows][:, None] - places[rows][None]).sum(2)
        near = np.argsort(gaps, axis=1, kind="stable")[:, 1 : NEIGHBOURS + 1]
        first = rng.integers(len(rows), size=len(asked))
        second = near[first, rng.integers(near.shape[1], size=len(asked))]
        share = rng.random((len(asked), 1))
        found[asked] = np.rint(share * x[rows[first]] + (1 - share) * x[rows[second]])
    return found


# ── classifiers ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Nearest:
    """The most frequent type of the 15 nearest cells on 50 components, as atlases hand on their labels."""

    def fit(self, x: Floats, y: Labels) -> Nearest:
        from sklearn.decomposition import PCA
        from sklearn.neighbors import KNeighborsClassifier

        self.pca = PCA(50, svd_solver="randomized", random_state=0).fit(x)
        self.model = KNeighborsClassifier(15).fit(self.pca.transform(x), y)
        return self

    def predict(self, x: Floats) -> Any:
        return self.model.predict(self.pca.transform(x))


def forest(weights: str | None = None) -> Classifier:
    from sklearn.ensemble import RandomForestClassifier

    model: Classifier = RandomForestClassifier(100, class_weight=weights, random_state=0, n_jobs=1)
    return model


CLASSIFIERS: dict[str, Callable[..., Classifier]] = {
    "logistic regression": Annotator,
    "forest": forest,
    "nearest neighbours": Nearest,
}
UNWEIGHTED = ("nearest neighbours",)


def judged(predicted: Any, y: Labels, rare: Labels) -> list[float]:
    """Macro-F1 over the rare types, and over all."""
    from sklearn.metrics import f1_score

    types = np.unique(y)
    values = f1_score(y, predicted, labels=types, average=None, zero_division=0.0)
    return [float(values[np.isin(types, rare)].mean()), float(values.mean())]


# ── one split ───────────────────────────────────────────────────────────────────────────────────────────────────────


def run_split(seed: int, split: int) -> dict[str, Any]:
    """Macro-F1 of every classifier and arm, [rare types, all]."""
    records = bladder()
    types, own, counts = np.unique(records.classes, return_inverse=True, return_counts=True)
    rare = np.flatnonzero(counts <= RARE)
    first, second = halves(records, derive(seed, "rare", split))
    run = learned(chosen(records, first), np.isin(own[first], rare), seed, split)
    assert run.classes.names == tuple(types)
    x, test = (_dense(run, chosen(records, rows)) for rows in (first, second))
    y, test_y = own[first], own[second]
    wanted = np.concatenate([np.full(CELLS - int((y == k).sum()), k) for k in rare])
    random = derive(seed, "added", split)
    added = {
        "mixing": mixed(x, y, wanted, random),
        "SMOTE": smote(x, y, wanted, random),
        "start": generated(run, wanted, random, start=True),
        JUDGED: generated(run, wanted, random),
    }
    logged, tested = log_normalised(x), log_normalised(test)
    found: dict[str, Any] = {}
    for name, classifier in CLASSIFIERS.items():
        scores = {"real": judged(classifier().fit(logged, y).predict(tested), test_y, rare)}
        if name not in UNWEIGHTED:
            scores["weights"] = judged(classifier("balanced").fit(logged, y).predict(tested), test_y, rare)
        for arm, cells in added.items():
            both = np.concatenate([logged, log_normalised(cells)]), np.concatenate([y, wanted])
            scores[arm] = judged(classifier().fit(*both).predict(tested), test_y, rare)
        found[name] = scores
    few = np.concatenate([np.flatnonzero(wanted == k)[: FEWER - int((y == k).sum())] for k in rare])
    for arm in ("mixing", JUDGED):
        both = np.concatenate([logged, log_normalised(added[arm][few])]), np.concatenate([y, wanted[few]])
        predicted = Annotator().fit(*both).predict(tested)
        found["logistic regression"][f"{arm}, fewer"] = judged(predicted, test_y, rare)
    found["logistic regression"]["ceiling"] = _ceiling(logged, y, tested, test_y, rare, random)
    for name, scores in found.items():
        print(seed, split, name, {arm: np.round(values, 3).tolist() for arm, values in scores.items()}, flush=True)
    return found


def _dense(run: Run, records: ExpressionRecords) -> Floats:
    return np.asarray(run.codec.encode(records, np.arange(len(records))), np.float64)


def _ceiling(x: Floats, y: Labels, test: Floats, test_y: Labels, rare: Labels, seed: int) -> list[float]:
    """With the rare real cells of one half of the judging part, and class weights, on its other half; both in turn."""
    from sklearn.model_selection import StratifiedKFold

    predicted = np.empty_like(test_y)
    for lent, asked in StratifiedKFold(2, shuffle=True, random_state=seed % 2**32).split(test, test_y):
        more = lent[np.isin(test_y[lent], rare)]
        model = Annotator("balanced").fit(np.concatenate([x, test[more]]), np.concatenate([y, test_y[more]]))
        predicted[asked] = model.predict(test[asked])
    return judged(predicted, test_y, rare)


# ── the table ───────────────────────────────────────────────────────────────────────────────────────────────────────


def compared(found: list[dict[str, Any]], classifier: str, place: int, goal: float | None) -> list[Row]:
    """What generated cells add to each arm, split by split, with a 95 % interval over the splits."""
    score = {arm: np.array([one[classifier][arm][place] for one in found]) for arm in found[0][classifier]}
    types = ("rare types", "all types")[place]
    arms = {arm: label for arm, label in ARMS.items() if arm in score}
    told = ", ".join(f"{label} {score[arm].mean():.3f}" for arm, label in arms.items())
    if "ceiling" in score:
        told += f"; to {FEWER} cells: mixing {score['mixing, fewer'].mean():.3f}, generated "
        told += f"{score[f'{JUDGED}, fewer'].mean():.3f}"
        told += f"; ceiling (half as many real cells again, class weights) {score['ceiling'].mean():.3f}"
    low, high = interval(lambda v: float(v.mean()), score[JUDGED], n=2000)
    best = max(arms, key=lambda arm: score[arm].mean())
    rows: list[Row] = [
        {"what": f"{classifier}, {types}: macro-F1 with generated cells", "value": float(score[JUDGED].mean()),
         "low": low, "high": high, "baseline": float(score[best].mean()),
         "note": f"{told}; before the game {score['start'].mean():.3f}"}
    ]  # fmt: skip
    for arm, label in arms.items():
        gain = score[JUDGED] - score[arm]
        low, high = interval(lambda v: float(v.mean()), gain, n=2000)
        note = f"better in {int((gain > 0).sum())} of {len(gain)} splits, equal in {int((gain == 0).sum())}"
        row: Row = {"what": f"{classifier}, {types}: gain over {label}", "value": float(gain.mean()), "low": low}
        rows.append(row | {"high": high, "note": note} | ({"goal": goal, "better": "higher"} if goal else {}))
    return rows


def main(arguments: list[str]) -> None:
    began = time.monotonic()
    jobs = [(int(arguments[0]), int(arguments[1]))] if arguments else [(s, k) for s in SEEDS for k in range(SPLITS)]
    settings = OPTIONS | {"cells": CELLS, "version": 1}
    found = [once("expression_rare", {"seed": s, "split": k} | settings, lambda s=s, k=k: run_split(s, k))  # type: ignore[misc]
             for s, k in jobs]  # fmt: skip
    if arguments:
        return
    rows = compared(found, "logistic regression", 0, GOAL) + compared(found, "logistic regression", 1, None)
    for classifier in ("forest", "nearest neighbours"):
        rows += compared(found, classifier, 0, None)
    write_result("expression_rare", rows, SEEDS, time.monotonic() - began)


if __name__ == "__main__":
    main(sys.argv[1:])
