"""Blood cells and cord blood in halves: one half is learned, as many cells as the other has are generated and compared.

    python -m benchmarks.expression_pbmc               # all seeds and both sets, about an hour of one core
    python -m benchmarks.expression_pbmc pbmc_10x 0    # one set and seed: trained, scored and kept

Both sets are learned with the same settings. The run keeps the checkpoint with the least held-out Fréchet distance;
beside its cells stand those of the start (before the game) and of the game's end, of the copula and negative binomial
baselines, of neighbour mixing, and the half that was learned from (the floor). Generated cells are of the types of the
half they are compared with.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks.expression import DATA, SCORES, chosen, halves, protocol, told, trained
from benchmarks.kept import once
from benchmarks.record import write_result
from vivogan.core.seeds import derive
from vivogan.domains.run import Run
from vivogan.metrics.memorisation import memorisation

SEEDS = {"pbmc_10x": (0, 1, 2), "cbmc_citeseq": (0,)}
BUDGET = "30k"  # samples: what else the machine does must make no difference
GOALS = {
    "pbmc_10x": {
        "forest AUC, 50 PCs": 0.58,
        "forest AUC, raw genes": 0.65,
        "MMD², 50 PCs": 0.0006,
        "gene W1": 0.035,
        "gene-gene correlation r": 0.992,
        "log-library W1": 0.03,
        "TSTR accuracy": 0.885,
    },
    "cbmc_citeseq": {"forest AUC, 50 PCs": 0.62},
}
BEST = "copula"  # the baseline of the column


def run(name: str, seed: int) -> dict[str, Any]:
    """The scores of every arm of one set and seed."""
    records = DATA[name]()
    first, second = halves(records, seed)
    second = second[: len(first)]
    run, seconds = trained(f"{name}-{seed}", chosen(records, first), seed, budget=BUDGET)
    held = chosen(records, second)
    x, known = (np.asarray(run.codec.encode(part, np.arange(len(part)))) for part in (held, chosen(records, first)))
    y, known_y = (run.classes.indices(part.classes) for part in (held, chosen(records, first)))
    made = {"start": counts(run, y, run.start), "end": counts(run, y, last(run))}
    kept = counts(run, y)
    same = next((arm for arm, cells in made.items() if np.array_equal(cells, kept)), None)
    if same is None:
        made["kept"] = kept
    for label, baseline in run.domain.baselines().items():
        learned = run.codec.encode(chosen(records, first), np.arange(len(first)))
        made[label] = np.asarray(baseline.fit(learned, known_y).sample(y, derive(seed, label)))
    scores = {}
    for arm, cells in {**made, "floor": known[: len(x)]}.items():
        scores[arm] = protocol(x, y, cells, known_y[: len(x)] if arm == "floor" else y, seed)
        print(name, seed, arm, {key: round(value, 4) for key, value in scores[arm].items()}, flush=True)
    scores["kept"] = scores[same or "kept"]
    return {"scores": scores, "which": same, "cpu seconds": seconds, "memory": remembered(run, known, x, kept)}


def counts(run: Run, y: NDArray[np.intp], generator: nn.Module | None = None) -> NDArray[np.float32]:
    """Counts of one generated cell for each class number of y [n], by the run's own generator or another of it."""
    return np.asarray(run.tensors(np.arange(len(y)), 0, lambda rows: y[rows % len(y)], generator=generator))


def last(run: Run) -> nn.Module:
    """The averaged generator at the end of the game, whether it was the best or not."""
    newest = run.folder.checkpoints.newest()
    assert newest is not None
    generator, _ = run.domain.networks(run.codec, len(run.classes.names), run.plan)
    generator.load_state_dict(newest.tensors["ema"])
    return generator.eval().requires_grad_(False)


def remembered(run: Run, known: Any, held: Any, made: Any) -> dict[str, Any]:
    """Whether generated cells are nearer to training cells than cells of the other half are."""
    found = memorisation(*(run.extractor(torch.from_numpy(part)) for part in (known, held, made)))
    return {
        "membership AUC": found.membership_auc,
        "distance ratio": found.distance_ratio,
        "copies": found.copies,
        "copies expected": found.copies_expected,
        "flagged": bool(found.flagged),
    }


def results(name: str) -> list[dict[str, Any]]:
    """Rows of one set."""
    runs = [once("expression_pbmc", {"set": name, "seed": seed, "budget": BUDGET}, lambda seed=seed: run(name, seed))  # type: ignore[misc]
            for seed in SEEDS[name]]  # fmt: skip
    rows = []
    for what, better in SCORES.items():
        values = {arm: [found["scores"][arm][what] for found in runs] for arm in runs[0]["scores"]}
        note = "; ".join(f"{arm} {told(own)}" for arm, own in values.items() if arm not in ("floor", "kept", BEST))
        low, high = min(values["kept"]), max(values["kept"])
        rows.append({"what": f"{name}: {what}", "value": float(np.mean(values["kept"])), "low": low, "high": high,
                     "floor": float(np.mean(values["floor"])), "baseline": float(np.mean(values[BEST])),
                     "goal": GOALS[name].get(what), "better": better, "note": note})  # fmt: skip
    for what in ("membership AUC", "distance ratio", "copies"):
        own = [found["memory"][what] for found in runs]
        note = f"of held-out cells {told([f['memory']['copies expected'] for f in runs])}" if what == "copies" else ""
        rows.append(
            {"what": f"{name}: {what}", "value": float(np.mean(own)), "low": min(own), "high": max(own), "note": note}
        )
    seconds = [found["cpu seconds"] for found in runs]
    rows.append({"what": f"{name}: CPU seconds of a run", "value": float(np.mean(seconds)), "low": min(seconds),
                 "high": max(seconds), "goal": 1200, "better": "lower"})  # fmt: skip
    return rows


def main(arguments: list[str]) -> None:
    began = time.monotonic()
    if arguments:
        name, seed = arguments[0], int(arguments[1])
        once("expression_pbmc", {"set": name, "seed": seed, "budget": BUDGET}, lambda: run(name, seed))
        return
    rows = [row for name in SEEDS for row in results(name)]
    write_result("expression_pbmc", rows, SEEDS["pbmc_10x"], time.monotonic() - began)


if __name__ == "__main__":
    main(sys.argv[1:])
