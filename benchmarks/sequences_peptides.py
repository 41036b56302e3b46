"""Peptides: reading frames, feedback towards antimicrobial ones, MIC predicted, and designs that spare red cells.

    python -m benchmarks.sequences_peptides      # about 25 minutes of one core

Coding DNA for peptides of UniProt (data of Gupta and Zou 2019) is moved by one classifier and judged by another.
Peptides with measured MIC are held out by identity; designs made for kernel ridges are judged by networks.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.blood import CACHE, data_folder
from benchmarks.kept import once
from benchmarks.record import write_result
from benchmarks.sequences import interval, lines, trained, written
from benchmarks.sequences_oracles import Row, measured, oracle, peptides, said
from vivogan.core.seeds import numpy_generator
from vivogan.domains.sequences.alphabets import DNA
from vivogan.domains.sequences.baselines import MarkovChain
from vivogan.domains.sequences.codec import STOPS, SequenceCodec
from vivogan.domains.sequences.composition import net_charge
from vivogan.domains.sequences.identity import diversity, nearest_identity, novelty, unique
from vivogan.domains.sequences.optimize import optimize
from vivogan.domains.sequences.oracles import oracle as named
from vivogan.domains.sequences.records import SequenceRecords
from vivogan.domains.sequences.telling import forest_auc

CODING, MIC, EPOCHS = "3m", "8k", ("likelihood.epochs=20",)  # budgets
COUNT, DESIGNS, ROUNDS = 1000, 100, 18
LONGEST = 50  # residues of the peptides that a generator learns
SURE = 0.8
DNA_FILE = "fbgan_peptide_dna/dna_uniprot_under_50_reviewed.fasta.gz"
AMP = "antimicrobial"
LOW = {"E_coli": "low"}
SPARED = 0.5  # weight of log HC50 beside that of log MIC
Floats = NDArray[np.float64]


# ── reading frames and feedback ─────────────────────────────────────────────────────────────────────────────────────


def whole(sequence: str) -> bool:
    """Whether a sequence is one reading frame: ATG, whole codons, one stop codon, at the end."""
    codons = [sequence[i : i + 3] for i in range(0, len(sequence), 3)]
    return codons[0] == "ATG" and codons[-1] in STOPS and not set(codons[:-1]) & set(STOPS) and len(sequence) % 3 == 0


def markov(learned: list[str], n: int) -> list[str]:
    """Letters by a Markov chain of order 5, which knows nothing of codons."""
    rows = SequenceRecords(learned, {}, [str(i) for i in range(len(learned))], alphabet=DNA)
    codec = SequenceCodec.fit(rows, np.arange(len(learned)))
    x, y = codec.encoded(learned), np.zeros(len(learned), np.intp)
    return codec.decode(MarkovChain(5).fit(x, y).sample(np.zeros(n, np.intp), 0))


def shuffled(sequences: Sequence[str], seed: int = 0) -> list[str]:
    """The codons between start and stop in another order: composition alone."""
    rng, found = numpy_generator(seed, "shuffled"), []
    for sequence in sequences:
        codons = [sequence[i : i + 3] for i in range(3, len(sequence) - 3, 3)]
        found.append(sequence[:3] + "".join(rng.permutation(codons).tolist()) + sequence[-3:])
    return found


def sure(sequences: Sequence[str]) -> Floats:
    """Whether the second classifier says antimicrobial at p > .8, [n]."""
    return (said(oracle("coding", seed=0, kind="kmers"), sequences, AMP) > SURE).astype(float)


def feedback() -> dict[str, Any]:
    """Before and after feedback: reading frames, the second classifier, novelty, diversity."""
    run, seconds = trained("coding-0", lambda path: data_folder() / DNA_FILE, budget=CODING, seed=0)
    oracle("coding", seed=0, kind="cnn", small=True)
    pairs = [line.split() for line in lines("fbgan_peptide_dna/AMP_dataset.fa.gz")]
    amps, learned = [s for s, label in pairs if label == "1"], lines(DNA_FILE)
    found = optimize(
        run,
        [named(f"{CACHE / 'oracles' / 'coding-cnn-0-small'}:{AMP}")],
        n=DESIGNS,
        rounds=ROUNDS,
        seed=0,
        watch=lambda event: print(event.get("text"), flush=True),
    )
    sets = {
        "before": run.generate(COUNT, seed=0).sequences,
        "after": found.end[:COUNT],
        "designs": found.sequences,
        "real antimicrobial": amps,
        "learned": learned,
        "shuffled antimicrobial": shuffled(amps),
        "Markov chain": markov(learned, COUNT),
    }
    scores = {}
    for name, sequences in sets.items():
        print(name, len(sequences), *sequences[:3], sep="\n", flush=True)
        scores[name] = {
            "whole": interval(np.array([float(whole(s)) for s in sequences])),
            "sure": interval(sure(sequences)) if name != "Markov chain" else None,
            "novel": novelty(sequences, [*learned, *amps]),
            "unique": unique(sequences),
            "diversity": diversity(sequences, 500),
            "codons": float(np.mean([len(s) / 3 for s in sequences])),
        }
    return {"seconds": seconds, "sets": scores}


# ── MIC ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def measured_peptides() -> list[Row]:
    """Short peptides with a measured log MIC, with their part."""
    rows = [row for row in peptides() if row["E_coli"] and 5 <= len(row["sequence"]) <= LONGEST]
    return [{name: row[name] for name in ("sequence", "E_coli", "part")} for row in rows]


def mic(sequences: Sequence[str]) -> Floats:
    return said(oracle("peptides", 1, "cnn", small=True), sequences)


def spared(sequences: Sequence[str]) -> Floats:
    return said(oracle("haemolysis", 1, "cnn", small=True), sequences)


def designed() -> dict[str, Any]:
    """Peptides made on demand and optimised with and without a penalty for haemolysis, by judges that took no part."""
    run, seconds = trained(
        "amp-0",
        lambda path: written(path, measured_peptides()),
        budget=MIC,
        seed=0,
        labels="E_coli",
        sequence="sequence",
        split="part",
        alphabet="protein",
        overrides=EPOCHS,
    )
    for name in ("peptides", "haemolysis"):
        oracle(name, seed=0, kind="kmers")
    folder = CACHE / "oracles"
    active = named(f"-{folder / 'peptides-kmers-0'}")
    gentle = named(f"{folder / 'haemolysis-kmers-0'}*{SPARED}")
    rows = measured_peptides()
    values = np.array([float(row["E_coli"]) for row in rows])
    edge = float(np.quantile(values, 0.1))
    best = [row["sequence"] for row in rows if row["part"] == "test" and float(row["E_coli"]) <= edge]
    known = [row["sequence"] for row in rows if row["part"] == "train"]
    runs = {
        "optimised": optimize(run, [active], n=DESIGNS, rounds=ROUNDS, where=LOW, seed=0),
        "spared": optimize(run, [active, gentle], n=DESIGNS, rounds=ROUNDS, where=LOW, seed=0),
    }
    rng = numpy_generator(0, "shuffled peptides")
    sets = {
        "real best": best,
        "real": [row["sequence"] for row in rows if row["part"] == "test"],
        "shuffled best": ["".join(rng.permutation(list(s)).tolist()) for s in best],
        "any": run.generate(COUNT // 2, seed=0).sequences,
        "low": run.generate(COUNT // 2, LOW, seed=0).sequences,
        **{name: found.end[: COUNT // 2] for name, found in runs.items()},
        **{f"{name}, best": found.sequences for name, found in runs.items()},
    }
    scores = {}
    for name, sequences in sets.items():
        print(name, len(sequences), *sequences[:5], sep="\n", flush=True)
        scores[name] = {
            "mic": interval(mic(sequences)),
            "share": interval((mic(sequences) <= edge).astype(float)),
            "hc50": interval(spared(sequences)),
            "charge": float(net_charge(sequences).mean()),
            "length": float(np.mean([len(s) for s in sequences])),
            "forest": forest_auc(best, sequences) if name != "real best" else None,
            "nearest": float(np.median(nearest_identity(sequences, known))),
            "novel": novelty(sequences, [row["sequence"] for row in rows]),
            "unique": unique(sequences),
            "diversity": diversity(sequences, 500),
        }
    return {"seconds": seconds, "edge": edge, "sets": scores}


# ── rows ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def coding_rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    sets = found["sets"]
    words = {"before": "generated", "after": "after feedback, not selected", "designs": "the best of feedback"}
    rows = []
    for name, what in words.items():
        own = sets[name]
        rows.append(
            {
                "what": f"valid reading frames, {what}",
                **own["whole"],
                "floor": sets["learned"]["whole"]["value"],
                "baseline": sets["Markov chain"]["whole"]["value"],
                "goal": 0.99,
                "better": "higher",
            }
        )
        note = (
            f"unique {own['unique']:.3f}, diversity {own['diversity']:.2f}, {own['codons']:.0f} codons; "
            "floor: real antimicrobial; baseline: their codons shuffled"
        )
        rows.append(
            {
                "what": f"antimicrobial at p > {SURE} by the second classifier, {what}",
                **own["sure"],
                "floor": sets["real antimicrobial"]["sure"]["value"],
                "baseline": sets["shuffled antimicrobial"]["sure"]["value"],
                "goal": 0.75 if name != "before" else None,
                "better": "higher",
                "note": note,
            }
        )
        rows.append({"what": f"novelty, {what}", "value": own["novel"], "goal": 1.0, "better": "higher"})
    known = sets["real antimicrobial"]["diversity"]
    rows.append(
        {
            "what": "diversity after feedback",
            "value": sets["after"]["diversity"],
            "floor": known,
            "baseline": sets["before"]["diversity"],
            "better": "higher",
            "note": "floor: real antimicrobial; baseline: before feedback",
        }
    )
    rows.append(
        {
            "what": "training on coding DNA (CPU seconds, one thread)",
            "value": found["seconds"],
            "goal": 1200,
            "better": "lower",
        }
    )
    return rows


def design_rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    sets, edge = found["sets"], found["edge"]
    words = {
        "any": "not conditioned",
        "low": "conditioned low",
        "optimised": "after feedback, not selected",
        "optimised, best": "the best of feedback",
        "spared": "after feedback with haemolysis as a penalty, not selected",
        "spared, best": "the best of feedback with haemolysis as a penalty",
    }
    rows = []
    for name, what in words.items():
        own = sets[name]
        goal = edge if name != "any" else None
        note = (
            f"charge {own['charge']:.1f}, length {own['length']:.0f}, new {own['novel']:.3f}, "
            f"unique {own['unique']:.3f}, diversity {own['diversity']:.2f}, nearest identity {own['nearest']:.2f}, "
            f"forest AUC from the real best {own['forest']:.2f}"
        )
        rows += [
            {
                "what": f"log10 MIC by the judge, {what}: mean",
                **own["mic"],
                "floor": sets["real best"]["mic"]["value"],
                "baseline": sets["shuffled best"]["mic"]["value"],
                "goal": goal,
                "better": "lower",
                "note": note,
            },
            {
                "what": f"share within the measured best tenth by the judge, {what}",
                **own["share"],
                "floor": sets["real best"]["share"]["value"],
                "baseline": sets["shuffled best"]["share"]["value"],
                "better": "higher",
            },
            {
                "what": f"log10 HC50 by the judge, {what}: mean",
                **own["hc50"],
                "floor": sets["real best"]["hc50"]["value"],
                "better": "higher",
            },
        ]
    rows.append(
        {
            "what": "training on peptides (CPU seconds, one thread)",
            "value": found["seconds"],
            "goal": 1200,
            "better": "lower",
        }
    )
    return rows


def both_row() -> dict[str, Any]:
    """Ridge and networks averaged, on the clusters that neither learned from."""
    from scipy.stats import spearmanr

    rows = [row for row in peptides() if row["E_coli"] and row["part"] == "test"]
    sequences, values = [row["sequence"] for row in rows], np.array([float(row["E_coli"]) for row in rows])
    found = mic(sequences) + said(oracle("peptides", 0, "kmers"), sequences)
    what = "log MIC, E. coli, by identity cluster: Spearman"
    return {
        "what": what,
        "value": float(spearmanr(values, found).statistic),
        "goal": 0.69,
        "better": "higher",
        "note": f"kmers and small cnn averaged, n = {len(rows)}",
    }


def goal_row(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first row of a predictor of MIC with the goal, whatever its kind."""
    return [rows[0] | {"goal": 0.69}]


def main() -> None:
    began = time.monotonic()
    job = {"seed": 0, "version": 1}
    rows = coding_rows(once("sequences_peptides", job | {"what": "feedback", "budget": CODING}, feedback))
    rows.append(both_row())
    rows += measured("coding", 0, "kmers")[:1] + measured("coding", 0, "cnn", small=True)[:1]
    rows += (
        goal_row(measured("peptides", 0, "kmers"))
        + measured("peptides", 1, "cnn", small=True)[:1]
        + goal_row(measured("peptides-random", 0, "kmers"))
    )
    rows += measured("haemolysis", 0, "kmers")[:1] + measured("haemolysis", 1, "cnn", small=True)[:1]
    rows += design_rows(once("sequences_peptides", job | {"what": "designs", "budget": MIC}, designed))
    write_result("sequences_peptides", rows, [0], time.monotonic() - began)


if __name__ == "__main__":
    main()
