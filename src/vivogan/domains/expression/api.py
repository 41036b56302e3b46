"""``vivogan.expression``: the words of the command line as functions.

>>> import vivogan as vg
>>> run = vg.expression.train("pbmc.h5ad", labels="cell_type", budget="10m", out="runs/pbmc")  # doctest: +SKIP
>>> made = vg.expression.made(run, 500, where={"cell_type": "B cell"})  # doctest: +SKIP
>>> vg.expression.write(made, "b_cells.h5ad")  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from vivogan.core.configuration import validated
from vivogan.domains.expression import data
from vivogan.domains.expression.domain import DOMAIN
from vivogan.domains.expression.labels import apart
from vivogan.domains.expression.records import ExpressionRecords, ReadOptions
from vivogan.domains.expression.where import asked, drawn
from vivogan.domains.expression.write import check_name
from vivogan.domains.run import Run, silent
from vivogan.domains.train import train as train_domain

__all__ = [
    "Run",
    "along",
    "evaluate",
    "generate",
    "hints",
    "inspect",
    "made",
    "markers",
    "open",
    "respond",
    "train",
    "write",
]

Watch = Callable[[dict[str, Any]], None]
Reading = str | int | bool | None


def inspect(source: str | Path, **reading: Reading) -> dict[str, Any]:
    """Say what is in a data set, without training: its fingerprint, what was refused and why, and notes.

    ``source`` is an .h5ad, a Zarr store, a 10x .h5, a folder with matrix.mtx, a .loom, or a CSV or TSV of counts. It is
    read a block of cells at a time, so that 100,000 cells × 20,000 genes take less than a gigabyte. ``reading``: see
    ``train``. Raises ``InputError``.
    """
    return data.survey(Path(source), validated(ReadOptions, _reading(reading)))


def train(
    source: str | Path,
    out: str | Path,
    *,
    budget: str = "10m",
    seed: int = 0,
    device: str = "auto",
    threads: int | None = None,
    overrides: Sequence[str] = (),
    watch: Watch = silent,
    **reading: Reading,
) -> Run:
    """Train on ``source`` into the run folder ``out``; the same call on an existing run continues it.

    Args:
        budget: time (``"90s"``, ``"10m"``, ``"8h"``) or samples shown to the discriminator (``"200k"``, ``"4000"``).
        overrides: ``"a.b=c"`` on the plan.
        reading: ``labels`` (an obs column, or several by commas, which are joined to one condition), ``group`` (donor
            or batch, kept on one side of the split), ``split``, ``name``, ``layer``, ``counts`` ("refuse", "recover"),
            ``metadata``, ``gene_names``, ``genes`` (how many of the most variable ones are modelled), ``least_counts``,
            ``least_cells``, ``transposed``.
        watch: called with an event (a dict) at every stage and tick.

    Raises ``InputError``, ``SettingsError``, ``RunInUse``, ``TrainingStopped``.
    """
    read = _reading(reading)
    validated(ReadOptions, read)
    return train_domain(
        DOMAIN,
        Path(source),
        Path(out),
        read=read,
        budget=budget,
        seed=seed,
        device=device,
        threads=threads,
        overrides=list(overrides),
        watch=watch,
    )


def open(run: str | Path, *, device: str = "auto", threads: int | None = None) -> Run:
    """The trained run in a folder. Raises ``UserError`` when it is no run, ``DamagedRun`` when it cannot be trusted."""
    return Run.open(Path(run), device=device, threads=threads)


def made(
    run: Run,
    n: int,
    where: Mapping[str, str] | None = None,
    seed: int = 0,
    start: int = 0,
    truncation: float = 1.0,
    keep: float = 1.0,
) -> ExpressionRecords:
    """Cells ``start … start + n − 1`` of ``seed``, with the labels of each column and where they come from.

    Args:
        where: the condition. Of columns that were joined, all or some: the classes that agree then come as often as in
            training. Of a measured column a number, at which every cell is made.
        truncation, keep: as in ``Run.generate``; neither goes with a number.

    Raises ``UserError`` that lists what the run knows.
    """
    wanted = asked(run.classes, where)
    if wanted.value is not None:
        from vivogan.domains.expression.trajectory import at

        records = at(run, run.classes.column, wanted.value, np.arange(start, start + n, dtype=np.int64), seed)
    elif wanted.classes is None or len(wanted.classes) == 1:
        one = None if wanted.classes is None else {run.classes.column: run.classes.names[wanted.classes[0]]}
        records = run.generate(n, one, seed, start, truncation, keep)
    else:
        records = _of_several(run, wanted.classes, n, seed, start, truncation, keep)
    known = provenance(run) | {"seed": str(seed), "start": str(start), "where": _told(where)}
    return replace(records, labels=apart(records.labels), provenance=records.provenance | known)


def _of_several(
    run: Run, kept: tuple[int, ...], n: int, seed: int, start: int, truncation: float, keep: float
) -> ExpressionRecords:
    """Cells of several classes, as frequent as in training."""
    samples = np.arange(start, start + n, dtype=np.int64)

    def classes(rows: NDArray[np.int64]) -> NDArray[np.intp]:
        return drawn(run.classes, kept, seed, rows)

    x = run.tensors(samples, seed, classes, truncation, keep)
    ids = [f"seed{seed}-{i:06d}" for i in samples.tolist()]
    return cast(ExpressionRecords, run.records(x, classes(samples), ids))


def provenance(run: Run) -> dict[str, str]:
    """Where cells of a run come from, as text: run, data, weights, version."""
    import vivogan

    return {
        "vivogan": vivogan.__version__,
        "run": run.folder.path.resolve().name,
        "source": Path(run.config.source).name,
        "budget": run.config.budget,
        "training_seed": str(run.config.seed),
        "samples": str(run.checkpoint.samples),
        "condition": run.classes.column,
    }


def generate(
    run: Run,
    n: int,
    out: str | Path,
    *,
    where: Mapping[str, str] | None = None,
    seed: int = 0,
    start: int = 0,
    truncation: float = 1.0,
    keep: float = 1.0,
) -> dict[str, Any]:
    """Make cells and write them to ``out``: .h5ad, .csv, .tsv (also .gz) or .mtx. The arguments are those of ``made``.

    Raises ``UserError`` for another format, or for a condition that the run does not know.
    """
    check_name(out)
    records = made(run, n, where, seed, start, truncation, keep)
    files = data.write(records, Path(out))
    library = np.asarray(records.counts.sum(1)).ravel()
    classes, counts = np.unique(records.classes, return_counts=True)
    return {
        "run": str(run.folder.path),
        "file": str(files[0]),
        "files": [str(path) for path in files],
        "cells": len(records),
        "genes": len(records.genes),
        "molecules": int(np.median(library)),
        "classes": {str(name): int(count) for name, count in zip(classes, counts, strict=True) if name},
        "seed": seed,
        "start": start,
        "where": dict(where) if where else None,
    }


def evaluate(run: Run, *, watch: Watch = silent, seed: int = 0) -> Any:
    """Judge a run on its test part: scores beside their floors and baselines, and a verdict."""
    return run.evaluate(watch=watch, seed=seed)


def markers(source: str | Path | Run, out: str | Path | None = None, **options: Any) -> Any:
    """The genes that define each type, with false-discovery rates; see ``expression.markers.markers``."""
    from vivogan.domains.expression.markers import markers as found

    return found(source if isinstance(source, Run) else Path(source), None if out is None else Path(out), **options)


def respond(source: str | Path, out: str | Path | None = None, **options: Any) -> Any:
    """How types respond to a condition in which they were not measured; see ``expression.respond.respond``."""
    from vivogan.domains.expression.respond import respond as found

    return found(Path(source), None if out is None else Path(out), **options)


def hints(run: Run, state: str, out: str | Path | None = None, **options: Any) -> Any:
    """Genes ranked by what silencing them is expected to do to a state; see ``expression.hints.hints``."""
    from vivogan.domains.expression.hints import hints as found

    return found(run, state, None if out is None else Path(out), **options)


def along(run: Run, column: str, values: Sequence[float] | None = None, **options: Any) -> Any:
    """Cells along a measured column, and how genes change; see ``expression.trajectory.along``."""
    from vivogan.domains.expression.trajectory import along as found

    return found(run, column, values, **options)


def write(records: ExpressionRecords, path: str | Path) -> list[Path]:
    """Write cells as .h5ad, .csv, .tsv or .mtx, by the suffix of ``path``."""
    check_name(path)
    return data.write(records, Path(path))


def _told(where: Mapping[str, str] | None) -> str:
    return ", ".join(f"{column}={value}" for column, value in (where or {}).items())


def _reading(given: Mapping[str, Reading]) -> dict[str, str]:
    return {name: str(value) for name, value in given.items() if value is not None}
