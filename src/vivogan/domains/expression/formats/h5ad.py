"""AnnData: .h5ad files of every version, and Zarr stores of the same layout."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.expression.formats.layers import Compressed, Dense, Layer, Turned
from vivogan.domains.expression.formats.sheet import RAW, Sheet, X, chosen_names
from vivogan.domains.expression.formats.trust import opened_hdf, opened_zarr, reading, texts, word_of
from vivogan.domains.expression.records import ReadOptions
from vivogan.errors import InputError

INDEX = "index"
SPARSE = {"csr_matrix": "csr", "csc_matrix": "csc", "csr": "csr", "csc": "csc"}


@contextmanager
def open_h5ad(path: Path, options: ReadOptions) -> Iterator[Sheet]:
    with opened_hdf(path, options.limits) as root:
        yield anndata_sheet(path, root, options)


@contextmanager
def open_zarr(path: Path, options: ReadOptions) -> Iterator[Sheet]:
    with opened_zarr(path, options.limits) as root:
        yield anndata_sheet(path, root, options)


def anndata_sheet(path: Path, root: Any, options: ReadOptions) -> Sheet:
    """The sheet of an AnnData object; only what is asked for is read, so that a broken rest costs nothing."""
    for name in ("obs", "var"):
        if name not in root:
            mend = "Write it with anndata (write_h5ad), or give another file"
            raise InputError(path, f"is no AnnData: it has no {name}", mend=mend)
    obs, var = Frame(path, root, "obs"), Frame(path, root, "var")
    genes = chosen_names(path, var.columns, options.gene_names, (INDEX,))
    sheet = Sheet(path, obs.index, {}, obs.labels(), obs.types, notes=[*obs.notes])
    found = [(X, root.get("X"), genes)]
    if (raw := raw_parts(path, root)) is not None:
        matrix, frame = raw
        asked = options.gene_names if options.gene_names in frame.columns else None
        found.append((RAW, matrix, chosen_names(path, frame.columns, asked, (INDEX,))))
    if "layers" in root:
        with reading(path):
            found += [(str(name), root["layers"][name], genes) for name in root["layers"]]
    for name, element, names in found:
        layer = layer_of(path, element, len(obs.index), names, options)
        if layer is not None:
            sheet.layers[name] = layer
    return sheet


def raw_parts(path: Path, root: Any) -> tuple[Any, Frame] | None:
    """The matrix and the genes of ``.raw``, which old files keep beside the rest."""
    if "raw.X" in root:
        return root["raw.X"], Frame(path, root, "raw.var")
    raw = root.get("raw")
    if raw is None or not hasattr(raw, "keys") or "X" not in raw:
        return None
    return raw["X"], Frame(path, raw, "var")


def layer_of(path: Path, element: Any, cells: int, genes: list[str], options: ReadOptions) -> Layer | None:
    """A matrix of a file; None where it holds none."""
    if element is None or element.attrs.get("encoding-type") == "null" or not hasattr(element, "attrs"):
        return None
    if not hasattr(element, "keys"):
        return Dense(path, element, genes, options.limits) if len(element.shape) == 2 else None
    attributes = element.attrs
    word = attributes.get("encoding-type", attributes.get("h5sparse_format"))
    kind = SPARSE.get(word.decode() if isinstance(word, bytes) else str(word))
    if kind is None:
        return None
    with reading(path):
        given = attributes.get("shape", attributes.get("h5sparse_shape", (cells, len(genes))))
        shape = (int(given[0]), int(given[1]))
    if kind == "csr":
        return Compressed(path, element, shape, genes, options.limits)
    return Turned(Compressed(path, element, shape[::-1], [], options.limits), genes)


class Frame:
    """A table of a file (obs or var): ``columns`` of texts, the ``index`` among them, ``types`` of the categories."""

    def __init__(self, path: Path, root: Any, name: str) -> None:
        self.path, self.name, self.root = path, name, root
        self.columns: dict[str, list[str]] = {}
        self.types: dict[str, list[str]] = {}
        self.notes: list[str] = []
        with reading(path):
            element = root[name]
            if hasattr(element, "keys"):
                self._read_group(element)
            else:
                self._read_table(element)

    @property
    def index(self) -> list[str]:
        return self.columns[INDEX]

    def labels(self) -> dict[str, NDArray[np.str_]]:
        """The columns beside the index."""
        return {name: np.array(values, np.str_) for name, values in self.columns.items() if name != INDEX}

    def _read_group(self, group: Any) -> None:
        key = group.attrs.get("_index", INDEX)
        key = key.decode() if isinstance(key, bytes) else str(key)
        self.columns[INDEX] = texts(self._values(group, key, key))
        order = group.attrs.get("column-order")
        names = texts(order) if order is not None else [name for name in group if name not in (key, "__categories")]
        for name in names:
            try:
                with reading(self.path):
                    values = [word_of(value) for value in texts(self._values(group, name, name))]
            except InputError as error:
                self.notes.append(f"column '{name}' of {self.name} was left out: {error.reason}")
                continue
            if len(values) == len(self.index):
                self.columns[name if name != INDEX else "index column"] = values

    def _values(self, group: Any, key: str, name: str) -> Any:
        """One column; codes of categories are replaced by their words."""
        from anndata.io import read_elem

        column = group[key]
        if not hasattr(column, "keys") and "categories" in column.attrs:  # anndata 0.7
            words = texts(group.file[column.attrs["categories"]][:])
            return self._words(np.asarray(column[:]), words, name)
        values = read_elem(column)
        if hasattr(values, "categories"):
            return self._words(np.asarray(values.codes), texts(np.asarray(values.categories)), name)
        return [word_of(value) for value in values.tolist()] if values.dtype.kind not in "SO" else np.asarray(values)

    def _read_table(self, table: Any) -> None:
        """A table of records, as anndata wrote before 0.7; the words of its codes lie in uns."""
        content = table[:]
        names = list(content.dtype.names or ())
        key = INDEX if INDEX in names else names[0]
        self.columns[INDEX] = texts(content[key])
        uns = self.root.get("uns", {})
        for name in names:
            if name != key:
                words = uns.get(f"{name}_categories")
                codes = content[name]
                self.columns[name] = texts(codes if words is None else self._words(codes, texts(words[:]), name))

    def _words(self, codes: NDArray[Any], words: list[str], name: str) -> NDArray[np.str_]:
        """Words of codes [n]; −1 is missing."""
        if len(codes) and int(codes.max()) >= len(words):
            raise InputError(self.path, f"column '{name}' of {self.name} names a category that is not there")
        self.types[name] = words
        return np.array([*words, ""], np.str_)[codes.astype(np.intp)]
