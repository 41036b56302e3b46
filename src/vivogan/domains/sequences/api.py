"""``vivogan.sequences``: the words of the command line as functions.

>>> import vivogan as vg
>>> run = vg.sequences.train("promoters.fa", labels="expr", budget="10m", out="runs/promoters")  # doctest: +SKIP
>>> made = run.generate(500, where={"expr": "high"}, seed=0)  # doctest: +SKIP
>>> vg.sequences.write(made, "made.fasta")  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from vivogan.domains.run import Run, silent
from vivogan.domains.sequences.domain import DOMAIN
from vivogan.domains.train import train as train_domain

__all__ = ["Run", "inspect", "open", "train", "write"]

Watch = Callable[[dict[str, Any]], None]


def inspect(source: str | Path, **reading: str | float | None) -> dict[str, Any]:
    """Read a data set and say what is in it, without training: its fingerprint, what was refused and why, and notes.

    ``source`` is a FASTA, FASTQ, Stockholm, A2M, GenBank, CSV or TSV file (also .gz), one sequence a line, or a folder of
    such files. ``reading``: see ``train``. Raises ``InputError``.
    """
    return DOMAIN.inspect(Path(source), _reading(reading))


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
    **reading: str | float | None,
) -> Run:
    """Train on ``source`` into the run folder ``out``; the same call on an existing run continues it.

    Args:
        budget: time (``"90s"``, ``"10m"``, ``"8h"``) or samples shown to the discriminator (``"200k"``, ``"4000"``).
        overrides: ``"a.b=c"`` on the plan.
        reading: ``labels`` (a column, or a key of FASTA headers; numbers are cut into levels), ``sequence`` (the column
            with the sequences), ``split``, ``group``, ``alphabet`` ("dna", "rna", "protein"), ``layout`` ("free",
            "aligned", "coding"), ``identity`` (share of places from which two sequences stay on one side of the split).
        watch: called with an event (a dict) at every stage and tick.

    Raises ``InputError``, ``SettingsError``, ``RunInUse``, ``TrainingStopped``.
    """
    return train_domain(
        DOMAIN,
        Path(source),
        Path(out),
        read=_reading(reading),
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


def write(records: Any, path: str | Path) -> Any:
    """Write sequences as FASTA, CSV, TSV or Stockholm, by the suffix of ``path``."""
    return DOMAIN.write(records, Path(path))


def _reading(given: dict[str, str | float | None]) -> dict[str, str]:
    return {name: str(value) for name, value in given.items() if value is not None}
