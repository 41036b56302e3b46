"""Differentiating cells of a mouse's pancreas: windows of pseudotime are left out, and cells generated there.

    python -m benchmarks.expression_trajectory      # about 1 minute of one core
    python -m benchmarks.expression_trajectory 0    # one seed: trained, scored and kept

20 windows of equally many cells; every fourth, from the third on, is left out of training. Cells are generated at the
pseudotime of each real one. Scores, all of mean log-normalised expression: over the genes, in each unseen window; of
what differs from a gene's mean over all windows, over genes and unseen windows together (a model without trends has
none of it); and of each gene over all windows. The floor is one random half of the real cells against the other. The
simple ways: cells of the nearest window that was seen, and the line between the means of the two seen ones around it.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from typing import Any

import numpy as np

from benchmarks.expression import chosen, pancreas, trained
from benchmarks.kept import once
from benchmarks.record import write_result
from vivogan.domains.expression.tools.normalise import log_normalised
from vivogan.domains.expression.trajectory import along

SEEDS = (0, 1, 2)
WINDOWS, EVERY, FIRST = 20, 4, 2
BUDGET = "20k"  # samples
GOAL, CELLS, HALVES = 0.95, 4, 20
COLUMN = "pseudotime"


def windows() -> tuple[Any, Any, Any]:
    """Pseudotime and window of each cell, [n] each, and the windows that are left out."""
    place = pancreas().labels[COLUMN].astype(float)
    order = np.argsort(np.argsort(place, kind="stable"), kind="stable")
    return place, order * WINDOWS // len(place), np.arange(FIRST, WINDOWS, EVERY)


def means(levels: Any, window: Any) -> Any:
    """Mean levels [windows, g]."""
    return np.stack([np.asarray(levels[np.flatnonzero(window == k)].mean(0)).ravel() for k in range(WINDOWS)])


def scores(found: Any, real: Any, unseen: Any) -> dict[str, float]:
    """Of mean levels [windows, g], generated and real."""
    centre = real.mean(0)
    over = [np.corrcoef(found[k], real[k])[0, 1] for k in unseen]
    trend = np.corrcoef((found[unseen] - centre).ravel(), (real[unseen] - centre).ravel())[0, 1]
    moving = np.flatnonzero((real.std(0) > 0) & (found.std(0) > 0))
    every = [np.corrcoef(found[:, j], real[:, j])[0, 1] for j in moving]
    return {"genes": float(np.mean(over)), "trend": float(trend), "gene": float(np.mean(every))}


def measured(seed: int) -> dict[str, Any]:
    records, (place, window, unseen) = pancreas(), windows()
    began = time.process_time()
    seen = np.flatnonzero(~np.isin(window, unseen))
    run, _ = trained(f"pancreas-{seed}", chosen(records, seen), seed, COLUMN, budget=BUDGET)
    made, _ = along(run, COLUMN, place.tolist(), CELLS, seed)
    genes = [made.genes.index(gene) for gene in records.genes]
    levels, real = log_normalised(made.counts[:, genes]), means(log_normalised(records.counts), window)
    ways = {"generated": means(levels, np.repeat(window, CELLS)), **simple(real, place, window, unseen)}
    result: dict[str, Any] = {way: scores(values, real, unseen) for way, values in ways.items()}
    result["floor"] = floor(records, window, unseen, seed)
    result["seconds"] = time.process_time() - began
    print(seed, result, flush=True)
    return result


def simple(real: Any, place: Any, window: Any, unseen: Any) -> dict[str, Any]:
    """What the seen windows say of the others: that of the nearest, or what lies between."""
    middle = np.array([np.median(place[window == k]) for k in range(WINDOWS)])
    known = np.setdiff1d(np.arange(WINDOWS), unseen)
    nearest, between = real.copy(), real.copy()
    for k in unseen:
        nearest[k] = real[known[np.argmin(np.abs(middle[known] - middle[k]))]]
        between[k] = [np.interp(middle[k], middle[known], real[known, j]) for j in range(real.shape[1])]
    return {"nearest window": nearest, "between": between}


def floor(records: Any, window: Any, unseen: Any, seed: int) -> dict[str, float]:
    """Half of the real cells against the other half; the mean of ``HALVES`` cuts."""
    levels, rng, found = log_normalised(records.counts), np.random.default_rng(seed), []
    for _ in range(HALVES):
        side = rng.permutation(len(window)) % 2
        one, two = (means(levels, np.where(side == half, window, -1)) for half in (0, 1))
        found.append(scores(one, two, unseen))
    return {key: float(np.mean([part[key] for part in found])) for key in found[0]}


WORDS = {
    "genes": "correlation over the genes in unseen windows of pseudotime, mean of the windows",
    "trend": "correlation of differences from the genes' means, over genes and unseen windows",
    "gene": "correlation of each gene over all windows, mean of the genes",
}


def main() -> None:
    began = time.monotonic()
    job = {"budget": BUDGET, "windows": WINDOWS, "version": 1}
    runs = [once("expression_trajectory", job | {"seed": seed}, partial(measured, seed)) for seed in SEEDS]
    rows = []
    for key, words in WORDS.items():
        values = [one["generated"][key] for one in runs]
        beside = {way: runs[0][way][key] for way in ("nearest window", "between")}
        rows.append(
            {
                "what": words,
                "value": float(np.mean(values)),
                "low": min(values),
                "high": max(values),
                "floor": float(np.mean([one["floor"][key] for one in runs])),
                "baseline": max(beside.values()),
                "goal": GOAL if key != "gene" else None,
                "better": "higher",
                "note": "; ".join(f"{way} {value:.4f}" for way, value in beside.items())
                + ("; the simple ways have the seen windows as measured" if key == "gene" else ""),
            }
        )
    write_result("expression_trajectory", rows, SEEDS, time.monotonic() - began)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measured(int(sys.argv[1]))
    else:
        main()
