"""Human TATA promoters in halves: is what is generated like the half that nothing was learned from?

    python -m benchmarks.sequences_promoters            # three seeds, about 10 minutes of one core each
    python -m benchmarks.sequences_promoters 1          # one of them

Generated before the game (the likelihood start), after it, and after it with one of four candidates drawn by the
discriminator; beside the floor (the training half) and the simple samplers. Every number compares 1,465 sequences
with the test half.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any, cast

import torch

from benchmarks.kept import once
from benchmarks.record import write_result
from benchmarks.sequences import halves, lines, made, spread, table, told, trained
from vivogan.domains.sequences.baselines import MarkovChain, PositionalMarkov
from vivogan.domains.sequences.codec import SequenceCodec
from vivogan.domains.sequences.composition import gc_distance
from vivogan.domains.sequences.identity import nearest_identity, unique
from vivogan.domains.sequences.kmers import kmer_divergence
from vivogan.domains.sequences.motifs import motif_rate, peak
from vivogan.domains.sequences.telling import cnn_auc, forest_auc

SEEDS = (0, 1, 2)
# In samples, not minutes: what else the machine does must make no difference. About 5 minutes of one core.
BUDGET, OVERRIDES = "20k", ("likelihood.epochs=32",)
WORD = "TATAAA"
KEEP = 0.25
# What, better, goal, baseline among the simple samplers.
SCORES: dict[str, tuple[str, float | None]] = {
    "JSD of 6-mers (bits)": ("lower", 0.0055),
    "GC W1": ("lower", 0.006),
    "forest AUC": ("lower", 0.55),
    "CNN AUC": ("lower", 0.53),
    f"{WORD} at its peak, distance from real": ("lower", 0.03),
    "nearest identity, max": ("lower", 0.64),
    "unique": ("higher", 0.99),
}
ARMS = {
    "start": "before the game",
    "game": "after the game",
    "kept": "after the game, one of four by the discriminator",
}


def scores(real: Sequence[str], other: Sequence[str], train: Sequence[str]) -> dict[str, float]:
    """Every score of one set of sequences against the test half."""
    place = peak(train, WORD)
    rate = motif_rate(other, WORD, place)
    values = (
        kmer_divergence(real, other, 6),
        gc_distance(real, other),
        forest_auc(real, other),
        cnn_auc(real, other),
        abs(rate - motif_rate(real, WORD, place)),
        float(nearest_identity(other, train).max()),
        unique(other),
    )
    return dict(zip(SCORES, values, strict=True)) | {"rate": rate}


def one(seed: int) -> dict[str, Any]:
    """All arms of a seed."""
    train, test = halves(lines("human_tata_promoters/hs_pos_TATA.txt.gz"), seed)
    run, seconds = trained(
        f"promoters-{seed}",
        lambda path: table(path, train, seed),
        budget=BUDGET,
        overrides=OVERRIDES,
        seed=seed,
        sequence="sequence",
        split="part",
    )
    n = len(test)
    x = cast(SequenceCodec, run.codec).encoded(train)
    y = torch.zeros(len(x), dtype=torch.long).numpy()
    simple = {"Markov": MarkovChain(5), "positional": PositionalMarkov()} if seed == SEEDS[0] else {}
    sets = {
        "start": made(run, n, generator=run.start),
        "game": made(run, n),
        "kept": made(run, n, keep=KEEP),
        "floor": train,
        **{name: run.codec.decode(b.fit(x, y).sample(y[:1].repeat(n), seed)) for name, b in simple.items()},
    }
    return {"seconds": seconds, "real rate": motif_rate(test, WORD, peak(train, WORD))} | {
        name: scores(test, sequences, train) for name, sequences in sets.items()
    }


def main(seeds: Sequence[int]) -> None:
    began = time.monotonic()
    found = [
        once(
            "sequences_promoters",
            {"seed": seed, "budget": BUDGET, "overrides": " ".join(OVERRIDES)},
            lambda s=seed: one(s),
        )
        for seed in seeds
    ]
    rows = []
    for name, (better, goal) in SCORES.items():
        floor = sum(f["floor"][name] for f in found) / len(found)
        simple = min if better == "lower" else max
        baseline = simple((f[b][name] for f in found for b in ("Markov", "positional") if b in f), default=None)
        for arm, words in ARMS.items():
            values = [f[arm][name] for f in found]
            rows.append(
                {
                    "what": f"{name}: {words}",
                    **spread(values),
                    "floor": floor,
                    "baseline": baseline,
                    "goal": goal if arm == "game" else None,
                    "better": better,
                    "note": told(values),
                }
            )
    rates = ", ".join(f"{f['real rate']:.3f}" for f in found)
    rows.append({"what": f"{WORD} at its peak in real test halves", "value": found[0]["real rate"], "note": rates})
    for arm, words in ARMS.items():
        values = [f[arm]["rate"] for f in found]
        rows.append({"what": f"{WORD} at its peak: {words}", **spread(values), "note": told(values, 3)})
    values = [f["seconds"] for f in found]
    rows.append({"what": "training (CPU seconds, one thread)", **spread(values), "goal": 1200, "better": "lower"})
    write_result("sequences_promoters", rows, seeds, time.monotonic() - began)


if __name__ == "__main__":
    main([int(seed) for seed in sys.argv[1:]] or SEEDS)
