"""From a run's samples to files: new ones only where that is wanted, screened, described, written and drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from vivogan.core.files import write_text
from vivogan.domains.molecules import data
from vivogan.domains.molecules.draw import Drawing, svg
from vivogan.domains.molecules.hazards import ScreenSettings, screened
from vivogan.domains.molecules.records import MoleculeRecords
from vivogan.domains.molecules.table import Known, described
from vivogan.domains.run import Run, Watch

DRAWN = 100  # molecules of a grid
LEGENDS = {"qed": "QED"}
LEVEL = "level"  # the column of what was asked for, where that is a measurement
ROUNDS = 20  # of sampling, when only different new molecules are wanted


def written(
    records: MoleculeRecords,
    out: str | Path,
    settings: ScreenSettings,
    known: Known | None,
    draw: str | Path | None,
    pattern: str | None,
    watch: Watch,
) -> dict[str, Any]:
    """Screen molecules, describe those that pass, and write and draw them."""
    watch({"event": "stage", "text": "screening"})
    kept, found = screened(records, settings)
    watch({"event": "stage", "text": "describing"})
    kept = described(kept, known)
    files = [str(path) for path in data.write(kept, Path(out))]
    if draw is not None:
        write_text(Path(draw), drawn(kept, "qed", pattern))
        files.append(str(draw))
    return {
        "file": files[0],
        "files": files,
        "count": len(kept),
        "different": len(set(kept.smiles)),
        "worth_ordering": int((kept.labels["order"] == "yes").sum()),
        "screening": found.line,
        "withheld": found.withheld,
    }


def drawn(records: MoleculeRecords, column: str, contains: str | None = None) -> str:
    """An SVG of the first ``DRAWN`` molecules, each with its name and what a column says of it."""
    shown = zip(records.smiles[:DRAWN], records.ids, records.labels[column].tolist(), strict=False)
    word = LEGENDS.get(column, column)
    return svg([Drawing(smiles, f"{name}  {word} {value}") for smiles, name, value in shown], contains=contains)


def levelled(records: MoleculeRecords, run: Run) -> MoleculeRecords:
    """The levels that a run was asked for under a name of their own: "7.1 to 8.2" is no measurement, and must not be
    read as one."""
    if not run.classes.edges:
        return records
    labels = {LEVEL if name == run.classes.column else name: values for name, values in records.labels.items()}
    return replace(records, labels=labels)


def known_to(run: Run, watch: Watch) -> Known | None:
    """The molecules that a run learned from; None, and a word, where its data set is no longer there."""
    source = Path(run.config.source)
    if not source.exists():
        watch({"event": "stage", "text": f"{source} is no longer there: nothing to compare with"})
        return None
    watch({"event": "stage", "text": f"reading {source.name} to compare with"})
    records = run.domain.read(source, run.config.read)
    if run.domain.digest(records) != run.data["sha256"]:
        watch({"event": "stage", "text": f"{source} changed since: nothing to compare with"})
        return None
    rows = run.split.train.tolist()
    return Known([records.smiles[i] for i in rows], [records.ids[i] for i in rows])


def different(made: MoleculeRecords, known: Known, seen: frozenset[str] = frozenset()) -> MoleculeRecords:
    """Those that are molecules, differ from one another, and are neither known nor seen."""
    before, rows = set(known.smiles) | seen, []
    for i, text in enumerate(made.smiles):
        if text and text not in before:
            before.add(text)
            rows.append(i)
    return rows_of(made, rows)


def new_ones(
    run: Run,
    n: int,
    known: Known,
    where: Mapping[str, str] | None,
    seed: int,
    start: int,
    truncation: float,
    keep: float,
) -> MoleculeRecords:
    """``n`` different molecules that the run did not learn from, or as many as ``ROUNDS`` rounds find."""
    found: list[MoleculeRecords] = []
    count = 0
    for number in range(ROUNDS):
        made = run.generate(n, where, seed, start + number * n, truncation, keep)
        seen = frozenset(text for part in found for text in part.smiles)
        part = different(made, known, seen)
        found.append(part)
        count += len(part)
        if count >= n:
            break
    whole = found[0]
    for part in found[1:]:
        labels = {name: np.concatenate([values, part.labels[name]]) for name, values in whole.labels.items()}
        whole = replace(whole, smiles=whole.smiles + part.smiles, ids=whole.ids + part.ids, labels=labels)
    notes = [] if count >= n else [f"only {count} new molecules among {ROUNDS * n} samples"]
    return replace(rows_of(whole, list(range(min(n, count)))), notes=[*whole.notes, *notes])


def rows_of(records: MoleculeRecords, rows: Sequence[int]) -> MoleculeRecords:
    """Some of generated records."""
    labels = {name: values[list(rows)] for name, values in records.labels.items()}
    return replace(records, smiles=[records.smiles[i] for i in rows], ids=[records.ids[i] for i in rows], labels=labels)
