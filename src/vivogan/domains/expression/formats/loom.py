"""Loom files: genes × cells with attributes of both (loom format 2 and 3)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from vivogan.domains.expression.formats.layers import Dense
from vivogan.domains.expression.formats.sheet import Sheet, X, chosen_names
from vivogan.domains.expression.formats.trust import opened_hdf, reading, texts, word_of
from vivogan.domains.expression.records import ReadOptions

GENE_NAMES = ("Gene", "var_names", "gene_names", "gene_name", "GeneName", "Genes", "Accession", "gene_ids")
CELL_NAMES = ("CellID", "obs_names", "cell_names", "Barcode", "barcode", "barcodes", "CellId", "cell_id")


@contextmanager
def open_loom(path: Path, options: ReadOptions) -> Iterator[Sheet]:
    with opened_hdf(path, options.limits) as root:
        with reading(path):
            sheet = loom_sheet(path, root, options)
        yield sheet


def loom_sheet(path: Path, root: Any, options: ReadOptions) -> Sheet:
    rows, columns = attributes(root, "row_attrs"), attributes(root, "col_attrs")
    genes = chosen_names(path, rows, options.gene_names, GENE_NAMES)
    layers = {X: Dense(path, root["matrix"], genes, options.limits, transposed=True)}
    for name in root.get("layers", {}):
        layers[str(name)] = Dense(path, root["layers"][name], genes, options.limits, transposed=True)
    cells = layers[X].shape[0]
    key = next((name for name in CELL_NAMES if name in columns), None)
    notes = [] if key else ["cells have no names (CellID) and were numbered"]
    barcodes = columns.pop(key) if key else [f"cell-{i + 1}" for i in range(cells)]
    obs = {name: np.array(values, np.str_) for name, values in columns.items() if len(values) == cells}
    return Sheet(path, barcodes, dict(layers), obs, notes=notes)


def attributes(root: Any, name: str) -> dict[str, list[str]]:
    """The one-dimensional attributes of rows or columns, as texts."""
    found = {}
    for key in root.get(name, {}):
        values = root[name][key]
        if len(values.shape) == 1 or (len(values.shape) == 2 and 1 in values.shape):
            found[str(key)] = [word_of(value) for value in texts(values[:])]
    return found
