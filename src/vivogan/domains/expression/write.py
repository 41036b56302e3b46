"""Write cells: .h5ad for scanpy and scvi-tools, CSV or TSV, or the folder that Cell Ranger writes."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from vivogan.core.files import explained, write_bytes, writing
from vivogan.domains.expression.labels import apart, is_measurement
from vivogan.domains.expression.records import ExpressionRecords
from vivogan.errors import UserError

UNS = "vivogan"
MTX = ".mtx"
CELL = "barcode"


def write(records: ExpressionRecords, path: Path) -> list[Path]:
    """Write every cell with its counts, labels, part and group; returns the files.

    The suffix decides: ``.h5ad`` (counts as int32 CSR in X, labels in obs, ``records.provenance`` in
    ``uns["vivogan"]``), ``.csv`` or ``.tsv`` (also ``.gz``; a cell a row, labels before the genes), ``.mtx`` or
    ``.mtx.gz`` (matrix, barcodes, features and metadata in that folder). Any other path is a folder that gets
    ``cells.h5ad``. ``read`` takes each back. Raises ``UserError`` when the place cannot be written.
    """
    path = Path(path)
    form = form_of(path)
    if form is None:
        path, form = path / "cells.h5ad", write_h5ad
    return form(records, path)


def check_name(path: Path | str) -> None:
    """Raises ``UserError`` when a file of this name would be of a format that there is not."""
    path = Path(path)
    if path.suffix and form_of(path) is None and not path.is_dir():
        raise UserError(f"{path}: no such format of single cells", f"Name the file {', '.join(FORMS)} (or .gz)")


def form_of(path: Path) -> Form | None:
    """How a file of this name is written; None where the name says nothing."""
    bare = path.name.lower()
    form = FORMS.get(Path(bare.removesuffix(".gz")).suffix)
    return None if form is write_h5ad and bare.endswith(".gz") else form


def write_h5ad(records: ExpressionRecords, path: Path) -> list[Path]:
    import anndata
    import pandas

    names = pandas.Index(records.ids, dtype=object)
    obs = pandas.DataFrame({name: typed(values) for name, values in columns(records).items()}, index=names)
    adata = anndata.AnnData(records.counts.astype(np.int32), obs, uns={UNS: dict(records.provenance)})
    # Names as plain objects: the text of pandas 3, which AnnData makes of them, is one that older ones cannot read.
    adata.obs.index, adata.var.index = names, pandas.Index(records.genes, dtype=object)
    with writing(path) as file, explained(path):
        adata.write_h5ad(Path(file.name), compression="gzip")  # a second handle on the unfinished file
    return [path]


def columns(records: ExpressionRecords) -> dict[str, np.ndarray[Any, Any]]:
    """What is known of each cell: labels, joined ones also apart, part and group. AnnData takes no slash in a name."""
    given = {"split": records.part, "group": records.group}
    extra = {name: values for name, values in given.items() if values is not None and name not in records.labels}
    return {name.replace("/", "_"): values for name, values in {**apart(records.labels), **extra}.items()}


def typed(values: np.ndarray[Any, Any]) -> Any:
    """Measurements as numbers, words as categories (missing where empty)."""
    import pandas

    if is_measurement(values):
        return [float(value) if value else np.nan for value in values.tolist()]
    words = pandas.Index(sorted(set(values.tolist()) - {""}), dtype=object)
    return pandas.Categorical([value or None for value in values.tolist()], categories=words)


def write_table(records: ExpressionRecords, path: Path, delimiter: str) -> list[Path]:
    known = columns(records)
    text = io.StringIO()
    rows = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    rows.writerow([CELL, *known, *records.genes])
    labels = list(zip(*(values.tolist() for values in known.values()), strict=True)) or [()] * len(records)
    for i, (name, given) in enumerate(zip(records.ids, labels, strict=True)):
        rows.writerow([name, *given, *records.counts[i].toarray().ravel().tolist()])
    return [packed(path, text.getvalue())]


def packed(path: Path, text: str) -> Path:
    content = text.encode()
    write_bytes(path, gzip.compress(content, mtime=0) if path.suffix.lower() == ".gz" else content)
    return path


def write_mtx(records: ExpressionRecords, path: Path) -> list[Path]:
    """``matrix.mtx``, ``barcodes.tsv``, ``features.tsv`` and ``metadata.csv`` in the folder of the path."""
    folder, end = path.parent, ".gz" if path.suffix.lower() == ".gz" else ""
    counts = records.counts
    cells = np.repeat(np.arange(len(records)), np.diff(counts.indptr))
    table = np.column_stack([counts.indices + 1, cells + 1, counts.data])  # genes × cells, counted from 1
    entries = "\n".join(map("{0[0]} {0[1]} {0[2]}".format, table.tolist()))
    head = "%%MatrixMarket matrix coordinate integer general"
    matrix = f"{head}\n{len(records.genes)} {len(records)} {counts.nnz}\n{entries}\n"
    files = [
        packed(path, matrix),
        packed(folder / f"barcodes.tsv{end}", "".join(f"{name}\n" for name in records.ids)),
        packed(folder / f"features.tsv{end}", "".join(f"{g}\t{g}\tGene Expression\n" for g in records.genes)),
    ]
    known = columns(records)
    if known:
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow([CELL, *known])
        rows.writerows(zip(records.ids, *(values.tolist() for values in known.values()), strict=True))
        files.append(packed(folder / "metadata.csv", text.getvalue()))
    return files


Form = Callable[[ExpressionRecords, Path], list[Path]]
FORMS: Mapping[str, Form] = {
    ".h5ad": write_h5ad,
    ".csv": partial(write_table, delimiter=","),
    ".tsv": partial(write_table, delimiter="\t"),
    MTX: write_mtx,
}
