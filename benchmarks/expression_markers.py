"""Markers of blood cells: canonical ones among the top 20, stability over seeds, scanpy's Wilcoxon ranking beside.

    python -m benchmarks.expression_markers    # about 3 minutes of one core

Canonical markers are those of ``tools/panel.py`` that a set has measured. The types of the interferon data were made
with a panel that names many of the same genes (``expression_types``): those that took no part are counted apart.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import numpy as np

from benchmarks.expression import reduced
from benchmarks.expression_types import PANEL, typed
from benchmarks.kept import once
from benchmarks.record import write_result
from vivogan.domains.expression.markers import FALSE, TOP, markers_of
from vivogan.domains.expression.tools.classifier import ClassifierPlan

SEEDS = (0, 1, 2)  # each of five classifiers
GOAL, STABLE = 0.8, 0.8
SETS = {"pbmc68k_reduced": reduced, "pbmc_interferon": typed}


def measured(name: str, seed: int) -> dict[str, Any]:
    """How many canonical markers of each type were found, and how stable the top 20 are."""
    records = SETS[name]()
    found = markers_of(records.counts, records.genes, records.labels["type"], seed=seed)
    result = {
        "stability": dict(zip(found.types, found.stability.tolist(), strict=True)),
        "types": {
            one.type: {"known": one.known, "found": one.found, "wilcoxon": one.by_wilcoxon} for one in found.agreement
        },
        "sure": {kind: int((found.fdr[k, found.best(k)] < FALSE).sum()) for k, kind in enumerate(found.types)},
    }
    print(name, seed, result, flush=True)
    return result


def rows_of(name: str, runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    shares = [share(one, "found") for one in runs]
    worst = sorted((float(np.mean([one["stability"][kind] for one in runs])), kind) for kind in runs[0]["stability"])
    missed = {kind: [g for g in row["known"] if g not in row["found"]] for kind, row in runs[0]["types"].items()}
    told = "; ".join(f"{kind}: {', '.join(genes)}" for kind, genes in missed.items() if genes)
    first = list(runs[0]["types"].values())
    every = sum(len(row["known"]) for row in first)
    reached = [
        np.mean([len(row["found"]) >= GOAL * len(row["known"]) for row in one["types"].values()]) for one in runs
    ]
    rows = [
        {
            "what": f"{name}: canonical markers among the top {TOP}",
            "value": float(np.mean(shares)),
            "low": min(shares),
            "high": max(shares),
            "baseline": share(runs[0], "wilcoxon"),
            "goal": GOAL,
            "better": "higher",
            "note": f"of {every} in {len(runs[0]['types'])} types; baseline: Wilcoxon; missed {told or 'none'}",
        },
        {
            "what": f"{name}: share of types of whose canonical markers 80 % are among the top {TOP}",
            "value": float(np.mean(reached)),
            "baseline": float(np.mean([len(row["wilcoxon"]) >= GOAL * len(row["known"]) for row in first])),
            "better": "higher",
        },
        {
            "what": f"{name}: overlap of the top {TOP} of two seeds",
            "value": float(np.mean([list(one["stability"].values()) for one in runs])),
            "low": worst[0][0],
            "high": worst[-1][0],
            "goal": STABLE,
            "better": "higher",
            "note": f"each learned from 90 % of the cells; least of the types: {worst[0][1]}",
        },
        {
            "what": f"{name}: share of the top {TOP} with a false discovery rate below {FALSE}",
            "value": float(np.mean([np.mean(list(one["sure"].values())) / TOP for one in runs])),
        },
    ]
    if name == "pbmc_interferon":
        used = {gene for genes in PANEL.values() for gene in genes}
        unused = [share(one, "found", used) for one in runs]
        known = sum(gene not in used for row in runs[0]["types"].values() for gene in row["known"])
        note = f"{known} markers: the others named the types of this set, so that they are found is no surprise"
        what = f"{name}: the same, of markers that took no part in naming types"
        rows.append({"what": what, "value": float(np.mean(unused)) if known else None, "note": note})
    return rows


def share(one: dict[str, Any], which: str, without: set[str] | None = None) -> float:
    """The share of canonical markers of all types that were found."""
    kept = without or set()
    known = sum(gene not in kept for row in one["types"].values() for gene in row["known"])
    found = sum(gene not in kept for row in one["types"].values() for gene in row[which])
    return found / max(1, known)


def main() -> None:
    began = time.monotonic()
    job = {"plan": ClassifierPlan().model_dump(mode="json"), "version": 1}
    found = {
        name: [once("expression_markers", job | {"set": name, "seed": s}, partial(measured, name, s)) for s in SEEDS]
        for name in SETS
    }
    rows = [row for name, runs in found.items() for row in rows_of(name, runs)]
    write_result("expression_markers", rows, SEEDS, time.monotonic() - began)


if __name__ == "__main__":
    main()
