"""E. coli promoters with measured activity: predicted, made on demand, optimised, and completed around fixed motifs.

    python -m benchmarks.sequences_mpra        # about 25 minutes of one core

The oracle of the optimisation is a kernel ridge over words; what is made is judged by networks, which took no part.
Real promoters are a fifth of the set, held out from the generator in whole clusters of alike sequences.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.blood import CACHE
from benchmarks.kept import once
from benchmarks.record import write_result
from benchmarks.sequences import interval, trained, written
from benchmarks.sequences_oracles import Row, measured, networks_said, oracle, parted, table
from vivogan.core.seeds import numpy_generator
from vivogan.domains.run import Run
from vivogan.domains.sequences.api import completed
from vivogan.domains.sequences.baselines import MarkovChain, PositionalMarkov
from vivogan.domains.sequences.identity import diversity, nearest_identity, novelty, unique
from vivogan.domains.sequences.optimize import optimize
from vivogan.domains.sequences.oracles import oracle as named
from vivogan.domains.sequences.telling import forest_auc

# In samples, not minutes: what else the machine does must make no difference.
BUDGET, WORK = "6k", ("likelihood.epochs=8",)
HIGH = {"expr": "high"}  # the top tenth
COUNT, TEMPLATES, ROUNDS = 500, 150, 8
FOLDER = "ecoli_mpra_promoters"
Floats = NDArray[np.float64]


@cache
def promoters() -> list[Row]:
    """The measured promoters with the part of each: a fifth is held out."""
    rows = table(f"{FOLDER}/ecoli_mpra_expr.csv.gz")
    return parted([{"sequence": row["realB"], "expr": row["expr"]} for row in rows])


def generator() -> tuple[Run, float]:
    """The run that made everything here, and its CPU seconds."""
    return trained(
        "mpra-0",
        lambda path: written(path, promoters()),
        budget=BUDGET,
        seed=0,
        labels="expr",
        sequence="sequence",
        split="part",
        alphabet="dna",
        overrides=WORK,
    )


def judged(sequences: Sequence[str]) -> Floats:
    """What the judge says."""
    return networks_said(oracle("promoters"), sequences)


def judge_row() -> dict[str, Any]:
    """How good the judge is on the given test file."""
    from scipy.stats import spearmanr

    rows = table(f"{FOLDER}/ecoli_mpra_expr_test.csv.gz")
    values = np.array([float(row["expr"]) for row in rows])
    found = float(spearmanr(values, judged([row["realB"] for row in rows])).statistic)
    return {"what": "the judge (networks without the ridge), given test file: Spearman", "value": found}


def top(part: str) -> list[str]:
    """The sequences of a part that are in the top tenth of all."""
    least = np.quantile([float(row["expr"]) for row in promoters()], 0.9)
    return [row["sequence"] for row in promoters() if row["part"] == part and float(row["expr"]) >= least]


def made_sets(run: Run) -> dict[str, list[str]]:
    """Sequences of every way of making them."""
    learned = top("train")
    x = run.codec.encoded(learned)  # type: ignore[attr-defined]
    y = np.zeros(len(x), np.intp)
    simple = {"Markov chain": MarkovChain(5), "positional Markov": PositionalMarkov()}
    feed = optimize(
        run,
        [named(str(CACHE / "oracles" / "promoters-kmers-0"))],
        n=COUNT,
        rounds=ROUNDS,
        where=HIGH,
        seed=0,
        watch=lambda event: print(event.get("text"), flush=True),
    )
    return {
        "real": top("test"),
        "floor": learned,
        "any": run.generate(COUNT, seed=0).sequences,
        "high": run.generate(COUNT, HIGH, seed=0).sequences,
        "feedback": feed.end[:COUNT],
        "designs": feed.sequences,
        **{name: run.codec.decode(b.fit(x, y).sample(y[:1].repeat(COUNT), 0)) for name, b in simple.items()},
    }


def sets() -> dict[str, Any]:
    """Scores of every set: the judge's mean and share beyond the edge of the top tenth, forest AUC, identities."""
    oracle("promoters", seed=0, kind="kmers")
    run, seconds = generator()
    found = made_sets(run)
    edge = float(np.quantile([float(row["expr"]) for row in promoters()], 0.9))
    known = [row["sequence"] for row in promoters() if row["part"] == "train"]
    scores = {}
    for name, sequences in found.items():
        values = judged(sequences)
        print(name, len(sequences), round(float(values.mean()), 3), *sequences[:2], sep="\n", flush=True)
        scores[name] = {
            "mean": interval(values),
            "share": interval((values >= edge).astype(float)),
            "forest": forest_auc(found["real"], sequences) if name != "real" else None,
            "nearest": float(nearest_identity(sequences, known).max()) if name not in ("floor",) else None,
            "unique": unique(sequences),
            "novel": novelty(sequences, known),
            "diversity": diversity(sequences, 500),
        }
    return {"edge": edge, "seconds": seconds, "sets": scores}


def templates() -> list[Row]:
    """Templates of promoters that the generator did not learn from; what is free is N."""
    held = {row["sequence"] for row in promoters() if row["part"] == "test"}
    rows = [row for row in table(f"{FOLDER}/ecoli_mpra_3_laco.csv.gz") if row["realB"] in held]
    order = numpy_generator(0, "templates").permutation(len(rows))[:TEMPLATES]
    return [{"template": rows[i]["realA"].replace("M", "N"), "real": rows[i]["realB"]} for i in order.tolist()]


def completions() -> dict[str, Any]:
    """Templates completed as high, as any, and at random with the composition of the set."""
    run, _ = generator()
    rows = templates()
    rng = numpy_generator(0, "random fill")
    letters = np.array(list("".join(row["real"] for row in rows)))
    ways = {
        "high": [completed(run, row["template"], 1, HIGH, seed=i).sequences[0] for i, row in enumerate(rows)],
        "any": [completed(run, row["template"], 1, None, seed=i).sequences[0] for i, row in enumerate(rows)],
        "random": ["".join(rng.choice(letters) if a == "N" else a for a in row["template"]) for row in rows],
        "real": [row["real"] for row in rows],
    }
    print(rows[0]["template"], *(made[0] for made in ways.values()), sep="\n", flush=True)
    fixed = {
        name: np.mean(
            [
                b == a
                for row, m in zip(rows, made, strict=True)
                for a, b in zip(row["template"], m, strict=True)
                if a != "N"
            ]
        )
        for name, made in ways.items()
    }
    values = {name: judged(made) for name, made in ways.items()}
    gain = {name: interval(values[name] - values["real"]) for name in ("high", "any", "random")}
    free = float(np.mean([row["template"].count("N") / len(row["template"]) for row in rows]))
    return {
        "n": len(rows),
        "free": free,
        "fixed": fixed,
        "mean": {n: interval(v) for n, v in values.items()},
        "gain": gain,
    }


def main() -> None:
    began = time.monotonic()
    job = {"budget": BUDGET, "seed": 0, "version": 2}
    rows = measured("promoters") + measured("promoters", 0, "kmers")[:1] + [judge_row()]
    found = once("sequences_mpra", job | {"what": "sets"}, sets)
    scores, edge = found["sets"], found["edge"]
    simple = max(scores[b]["mean"]["value"] for b in ("Markov chain", "positional Markov"))
    forests = min(scores[b]["forest"] for b in ("Markov chain", "positional Markov"))
    shares = max(scores[b]["share"]["value"] for b in ("Markov chain", "positional Markov"))
    words = {
        "any": "not conditioned",
        "high": "conditioned high",
        "feedback": "after feedback, not selected",
        "designs": "the best 500 of feedback",
    }
    for name, what in words.items():
        own = scores[name]
        goal = {"goal": edge, "better": "higher"} if name != "any" else {}
        note = (
            f"unique {own['unique']:.3f}, new {own['novel']:.3f}, nearest identity at most {own['nearest']:.2f}, "
            f"diversity {own['diversity']:.2f}"
        )
        real = scores["real"]
        rows += [
            {
                "what": f"activity by the judge, {what}: mean",
                **own["mean"],
                "floor": real["mean"]["value"],
                "baseline": simple,
                **goal,
                "note": note,
            },
            {
                "what": f"activity by the judge, {what}: share in the measured top tenth",
                **own["share"],
                "floor": real["share"]["value"],
                "baseline": shares,
                "better": "higher",
            },
            {
                "what": f"forest AUC against the real top tenth, {what}",
                "value": own["forest"],
                "floor": scores["floor"]["forest"],
                "baseline": forests,
                "better": "lower",
                "goal": 0.8 if name != "any" else None,
            },
        ]
    masked = once("sequences_mpra", job | {"what": "completions"}, completions)
    note = f"{masked['n']} templates, {masked['free']:.0%} of the places free"
    rows.append(
        {
            "what": "masked completion: fixed bases kept",
            "value": masked["fixed"]["high"],
            "goal": 1.0,
            "better": "higher",
            "note": note,
        }
    )
    for name, what in {"high": "completed as high", "any": "completed as any", "random": "filled at random"}.items():
        rows.append(
            {
                "what": f"masked completion, judge's mean: {what}",
                **masked["mean"][name],
                "floor": masked["mean"]["real"]["value"],
                "baseline": masked["mean"]["random"]["value"],
                "better": "higher",
                "note": f"floor: the promoters themselves; difference from them {masked['gain'][name]['value']:+.2f}",
            }
        )
    rows.append(
        {"what": "training (CPU seconds, one thread)", "value": found["seconds"], "goal": 1200, "better": "lower"}
    )
    write_result("sequences_mpra", rows, [0], time.monotonic() - began)


if __name__ == "__main__":
    main()
