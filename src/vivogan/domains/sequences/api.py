"""``vivogan.sequences``: the words of the command line as functions.

>>> import vivogan as vg
>>> run = vg.sequences.train("promoters.fa", labels="expr", budget="10m", out="runs/promoters")  # doctest: +SKIP
>>> made = run.generate(500, where={"expr": "high"}, seed=0)  # doctest: +SKIP
>>> vg.sequences.write(made, "made.fasta")  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from vivogan.core.run_folder import RunFolder
from vivogan.domains.run import Run, silent
from vivogan.domains.sequences import data
from vivogan.domains.sequences.codec import SequenceCodec
from vivogan.domains.sequences.domain import DOMAIN
from vivogan.domains.sequences.generator import SequenceGenerator
from vivogan.domains.sequences.infill import allowed, complete
from vivogan.domains.sequences.records import ReadOptions, SequenceRecords
from vivogan.domains.sequences.screening import ScreenSettings, screened, screeners
from vivogan.domains.train import train as train_domain

__all__ = ["Run", "completed", "generate", "inspect", "motifs", "open", "optimize", "train", "write"]

Watch = Callable[[dict[str, Any]], None]
LARGE, PACKED = 100_000_000, 4  # bytes of a file that is counted instead of read; letters that a byte of .gz stands for


def inspect(source: str | Path, **reading: str | float | None) -> dict[str, Any]:
    """Read a data set and say what is in it, without training: its fingerprint, what was refused and why, and notes.

    ``source`` is a FASTA, FASTQ, Stockholm, A2M, GenBank, CSV or TSV file (also .gz), one sequence a line, or a folder
    of such files. ``reading``: see ``train``. A file of more than ``LARGE`` letters is counted in one pass and bounded
    memory: its fingerprint has no classes and no layout. Raises ``InputError``.
    """
    path, options = Path(source), _reading(reading)
    if path.is_file() and path.stat().st_size * (PACKED if path.suffix == ".gz" else 1) > LARGE:
        return _counted(path, ReadOptions.model_validate(options))
    return DOMAIN.inspect(path, options)


def _counted(path: Path, options: ReadOptions) -> dict[str, Any]:
    """What ``inspect`` says of a large file."""
    from vivogan.domains.sequences.survey import survey

    found = survey(path, options)
    refusals = [{"file": found["file"], **refusal} for refusal in found.pop("first")]
    notes = ["large file: letters and records were counted, labels and layout were not looked at", *found.pop("notes")]
    return {"lengths": found["length"].pop("bins"), "fingerprint": found, "refusals": refusals, "notes": notes}


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


def generate(
    run: Run,
    n: int,
    out: str | Path,
    *,
    where: Mapping[str, str] | None = None,
    template: str | None = None,
    seed: int = 0,
    start: int = 0,
    truncation: float = 1.0,
    keep: float = 1.0,
    screen: str | Path | None = None,
) -> dict[str, Any]:
    """Make sequences, screen them, and write those that pass to ``out``.

    Args:
        template: letters that must stand, and N (protein: X) where the generator chooses.
        screen: FASTA of sequences of concern; else ``VIVOGAN_SCREEN_LIST``, or the databases of commec.

    The other arguments are those of ``Run.generate``. Raises ``UserError`` when screening was asked for and fails.
    """
    settings = ScreenSettings.given(listed=screen)
    screeners(settings)
    if template is None:
        records = run.generate(n, where, seed, start, truncation, keep)
    else:
        records = completed(run, template, n, where, seed, start)
    kept, screening = screened(records, settings)
    write(kept, out)
    return {
        "run": str(run.folder.path),
        "file": str(out),
        "count": len(kept),
        "seed": seed,
        "start": start,
        "where": dict(where) if where else None,
        "template": template,
        "screening": screening.line,
    }


def completed(
    run: Run, template: str, n: int, where: Mapping[str, str] | None = None, seed: int = 0, start: int = 0
) -> SequenceRecords:
    """``n`` sequences in which the letters of ``template`` stand where they stand there."""
    samples = np.arange(start, start + n, dtype=np.int64)
    chosen = run.classes.chosen(where)
    y = run.classes.draw(seed, samples) if chosen is None else np.full(n, chosen, np.intp)
    codec = cast(SequenceCodec, run.codec)
    x = complete(cast(SequenceGenerator, run.generator), allowed(template, codec), y, seed, samples)
    return cast(SequenceRecords, run.records(x, y, [f"seed{seed}-{i:06d}" for i in samples]))


def optimize(
    run: Run,
    oracles: Sequence[str],
    out: str | Path,
    *,
    judge: str | None = None,
    method: str = "feedback",
    n: int = 100,
    rounds: int = 20,
    seed: int = 0,
    where: Mapping[str, str] | None = None,
    template: str | None = None,
    reference: str | Path | None = None,
    mutations: tuple[int, int] = (3, 8),
    calls: int | None = None,
    screen: str | Path | None = None,
    watch: Watch = silent,
) -> dict[str, Any]:
    """Design sequences that ``oracles`` score high, screen them, and write them into the folder ``out``.

    ``calls`` bounds how many sequences the oracles are asked for. ``oracles`` and ``judge`` as in
    ``vivogan.domains.sequences.oracles``; the rest as in ``optimize.optimize``.
    """
    from vivogan.domains.sequences.optimize import optimize as optimised
    from vivogan.domains.sequences.oracles import oracle

    settings = ScreenSettings.given(listed=screen)
    screeners(settings)  # what cannot be screened in the end is not begun
    wild = None if reference is None else data.read(Path(reference), ReadOptions()).sequences[0]
    found = optimised(
        run,
        [oracle(spec) for spec in oracles],
        None if judge is None else oracle(judge),
        method=method,
        n=n,
        rounds=rounds,
        seed=seed,
        where=where,
        template=template,
        reference=wild,
        mutations=mutations,
        budget=calls,
        watch=watch,
    )
    return found.save(Path(out), settings) | {"folder": str(out)}


def motifs(
    run: str | Path,
    out: str | Path,
    *,
    jaspar: str | Path | None = None,
    oracle: str | None = None,
    n: int = 500,
    seed: int = 0,
    threads: int | None = None,
    watch: Watch = silent,
) -> dict[str, Any]:
    """What a run goes by: motifs with their logos and places, and directions named by what they change.

    Args:
        run: the folder of a generator, or of a predictor.
        out: gets ``motifs.json``, ``motifs.meme``, ``logos.png``, ``positions.png``, ``directions.csv``.
        jaspar: known motifs (JASPAR or MEME) that the found ones are compared with.
        oracle: a predictor whose view of the generated sequences is explained too.
        n: sequences that are looked at.
    """
    from vivogan.domains.sequences.interpret import interpret
    from vivogan.domains.tasks.run import TaskRun

    tool = RunFolder.open(run).read_json("data.json").get("tool")
    opened: Run | TaskRun = TaskRun.open(Path(run), threads=threads) if tool else open(run, threads=threads)
    known = None if jaspar is None else Path(jaspar)
    found = interpret(opened, motifs=known, n=n, seed=seed, oracle=oracle, watch=watch)
    files = found.save(Path(out))
    return {
        "run": str(run),
        "folder": str(out),
        "summary": found.summary,
        "files": {k: str(v) for k, v in files.items()},
    }


def write(records: Any, path: str | Path) -> Any:
    """Write sequences as FASTA, CSV, TSV or Stockholm, by the suffix of ``path``."""
    return DOMAIN.write(records, Path(path))


def _reading(given: dict[str, str | float | None]) -> dict[str, str]:
    return {name: str(value) for name, value in given.items() if value is not None}
