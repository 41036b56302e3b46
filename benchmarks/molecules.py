"""What the molecule benchmarks share: columns of reference files, runs kept in the cache, samples, the suites."""

from __future__ import annotations

import csv
import gzip
import shutil
import time
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.blood import CACHE, data_folder
from vivogan.core.files import write_text
from vivogan.core.seeds import numpy_generator
from vivogan.domains.molecules import api
from vivogan.domains.molecules.chemistry import canonical, molecule
from vivogan.domains.molecules.generator import MoleculeGenerator
from vivogan.domains.molecules.suites import evaluate
from vivogan.domains.run import Run

SELECTION, TEST = 4000, 64  # molecules of a training file that choose the best checkpoint, and that nobody looks at
Row = dict[str, Any]


def column(path: str, name: str) -> list[str]:
    """A column of a reference file."""
    with gzip.open(data_folder() / path, "rt") as file:
        return [row[name] for row in csv.DictReader(file)]


def different(smiles: Sequence[str]) -> list[str]:
    """Canonical SMILES, each molecule once."""
    found = (molecule(text) for text in smiles)
    return list(dict.fromkeys(canonical(mol) for mol in found if mol is not None))


def drawn(smiles: Sequence[str], count: int, seed: int) -> tuple[list[str], list[str]]:
    """``count`` molecules at random, and the others."""
    order = numpy_generator(seed, "drawn").permutation(len(smiles))
    return [smiles[i] for i in order[:count]], [smiles[i] for i in order[count:]]


def table(path: Path, smiles: Sequence[str], selection: int = SELECTION, test: int = TEST) -> Path:
    """A CSV of molecules whose first ones choose among checkpoints and a few are left out; all others teach."""
    parts = ["selection"] * selection + ["test"] * test
    parts += ["train"] * (len(smiles) - len(parts))
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows([("smiles", "part"), *zip(smiles, parts, strict=True)])
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, text.getvalue())
    return path


def trained(
    name: str, smiles: Sequence[str], parts: Mapping[str, int] | None = None, **options: Any
) -> tuple[Run, float]:
    """The run called ``name`` in the cache, trained where it is not finished; and how many CPU seconds it took."""
    folder = CACHE / "molecules" / name
    seconds = folder / "cpu-seconds.txt"
    if not seconds.exists():
        shutil.rmtree(folder, ignore_errors=True)
        began = time.process_time()

        def watch(event: dict[str, Any]) -> None:
            if event["event"] == "stage":
                print(f"{name}: {event['text']}", flush=True)

        source = table(folder.with_suffix(".csv"), smiles, **(parts or {}))
        # Charges as published: the held-out molecules are not neutralised either.
        api.train(source, folder, threads=1, charges="keep", watch=watch, **options)
        write_text(seconds, f"{time.process_time() - began:.0f}\n")
    return api.open(folder, threads=1), float(seconds.read_text())


def made(run: Run, n: int, generator: nn.Module | None = None, seed: int = 0) -> list[str]:
    """Molecules 0 … n − 1 of a run, or of another generator of it; "" where one is none."""
    with torch.no_grad():
        x = run.tensors(np.arange(n), seed, lambda rows: run.classes.draw(seed, rows), 1.0, 1.0, generator)
    decoded: list[str] = run.codec.decode(x)
    return decoded


def last(run: Run) -> nn.Module:
    """The averaged generator at the end of the game, whether it was the best or not."""
    newest = run.folder.checkpoints.newest()
    assert newest is not None
    generator, _ = run.domain.networks(run.codec, len(run.classes.names), run.plan)
    generator.load_state_dict(newest.tensors["ema"])
    return generator.eval().requires_grad_(False)


def valid_at_once(run: Run, n: int) -> float:
    """The share of molecules among strings that are drawn a single time."""
    generator = run.generator
    if not isinstance(generator, MoleculeGenerator):
        return float(np.mean([text != "" for text in made(run, n)]))
    attempts, generator.attempts = generator.attempts, 1
    share = float(np.mean([text != "" for text in made(run, n)]))
    generator.attempts = attempts
    return share


def judged(
    smiles: Sequence[str], reference: Sequence[str], train: Sequence[str], scaffolds: Sequence[str] | None = None
) -> dict[str, list[float]]:
    """Value and floor of the MOSES suite, by name."""
    found = evaluate(smiles, reference, train=train, reference_scaffold=scaffolds, suites=("moses",))
    return {score.name: [score.value, score.floor] for score in found}
