"""Several samples of a folder as one data set: their cells one after the other, of the genes that all of them have."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from vivogan.domains.columns import some
from vivogan.domains.expression.formats.layers import Layer
from vivogan.domains.expression.formats.selected import choosing
from vivogan.domains.expression.formats.sheet import SAMPLE, Sheet
from vivogan.errors import InputError

LOOKS, SAME = 20, 0.9  # cells of one barcode that are compared, and the share that has as many molecules in both


class Stacked:
    """The layers of several samples as one, [cells of all, genes]; columns of one name are summed where genes differ.

    Raises ``InputError`` for ``folder`` where the samples share no gene.
    """

    def __init__(self, folder: Path, parts: Sequence[Layer]) -> None:
        self.parts = list(parts)
        self.genes = shared_genes(folder, self.parts)
        self.columns = [None if part.genes == self.genes else choosing(part.genes, self.genes) for part in parts]
        self.starts = np.cumsum([0, *(part.shape[0] for part in parts)]).tolist()
        self.shape = (int(self.starts[-1]), len(self.genes))
        self.step = min(part.step for part in parts)

    def rows(self, start: int, stop: int) -> csr_matrix:
        found = []
        for part, first, columns in zip(self.parts, self.starts, self.columns, strict=False):
            low, high = max(start - first, 0), min(stop - first, part.shape[0])
            if low < high:
                block = part.rows(low, high)
                found.append(block if columns is None else csr_matrix(block @ columns.astype(block.dtype)))
        return csr_matrix(vstack(found, format="csr"))


def shared_genes(folder: Path, parts: Sequence[Layer]) -> list[str]:
    """The genes that every layer has, in the order of the first; all of them where the lists are equal."""
    first, *others = (part.genes for part in parts)
    if all(genes == first for genes in others):
        return first
    common = set(first).intersection(*others) - {""}
    if not common:
        told = "; ".join(some(part.genes, 2) for part in parts[:2])
        raise InputError(folder, f"its samples have no gene in common: {told}", mend="Give one kind of gene names")
    return [gene for gene in dict.fromkeys(first) if gene in common]


def joined(folder: Path, paths: Sequence[Path], sheets: Sequence[Sheet]) -> Sheet:
    """One sheet of the samples at ``paths``: barcodes begin with the sample, which is a column of obs as well.

    Raises ``InputError`` where two hold the same cells, or keep their counts in different places.
    """
    names = sample_names([path.relative_to(folder) for path in paths])
    for (one, a), (other, b) in combinations(zip(names, sheets, strict=True), 2):
        if same_cells(a, b):
            reason = f"{one} and {other} hold the same cells"
            raise InputError(folder, reason, mend="Leave one of them out; of raw and filtered ones take the filtered")
    layers = [name for name in sheets[0].layers if all(name in sheet.layers for sheet in sheets)]
    if not layers:
        told = "; ".join(f"{name} has {', '.join(sheet.layers)}" for name, sheet in zip(names, sheets, strict=True))
        raise InputError(folder, f"its samples have no layer in common: {told}", mend="Write them with equal layers")
    columns = dict.fromkeys(column for sheet in sheets for column in sheet.obs)
    whole = Sheet(
        folder,
        [f"{name}_{barcode}" for name, sheet in zip(names, sheets, strict=True) for barcode in sheet.barcodes],
        {layer: Stacked(folder, [sheet.layers[layer] for sheet in sheets]) for layer in layers},
        {column: np.concatenate([_column(sheet, column) for sheet in sheets]) for column in columns},
        {column: _categories(column, sheets) for column in columns if any(column in sheet.types for sheet in sheets)},
        [refusal for sheet in sheets for refusal in sheet.refusals],
    )
    if SAMPLE not in whole.obs:
        whole.obs[SAMPLE] = np.repeat(np.array(names), [len(sheet.barcodes) for sheet in sheets])
    cells = ", ".join(f"{name} ({len(sheet.barcodes):,} cells)" for name, sheet in zip(names, sheets, strict=True))
    whole.notes = [f"{len(sheets)} samples were joined: {cells}"]
    first = next(iter(whole.layers.values()))
    widest = max(next(iter(sheet.layers.values())).shape[1] for sheet in sheets)
    if first.shape[1] < widest:
        whole.notes.append(
            f"the samples share {first.shape[1]:,} genes, of {widest:,} at most; the others were left out"
        )
    whole.notes += [f"{name}: {note}" for name, sheet in zip(names, sheets, strict=True) for note in sheet.notes]
    return whole


def sample_names(paths: Sequence[Path]) -> list[str]:
    """Names that tell paths apart: their parts, without suffixes and without the words that all of them end in."""
    words = [[*path.parent.parts, *path.name.split(".")[0].split("_")] for path in paths]
    while all(len(own) > 1 for own in words) and len({own[-1] for own in words}) == 1:
        words = [own[:-1] for own in words]
    names = ["_".join(own) for own in words]
    return names if len(set(names)) == len(names) else [str(path) for path in paths]


def same_cells(one: Sheet, other: Sheet) -> bool:
    """Whether barcodes that both have stand for the same cells: with as many molecules in one as in the other."""
    places = {barcode: i for i, barcode in enumerate(other.barcodes)}
    both = [(i, places[barcode]) for i, barcode in enumerate(one.barcodes) if barcode in places]
    a, b = (next(iter(sheet.layers.values())) for sheet in (one, other))
    sums = np.array([(a.rows(i, i + 1).sum(), b.rows(j, j + 1).sum()) for i, j in both[:: len(both) // LOOKS or 1]])
    told = sums[(sums != 0).any(axis=1)] if len(sums) else sums
    return len(told) > 0 and float(np.isclose(told[:, 0], told[:, 1]).mean()) >= SAME


def _column(sheet: Sheet, column: str) -> NDArray[np.str_]:
    return sheet.obs.get(column, np.full(len(sheet.barcodes), "", np.str_))


def _categories(column: str, sheets: Sequence[Sheet]) -> list[str]:
    return list(dict.fromkeys(value for sheet in sheets for value in sheet.types.get(column, [])))
