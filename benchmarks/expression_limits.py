"""What a forest still tells generated blood cells by: the model, or how few cells it learned from?

    python -m benchmarks.expression_limits            # about 12 minutes of one core
    python -m benchmarks.expression_limits 0          # one seed: learned, judged and kept

A quarter of the cells judges every arm. The start of the generator (nothing of the game) learns from a quarter, half
and three quarters of the cells, and from the judging quarter itself: were the model wrong, a forest would tell its
cells from those too. With half of the cells, the number of factors and the prior of the loadings are varied as well.

In the last arm the model is right: cells of a start that learned from all cells are learned from, and judged by,
instead of real ones. What a forest tells there is due to how few cells were learned from, and to nothing else.

A game of ten times the samples of ``expression_pbmc``, judged as there by the other half, stands beside its start.
"""

from __future__ import annotations

import sys
import time
from unittest.mock import patch

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.expression import chosen, halves, pbmc, told, trained
from benchmarks.expression_pbmc import counts, last
from benchmarks.kept import once
from benchmarks.record import write_result
from vivogan.core.seeds import latents
from vivogan.domains.expression import likelihood
from vivogan.domains.expression.generator import ExpressionGenerator
from vivogan.domains.expression.metrics import forest_auc_pooled as told_apart
from vivogan.domains.expression.metrics import log_normalised
from vivogan.domains.expression.records import ExpressionRecords

SEEDS = (0, 1, 2)
DRAWS = 3  # sets of generated cells, whose scores are averaged
FACTORS = 32
LONG = "300k"  # samples
Floats = NDArray[np.float64]
KNOWN = "half, of a known model and judged by it"
ARMS = {
    "a quarter of the cells": {},
    "half of the cells": {},
    "three quarters of the cells": {},
    "the judging quarter itself": {},
    "half, 12 factors": {"factors": 12},
    "half, 64 factors": {"factors": 64},
    "half, loadings of half the deviation": {"loading": likelihood.LOADING / 2},
}


def cells(records: ExpressionRecords) -> tuple[torch.Tensor, torch.Tensor]:
    """Counts [n, g] and class numbers [n]."""
    numbers = np.unique(records.classes, return_inverse=True)[1]
    return torch.from_numpy(records.counts.toarray().astype(np.float32)), torch.from_numpy(numbers)


def generated(
    x: torch.Tensor, y: torch.Tensor, wanted: torch.Tensor, seed: int, factors: int, loading: float
) -> list[NDArray[np.float32]]:
    """Counts of one cell for each class of ``wanted`` [m], several times, by a start that learned x [n, g], y [n]."""
    generator = ExpressionGenerator(x.shape[1], int(wanted.max()) + 1, factors, len(x))
    with patch.object(likelihood, "LOADING", loading):
        likelihood.start(generator, x, y, likelihood.LikelihoodSettings(), seed)
    found = []
    with torch.no_grad():
        for draw in range(DRAWS):
            z = torch.from_numpy(latents(draw, np.arange(len(wanted)), generator.latent_dim))
            found.append(generator(z, wanted).numpy())
    return found


def parted(records: ExpressionRecords, seed: int) -> dict[str, NDArray[np.intp]]:
    """Cells to learn from, and the judging quarter."""
    first, second = halves(records, seed)
    quarter, _ = halves(chosen(records, first), seed)
    other, judging = halves(chosen(records, second), seed)
    return {
        "a quarter": first[quarter],
        "half": first,
        "three quarters": np.concatenate([first, second[other]]),
        "the judging": second[judging],
        "unseen": second[other],
    }


def run(seed: int) -> dict[str, float]:
    """The score of every arm that generates, and of real cells."""
    records = pbmc()
    x, y = cells(records)
    parts = parted(records, seed)
    judge = parts["the judging"]
    real = log_normalised(x[judge].numpy())
    scores = {"real cells": told_apart(real, log_normalised(x[parts["a quarter"]].numpy()), seed)}
    for arm, options in ARMS.items():
        rows = next(rows for name, rows in parts.items() if arm.startswith(name))
        factors, loading = options.get("factors", FACTORS), options.get("loading", likelihood.LOADING)
        made = generated(x[rows], y[rows], y[judge], seed, int(factors), loading)
        scores[arm] = float(np.mean([told_apart(real, log_normalised(one), seed) for one in made]))
        print(seed, arm, f"{scores[arm]:.4f}", flush=True)
    return scores


def known(seed: int) -> dict[str, float]:
    """The score of cells of a model that learned from half as many cells as there are, all drawn from such a model."""
    records = pbmc()
    x, y = cells(records)
    parts = parted(records, seed)
    learned, judge = y[parts["half"]], y[parts["the judging"]]
    drawn = generated(x, y, torch.cat([learned, judge]), seed, FACTORS, likelihood.LOADING)[0]
    half, real = torch.from_numpy(drawn[: len(learned)]), log_normalised(drawn[len(learned) :])
    made = generated(half, learned, judge, seed, FACTORS, likelihood.LOADING)
    others = made[1:]  # the first has the latents of what judges
    return {KNOWN: float(np.mean([told_apart(real, log_normalised(one), seed) for one in others]))}


def long_game(seed: int) -> dict[str, float]:
    """Scores of the start and of the end of a long game, as in ``expression_pbmc``."""
    records = pbmc()
    first, second = halves(records, seed)
    held = chosen(records, second[: len(first)])
    run, _ = trained(f"pbmc_10x-{seed}-long", chosen(records, first), seed, budget=LONG)
    y = run.classes.indices(held.classes)
    real = log_normalised(np.asarray(run.codec.encode(held, np.arange(len(held)))))
    arms = {"before a long game": run.start, "after a long game": last(run)}
    return {arm: told_apart(real, log_normalised(counts(run, y, one)), seed) for arm, one in arms.items()}


def main(arguments: list[str]) -> None:
    began = time.monotonic()
    seeds = tuple(map(int, arguments)) or SEEDS
    runs = [once("expression_limits", {"seed": seed, "draws": DRAWS}, lambda seed=seed: run(seed)) for seed in seeds]  # type: ignore[misc]
    for found, seed in zip(runs, seeds, strict=True):
        found |= once("expression_limits", {"seed": seed, "arm": KNOWN}, lambda seed=seed: known(seed))  # type: ignore[misc]
        found |= once("expression_limits", {"seed": seed, "game": LONG}, lambda seed=seed: long_game(seed))  # type: ignore[misc]
    if arguments:
        return
    floor = float(np.mean([found["real cells"] for found in runs]))
    rows = []
    for arm in (*ARMS, KNOWN, "before a long game", "after a long game"):
        values = [found[arm] for found in runs]
        rows.append({"what": f"forest AUC, 50 PCs, {arm}", "value": float(np.mean(values)),
                     "low": min(values), "high": max(values), "floor": floor, "better": "lower",
                     "note": told(values)})  # fmt: skip
    write_result("expression_limits", rows, SEEDS, time.monotonic() - began)


if __name__ == "__main__":
    main(sys.argv[1:])
