"""What the sequence benchmarks share: halves of a data set, runs kept in the cache, samples, the common scores."""

from __future__ import annotations

import csv
import gzip
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks.blood import CACHE, data_folder
from vivogan.core.files import write_text
from vivogan.core.seeds import numpy_generator
from vivogan.domains.run import Run
from vivogan.domains.sequences import api

SELECTION = 0.12  # of a training half, for choosing; the other half is the test


def lines(path: str) -> list[str]:
    """The lines of a reference file, without empty ones."""
    with gzip.open(data_folder() / path, "rt") as file:
        return [line.strip() for line in file if line.strip()]


def halves(sequences: Sequence[str], seed: int) -> tuple[list[str], list[str]]:
    """A random half to learn from and the other half, which nothing is fitted or chosen on."""
    order = np.random.default_rng(seed).permutation(len(sequences))
    cut = len(sequences) // 2
    return [sequences[i] for i in order[:cut]], [sequences[i] for i in order[cut:]]


def table(path: Path, sequences: Sequence[str], seed: int) -> Path:
    """A CSV of sequences of which a part is called selection, and a few (the same) test, so that all others teach."""
    chosen = set(
        numpy_generator(seed, "selection").permutation(len(sequences))[: int(SELECTION * len(sequences))].tolist()
    )
    tested = set(sorted(chosen)[:4])
    part = ["test" if i in tested else "selection" if i in chosen else "train" for i in range(len(sequences))]
    rows = [f"{sequence},{name}" for sequence, name in zip(sequences, part, strict=True)]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, "\n".join(["sequence,part", *rows]) + "\n")
    return path


def written(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    """Rows as a CSV."""
    text = StringIO()
    writer = csv.DictWriter(text, list(rows[0]), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, text.getvalue())
    return path


def trained(
    name: str, source: Callable[[Path], Path], say: Callable[[str], None] = print, **options: Any
) -> tuple[Run, float]:
    """The run called ``name`` in the cache, trained where it is not finished; and how many CPU seconds it took."""
    folder = CACHE / "sequences" / name
    seconds = folder / "cpu-seconds.txt"
    if not seconds.exists():
        shutil.rmtree(folder, ignore_errors=True)
        began = time.process_time()

        def watch(event: dict[str, Any]) -> None:
            if event["event"] == "stage":
                say(f"{name}: {event['text']}")

        api.train(source(folder.with_suffix(".csv")), folder, threads=1, watch=watch, **options)
        write_text(seconds, f"{time.process_time() - began:.0f}\n")
    return api.open(folder, threads=1), float(seconds.read_text())


def made(run: Run, n: int, keep: float = 1.0, generator: nn.Module | None = None, seed: int = 0) -> list[str]:
    """Sequences 0 … n − 1 of a run, of all classes as they are frequent, or of another generator of it."""
    with torch.no_grad():
        x = run.tensors(np.arange(n), seed, lambda rows: run.classes.draw(seed, rows), 1.0, keep, generator)
    decoded: list[str] = run.codec.decode(x)
    return decoded


def interval(values: NDArray[np.float64], seed: int = 0) -> dict[str, float]:
    """Mean of values [n] with its 95 % interval by bootstrap."""
    rng = numpy_generator(seed, "bootstrap")
    means = [values[rng.integers(len(values), size=len(values))].mean() for _ in range(1000)]
    low, high = np.quantile(means, [0.025, 0.975])
    return {"value": float(values.mean()), "low": float(low), "high": float(high)}


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Value, low and high of a row: the mean of the seeds, and their extremes."""
    return {"value": float(np.mean(values)), "low": float(min(values)), "high": float(max(values))}


def told(values: Sequence[float], digits: int = 4) -> str:
    """The same in words for a note."""
    if len(values) < 2:
        return f"{values[0]:.{digits}f}, one seed"
    return f"{np.mean(values):.{digits}f} ± {np.std(values, ddof=1):.{digits}f}, {len(values)} seeds"
