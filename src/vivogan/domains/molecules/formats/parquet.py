"""Parquet: a table of columns, packed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vivogan.domains.molecules.formats.layout import unlike
from vivogan.domains.molecules.formats.rows import Row
from vivogan.domains.molecules.formats.tables import Cells, read_cells
from vivogan.domains.molecules.records import Draft, ReadOptions
from vivogan.domains.source import Source
from vivogan.errors import InputError, UserError

BATCH = 10_000  # rows


def read_parquet(source: Source, draft: Draft, options: ReadOptions) -> Iterator[Row]:
    """A molecule a row, counted from 1. Raises ``InputError`` when the file is damaged, ``UserError`` when pyarrow is
    not installed."""
    pyarrow = arrow(source.path)
    try:
        with source.path.open("rb") as packed:
            plain = packed.read(4) == b"PAR1"
        file = pyarrow.parquet.ParquetFile(source.path if plain else io.BytesIO(b"".join(source.raw())))
        names = unlike([str(name) for name in file.schema_arrow.names])
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise InputError(source.path, f"is no Parquet file ({' '.join(str(error).split())[:100]})") from error
    if not names:
        raise InputError(source.path, "has no columns")
    yield from read_cells(source.name, names, batches(source, draft, file, pyarrow), options)


def batches(source: Source, draft: Draft, file: Any, pyarrow: Any) -> Iterator[Cells]:
    """The rows as text."""
    number = 0
    try:
        for batch in file.iter_batches(BATCH):
            for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                number += 1
                yield number, ["" if value is None else str(value).strip() for value in row]
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        reason = f"the file is damaged ({' '.join(str(error).split())[:100]}). Copy it again"
        draft.refuse(source.name, f"row {number + 1}", reason)


def arrow(path: Path) -> Any:
    """pyarrow with its Parquet. Raises ``UserError`` when it is not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise UserError(f"{path}: Parquet needs pyarrow", "Install it: pip install pyarrow, or use CSV") from error
    return pyarrow
