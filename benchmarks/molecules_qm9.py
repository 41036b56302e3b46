"""QM9: 10,000 molecules of each model, without filtering, beside 10,000 held-out ones; the ablation; three seeds.

    python -m benchmarks.molecules_qm9            # all seeds and models; finished runs are taken from the cache

Protocol (EVALUATION.md): 10,000 molecules are held out at random before anything is learned; validity and uniqueness
are shares of 10,000 samples, FCD compares the valid ones with the held-out ones.
"""

from __future__ import annotations

import time
from functools import cache, partial
from typing import Any

import numpy as np

from benchmarks.kept import once
from benchmarks.molecules import Row, column, different, drawn, judged, last, made, trained, valid_at_once
from benchmarks.record import write_result
from benchmarks.sequences import spread
from vivogan.core.seeds import numpy_generator
from vivogan.domains.molecules.baselines import MarkovChain

SEEDS = (0, 1, 2)
HELD_OUT = 10_000
MODELS: dict[str, dict[str, Any]] = {  # by what a run is told
    "language": {"budget": "50k", "overrides": ["likelihood.epochs=4", "language.notation=selfies"]},
    "latent": {"budget": "500k", "model": "latent"},
    "graph": {"budget": "300k", "model": "graph"},
}
GOALS = {"valid": (0.995, "higher"), "unique@10k": (0.97, "higher"), "FCD/Test": (1.0, "lower")}
WORDS = {  # of a model, and which of its generators: before the game, at its end, and the best on the selection part
    ("language", "start"): "language model",
    ("language", "game"): "language model + adversarial, end of the game",
    ("language", "language"): "language model + adversarial",
    ("latent", "start"): "autoencoder and mixture",
    ("latent", "latent"): "autoencoder and mixture + adversarial (latent GAN)",
    ("graph", "start"): "graph decoder",
    ("graph", "graph"): "graph decoder + adversarial (graph GAN)",
}


@cache
def halves() -> tuple[list[str], list[str]]:
    """What is held out, and what may be learned from."""
    return drawn(different(column("qm9/qm9_smiles.csv.gz", "smiles")), HELD_OUT, 0)


def scores(smiles: list[str]) -> dict[str, list[float]]:
    """The numbers of the tables, of 10,000 samples, with their floors."""
    return judged(smiles, *halves())


def run_of(model: str, seed: int) -> dict[str, Any]:
    """Samples of one trained run judged; also before the game, and of the language model at its end."""
    run, seconds = trained(f"qm9-{model}-{seed}", halves()[1], seed=seed, **MODELS[model])
    found: dict[str, Any] = {"seconds": seconds, "at once": valid_at_once(run, 2000)}
    found["start"] = scores(made(run, HELD_OUT, run.start))
    if model == "language":
        found["game"] = scores(made(run, HELD_OUT, last(run)))
    best_before = run.checkpoint.samples == 0  # the game
    found[model] = found["start"] if best_before else scores(made(run, HELD_OUT))
    return found


def chain() -> dict[str, Any]:
    """The best simple sampler: a Markov chain of the same tokens."""
    run, _ = trained("qm9-language-0", halves()[1], seed=0, **MODELS["language"])
    train = halves()[1]
    x = run.codec.points(run.codec.numbered(train[:60_000]))  # type: ignore[attr-defined]
    sampled = MarkovChain().fit(x, np.zeros(len(x), np.intp)).sample(np.zeros(HELD_OUT, np.intp), 0)
    return {"scores": scores(run.codec.decode(sampled))}


def repeats(seed: int) -> dict[str, float]:
    """Different molecules among 10,000: of the language model, each drawn by itself; of its training file."""
    run, _ = trained(f"qm9-language-{seed}", halves()[1], seed=seed, **MODELS["language"])
    x = run.tensors(np.arange(HELD_OUT), seed, lambda rows: run.classes.draw(seed, rows), truncation=1 - 1e-9)
    drawn_alone = [text for text in run.codec.decode(x) if text]
    train = halves()[1]
    again = numpy_generator(seed, "again").integers(len(train), size=HELD_OUT)
    return {"alone": len(set(drawn_alone)) / len(drawn_alone), "train": len(set(again.tolist())) / HELD_OUT}


def main() -> None:
    began = time.monotonic()
    runs: dict[str, list[dict[str, Any]]] = {
        model: [
            once("molecules_qm9", options | {"model": model, "seed": seed, "version": 1}, partial(run_of, model, seed))
            for seed in SEEDS
        ]
        for model, options in MODELS.items()
    }
    simple = once("molecules_qm9", {"what": "chain"}, chain)["scores"]
    rows: list[Row] = []
    for (model, part), what in WORDS.items():
        own = runs[model]
        for name, (goal, better) in GOALS.items():
            row = {"what": f"{what}: {name}", **spread([run[part][name][0] for run in own]), "better": better}
            row |= {"baseline": simple[name][0], "floor": float(np.mean([run[part][name][1] for run in own]))}
            rows.append(row | ({"goal": goal} if part == "language" else {}))
        told = {name: np.mean([run[part][name][0] for run in own]) for name in ("Novelty", "logP", "QED", "weight")}
        rows[-1]["note"] = ", ".join(f"{name} {value:.3g}" for name, value in told.items())
    alone = [once("molecules_qm9", {"what": "repeats", "seed": seed}, partial(repeats, seed)) for seed in SEEDS]
    rows.append(
        {
            "what": "language model, each molecule drawn by itself: unique@10k",
            **spread([one["alone"] for one in alone]),
            "floor": float(np.mean([one["train"] for one in alone])),
            "better": "higher",
            "note": "floor: drawn from the training file itself; elsewhere samples lie evenly over the distribution",
        }
    )
    for model, own in runs.items():
        rows.append(
            {
                "what": f"{model}: training (CPU seconds, one thread)",
                **spread([run["seconds"] for run in own]),
                "goal": 2400,
                "better": "lower",
                "note": f"goal: 20 minutes of two cores; valid at once {np.mean([run['at once'] for run in own]):.4f}",
            }
        )
    write_result("molecules_qm9", rows, SEEDS, time.monotonic() - began)


if __name__ == "__main__":
    main()
