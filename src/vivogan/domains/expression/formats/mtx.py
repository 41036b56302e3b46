"""Folders of Cell Ranger and its like: matrix.mtx, barcodes.tsv and features.tsv (or genes.tsv), packed or not."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix

from vivogan.core.limits import Limits, check_shape
from vivogan.domains.expression.formats.layers import InMemory
from vivogan.domains.expression.formats.selected import GENES, only_genes
from vivogan.domains.expression.formats.sheet import Sheet, X, chosen_names
from vivogan.domains.expression.records import ReadOptions
from vivogan.domains.source import Source
from vivogan.errors import InputError

MATRIX, BARCODES, FEATURES = "matrix.mtx", ("barcodes.tsv",), ("features.tsv", "genes.tsv")
AGAIN = "Copy or download the file again"
COLUMNS = ("id", "name", "feature_type")


@contextmanager
def open_mtx(path: Path, options: ReadOptions) -> Iterator[Sheet]:
    """A folder that holds one matrix, or the matrix itself with its names beside it."""
    matrix = path if path.is_file() else matrix_in(path)
    barcodes = [line.split("\t")[0].strip() for line in listed(beside(matrix, BARCODES), options.limits)]
    lines = [line.split("\t") for line in listed(beside(matrix, FEATURES), options.limits)]
    width = min(len(line) for line in lines)
    names = ("name",) if width == 1 else COLUMNS[:width]
    features = {name: [line[i].strip() for line in lines] for i, name in enumerate(names)}
    genes = chosen_names(path, features, options.gene_names, ("name", "id"))
    counts = entries(matrix, (len(genes), len(barcodes)), options.limits)
    sheet = Sheet(path, barcodes, {X: InMemory(counts, genes)})
    yield only_genes(sheet, features.get("feature_type", [GENES] * len(genes)))


def matrix_in(folder: Path) -> Path:
    found = sorted(one for one in folder.iterdir() if one.name.lower().removesuffix(".gz").endswith(".mtx"))
    exact = [one for one in found if one.name.lower().removesuffix(".gz") == MATRIX]
    if len(exact or found) != 1:
        reason = "holds no matrix.mtx" if not found else f"holds several matrices ({', '.join(f.name for f in found)})"
        raise InputError(folder, reason, mend="Name one of them" if found else "Give the folder that holds it")
    return (exact or found)[0]


def beside(matrix: Path, names: tuple[str, ...]) -> Path:
    """A file of names beside the matrix, with the same prefix (as files of GEO have it) where it has one."""
    bare = matrix.name.removesuffix(".gz").removesuffix(".mtx")
    prefix = bare[: -len("matrix")] if bare.endswith("matrix") else f"{bare}_"
    options = [f"{start}{name}{end}" for start in (prefix, "") for name in names for end in ("", ".gz")]
    found = next((matrix.parent / name for name in options if (matrix.parent / name).is_file()), None)
    if found is None:
        what = "barcodes" if names == BARCODES else "genes"
        reason = f"has no {' or '.join(names)} (or .gz) beside it, so that its {what} have no names"
        raise InputError(matrix, reason, mend="Put it into the same folder")
    return found


def listed(path: Path, limits: Limits) -> list[str]:
    """The lines of a file of names, without a header and without empty lines at the end."""
    source = Source(path, limits)
    lines = [line for line in source.lines() if line.strip()]
    if source.damage:
        raise InputError(path, source.damage, mend=AGAIN)
    if lines and lines[0].strip().lower() in ("x", "barcode", "barcodes", "cell", "gene", "genes"):
        lines = lines[1:]
    if not lines:
        raise InputError(path, "has no names in it", mend=AGAIN)
    return lines


def entries(path: Path, names: tuple[int, int], limits: Limits) -> csr_matrix:
    """The matrix [cells, genes] of a file of genes × cells, or cells × genes where only that fits the ``names``.

    Raises ``InputError`` with the line of the fault, or where entries are missing.
    """
    source = Source(path, limits)
    pieces: list[NDArray[np.float64]] = []
    sizes: tuple[int, int, int] | None = None
    width, line = 3, 0
    held = b""
    for chunk in source.chunks():
        content = held + chunk
        while sizes is None and b"\n" in content:
            first, _, content = content.partition(b"\n")
            line += 1
            if line == 1:
                width = kind_of(path, first)
            elif first.strip() and not first.startswith(b"%"):
                sizes = sizes_of(path, first, line, names, limits)
        if sizes is None:
            held = content
            continue
        content, _, held = content.rpartition(b"\n")
        pieces.append(numbers(path, content, width, line))
        line += content.count(b"\n") + bool(content)
    if sizes is not None and held.strip() and not source.damage:
        pieces.append(numbers(path, held, width, line))
    table = np.concatenate(pieces) if pieces else np.empty((0, width))
    if sizes is None or source.damage or len(table) != sizes[2]:
        announced = "no sizes" if sizes is None else f"{sizes[2]:,} entries"
        raise InputError(path, f"is cut off or damaged: it announces {announced} and has {len(table):,}", mend=AGAIN)
    return placed(path, table, sizes, names)


def placed(path: Path, table: NDArray[np.float64], sizes: tuple[int, int, int], names: tuple[int, int]) -> csr_matrix:
    """The matrix [cells, genes] of entries (row, column, value; counted from 1)."""
    rows, columns = table[:, 0].astype(np.int64) - 1, table[:, 1].astype(np.int64) - 1
    wrong = (rows < 0) | (rows >= sizes[0]) | (columns < 0) | (columns >= sizes[1])
    if wrong.any():
        place = int(np.argmax(wrong))
        reason = f"names row {rows[place] + 1} and column {columns[place] + 1} of {sizes[0]} × {sizes[1]}"
        raise InputError(path, reason, f"entry {place + 1}", AGAIN)
    values = table[:, 2].astype(np.float32) if table.shape[1] > 2 else np.ones(len(table), np.float32)
    if sizes[:2] == names:
        rows, columns = columns, rows
    return coo_matrix((values, (rows, columns)), shape=names[::-1]).tocsr()


def kind_of(path: Path, line: bytes) -> int:
    """How many numbers an entry has, by the first line."""
    words = line.decode("latin-1").lower().split()
    if words[:1] != ["%%matrixmarket"] or len(words) < 5:
        raise InputError(path, "is no Matrix Market file", "line 1", "It begins with %%MatrixMarket")
    if words[2] != "coordinate" or words[3] not in ("integer", "real", "pattern") or words[4] != "general":
        raise InputError(path, f"is a matrix of kind {' '.join(words[2:])}", mend="Write it as coordinate general")
    return 2 if words[3] == "pattern" else 3


def sizes_of(path: Path, line: bytes, number: int, names: tuple[int, int], limits: Limits) -> tuple[int, int, int]:
    try:
        rows, columns, count = (int(word) for word in line.split())
    except ValueError as error:
        raise InputError(path, "its sizes are no three whole numbers", f"line {number}", AGAIN) from error
    if (rows, columns) not in (names, names[::-1]):
        reason = f"is {rows} × {columns}, but there are {names[0]} names of genes and {names[1]} barcodes"
        raise InputError(path, reason, mend="Give the names that belong to this matrix")
    if count:
        check_shape(path, (count,), 8, limits)
    return rows, columns, count


def numbers(path: Path, content: bytes, width: int, before: int) -> NDArray[np.float64]:
    """The entries [n, width] of whole lines, of which ``before`` came earlier."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = np.fromstring(content.decode("ascii"), dtype=np.float64, sep=" ")
            if not len(found) % width and len(found) // width == len(content.split(b"\n")):
                return found.reshape(-1, width)
        except (ValueError, DeprecationWarning):
            pass
    rows = []
    for number, line in enumerate(content.split(b"\n"), before + 1):
        words = line.split()
        if not words or words[0].startswith(b"%"):
            continue
        try:
            row = [float(word) for word in words]
        except ValueError:
            row = []
        if len(row) != width:
            raise InputError(path, f"'{line.decode('latin-1')[:40]}' is no entry of it", f"line {number}", AGAIN)
        rows.append(row)
    return np.array(rows, np.float64).reshape(-1, width)
