"""Labels of cells in a second file: a table whose first column, or one that the barcodes fit, names the cells."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vivogan.core.limits import Limits
from vivogan.domains.columns import some
from vivogan.domains.expression.formats.rows import rows_of
from vivogan.domains.expression.formats.sheet import Sheet
from vivogan.domains.expression.formats.trust import word_of
from vivogan.domains.expression.records import Refusal
from vivogan.domains.source import Source
from vivogan.errors import InputError

NAMES = ("metadata.csv", "metadata.tsv", "metadata.csv.gz", "metadata.tsv.gz", "obs.csv", "obs.tsv", "meta.csv")


def metadata_in(folder: Path) -> Path | None:
    """A table of labels in a folder of a matrix."""
    return next((folder / name for name in NAMES if (folder / name).is_file()), None)


def add_metadata(sheet: Sheet, path: Path, limits: Limits) -> None:
    """Give the sheet the columns of a table. Raises ``InputError`` where no barcode of it is one of the sheet."""
    source = Source(path, limits)
    header, rows = rows_of(source)
    table = []
    for row in rows:
        if len(row.cells) == len(header):
            table.append(row.cells)
        else:
            reason = f"has {len(row.cells)} cells instead of {len(header)}. Complete the row"
            sheet.refusals.append(Refusal(str(path), f"line {row.number}", reason))
    known = {name: i for i, name in enumerate(sheet.barcodes)}
    hits = [sum(cells[i] in known for cells in table) for i in range(len(header))]
    key = int(np.argmax(hits)) if hits else 0
    if not hits or not hits[key]:
        mend = f"The cells are called {some(sheet.barcodes, 3)}"
        raise InputError(path, "no cell of the data is in this table", mend=mend)
    found = {name: np.full(len(known), "", dtype=object) for i, name in enumerate(header) if i != key}
    for cells in table:
        place = known.get(cells[key])
        if place is not None:
            for i, name in enumerate(header):
                if i != key:
                    found[name][place] = word_of(cells[i])
    for name, values in found.items():
        sheet.obs[name or "column"] = np.array(values.tolist(), np.str_)
    absent = len(known.keys() - {cells[key] for cells in table})
    if absent:
        sheet.notes.append(f"{absent} cells are not in {path.name} and stay without its labels")
