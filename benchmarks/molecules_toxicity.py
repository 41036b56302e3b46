"""Toxicity and properties of molecules (MoleculeNet, scaffold split) beside forest and LightGBM in the same run.

    python -m benchmarks.molecules_toxicity        # about 80 minutes of one core
    python -m benchmarks.molecules_toxicity bace   # one set

Canonical duplicates are merged first; the split is DeepChem's (80/10/10, rare scaffolds test), train and valid part are
learned from. Plans were chosen by cross-validation over scaffolds inside these two. A seed changes the folds and trees.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from benchmarks.kept import once
from benchmarks.molecules_predicted import BASELINES, augmented, augmented_row, baselines, fitted, read
from benchmarks.record import write_result
from vivogan.domains.molecules.scaffolds import scaffold_split
from vivogan.domains.molecules.tasks.activity import planned
from vivogan.domains.molecules.tools.recipes import TOX21
from vivogan.domains.tasks.agreement import auc, rmse

SEEDS = (0, 1, 2, 3, 4)
AUGMENTED = ("bace", "esol")  # sets on which generated molecules are tried


@dataclass(frozen=True)
class Set:
    """One set of MoleculeNet: its label columns, how the result is called, the goal."""

    name: str
    labels: tuple[str, ...]
    goal: float
    numbers: bool = False
    seeds: tuple[int, ...] = SEEDS

    @property
    def what(self) -> str:
        return "root mean squared error (log mol/l)" if self.numbers else "area under the curve"


SETS = (
    Set("bace", ("Class",), 0.88),
    Set("bbbp", ("p_np",), 0.76),
    Set("clintox", ("FDA_APPROVED", "CT_TOX"), 0.91),
    Set("tox21", TOX21, 0.79, seeds=(0, 1, 2)),  # a quarter of an hour each
    Set("esol", ("measured log solubility in mols per litre",), 0.88, numbers=True),
)


def agreement(own: Set, said: Any, truth: Any) -> list[float]:
    """Of each target: area under the curve, or error."""
    found = []
    for k in range(truth.shape[1]):
        known = np.isfinite(truth[:, k])
        found.append((rmse if own.numbers else auc)(said[known, k], truth[known, k]))
    return found


def measured(own: Set, seed: int) -> dict[str, Any]:
    """One seed on one set: the predictor, forest and LightGBM on the test part."""
    data, known, test = parts(own)
    began = time.process_time()
    model = fitted(data, known, planned(data, len(known)), seed)
    learning = time.process_time() - began
    smiles = [data.records.smiles[i] for i in test.tolist()]
    found, where, truth = model.predict(smiles), model.where(smiles), data.y[test]
    outside = np.array([word != "inside" for word in where.words])
    result = {
        "n": len(test),
        "each": agreement(own, found.mean, truth),
        "inside": agreement(own, found.mean[~outside], truth[~outside]),
        "outside": float(outside.mean()),
        "held": held(own, model, found, truth),
        "learning": learning,
        "weights": np.mean([blend.weights for blend in model.blends], 0).tolist(),
        **{name: agreement(own, said, truth) for name, said in baselines(data, known, test, seed).items()},
    }
    result["value"] = float(np.mean(result["each"]))
    print(own.name, seed, {k: v if k not in BASELINES else float(np.mean(v)) for k, v in result.items()}, flush=True)
    return result


def parts(own: Set) -> tuple[Any, Any, Any]:
    """The molecules, those to learn from, and the test part."""
    data = read(f"moleculenet/{own.name}.csv.gz", ",".join(own.labels))
    train, valid, test = (np.array(part) for part in scaffold_split(data.records.smiles))
    return data, np.sort(np.concatenate([train, valid])), test


def held(own: Set, model: Any, found: Any, truth: Any) -> float:
    """The share of truths inside the 90 % intervals, or among the answers that are not ruled out."""
    known = np.isfinite(truth)
    if own.numbers:
        return float(((found.low <= truth) & (truth <= found.high))[known].mean())
    right = []
    for k, answers in enumerate(model.answers(found.mean)):
        pairs = zip(answers, truth[:, k].tolist(), strict=True)
        right += [("yes" if y else "no") in answer.split() for answer, y in pairs if np.isfinite(y)]
    return float(np.mean(right))


def rows_of(own: Set) -> list[dict[str, Any]]:
    """The rows of one set."""
    job = {"set": own.name, "version": 1}
    runs = [once("molecules_toxicity", job | {"seed": s}, partial(measured, own, s)) for s in own.seeds]
    values = [run["value"] for run in runs]
    beside = {name: float(np.mean([np.mean(run[name]) for run in runs])) for name in BASELINES}
    told = ", ".join(f"{name} {value:.3f}" for name, value in beside.items())
    best = min(beside.values()) if own.numbers else max(beside.values())
    mean = f", mean of {len(own.labels)} targets" if len(own.labels) > 1 else ""
    note = f"{runs[0]['n']} test molecules, {runs[0]['outside']:.0%} not inside the domain; {told}; {len(values)} seeds"
    rows = [
        {
            "what": f"{own.name}: {own.what}{mean}",
            "value": float(np.mean(values)),
            "low": min(values),
            "high": max(values),
            "baseline": best,
            "goal": own.goal,
            "better": "lower" if own.numbers else "higher",
            "note": note,
        }
    ]
    if len(own.labels) > 1:
        each = np.mean([run["each"] for run in runs], 0)
        rows += [
            {"what": f"{own.name}: {own.what}, {name}", "value": value}
            for name, value in zip(own.labels, each.tolist(), strict=True)
        ]
    kind = "90 % intervals that hold the truth" if own.numbers else "truths among the answers not ruled out at 90 %"
    note = "new scaffolds: the test part is not like the train part"
    rows.append({"what": f"{own.name}: {kind}", "value": float(np.mean([run["held"] for run in runs])), "note": note})
    seconds = float(np.mean([run["learning"] for run in runs]))
    rows.append({"what": f"{own.name}: learning, CPU seconds", "value": seconds})
    return rows


def trial_of(own: Set) -> dict[str, Any]:
    """What generated molecules do on one set."""
    data, known, test = parts(own)
    return augmented(own.name, data, known, test, planned(data, len(known)))


def main(names: Sequence[str]) -> None:
    began = time.monotonic()
    chosen = [own for own in SETS if not names or own.name in names]
    rows = [row for own in chosen for row in rows_of(own)]
    for own in chosen:
        if own.name in AUGMENTED:
            job = {"set": own.name, "augmented": True, "version": 1}
            trial = once("molecules_toxicity", job, partial(trial_of, own))
            rows.append(augmented_row(own.name, trial))
    if not names:
        write_result("molecules_toxicity", rows, SEEDS, time.monotonic() - began)


if __name__ == "__main__":
    main(sys.argv[1:])
