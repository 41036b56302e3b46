"""Predictors of activity, trained once and kept: how good they are, and oracles for the other benchmarks.

    python -m benchmarks.sequences_oracles            # all; about 25 minutes on one core
    python -m benchmarks.sequences_oracles promoters

``oracle("promoters")`` gives the run, from the cache where it was trained before; ``oracle("promoters", seed=1,
kind="kmers")`` another of another kind that took no part in whatever the first was used for; ``said`` asks one.
"""

from __future__ import annotations

import csv
import gzip
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.blood import CACHE, data_folder
from benchmarks.record import write_result
from vivogan.core.files import write_text
from vivogan.core.seeds import numpy_generator
from vivogan.domains.sequences.clusters import clusters
from vivogan.domains.sequences.tasks.api import PREDICT
from vivogan.domains.tasks.run import TaskRun

HELD_OUT, IDENTITY = 0.2, 0.8
LEARNED, TESTED = 10_000, 5_000  # variants of GFP
THREADS = 1
SMALL = ("members=2", "learn.steps=500")  # of predictors that are quick to learn
NARROW = ("members=2", "learn.steps=600", "reader.channels=32", "reader.motif=5", "batch=64")  # of long proteins
Row = dict[str, str]


@dataclass(frozen=True)
class Set:
    """A data set as it is learned from: rows with a ``sequence``, its labels and its ``part``."""

    rows: Callable[[], list[Row]]
    labels: str
    what: str
    goal: float | None = None
    read: Mapping[str, str] = field(default_factory=dict)
    small: Sequence[str] = SMALL


def table(path: str) -> list[Row]:
    """The rows of a reference table."""
    with gzip.open(data_folder() / path, "rt", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def promoters() -> list[Row]:
    """ecoli_mpra_promoters with the test file that is given."""
    folder = "ecoli_mpra_promoters"
    parts = {"train": table(f"{folder}/ecoli_mpra_expr.csv.gz"), "test": table(f"{folder}/ecoli_mpra_expr_test.csv.gz")}
    return [
        {"sequence": row["realB"], "expr": row["expr"], "part": part} for part, rows in parts.items() for row in rows
    ]


def peptides() -> list[Row]:
    """log10 MIC against twelve bacteria; clusters of 80 % identity are held out."""
    return parted(
        [row | {"sequence": row["Sequence"]} for row in table("antimicrobial_peptides/amp_mic_12_bacteria.csv.gz")]
    )


def peptides_at_random() -> list[Row]:
    """The same, a fifth of the measured peptides held out one by one, whatever is alike, as is often published."""
    rows = [row for row in peptides() if row["E_coli"]]
    held = set(numpy_generator(0, "at random").permutation(len(rows))[: int(HELD_OUT * len(rows))].tolist())
    return [row | {"part": "test" if i in held else "train"} for i, row in enumerate(rows)]


def haemolysis() -> list[Row]:
    """log10 HC50; lower-case letters (D-amino acids, modified residues) are read as their upper-case ones."""
    rows = table("antimicrobial_peptides/hemolysis.csv.gz")
    return parted([{"sequence": row["Sequence"].upper(), "log10_HC50": row["log10_HC50"]} for row in rows])


def fluorescence(turn: int) -> Callable[[], list[Row]]:
    """Variants of GFP with their log brightness: ``LEARNED`` to learn from, none of them in two turns, and one test."""

    def rows() -> list[Row]:
        found = [row for row in gfp_variants() if int(row["num_mutations"]) > 0]
        order = numpy_generator(0, "gfp").permutation(len(found))
        test, rest = order[:TESTED], order[TESTED:]
        parts = {"train": rest[turn * LEARNED :][:LEARNED], "test": test}
        return [found[i] | {"part": part} for part, places in parts.items() for i in places.tolist()]

    return rows


def gfp_variants() -> list[Row]:
    """gfp_fitness with whole sequences in place of the substitutions, without stop codons."""
    wild = wild_type()
    with gzip.open(data_folder() / "gfp_fitness/avgfp.tsv.gz", "rt", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if "*" not in row["variant"]]
    for row in rows:
        letters = list(wild)
        for change in row["variant"].split(","):
            letters[int(change[1:-1])] = change[-1]
        row["sequence"] = "".join(letters)
    return rows


def wild_type() -> str:
    """GFP as it was mutated, 237 residues."""
    lines = (data_folder() / "gfp_fitness/wild_type.fasta").read_text().splitlines()
    return "".join(line.strip() for line in lines if not line.startswith(">"))


def coding() -> list[Row]:
    """DNA coding for short peptides, antimicrobial or not."""
    with gzip.open(data_folder() / "fbgan_peptide_dna/AMP_dataset.fa.gz", "rt") as file:
        pairs = [line.split() for line in file if line.strip()]
    kinds = {"1": "antimicrobial", "0": "other"}
    return parted([{"sequence": sequence, "kind": kinds[label]} for sequence, label in pairs])


def parted(rows: list[Row]) -> list[Row]:
    """The rows with their part: a fifth of them is held out, in whole clusters of alike sequences."""
    found = clusters([row["sequence"] for row in rows], IDENTITY, aligned=False)
    sizes = np.bincount(found)
    order = numpy_generator(0, "held out").permutation(len(sizes))
    held = np.isin(found, order[np.cumsum(sizes[order]) <= HELD_OUT * len(rows)])
    return [row | {"part": "test" if out else "train"} for row, out in zip(rows, held, strict=True)]


MICS = (
    "E_coli,P_aeruginosa,K_pneumoniae,S_typhimurium,M_luteus,E_faecalis,B_subtilis,S_epidermidis,S_aureus,B_cepacia,"
    "M_smegmatis,M_tuberculosis"
)
PROTEIN, CODING = {"alphabet": "protein"}, {"layout": "coding"}
SETS = {
    "promoters": Set(promoters, "expr", "E. coli promoters, given test file: Spearman", 0.60, {"alphabet": "dna"}),
    "peptides": Set(peptides, "E_coli", "log MIC, E. coli, by identity cluster: Spearman", 0.69, PROTEIN),
    "peptides-all": Set(peptides, MICS, "the same, learned with eleven other bacteria: Spearman", None, PROTEIN),
    "haemolysis": Set(haemolysis, "log10_HC50", "log HC50, by identity cluster: Spearman", None, PROTEIN),
    "peptides-random": Set(peptides_at_random, "E_coli", "log MIC, E. coli, at random: Spearman", 0.69, PROTEIN),
    "gfp": Set(fluorescence(0), "score", "GFP, log brightness: Spearman", None, PROTEIN, NARROW),
    "gfp-judge": Set(fluorescence(1), "score", "GFP, the same of other variants: Spearman", None, PROTEIN, NARROW),
    "coding": Set(coding, "kind", "antimicrobial or not, by identity cluster: AUC", None, CODING),
}  # fmt: skip


def source(name: str) -> Path:
    """The set as a CSV in the cache."""
    path = CACHE / "oracles" / "data" / f"{name}.csv"
    if not path.exists():
        rows = SETS[name].rows()
        text = StringIO()
        columns = ["sequence", *SETS[name].labels.split(","), "part"]
        writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text.getvalue())
    return path


def oracle(
    name: str,
    seed: int = 0,
    kind: str = "both",
    small: bool = False,
    watch: Callable[[dict[str, Any]], None] | None = None,
) -> TaskRun:
    """The trained predictor of a set; ``oracle(…).model`` predicts, ``oracle(…).model.network`` is differentiable."""
    folder = CACHE / "oracles" / f"{name}-{kind}-{seed}{'-small' * small}"
    return PREDICT.train(
        source(name),
        folder,
        read={"labels": SETS[name].labels, "sequence": "sequence", "split": "part", **SETS[name].read},
        budget="30m",
        seed=seed,
        threads=THREADS,
        overrides=[f"kind={kind}", *(SETS[name].small if small else ())],
        curve=False,
        watch=watch or (lambda event: None),
    )


def said(run: TaskRun, sequences: Sequence[str], target: str = "") -> NDArray[np.float64]:
    """What a predictor says of each sequence, [n]: of its only target, or of a class."""
    names = list(run.model.targets.names)
    found: NDArray[np.float64] = run.model.predict(sequences).mean[:, names.index(target) if target else 0]
    return found


@torch.no_grad()
def networks_said(run: TaskRun, sequences: Sequence[str], which: slice = slice(None)) -> NDArray[np.float64]:
    """What some of the networks of a predictor of numbers say without its ridge, [n]; each left another fold out."""
    network, codec = run.model.network, run.model.codec
    parts = []
    for i in range(0, len(sequences), 512):
        x = network.front(codec.encoded(sequences[i : i + 512]))
        parts.append(network.shift + network.unit * network.ensemble(x)[which].mean(0))
    found: NDArray[np.float64] = torch.cat(parts)[:, 0].double().numpy()
    return found


def measured(name: str, seed: int = 0, kind: str = "both", small: bool = False) -> list[dict[str, Any]]:
    """The scores of an oracle on what was held out, as rows of a result."""
    began = time.process_time()
    run = oracle(name, seed, kind, small)
    seconds = time.process_time() - began
    scores = run.evaluate().to_dict()["scores"]
    note = f"kind {kind}{', small' * small}, n = {scores[0]['n']}" + (f", {seconds:.0f} CPU s" if seconds > 30 else "")
    first = {key: scores[0][key] for key in ("value", "low", "high", "baseline", "better")}
    rows = [{"what": SETS[name].what} | first | {"goal": SETS[name].goal if kind == "both" else None, "note": note}]
    held = next((score for score in scores if "intervals that hold" in score["name"]), None)
    if held:
        rows.append({"what": f"{SETS[name].what.rsplit(':', 1)[0]}: in its 90 % interval", "value": held["value"]})
    return rows


def main(names: list[str]) -> None:
    began = time.perf_counter()
    rows = []
    for name in names or list(SETS):
        for kind in ("both", "cnn", "kmers"):
            rows += measured(name, kind=kind)
            print(rows[-1], flush=True)
    if not names:
        write_result("sequences_oracles", rows, [0], time.perf_counter() - began)


if __name__ == "__main__":
    main(sys.argv[1:])
