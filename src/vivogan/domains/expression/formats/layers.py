"""Matrices of cells × genes as files keep them, read a block of cells at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix

from vivogan.core.limits import Limits, check_shape
from vivogan.domains.expression.formats.trust import reading
from vivogan.errors import InputError

ENTRIES = 2**22  # stored numbers of a block, about


class Layer(Protocol):
    """A matrix [cells, genes]. ``step`` cells make one block of about ``ENTRIES`` numbers."""

    genes: list[str]
    shape: tuple[int, int]
    step: int

    def rows(self, start: int, stop: int) -> csr_matrix:
        """Cells ``start … stop − 1`` as [stop − start, genes], in the type of the file."""
        ...


def blocks(layer: Layer) -> Iterator[tuple[int, csr_matrix]]:
    """Every block with the number of its first cell."""
    for start in range(0, layer.shape[0], layer.step):
        yield start, layer.rows(start, min(start + layer.step, layer.shape[0]))


class InMemory:
    """A matrix that is in memory already."""

    def __init__(self, matrix: csr_matrix, genes: list[str]) -> None:
        self.matrix, self.genes = matrix, genes
        self.shape = (int(matrix.shape[0]), int(matrix.shape[1]))
        self.step = step_of(int(matrix.nnz), self.shape[0])

    def rows(self, start: int, stop: int) -> csr_matrix:
        return self.matrix[start:stop]


class Dense:
    """A table of numbers in a file, [cells, genes], or [genes, cells] where ``transposed``."""

    def __init__(self, path: Path, table: Any, genes: list[str], limits: Limits, transposed: bool = False) -> None:
        self.path, self.table, self.genes, self.transposed = path, table, genes, transposed
        if len(table.shape) != 2 or table.dtype.kind not in "iufb":
            raise InputError(path, "the matrix is no table of numbers", table.name)
        check_shape(path, table.shape, table.dtype.itemsize, limits)
        cells, width = table.shape[::-1] if transposed else table.shape
        self.shape = (int(cells), int(width))
        self.step = max(1, ENTRIES // self.shape[1])
        if transposed and (chunks := getattr(table, "chunks", None)):  # a chunk is unpacked whole, so use it whole
            self.step = max(1, self.step // chunks[1]) * int(chunks[1])

    def rows(self, start: int, stop: int) -> csr_matrix:
        with reading(self.path):
            block = self.table[:, start:stop].T if self.transposed else self.table[start:stop]
        return csr_matrix(np.asarray(block))


class Compressed:
    """A sparse matrix whose cells lie one after the other (CSR; of genes × cells: CSC) in three arrays of a file."""

    def __init__(self, path: Path, group: Any, shape: tuple[int, int], genes: list[str], limits: Limits) -> None:
        self.path, self.genes, self.shape = path, genes, shape
        with reading(path):
            self.data, self.indices, pointers = group["data"], group["indices"], group["indptr"]
            if pointers.shape[0] != shape[0] + 1:
                raise InputError(
                    path, f"the matrix has {shape[0]} cells and {pointers.shape[0] - 1} beginnings of cells"
                )
            self.pointers: NDArray[np.int64] = np.asarray(pointers[:]).astype(np.int64)
        self._check(limits)
        self.step = step_of(int(self.pointers[-1]), shape[0])

    def _check(self, limits: Limits) -> None:
        stored = int(min(self.data.shape[0], self.indices.shape[0]))
        if self.data.dtype.kind not in "iufb" or self.indices.dtype.kind not in "iu":
            raise InputError(self.path, "the matrix does not consist of numbers")
        ends = self.pointers
        if self.data.shape != self.indices.shape or ends[0] != 0 or (np.diff(ends) < 0).any() or ends[-1] > stored:
            raise InputError(self.path, "the sparse matrix is damaged", mend="Copy or download the file again")
        if stored:
            check_shape(self.path, (stored,), self.data.dtype.itemsize, limits)

    def rows(self, start: int, stop: int) -> csr_matrix:
        begin, end = int(self.pointers[start]), int(self.pointers[stop])
        with reading(self.path):
            data, indices = np.asarray(self.data[begin:end]), np.asarray(self.indices[begin:end])
        if len(indices) and not 0 <= int(indices.min()) <= int(indices.max()) < self.shape[1]:
            reason = f"the sparse matrix is damaged: it names a gene number beyond its {self.shape[1]} genes"
            raise InputError(self.path, reason, f"cells {start} to {stop - 1}", "Copy or download the file again")
        pointers = self.pointers[start : stop + 1] - begin
        return csr_matrix((data, indices.astype(np.int32), pointers), shape=(stop - start, self.shape[1]))


class Turned:
    """A matrix whose genes lie one after the other: ``columns`` reads it as [genes, cells]. Turned when needed."""

    def __init__(self, columns: Layer, genes: list[str]) -> None:
        self.columns, self.genes = columns, genes
        self.shape = columns.shape[::-1]
        self.step = max(1, self.shape[0] // max(1, -(-columns.shape[0] // columns.step)))
        self._whole: csr_matrix | None = None

    def rows(self, start: int, stop: int) -> csr_matrix:
        if self._whole is None:
            self._whole = turned(self.columns)
        return self._whole[start:stop]


def turned(columns: Layer) -> csr_matrix:
    """[genes, cells] as [cells, genes]. The entries are sorted into their cells in two passes over the file, so that no
    more is in memory than the result and one block."""
    width, cells = columns.shape
    sizes = np.zeros(cells, np.int64)
    kind: Any = np.float32
    for _, block in blocks(columns):
        sizes += np.bincount(block.indices, minlength=cells)
        kind = block.dtype
    pointers = np.concatenate([[0], np.cumsum(sizes)])
    data, indices = np.empty(pointers[-1], kind), np.empty(pointers[-1], np.int32)
    cursor = pointers[:-1].copy()
    for start, block in blocks(columns):
        part: csc_matrix = block.tocsc()  # [genes of the block, cells]
        lengths = np.diff(part.indptr)
        places = np.repeat(cursor - part.indptr[:-1], lengths) + np.arange(part.nnz)
        data[places], indices[places] = part.data, part.indices + start
        cursor += lengths
    return csr_matrix((data, indices, pointers), shape=(cells, width))


def step_of(stored: int, cells: int) -> int:
    """How many cells hold about ``ENTRIES`` of the stored numbers."""
    return max(1, min(cells, int(ENTRIES / max(1, stored / max(1, cells)))))
