"""Labels of cells in a second file: a table with a column that the barcodes fit, or the names of the samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vivogan.core.limits import Limits
from vivogan.domains.columns import some
from vivogan.domains.expression.formats.rows import rows_of
from vivogan.domains.expression.formats.sheet import SAMPLE, Sheet
from vivogan.domains.expression.formats.trust import word_of
from vivogan.domains.expression.records import Refusal
from vivogan.domains.source import Source
from vivogan.errors import InputError

NAMES = ("metadata.csv", "metadata.tsv", "metadata.csv.gz", "metadata.tsv.gz", "obs.csv", "obs.tsv", "meta.csv")


def metadata_in(folder: Path) -> Path | None:
    """A table of labels in a folder of a matrix."""
    return next((folder / name for name in NAMES if (folder / name).is_file()), None)


def add_metadata(sheet: Sheet, path: Path, limits: Limits) -> None:
    """Give the sheet the columns of a table, one row a cell or one row a sample.

    Raises ``InputError`` where no barcode of it, and no sample, is one of the sheet.
    """
    source = Source(path, limits)
    header, rows = rows_of(source)
    table = []
    for row in rows:
        if len(row.cells) == len(header):
            table.append(row.cells)
        else:
            reason = f"has {len(row.cells)} cells instead of {len(header)}. Complete the row"
            sheet.refusals.append(Refusal(str(path), f"line {row.number}", reason))
    for known in (places(sheet.barcodes), places(sheet.obs.get(SAMPLE, np.array([])).tolist())):
        hits = [sum(cells[i] in known for cells in table) for i in range(len(header))]
        key = int(np.argmax(hits)) if hits else 0
        if hits and hits[key]:
            break
    else:
        mend = f"The cells are called {some(sheet.barcodes, 3)}"
        raise InputError(path, "no cell of the data is in this table", mend=mend)
    found = {name: np.full(len(sheet.barcodes), "", dtype=object) for i, name in enumerate(header) if i != key}
    for cells in table:
        for i, name in enumerate(header):
            if i != key:
                found[name][known.get(cells[key], [])] = word_of(cells[i])
    for name, values in found.items():
        sheet.obs[name or "column"] = np.array(values.tolist(), np.str_)
    absent = sum(len(known[name]) for name in known.keys() - {cells[key] for cells in table})
    if absent:
        sheet.notes.append(f"{absent} cells are not in {path.name} and stay without its labels")


def places(names: list[str]) -> dict[str, list[int]]:
    """Which cells have a name."""
    found: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        found.setdefault(name, []).append(i)
    return found
