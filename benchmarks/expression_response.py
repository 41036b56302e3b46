"""The response of blood cells to interferon beta, for each type while its stimulated cells are left out.

    python -m benchmarks.expression_response            # about 12 minutes of one core
    python -m benchmarks.expression_response "B cell" 0 # one type and seed

Types: ``expression_types``. Score: the correlation of predicted and measured shift of mean log-normalised expression
over the 100 genes that shift most among those seen in ten cells of the type. These are chosen by what was left out, so
the same stands beside it over 100 genes chosen from the other types alone. The floor is the correlation between the
shifts of two random halves of the type. Control cells of the type are given to the prediction and are in the measured
shift too; with half of them for each, the score is shown as well.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from typing import Any

import numpy as np

from benchmarks.expression_types import PANEL, typed
from benchmarks.kept import once
from benchmarks.record import write_result
from vivogan.core.seeds import numpy_generator
from vivogan.domains.expression.tools.normalise import log_normalised, moments
from vivogan.domains.expression.tools.response import Predicted, respond_to
from vivogan.domains.expression.tools.response_cells import Data
from vivogan.domains.expression.tools.response_game import ResponsePlan
from vivogan.metrics.utility import classifier_two_sample

SEEDS = (0, 1, 2)
FEWEST = 30  # cells in each condition of a type that is left out
GOAL, TOP, SEEN, HALVES = 0.90, 100, 10, 20
CLEAR = 0.5  # predicted shift of the genes whose intervals are counted apart
JUDGED = 300  # responding genes in which a forest tells predicted cells from measured ones


def data() -> Data:
    records = typed()
    return Data(records.counts, records.labels["type"], records.labels["condition"] == "stimulated")


def types(cells: Data) -> list[str]:
    """The types that are left out in turn."""
    counts = {n: [((cells.types == n) & (cells.stimulated == side)).sum() for side in (False, True)] for n in PANEL}
    return [name for name, sides in counts.items() if min(sides) >= FEWEST]


def correlation(a: Any, b: Any) -> float:
    return float(np.corrcoef(a, b)[0, 1])


def shift(cells: Data, control: Any, target: Any) -> Any:
    return moments(cells.levels[target])[0] - moments(cells.levels[control])[0]


def measured(name: str, seed: int) -> dict[str, Any]:
    """All scores of one type left out."""
    cells, plan, began = data(), ResponsePlan(), time.process_time()
    found = respond_to(cells, name, plan, seed)
    seconds = time.process_time() - began
    own = [np.flatnonzero((cells.types == name) & (cells.stimulated == side)) for side in (False, True)]
    truth = found.measured
    seen = np.asarray((cells.counts[np.concatenate(own)] > 0).sum(0)).ravel() >= SEEN
    top = np.argsort(-np.abs(truth) * seen, kind="stable")[:TOP]
    others = np.argsort(-np.abs(found.mean_shift), kind="stable")[:TOP]
    ways = {"game": found.shift, "start": found.start - found.control}
    ways |= {"mean shift": found.mean_shift, "nearest type": found.nearest_shift}
    held = (found.low - found.control <= truth) & (truth <= found.high - found.control)
    clear, sure = np.abs(found.shift) >= CLEAR, found.fdr < 0.05
    wrong = np.sign(truth) != np.sign(found.shift)
    beyond = wrong & (np.abs(truth) > 2 * standard_error(cells, own))
    result = {
        "cells": [len(part) for part in own],
        "nearest": found.nearest,
        "top": {way: correlation(values[top], truth[top]) for way, values in ways.items()},
        "others": {way: correlation(values[others], truth[others]) for way, values in ways.items()},
        "floor": floor(cells, own, top, seed),
        "apart": apart(cells, name, own, plan, top, seed),
        "held": float(held[seen].mean()),
        "held clear": float(held[clear].mean()),
        "sure": int(sure.sum()),
        "wrong": float(wrong[sure].mean()) if sure.any() else None,
        "beyond": float(beyond[sure].mean()) if sure.any() else None,
        "carried": found.carried,
        "told": told(found, cells, own, seed),
        "seconds": seconds,
    }
    print(name, seed, {key: value for key, value in result.items() if key != "others"}, flush=True)
    return result


def standard_error(cells: Data, own: list[Any]) -> Any:
    """Of the measured shift, [g]."""
    return np.sqrt(sum(moments(cells.levels[part])[1] / len(part) for part in own))


def floor(cells: Data, own: list[Any], top: Any, seed: int) -> float:
    """Two random halves of the measured cells, one against the other; the mean of ``HALVES`` cuts."""
    rng, found = numpy_generator(seed, "halves"), []
    for _ in range(HALVES):
        mixed = [rng.permutation(part) for part in own]
        one, two = (shift(cells, *(part[side::2] for part in mixed)) for side in (0, 1))
        found.append(correlation(one[top], two[top]))
    return float(np.mean(found))


def apart(cells: Data, name: str, own: list[Any], plan: ResponsePlan, top: Any, seed: int) -> float:
    """The score when the prediction sees one half of the control cells and the measured shift has the other."""
    control = numpy_generator(seed, "apart").permutation(own[0])
    kept = np.setdiff1d(np.arange(len(cells.types)), control[1::2])
    part = Data(cells.counts[kept], cells.types[kept], cells.stimulated[kept])
    found = respond_to(part, name, plan, seed, members=0)
    return correlation(found.shift[top], shift(cells, control[1::2], own[1])[top])


def told(found: Predicted, cells: Data, own: list[Any], seed: int) -> dict[str, float]:
    """How well a forest tells cells apart from measured stimulated ones, in the genes predicted to respond most."""
    genes = np.argsort(-np.abs(found.shift), kind="stable")[:JUDGED]
    sets = {"game": found.counts, "start": found.start_counts, "control": cells.counts[own[0]]}
    real = log_normalised(cells.counts[own[1]])[:, genes].toarray()
    return {
        way: classifier_two_sample(log_normalised(counts)[:, genes].toarray(), real, seed=seed, folds=3)
        for way, counts in sets.items()
    }


def main() -> None:
    began = time.monotonic()
    cells = data()
    job = {"plan": ResponsePlan().model_dump(mode="json"), "version": 1}
    names = types(cells)
    found = {
        n: [once("expression_response", job | {"type": n, "seed": s}, partial(measured, n, s)) for s in SEEDS]
        for n in names
    }
    rows = [summary(found)]
    rows += [of_type(name, runs) for name, runs in found.items()]
    rows += [beside(found), *intervals(found), cells_told(found)]
    write_result("expression_response", rows, SEEDS, time.monotonic() - began)


def over(runs: list[dict[str, Any]], *keys: str) -> float:
    """The mean over runs of a nested value."""
    values = []
    for one in runs:
        value: Any = one
        for key in keys:
            value = value[key]
        values.append(value)
    return float(np.mean(values))


def summary(found: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    means = {name: over(runs, "top", "game") for name, runs in found.items()}
    simple = {
        way: float(np.mean([over(runs, "top", way) for runs in found.values()]))
        for way in ("mean shift", "nearest type")
    }
    above = sum(value > max(over(found[n], "top", way) for way in simple) for n, value in means.items())
    return {
        "what": f"correlation of predicted and measured shift, top {TOP} genes, mean of {len(found)} types left out",
        "value": float(np.mean(list(means.values()))),
        "low": min(means.values()),
        "high": max(means.values()),
        "floor": float(np.mean([over(runs, "floor") for runs in found.values()])),
        "baseline": max(simple.values()),
        "goal": GOAL,
        "better": "higher",
        "note": f"least and greatest of the types; mean shift {simple['mean shift']:.3f}, nearest type "
        f"{simple['nearest type']:.3f}; above both in {above} of {len(found)} types; floor: halves of the type",
    }


def of_type(name: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    values = [one["top"]["game"] for one in runs]
    simple = {way: over(runs, "top", way) for way in ("mean shift", "nearest type")}
    few, many = runs[0]["cells"]
    return {
        "what": f"correlation, {name}",
        "value": float(np.mean(values)),
        "low": min(values),
        "high": max(values),
        "floor": over(runs, "floor"),
        "baseline": max(simple.values()),
        "goal": GOAL,
        "better": "higher",
        "note": f"{few} control, {many} stimulated cells; mean shift {simple['mean shift']:.3f}, nearest "
        f"({runs[0]['nearest']}) {simple['nearest type']:.3f}; before the game {over(runs, 'top', 'start'):.3f}; other "
        f"control cells in the measured shift {over(runs, 'apart'):.3f}",
    }


def beside(found: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    every = [one for runs in found.values() for one in runs]
    simple = {way: over(every, "others", way) for way in ("mean shift", "nearest type")}
    return {
        "what": f"correlation over {TOP} genes that shift most in the other types, mean",
        "value": over(every, "others", "game"),
        "baseline": max(simple.values()),
        "better": "higher",
        "note": f"mean shift {simple['mean shift']:.3f}, nearest type {simple['nearest type']:.3f}",
    }


def intervals(found: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    every = [one for runs in found.values() for one in runs]
    some = [one for one in every if one["sure"]]
    return [
        {
            "what": "90 % intervals that hold the measured shift, genes seen in ten cells",
            "value": over(every, "held"),
            "note": f"of genes with a predicted shift of {CLEAR} or more {over(every, 'held clear'):.3f}",
        },
        {
            "what": "share of wrong signs among genes with a false discovery rate below .05",
            "value": over(some, "wrong") if some else None,
            "note": f"{over(every, 'sure'):.0f} genes a type on average; near zero the measured sign is noise: "
            f"wrong by more than two standard errors {over(some, 'beyond') if some else 0:.3f}",
        },
    ]


def cells_told(found: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    every = [one for runs in found.values() for one in runs]
    return {
        "what": "forest AUC, predicted against measured stimulated cells, responding genes",
        "value": over(every, "told", "game"),
        "baseline": over(every, "told", "start"),
        "better": "lower",
        "note": f"baseline: before the game; control cells {over(every, 'told', 'control'):.3f}; strength with which "
        f"corrections of the mean carried over to unseen types {over(every, 'carried'):.2f}",
    }


if __name__ == "__main__":
    if len(sys.argv) > 2:
        measured(sys.argv[1], int(sys.argv[2]))
    else:
        main()
