"""The MOSES proxy: learned from moses/proxy_train, judged beside moses/proxy_test and moses/test_scaffolds.

    python -m benchmarks.molecules_moses

The official training file is not at hand: its test file is cut in two (see the data's README), so these numbers stand
beside those of the MOSES table, not in it.
"""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import numpy as np

from benchmarks.kept import once
from benchmarks.molecules import Row, column, drawn, judged, last, made, trained, valid_at_once
from benchmarks.record import write_result
from vivogan.domains.molecules.baselines import MarkovChain

SAMPLES = 10_000
OPTIONS: dict[str, Any] = {"budget": "60k", "overrides": ["likelihood.epochs=10"]}
GOALS = {
    "valid": (0.99, "higher"),
    "unique@10k": (0.998, "higher"),
    "Novelty": (0.95, "higher"),
    "Filters": (0.985, "higher"),
    "FCD/Test": (1.2, "lower"),
}


@cache
def train() -> list[str]:
    """The training file in random order."""
    return drawn(column("moses/proxy_train.csv.gz", "SMILES"), 0, 0)[1]


@cache
def references() -> dict[str, list[str]]:
    """10,000 molecules of each of the two test files."""
    files = {"test": "moses/proxy_test.csv.gz", "scaffolds": "moses/test_scaffolds.csv.gz"}
    return {name: drawn(column(path, "SMILES"), SAMPLES, 1)[0] for name, path in files.items()}


def scores(smiles: list[str]) -> dict[str, list[float]]:
    """The numbers of the table beside both references, with their floors."""
    return judged(smiles, references()["test"], train(), references()["scaffolds"])


def measured() -> dict[str, Any]:
    """One run, what it was before the game, at its end, and the best simple sampler."""
    run, seconds = trained("moses-0", train(), seed=0, **OPTIONS)
    x = run.codec.points(run.codec.numbered(train()[:60_000]))  # type: ignore[attr-defined]
    simple = MarkovChain().fit(x, np.zeros(len(x), np.intp)).sample(np.zeros(SAMPLES, np.intp), 0)
    found: dict[str, Any] = {
        "seconds": seconds,
        "at once": valid_at_once(run, SAMPLES),
        "start": scores(made(run, SAMPLES, run.start)),
        "game": scores(made(run, SAMPLES, last(run))),
        "simple": scores(run.codec.decode(simple)),
    }
    kept_start = run.checkpoint.samples == 0  # the best was before the game
    return found | {"best": found["start"] if kept_start else scores(made(run, SAMPLES))}


def interval(share: float, n: int = SAMPLES) -> dict[str, float]:
    """95 % interval of a share of n samples."""
    half = 1.96 * (share * (1 - share) / n) ** 0.5
    return {"low": share - half, "high": min(1.0, share + half)}


def main() -> None:
    began = time.monotonic()
    found = once("molecules_moses", OPTIONS | {"version": 1}, measured)
    rows: list[Row] = []
    for name, (value, floor) in found["best"].items():
        before, after, simple = (found[part][name][0] for part in ("start", "game", "simple"))
        row: Row = {"what": name, "value": value, "floor": floor, "baseline": simple}
        row |= {"note": f"language model {before:.4g}, at the end of the game {after:.4g}"}
        row |= interval(value) if name in ("valid", "Novelty", "Filters") else {}
        goal = GOALS.get(name)
        rows.append(row | ({"goal": goal[0], "better": goal[1]} if goal else {}))
    at_once = found["at once"]
    rows.append(
        {"what": "valid when drawn once", "value": at_once, **interval(at_once), "goal": 0.99, "better": "higher"}
    )
    rows.append(
        {
            "what": "training (CPU seconds, one thread)",
            "value": found["seconds"],
            "goal": 2400,
            "better": "lower",
            "note": "goal: 20 minutes of two cores",
        }
    )
    write_result("molecules_moses", rows, [0], time.monotonic() - began)


if __name__ == "__main__":
    main()
