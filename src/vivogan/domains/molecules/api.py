"""``vivogan.molecules``: the words of the command line as functions.

>>> import vivogan as vg
>>> run = vg.molecules.train("actives.csv", "runs/actives", labels="pIC50", budget="10m")  # doctest: +SKIP
>>> vg.molecules.generate(run, 500, "made.csv", where={"pIC50": "high"})  # doctest: +SKIP
>>> activity = vg.molecules.predict.train("actives.csv", "runs/activity", labels="pIC50")  # doctest: +SKIP
>>> vg.molecules.optimize("runs/actives", ["runs/activity", "qed", "logp=1..3"], "designs/")  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vivogan.core.files import write_json
from vivogan.core.run_folder import RunFolder
from vivogan.domains.molecules import data
from vivogan.domains.molecules.alerts import alerts, counted
from vivogan.domains.molecules.domain import DOMAIN
from vivogan.domains.molecules.draw import query
from vivogan.domains.molecules.hazards import ScreenSettings
from vivogan.domains.molecules.making import different, known_to, levelled, new_ones, rows_of, written
from vivogan.domains.molecules.records import MoleculeRecords, ReadOptions
from vivogan.domains.molecules.tasks.api import PREDICT as predict
from vivogan.domains.molecules.write import check_name
from vivogan.domains.run import Run, silent
from vivogan.domains.train import train as train_domain
from vivogan.errors import InputError, UserError

if TYPE_CHECKING:
    from vivogan.domains.molecules.editing import Variants

__all__ = [
    "Run",
    "between",
    "clean",
    "edit",
    "evaluate",
    "generate",
    "inspect",
    "neighbours",
    "open",
    "optimize",
    "predict",
    "screen",
    "train",
    "write",
]

Watch = Callable[[dict[str, Any]], None]
LARGE, PACKED = 20_000_000, 5  # bytes of a file that is counted instead of read; letters that a byte of .gz stands for


def inspect(source: str | Path, **reading: str | None) -> dict[str, Any]:
    """Read a data set and say what is in it, without training: its fingerprint, what was refused and why, and notes.

    ``source`` is a SMILES file, a CSV, TSV or Parquet table, an SDF (all but Parquet also .gz), or a folder of them.
    ``reading``: see ``train``. A file of more than ``LARGE`` letters is counted in one pass and bounded memory. Raises
    ``InputError``.
    """
    path, options = Path(source), _reading(reading)
    if path.is_file() and path.stat().st_size * (PACKED if path.suffix == ".gz" else 1) > LARGE:
        from vivogan.domains.molecules.survey import survey

        return survey(path, ReadOptions.model_validate(options))
    return DOMAIN.inspect(path, options)


def clean(source: str | Path, out: str | Path, **reading: str | None) -> dict[str, Any]:
    """Standardise a data set, merge its duplicates, and write what can be used to ``out``.

    What was refused, and notes on what was merged, are written beside it as JSON. ``reading``: see ``train``. Raises
    ``InputError``.
    """
    check_name(out)
    records = data.read(Path(source), ReadOptions.model_validate(_reading(reading)))
    files = [str(path) for path in data.write(records, Path(out))]
    found = {
        "source": str(source),
        "file": files[0],
        "molecules": len(records),
        "refusals": [asdict(refusal) for refusal in records.refusals],
        "notes": list(records.notes),
    }
    report = Path(files[0]).with_name(f"{Path(files[0]).name.split('.')[0]}-report.json")
    write_json(report, found)
    return found | {"report": str(report)}


def train(
    source: str | Path,
    out: str | Path,
    *,
    model: str | None = None,
    tokens: str | None = None,
    budget: str = "10m",
    seed: int = 0,
    device: str = "auto",
    threads: int | None = None,
    overrides: Sequence[str] = (),
    watch: Watch = silent,
    **reading: str | None,
) -> Run:
    """Train on ``source`` into the run folder ``out``; the same call on an existing run continues it.

    Args:
        model: "language" (default), "latent" (an autoencoder with a GAN in its latent space: neighbourhoods,
            interpolation) or "graph" (up to 9 heavy atoms: the published reference).
        tokens: "selfies" or "smiles"; by default the plan decides.
        budget: time (``"90s"``, ``"10m"``, ``"8h"``) or samples shown to the discriminator (``"200k"``, ``"4000"``).
        overrides: ``"a.b=c"`` on the plan.
        reading: ``labels`` (a column or several: classes, or measurements, which are cut into levels), ``smiles``,
            ``name``, ``split``, ``group`` (columns), ``units``, ``fragments``, ``charges``, ``tautomers``, ``stereo``
            (how structures are standardised), ``splitting`` ("scaffold", "random"); see ``records.ReadOptions``.
        watch: called with an event (a dict) at every stage and tick.

    Raises ``InputError``, ``SettingsError``, ``RunInUse``, ``TrainingStopped``.
    """
    chosen = [] if model is None else [f"model={model}"]
    if tokens is not None:
        chosen.append(f"{model or 'language'}.notation={tokens}")
    return train_domain(
        DOMAIN,
        Path(source),
        Path(out),
        read=_reading(reading),
        budget=budget,
        seed=seed,
        device=device,
        threads=threads,
        overrides=[*chosen, *overrides],
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
    scaffold: str | None = None,
    contains: str | None = None,
    new: bool = False,
    seed: int = 0,
    start: int = 0,
    truncation: float = 1.0,
    keep: float = 1.0,
    screen: str | Path | None = None,
    draw: str | Path | None = None,
    compare: bool = True,
    watch: Watch = silent,
) -> dict[str, Any]:
    """Make molecules, screen them, and write those that pass to ``out`` with their properties beside them.

    Args:
        scaffold: SMILES that every molecule is built on, open points written ``[*]``; ``contains``: SMARTS that every
            molecule holds.
        new: only molecules that differ from one another and from those that the run learned from.
        screen: molecules of concern of your own; else ``VIVOGAN_SCREEN_MOLECULES``.
        draw: an SVG with the first ``DRAWN`` of them.
        compare: also look for the most alike molecule among those that the run learned from.

    The other arguments are those of ``Run.generate``. Raises ``UserError`` when the screening list cannot be read.
    """
    check_name(out)
    settings = _screening(screen)
    pattern = contains or scaffold
    if pattern is not None:
        query(pattern)  # refused before anything is made
        if start or truncation != 1 or keep != 1:
            raise UserError(
                "start, truncation and keep are of samples of the run; what is built on a given part is not drawn so",
                "Leave them out, or change the seed",
            )
    known = known_to(run, watch) if compare or new else None
    if new and known is None:
        raise UserError(
            f"{run.config.source}: not as the run knew it, so what is new cannot be told", "Leave out --new"
        )
    watch({"event": "stage", "text": f"generating {n} molecules"})
    if pattern is not None:
        from vivogan.domains.molecules.constrained import constrained

        made = constrained(run, n, scaffold=scaffold, substructure=contains, seed=seed, where=where)
        if new and known is not None:
            made = different(made, known)
    elif new and known is not None:
        made = new_ones(run, n, known, where, seed, start, truncation, keep)
    else:
        made = run.generate(n, where, seed, start, truncation, keep)
    valid = levelled(rows_of(made, [i for i, text in enumerate(made.smiles) if text]), run)
    found = written(valid, out, settings, known if compare else None, draw, pattern, watch)
    invalid = len(made) - len(valid)
    notes = [*made.notes, *([f"{invalid} of {len(made)} samples were no molecule"] if invalid else [])]
    return found | {
        "run": str(run.folder.path),
        "seed": seed,
        "start": start,
        "where": dict(where) if where else None,
        "scaffold": scaffold,
        "contains": contains,
        "notes": notes,
    }


def evaluate(
    generated: str | Path | Sequence[str],
    reference: str | Path | Sequence[str],
    *,
    train: str | Path | Sequence[str] | None = None,
    scaffolds: str | Path | Sequence[str] | None = None,
    fcd: bool = True,
    watch: Watch = silent,
) -> dict[str, Any]:
    """The MOSES and GuacaMol suites of any two sets of molecules (files or SMILES), each number beside its floor.

    Args:
        generated: what is judged, as it was made: what cannot be read counts as invalid.
        reference: held-out molecules; ``scaffolds``: others, of scaffolds that training has not seen.
        train: what the generator learned from, for novelty.
        fcd: also the Fréchet ChemNet distance, where ``fcd`` is installed.

    Raises ``InputError``, ``UserError``.
    """
    from vivogan.domains.molecules.suites import evaluate as judged

    given = [_molecules(part) for part in (generated, reference, train, scaffolds)]
    watch({"event": "stage", "text": "judging by the suites of MOSES and GuacaMol"})
    made, real, known, others = given
    found = judged(made or [], real or [], train=known, reference_scaffold=others, fcd=fcd)
    named = {"generated": generated, "reference": reference, "train": train, "scaffolds": scaffolds}
    files = {name: str(part) for name, part in named.items() if isinstance(part, str | Path)}
    return {**files, "scores": [asdict(score) for score in found]}


def _molecules(given: str | Path | Sequence[str] | None) -> Path | Sequence[str] | None:
    """SMILES as they are; anything else is a file."""
    if not isinstance(given, str | Path):
        return given
    if not Path(given).is_file():
        raise InputError(Path(given), "is no file of molecules", mend="Check the path")
    return Path(given)


def neighbours(
    run: Run,
    smiles: str,
    out: str | Path,
    *,
    n: int = 100,
    radius: float = 1.0,
    seed: int = 0,
    screen: str | Path | None = None,
    draw: str | Path | None = None,
    watch: Watch = silent,
) -> dict[str, Any]:
    """Molecules around ``smiles`` in the latent space of a run, most alike first; see ``editing.neighbourhood``."""
    from vivogan.domains.molecules.editing import neighbourhood

    check_name(out)
    settings = _screening(screen)
    return _variants(run, neighbourhood(run, smiles, n, radius, seed), out, settings, draw, "neighbour", watch)


def between(
    run: Run,
    a: str,
    b: str,
    out: str | Path,
    *,
    steps: int = 10,
    screen: str | Path | None = None,
    draw: str | Path | None = None,
    watch: Watch = silent,
) -> dict[str, Any]:
    """A path of molecules from ``a`` to ``b`` through the latent space of a run; see ``editing.interpolate``."""
    from vivogan.domains.molecules.editing import interpolate

    check_name(out)
    settings = _screening(screen)
    return _variants(run, interpolate(run, a, b, steps), out, settings, draw, "step", watch)


def edit(
    run: Run,
    smiles: str,
    name: str,
    out: str | Path,
    *,
    strength: float = 2.0,
    steps: int = 10,
    seed: int = 0,
    screen: str | Path | None = None,
    draw: str | Path | None = None,
    watch: Watch = silent,
) -> dict[str, Any]:
    """Molecules from ``smiles`` on in the direction in which a property rises; see ``editing.edit``."""
    from vivogan.domains.molecules.editing import edit as edited

    check_name(out)
    settings = _screening(screen)
    return _variants(run, edited(run, smiles, name, strength, steps, seed), out, settings, draw, "step", watch)


def _variants(
    run: Run,
    found: Variants,
    out: str | Path,
    settings: ScreenSettings,
    draw: str | Path | None,
    word: str,
    watch: Watch,
) -> dict[str, Any]:
    """Screen, describe, write and draw molecules that were made from others."""
    labels = {name: np.array([f"{value:.4g}" for value in own], np.str_) for name, own in found.columns.items()}
    ids = [f"{word}-{i:03d}" for i in range(len(found))]
    records = MoleculeRecords(found.smiles, labels, ids, source="generated")
    summary = {name: value for name, value in found.summary.items() if value == value}  # without NaN
    said = [f"{name} {value:.3g}" for name, value in summary.items() if isinstance(value, float)]
    files = written(records, out, settings, None, draw, None, watch)
    return files | {"run": str(run.folder.path), "summary": summary, "notes": said}


def optimize(
    source: str | Path | Run,
    objectives: Sequence[str],
    out: str | Path,
    *,
    judge: str | None = None,
    calls: int = 10_000,
    n: int = 100,
    seed: int = 0,
    must: Sequence[str] = (),
    must_not: Sequence[str] = (),
    scaffold: str | None = None,
    similarity: float = 0.6,
    screen: str | Path | None = None,
    watch: Watch = silent,
    **reading: str | None,
) -> dict[str, Any]:
    """Design molecules that do well in all ``objectives`` at once, screen them, and write them into ``out``.

    Args:
        source: where to begin: a run, or a file of molecules.
        objectives: as in ``vivogan.domains.molecules.objectives``: ``"qed"``, ``"logp=1..3"``, ``"runs/activity"``,
            ``"-runs/tox:hERG"``, ``"module:function*2"``, …

    The rest as in ``optimize.optimize``. Raises ``UserError``, also where toxicity would be raised.
    """
    from vivogan.domains.molecules.objectives import objective
    from vivogan.domains.molecules.optimize import optimize as optimised
    from vivogan.domains.molecules.oracles import oracle

    settings = _screening(screen)
    found = optimised(
        _beginning(source, reading),
        [objective(spec) for spec in objectives],
        None if judge is None else oracle(judge),
        calls=calls,
        n=n,
        seed=seed,
        must=must,
        must_not=must_not,
        scaffold=scaffold,
        similarity=similarity,
        watch=watch,
    )
    return found.save(Path(out), settings) | {"folder": str(out)}


def _beginning(source: str | Path | Run, reading: Mapping[str, str | None]) -> Run | MoleculeRecords:
    """A run, or the molecules of a file."""
    if isinstance(source, Run):
        return source
    if RunFolder.exists(Path(source)):
        return open(source)
    return data.read(Path(source), ReadOptions.model_validate(_reading(reading)))


def screen(source: str | Path, *, screen: str | Path | None = None, **reading: str | None) -> dict[str, Any]:
    """What stands against each molecule of a file: hazards, structural alerts, and why it may not be worth ordering.

    Returns counts and one row a molecule; nothing is written. Raises ``InputError``.
    """
    from vivogan.domains.molecules.hazards import screen as judged
    from vivogan.domains.molecules.ordering import orderable

    records = data.read(Path(source), ReadOptions.model_validate(_reading(reading)))
    found = judged(records.smiles, _screening(screen))
    warned = alerts(records.smiles)
    verdicts = [
        f"no: {reason}" if reason else verdict
        for reason, verdict in zip(found.reasons, orderable(records.smiles, warned=warned), strict=True)
    ]
    rows = [
        {
            "id": name,
            "smiles": text,
            "hazard": reason or "",
            "caution": caution,
            "alerts": "; ".join(dict.fromkeys(map(str, each))),
            "order": verdict,
        }
        for name, text, reason, caution, each, verdict in zip(
            records.ids, records.smiles, found.reasons, found.cautions, warned, verdicts, strict=True
        )
    ]
    return {
        "molecules": len(records),
        "hazards": found.to_dict(),
        "alerts": counted(warned),
        "orderable": verdicts.count("yes"),
        "rows": rows,
        "refusals": [asdict(refusal) for refusal in records.refusals],
    }


def write(records: Any, path: str | Path) -> Any:
    """Write molecules as SMILES, CSV, TSV, Parquet or SDF, by the suffix of ``path``."""
    return DOMAIN.write(records, Path(path))


def _screening(listed: str | Path | None) -> ScreenSettings:
    """How to screen; what cannot be screened in the end is not begun."""
    settings = ScreenSettings.given(listed)
    if settings.listed is not None and not settings.listed.is_file():
        raise UserError(f"{settings.listed}: the list to screen with is not there", "Name a file by --screen")
    return settings


def _reading(given: Mapping[str, str | None]) -> dict[str, str]:
    return {name: str(value) for name, value in given.items() if value is not None}
