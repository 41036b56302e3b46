"""CSV and TSV tables of cells × genes, or genes × cells, with or without columns of labels."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vivogan.core.limits import check_records
from vivogan.domains.columns import columns_named
from vivogan.domains.expression.formats.layers import InMemory
from vivogan.domains.expression.formats.rows import Row, number, rows_of
from vivogan.domains.expression.formats.sheet import Sheet, X
from vivogan.domains.expression.formats.trust import word_of
from vivogan.domains.expression.records import ReadOptions, Refusal
from vivogan.domains.source import Source
from vivogan.errors import InputError

LOOKED_AT = 50  # rows, by which columns of labels are told from genes
BARCODE = re.compile(r"(.*[^A-Za-z])?[ACGT]{8,}([^A-Za-z].*)?")
KNOWN_GENES = frozenset(("ACTB", "GAPDH", "MALAT1", "B2M", "RPLP0", "EEF1A1", "TMSB4X", "FTL"))
ENSEMBL = re.compile(r"ENS[A-Z]*G\d{6,}.*")
MOSTLY = 0.5


@contextmanager
def open_table(path: Path, options: ReadOptions) -> Iterator[Sheet]:
    source = Source(path, options.limits)
    header, rows = rows_of(source)
    first = list(islice(rows, LOOKED_AT))
    check_header(path, header)
    transposed = options.transposed or is_transposed(header, first)
    sheet = (genes_in_rows if transposed else cells_in_rows)(source, header, first, chain(first, rows), options)
    if transposed and not options.transposed:
        sheet.notes.append("the table has genes in rows and cells in columns, by their names")
    if source.damage:
        reason = f"{source.damage}; what was read before is used. Copy the file again"
        sheet.refusals.append(Refusal(str(path), None, reason))
    yield sheet


def check_header(path: Path, header: list[str]) -> None:
    """A first line of numbers that are no names belongs to the data."""
    numbers = [value for word in header[1:] if (value := number(word)) is not None]
    if numbers and (len(set(numbers)) < len(numbers) or any(value % 1 for value in numbers)):
        raise InputError(path, "has no names of genes in its first line", "line 1", "Put a header above the numbers")


def is_transposed(header: list[str], first: list[Row]) -> bool:
    """Whether names say that genes are in rows: barcodes above the columns, or known genes before the rows."""
    above, before = header[1:], [row.cells[0] for row in first if row.cells]
    if looks_like(above, is_gene) or looks_like(before, is_barcode):
        return False
    return looks_like(above, is_barcode) or looks_like(before, is_gene)


def looks_like(names: Sequence[str], known: Callable[[str], bool]) -> bool:
    hits = sum(map(known, names[:1000]))
    return bool(names) and (hits > MOSTLY * len(names[:1000]) or (known is is_gene and hits >= 3))


def is_barcode(name: str) -> bool:
    return BARCODE.fullmatch(name) is not None


def is_gene(name: str) -> bool:
    return name.upper() in KNOWN_GENES or ENSEMBL.fullmatch(name) is not None


class Sparse:
    """Collects rows of numbers as a sparse matrix."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.data: list[NDArray[np.float32]] = []
        self.indices: list[NDArray[np.int32]] = []

    def add(self, values: list[float]) -> None:
        row = np.array(values, np.float32)
        places = np.flatnonzero(row)  # NaN is not zero, and stays
        self.data.append(row[places])
        self.indices.append(places.astype(np.int32))

    def matrix(self) -> csr_matrix:
        pointers = np.concatenate([[0], np.cumsum([len(row) for row in self.data], dtype=np.int64)])
        data = np.concatenate(self.data) if self.data else np.empty(0, np.float32)
        indices = np.concatenate(self.indices) if self.indices else np.empty(0, np.int32)
        return csr_matrix((data, indices, pointers), shape=(len(self.data), self.width))


def cells_in_rows(
    source: Source, header: list[str], first: list[Row], rows: Iterator[Row] | chain[Row], options: ReadOptions
) -> Sheet:
    """A cell a row. Columns of words, and those that the options name, are labels."""
    words = word_columns(header, first, options)
    key = 0 if header[0] == "" or 0 in words else None
    genes = [i for i in range(len(header)) if i not in words and i != key]
    found, barcodes, refusals = Sparse(len(genes)), [], []
    labels: dict[int, list[str]] = {i: [] for i in words if i != key}
    for row in rows:
        name = row.cells[key] if key is not None else f"cell-{row.number - 1}"
        fault = fault_of(row, header, genes)
        if fault:
            refusals.append(Refusal(source.name, f"line {row.number} ({name})", fault))
            continue
        found.add([float(row.cells[i]) for i in genes])
        barcodes.append(name)
        check_records(source.path, len(barcodes), options.limits)
        for i, values in labels.items():
            values.append(word_of(row.cells[i]))
    obs = {header[i] or f"column {i + 1}": np.array(values, np.str_) for i, values in labels.items()}
    layer = InMemory(found.matrix(), [header[i] for i in genes])
    return Sheet(source.path, barcodes, {X: layer}, obs, refusals=refusals)


def word_columns(header: list[str], first: list[Row], options: ReadOptions) -> set[int]:
    """The columns that are no genes: words, those that the options name, and measurements among whole numbers."""
    asked = [*columns_named(options.labels), options.name, options.split, options.group]
    named = {i for i, name in enumerate(header) if name in asked}
    whole = [row.cells for row in first if len(row.cells) == len(header)]
    measured = set()
    for i in range(len(header)):
        cells = [cells[i] for cells in whole]
        values = [number(cell) for cell in cells]
        if sum(value is None and cell != "" for value, cell in zip(values, cells, strict=True)) > MOSTLY * len(cells):
            named.add(i)
        elif sum(value is not None and (value < 0 or value % 1 > 0) for value in values) > MOSTLY * len(cells):
            measured.add(i)
    return named | measured if len(measured) < MOSTLY * len(header) else named


def fault_of(row: Row, header: list[str], genes: list[int]) -> str:
    """Why a row cannot be used; "" where it can."""
    if len(row.cells) != len(header):
        return f"has {len(row.cells)} cells instead of {len(header)}. Complete the row, or leave it out"
    for i in genes:
        if number(row.cells[i]) is None:
            what = f"'{row.cells[i][:30]}'" if row.cells[i] else "nothing"
            return f"has {what} for gene {header[i]}. Give a count"
    return ""


def genes_in_rows(
    source: Source, header: list[str], first: list[Row], rows: Iterator[Row] | chain[Row], options: ReadOptions
) -> Sheet:
    """A gene a row. Rows of words are labels of the cells; columns of words are names of the genes."""
    widest = [row for row in first if len(row.cells) == len(header)]
    leading = 1
    while widest and leading < len(header) and all(number(row.cells[leading]) is None for row in widest[-5:]):
        leading += 1
    columns = list(range(leading, len(header)))
    names = {header[i]: i for i in range(leading)}
    key = names.get(options.gene_names or "", 0)
    found, genes, refusals = Sparse(len(columns)), [], []
    obs: dict[str, NDArray[np.str_]] = {}
    asked = {*columns_named(options.labels), options.name, options.split, options.group}
    for row in rows:
        name = row.cells[key] if len(row.cells) > key else ""
        values = row.cells[leading:]
        is_label = name in asked or all(number(value) is None for value in values)
        if len(row.cells) == len(header) and is_label:
            obs[name] = np.array([word_of(value) for value in values], np.str_)
        elif fault := fault_of(row, header, columns).replace("for gene", "for cell"):
            refusals.append(Refusal(source.name, f"line {row.number} ({name})", fault))
        else:
            found.add([float(value) for value in values])
            genes.append(name)
    matrix = found.matrix().T.tocsr()
    check_records(source.path, len(columns), options.limits)
    return Sheet(source.path, [header[i] for i in columns], {X: InMemory(matrix, genes)}, obs, refusals=refusals)
