"""Families: Kunitz domains and a riboswitch from their alignments in halves, and variants of GFP made to shine.

    python -m benchmarks.sequences_families            # about 40 minutes of one core
    python -m benchmarks.sequences_families kunitz     # one of kunitz, rna, gfp: trained, scored and kept

Every number of a family compares as many sequences as the test half has with the test half. Variants of GFP are
optimised by one predictor and judged by another, of another seed, that learned from other variants, and by networks.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.blood import CACHE, data_folder
from benchmarks.kept import once
from benchmarks.record import write_result
from benchmarks.sequences import halves, interval, made, spread, table, told, trained, written
from benchmarks.sequences_oracles import SETS, measured, oracle, said, wild_type
from vivogan.core.seeds import numpy_generator
from vivogan.domains.sequences import data
from vivogan.domains.sequences.baselines import ChowLiuTree, PositionalMarkov
from vivogan.domains.sequences.couplings import conserved, kept_shares, pair_scores
from vivogan.domains.sequences.identity import nearest_identity, unique
from vivogan.domains.sequences.mutual import mutual_information
from vivogan.domains.sequences.optimize import optimize
from vivogan.domains.sequences.oracles import oracle as named
from vivogan.domains.sequences.profiles import bit_scores, family_model
from vivogan.domains.sequences.records import ReadOptions
from vivogan.domains.sequences.telling import forest_auc

SEEDS = (0, 1, 2)
BUDGETS = {"kunitz": "10k", "rna": "5k"}  # samples: what else the machine does must make no difference
FILES = {"kunitz": "kunitz_family_msa/PF00014_raw.fasta.gz", "rna": "rna_family_rf00379/RF00379.fasta.gz"}
KEEP = 0.25
ARMS = {
    "start": "before the game",
    "game": "after the game",
    "kept": "after the game, one of four by the discriminator",
}
SIMPLE = ("profile", "tree")
CANONICAL = {"AU", "UA", "GC", "CG", "GU", "UG"}
STEMS, PAIRED = 0.8, 0.3  # share of canonical pairs, and nats of mutual information, from where columns are paired
DESIGNS, ROUNDS = 200, 15
Scores = dict[str, float]
# What, better, goal.
KUNITZ: dict[str, tuple[str, float | None]] = {
    "strong-pair r": ("higher", 0.90),
    "strong-pair slope": ("higher", 0.75),
    "forest AUC": ("lower", 0.65),
    "nearest identity, median": ("lower", 0.80),
    "nearest identity, max": ("lower", 0.97),
    "six cysteines, largest difference from real": ("lower", 0.05),
    "HMM bits, difference of medians from real": ("lower", None),
    "unique": ("higher", None),
}


def family(name: str) -> list[str]:
    """The distinct rows of an alignment without insert columns."""
    rows = data.read(data_folder() / FILES[name], ReadOptions(layout="aligned")).sequences
    return list(dict.fromkeys(rows))


def sampled(name: str, seed: int) -> tuple[dict[str, list[str]], float]:
    """Real and generated sets of a family by name, and the CPU seconds of the training."""
    train, test = halves(family(name), seed)
    run, seconds = trained(
        f"{name}-{seed}",
        lambda path: table(path, train, seed),
        budget=BUDGETS[name],
        seed=seed,
        sequence="sequence",
        split="part",
        layout="aligned",
    )
    x = run.codec.encoded(train)  # type: ignore[attr-defined]
    y = np.zeros(len(x), np.intp)
    simple = {"profile": PositionalMarkov((0,), (0,)), "tree": ChowLiuTree()}
    n = len(test)
    return {
        "test": test,
        "floor": train,
        "start": made(run, n, generator=run.start),
        "game": made(run, n),
        "kept": made(run, n, keep=KEEP),
        **{b: run.codec.decode(sampler.fit(x, y).sample(np.zeros(n, np.intp), seed)) for b, sampler in simple.items()},
    }, seconds


def kunitz(seed: int) -> dict[str, Any]:
    """Every score of every arm."""
    sets, seconds = sampled("kunitz", seed)
    train, test = sets["floor"], sets.pop("test")
    cysteines = dict(
        sorted(((i, k) for i, k in conserved(train, 0.5).items() if k[0] == "C"), key=lambda p: -p[1][1])[:6]
    )
    real, model = kept_shares(test, cysteines), family_model(train)
    bits = float(np.median(bit_scores(model, test)))
    scores = {}
    for name, rows in sets.items():
        near = nearest_identity(rows, train if name != "floor" else test)
        shares = kept_shares(rows, cysteines)
        values = (
            *pair_scores(test, rows),
            forest_auc(test, rows, aligned=True),
            float(np.median(near)),
            float(near.max()),
            max(abs(shares[i] - real[i]) for i in cysteines),
            abs(float(np.median(bit_scores(model, rows))) - bits),
            unique(rows),
        )
        scores[name] = dict(zip(KUNITZ, values, strict=True))
        print(
            "kunitz",
            seed,
            name,
            {key: round(value, 3) for key, value in scores[name].items()},
            *rows[:2],
            sep="\n",
            flush=True,
        )
    return {"seconds": seconds, "sets": scores, "cysteines": len(cysteines), "bits": bits}


def paired(rows: Sequence[str], symbols: str = "ACGU-") -> list[tuple[int, int]]:
    """Column pairs of an RNA alignment that change together and nearly always form a pair, each column once."""
    information = mutual_information(coded(rows, symbols), len(symbols))
    found, taken = list[tuple[int, int]](), set[int]()
    order = np.dstack(np.unravel_index(np.argsort(-information, axis=None), information.shape))[0]
    for i, j in order.tolist():
        if information[i, j] < PAIRED:
            break
        if i + 3 < j and not {i, j} & taken and canonical(rows, [(i, j)]) >= STEMS:
            found.append((i, j))
            taken |= {i, j}
    return found


def coded(rows: Sequence[str], symbols: str) -> NDArray[np.intp]:
    return np.array([[symbols.index(a) for a in row] for row in rows], np.intp)


def canonical(rows: Sequence[str], pairs: Sequence[tuple[int, int]]) -> float:
    """The share of canonical pairs among the paired columns where neither is a gap."""
    seen = [row[i] + row[j] for row in rows for i, j in pairs if "-" not in (row[i], row[j])]
    return float(np.mean([pair in CANONICAL for pair in seen])) if seen else 0.0


def rna(seed: int) -> dict[str, Any]:
    """Couplings and covariation of every arm."""
    sets, seconds = sampled("rna", seed)
    train, test = sets["floor"], sets.pop("test")
    pairs = paired(train)
    places = tuple(np.array(pairs).T)
    truth = mutual_information(coded(test, "ACGU-"), 5)[places]
    scores = {}
    for name, rows in sets.items():
        found = mutual_information(coded(rows, "ACGU-"), 5)[places]
        r, slope = pair_scores(test, rows)
        near = nearest_identity(rows, train if name != "floor" else test)
        scores[name] = {
            "r": r,
            "slope": slope,
            "mutual": float(found.sum() / truth.sum()),
            "canonical": canonical(rows, pairs),
            "forest": forest_auc(test, rows, aligned=True),
            "median": float(np.median(near)),
            "max": float(near.max()),
            "unique": unique(rows),
        }
        print(
            "rna", name, {key: round(value, 3) for key, value in scores[name].items()}, *rows[:2], sep="\n", flush=True
        )
    return {"seconds": seconds, "sets": scores, "pairs": len(pairs), "real": canonical(test, pairs)}


# ── GFP ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def changed(sequence: str) -> list[tuple[int, str]]:
    """The substitutions of a variant: place and letter."""
    return [(i, b) for i, (a, b) in enumerate(zip(wild_type(), sequence, strict=True)) if a != b]


def combined(pool: Sequence[tuple[int, str]], count: int, seed: int) -> list[str]:
    """The wild type with 3 to 8 substitutions of a pool at random, no place twice."""
    rng, found = numpy_generator(seed, "combined"), []
    for _ in range(count):
        letters, places = list(wild_type()), set[int]()
        wanted = int(rng.integers(3, 9))
        while len(places) < wanted:
            place, letter = pool[int(rng.integers(len(pool)))]
            if place not in places:
                places.add(place)
                letters[place] = letter
        found.append("".join(letters))
    return found


def gfp() -> dict[str, Any]:
    """Designs of evolution and two simple ways, judged by the predictor of other variants.

    The generator tells which substitutions were seen; it is not trained beyond its counts.
    """
    rows = [row for row in SETS["gfp"].rows() if row["part"] == "train"]
    oracle("gfp", seed=0, kind="kmers")
    run, seconds = trained(
        "gfp-0",
        lambda path: written(
            path,
            [
                {"sequence": row["sequence"], "part": part}
                for row, part in zip(rows, ["selection"] * 500 + ["test"] * 4 + ["train"] * len(rows), strict=False)
            ],
        ),
        budget="1m",
        seed=0,
        sequence="sequence",
        split="part",
        alphabet="protein",
        overrides=("likelihood.epochs=0", "game.samples=64"),
    )
    values = np.array([float(row["score"]) for row in rows])
    edge = float(np.quantile(values, 0.9))
    found = optimize(
        run,
        [named(str(CACHE / "oracles" / "gfp-kmers-0"))],
        method="evolution",
        n=DESIGNS,
        rounds=ROUNDS,
        reference=wild_type(),
        mutations=(3, 8),
        seed=0,
        watch=lambda event: print(event.get("text"), flush=True),
    )
    every = sorted({change for row in rows for change in changed(row["sequence"])})
    singles = [(float(row["score"]), changed(row["sequence"])[0]) for row in rows if row["num_mutations"] == "1"]
    best = [change for score, change in singles if score >= edge]
    test = [row for row in SETS["gfp"].rows() if row["part"] == "test" and 3 <= int(row["num_mutations"]) <= 8]
    sets = {
        "designs": found.sequences,
        "random": combined(every, DESIGNS, 0),
        "best singles": combined(best, DESIGNS, 0),
        "measured": [row["sequence"] for row in test],
        "measured bright": [row["sequence"] for row in test if float(row["score"]) >= edge],
        "wild type": [wild_type()] * 2,
    }
    scores = {}
    for name, sequences in sets.items():
        judged = said(oracle("gfp-judge", seed=1, kind="kmers"), sequences)
        networks = said(oracle("gfp", seed=0, kind="cnn", small=True), sequences)
        counts = [len(changed(s)) for s in sequences]
        scores[name] = {
            "share": interval((judged >= edge).astype(float)),
            "mean": interval(judged),
            "networks": interval(networks),
            "n": len(sequences),
            "mutations": float(np.mean(counts)),
            "least": min(counts),
            "most": max(counts),
            "unique": unique(sequences),
        }
        print(name, {key: value for key, value in scores[name].items()}, changed(sequences[0]), flush=True)
    real = float(np.mean([float(row["score"]) >= edge for row in test]))
    return {"seconds": seconds, "edge": edge, "sets": scores, "real share": real, "singles": len(best)}


def trust(edge: float) -> dict[str, Any]:
    """How often the judge is right when it puts a held-out variant above the edge."""
    rows = [row for row in SETS["gfp"].rows() if row["part"] == "test" and 3 <= int(row["num_mutations"]) <= 8]
    bright = np.array([float(row["score"]) >= edge for row in rows])
    chosen = said(oracle("gfp-judge", 1, "kmers"), [row["sequence"] for row in rows]) >= edge
    right = interval(bright[chosen].astype(float))
    what = "GFP, held-out variants that the judge puts above the 90th percentile: share that were measured above it"
    return {"what": what, **right, "baseline": float(bright.mean()), "better": "higher", "note": f"n = {chosen.sum()}"}


# ── rows ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def kunitz_rows(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for name, (better, goal) in KUNITZ.items():
        floor = float(np.mean([f["sets"]["floor"][name] for f in found]))
        means = [float(np.mean([f["sets"][b][name] for f in found])) for b in SIMPLE]
        for arm, words in ARMS.items():
            values = [f["sets"][arm][name] for f in found]
            rows.append(
                {
                    "what": f"Kunitz, {name}: {words}",
                    **spread(values),
                    "floor": floor,
                    "baseline": min(means) if better == "lower" else max(means),
                    "goal": goal if arm == "game" else None,
                    "better": better,
                    "note": f"{told(values, 3)}; profile {means[0]:.3f}, tree {means[1]:.3f}",
                }
            )
    seconds = [f["seconds"] for f in found]
    rows.append(
        {"what": "Kunitz, training (CPU seconds, one thread)", **spread(seconds), "goal": 1200, "better": "lower"}
    )
    return rows


def rna_rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    sets, rows = found["sets"], []
    floor, simple = sets["floor"], {key: max(sets[b][key] for b in SIMPLE) for key in sets["floor"]}
    for arm, words in ARMS.items():
        own, goal = sets[arm], arm == "game"
        near = f"nearest identity median {own['median']:.2f}, max {own['max']:.2f}"
        note = f"{near}; floor {floor['median']:.2f}, {floor['max']:.2f}"
        rows += [
            {
                "what": f"RNA, pair r over that of the floor: {words}",
                "value": own["r"] / floor["r"],
                "floor": 1.0,
                "baseline": simple["r"] / floor["r"],
                "goal": 0.9 if goal else None,
                "better": "higher",
                "note": f"r {own['r']:.3f}, slope {own['slope']:.3f}; {note}",
            },
            {
                "what": f"RNA, covariation of the paired columns (share of the mutual information): {words}",
                "value": own["mutual"],
                "floor": floor["mutual"],
                "baseline": simple["mutual"],
                "goal": 0.9 if goal else None,
                "better": "higher",
                "note": f"{found['pairs']} pairs of columns",
            },
            {
                "what": f"RNA, canonical pairs in them: {words}",
                "value": own["canonical"],
                "floor": found["real"],
                "baseline": simple["canonical"],
                "better": "higher",
            },
            {
                "what": f"RNA, forest AUC: {words}",
                "value": own["forest"],
                "floor": floor["forest"],
                "baseline": min(sets[b]["forest"] for b in SIMPLE),
                "better": "lower",
            },
        ]
    rows.append(
        {"what": "RNA, training (CPU seconds, one thread)", "value": found["seconds"], "goal": 1200, "better": "lower"}
    )
    return rows


def gfp_rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    sets, edge = found["sets"], found["edge"]
    words = {"designs": "designs of evolution", "best singles": "combinations of measured single ones above it"}
    rows = []
    for name, what in words.items():
        own = sets[name]
        note = f"n = {own['n']}, {own['least']} to {own['most']} mutations, unique {own['unique']:.2f}"
        goal = {"goal": edge} if name == "designs" else {}
        rows += [
            {
                "what": f"GFP, share above the training 90th percentile by the judge: {what}",
                **own["share"],
                "floor": sets["measured bright"]["share"]["value"],
                "baseline": sets["random"]["share"]["value"],
                "better": "higher",
                "note": f"{note}; floor: measured ones above it; baseline: observed substitutions combined at random",
            },
            {
                "what": f"GFP, log brightness by the judge: {what}: mean",
                **own["mean"],
                "floor": sets["measured bright"]["mean"]["value"],
                "baseline": sets["random"]["mean"]["value"],
                **goal,
                "better": "higher",
                "note": f"wild type {sets['wild type']['mean']['value']:.3f} by the judge, 3.719 measured; the ridge "
                "goes on beyond the brightest measured, 4.12",
            },
            {
                "what": f"GFP, log brightness by networks: {what}: mean",
                **own["networks"],
                "floor": sets["measured bright"]["networks"]["value"],
                "baseline": sets["random"]["networks"]["value"],
                "better": "higher",
                "note": f"wild type {sets['wild type']['networks']['value']:.3f} by them",
            },
        ]
    rows.append(trust(edge))
    rows += (
        measured("gfp", 0, "kmers")[:1] + measured("gfp-judge", 1, "kmers")[:1] + measured("gfp", 0, "cnn", True)[:1]
    )
    return rows


def main(names: Sequence[str]) -> None:
    began = time.monotonic()
    budgets = {"budget": BUDGETS["kunitz"], "version": 1}
    jobs = {
        "kunitz": lambda: [
            once("sequences_families", {"family": "kunitz", "seed": s} | budgets, lambda s=s: kunitz(s)) for s in SEEDS
        ],
        "rna": lambda: once("sequences_families", {"family": "rna", "seed": 0} | budgets, lambda: rna(0)),
        "gfp": lambda: once("sequences_families", {"family": "gfp", "seed": 0, "version": 1}, gfp),
    }
    found: dict[str, Any] = {name: jobs[name]() for name in names or jobs}
    if names:
        return
    rows = kunitz_rows(found["kunitz"]) + rna_rows(found["rna"]) + gfp_rows(found["gfp"])
    write_result("sequences_families", rows, SEEDS, time.monotonic() - began)


if __name__ == "__main__":
    main(sys.argv[1:])
