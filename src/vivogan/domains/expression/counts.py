"""Is a matrix one of counts? What is it else, and can the counts be recovered?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from vivogan.domains.expression.formats.layers import Layer
from vivogan.domains.expression.formats.sheet import RAW, Sheet, X
from vivogan.domains.expression.records import ReadOptions
from vivogan.errors import InputError

WHOLE = 1e-4  # how far from a whole number a count may be, by rounding on its way
GREATEST = 2**31 - 1
MOSTLY = 0.5  # the share of faulty cells from where the matrix, not the cells, is at fault
LOOKED_AT, PLACES = 1000, 20  # cells that are looked at, at so many places of the file
EQUAL = 0.01  # relative spread of the sums of cells that were scaled to one sum
SLACK, GROWING, MOST_SLACK = 0.02, 1e-3, 0.25  # how far a multiple may be from a whole number; values have 3 decimals
MULTIPLES = 4  # the least value of a cell may stand for so many molecules
FEW = (5, 25, 125)  # molecules of values by which the worth of one is refined
PARTLY = 0.8  # the share of cells whose values are multiples, from where their transformation is taken as known
NAMES = ("counts", "raw_counts", "count", "umi", "umis")

# Faults of a cell, by number; 0 is none.
FAULTS = (
    "",
    "a value that is no number",
    "a negative value",
    "a fraction",
    "a value greater than any count",
)
NOT_A_NUMBER, NEGATIVE, FRACTION, TOO_GREAT = 1, 2, 3, 4

Values = NDArray[np.float64]
ROUNDED, TELLING = 1e-5, 1000  # relative error of counts out of logarithms; counts up to here tell by it
LOG1P = "log1p of counts"
# How values become multiples of one molecule.
TRANSFORMS: Mapping[str, Callable[[Values], Values]] = {
    "log-normalised: log1p of counts scaled by the library size": np.expm1,
    "log-normalised: log2(1 + counts scaled by the library size)": lambda values: np.exp2(values) - 1,
    "normalised: counts scaled by the library size": lambda values: values,
}


@dataclass(frozen=True)
class Finding:
    """What a matrix holds: ``kind`` "counts", "recoverable" (``transform`` names how) or "other"; ``text`` says it."""

    kind: Literal["counts", "recoverable", "other"]
    text: str
    transform: str = ""


def faults(block: csr_matrix) -> NDArray[np.int8]:
    """The first fault of each cell, [n] numbers of ``FAULTS``; 0 where all its values are counts."""
    kinds = kinds_of(block.data)
    found = np.zeros(block.shape[0], np.int8)
    bad = np.flatnonzero(kinds)
    if len(bad):
        cells = np.searchsorted(block.indptr, bad, side="right") - 1
        found[cells[::-1]] = kinds[bad[::-1]]  # the first of a cell is written last
    return found


def kinds_of(values: NDArray[Any]) -> NDArray[np.int8]:
    """The fault of each value."""
    if values.dtype.kind in "ub":
        return np.where(values > GREATEST, TOO_GREAT, 0).astype(np.int8)
    if values.dtype.kind == "i":
        return np.where(values < 0, NEGATIVE, np.where(values > GREATEST, TOO_GREAT, 0)).astype(np.int8)
    with np.errstate(invalid="ignore"):
        away = np.abs(values - np.rint(values)) > WHOLE
        checks = [~np.isfinite(values), values < 0, away, values > GREATEST]
    return np.select(checks, [NOT_A_NUMBER, NEGATIVE, FRACTION, TOO_GREAT], 0).astype(np.int8)


def first_fault(block: csr_matrix, cell: int, genes: list[str]) -> str:
    """What is wrong with one cell of a block, with the gene and the value."""
    start, stop = block.indptr[cell], block.indptr[cell + 1]
    kinds = kinds_of(block.data[start:stop])
    place = int(np.argmax(kinds != 0))
    gene, value = genes[block.indices[start + place]], block.data[start + place]
    more = f" and {int((kinds != 0).sum()) - 1} more such" if (kinds != 0).sum() > 1 else ""
    return f"has {FAULTS[kinds[place]]} ({gene} {value:.6g}){more}, no count"


def looked_at(layer: Layer) -> Finding:
    """What a matrix holds, by some of its cells from everywhere."""
    cells = layer.shape[0]
    each = max(1, min(LOOKED_AT // PLACES, layer.step))
    starts = np.unique(np.linspace(0, max(0, cells - each), PLACES).astype(int)).tolist()
    return finding(vstack([layer.rows(start, min(start + each, cells)) for start in starts], format="csr"))


def finding(sample: csr_matrix) -> Finding:
    """What some cells [n, genes] hold."""
    sample = without_zeros(sample)
    sample = sample[np.diff(sample.indptr) > 0]
    if not sample.shape[0]:
        return Finding("counts", "counts (all zero)")
    found = faults(sample)
    shares = np.bincount(found, minlength=len(FAULTS)) / len(found)
    if shares[0] >= MOSTLY:
        return Finding("counts", "counts")
    values = sample.data.astype(np.float64)
    if shares[NOT_A_NUMBER] > MOSTLY:
        return Finding("other", f"in {shares[NOT_A_NUMBER]:.0%} of its cells values that are no numbers")
    if shares[NEGATIVE] > 0 and values[np.isfinite(values)].min() < 0:
        return Finding("other", f"scaled or centred values (the least is {values[np.isfinite(values)].min():.3g})")
    return fractions(sample, values)


def fractions(sample: csr_matrix, values: Values) -> Finding:
    """What cells with fractions hold."""
    logged = values <= np.log1p(TELLING)
    if logged.mean() > PARTLY and logged_counts(values[logged])[1].mean() > PARTLY:
        return Finding("recoverable", LOG1P, LOG1P)
    for name, transform in TRANSFORMS.items():
        with np.errstate(over="ignore", invalid="ignore"):
            linear = transform(values)
        if not np.isfinite(linear).all():
            continue
        _, whole = multiples(linear, sample.indptr)
        if whole.mean() >= PARTLY:
            return Finding("recoverable", f"values that are {name}{summing(linear, sample.indptr)}", name)
    for name, transform in list(TRANSFORMS.items())[:1] + list(TRANSFORMS.items())[-1:]:
        with np.errstate(over="ignore", invalid="ignore"):
            told = summing(transform(values), sample.indptr)
        if told:
            return Finding("other", f"values that look {name}{told}")
    if values.max() <= 30:
        return Finding("other", f"fractions up to {values.max():.3g}, as logged values have them")
    return Finding("other", f"fractions (such as {values[np.argmax(kinds_of(values) != 0)]:.6g})")


def logged_counts(values: Values) -> tuple[Values, NDArray[np.bool_]]:
    """The counts of which log1p was taken, and where they are near whole numbers (so far as logarithms tell)."""
    with np.errstate(over="ignore", invalid="ignore"):
        linear = np.expm1(values)
        counts = np.rint(linear)
        near = np.abs(linear - counts) <= WHOLE + ROUNDED * linear
    return counts, near & (linear <= GREATEST)


def summing(linear: Values, pointers: NDArray[np.integer]) -> str:
    """What the cells sum to, where all to the same; else ""."""
    sums = np.add.reduceat(linear, pointers[:-1])
    if len(sums) < 3 or not np.isfinite(sums).all() or sums.std() > EQUAL * abs(sums.mean()):
        return ""
    return f" (each cell sums to {sums.mean():,.4g})"


def multiples(linear: Values, pointers: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Values of cells as multiples of one molecule, and for which cells [n] all are near whole numbers.

    The least non-zero value of a cell is one molecule, or up to ``MULTIPLES`` of them where only that gives whole
    numbers. ``linear`` are the stored values, none of them zero, of cells that all hold some (``pointers`` as in CSR).
    """
    lengths = np.diff(pointers)
    least = np.minimum.reduceat(linear, pointers[:-1])
    counts = np.zeros(len(linear), np.int64)
    whole = np.zeros(len(lengths), bool)
    for molecules in range(1, MULTIPLES + 1):
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            ratio = linear / np.repeat(refined(linear, least / molecules, pointers), lengths)
        near = np.rint(ratio)
        away = np.abs(ratio - near) - np.minimum(SLACK + GROWING * near, MOST_SLACK)
        fits = (np.maximum.reduceat(np.nan_to_num(away, nan=1.0, posinf=1.0), pointers[:-1]) <= 0) & (least > 0)
        fresh = np.repeat(fits & ~whole, lengths)
        counts[fresh] = near[fresh].astype(np.int64)
        whole |= fits
    return counts, whole


def refined(linear: Values, unit: Values, pointers: NDArray[np.integer]) -> Values:
    """What one molecule of each cell is worth, [n], beginning at ``unit`` [n]: the mean over its values of few
    molecules, then over those of more, so that rounding of the least value counts less."""
    lengths = np.diff(pointers)
    for most in FEW:
        near = np.rint(linear / np.repeat(unit, lengths))
        few = (near >= 1) & (near <= most)
        molecules = np.add.reduceat(np.where(few, near, 0), pointers[:-1])
        worth = np.add.reduceat(np.where(few, linear, 0), pointers[:-1])
        unit = np.where(molecules > 0, worth / np.maximum(molecules, 1), unit)
    return unit


def recover(block: csr_matrix, transform: str) -> tuple[csr_matrix, NDArray[np.int8]]:
    """The counts of cells of which ``finding`` knew the transformation, and their faults [n] (``FRACTION`` where a
    cell's values are no multiples of one molecule)."""
    block = without_zeros(block)
    found = np.zeros(block.shape[0], np.int8)
    if transform == LOG1P:
        exact, near = logged_counts(block.data.astype(np.float64))
        found[np.searchsorted(block.indptr, np.flatnonzero(~near), side="right") - 1] = FRACTION
        return csr_matrix((np.where(near, exact, 0), block.indices, block.indptr), shape=block.shape), found
    filled = np.flatnonzero(np.diff(block.indptr))
    with np.errstate(over="ignore", invalid="ignore"):
        linear = TRANSFORMS[transform](block.data.astype(np.float64))
    if len(filled):
        pointers = np.concatenate([block.indptr[filled], [block.indptr[-1]]])
        counts, whole = multiples(linear, pointers)
        found[filled[~whole]] = FRACTION
        block = csr_matrix((counts, block.indices, block.indptr), shape=block.shape)
    return block, found


def without_zeros(block: csr_matrix) -> csr_matrix:
    """The same matrix without stored zeros, each gene of a cell once."""
    block = block.copy()
    block.sum_duplicates()
    block.eliminate_zeros()
    return block


def counts_of(sheet: Sheet, options: ReadOptions) -> tuple[str, Finding]:
    """The name of the layer that is read, and what it holds.

    Without an option it is the first that holds counts: X, a layer whose name says counts, raw, any other; with
    ``counts="recover"`` and no such layer the first whose counts can be recovered. Raises ``InputError`` that names
    what each layer holds.
    """
    if options.layer is not None and options.layer not in sheet.layers:
        mend = f"Its layers: {', '.join(sheet.layers)}"
        raise InputError(sheet.path, f"has no layer '{options.layer}'", mend=mend)
    found: dict[str, Finding] = {}
    for name in [options.layer] if options.layer else in_order(sheet):
        found[name] = looked_at(sheet.layers[name])
        if found[name].kind == "counts":
            return name, found[name]
    if options.counts == "recover":
        usable = next((name for name, finding in found.items() if finding.kind == "recoverable"), None)
        if usable is not None:
            return usable, found[usable]
    raise InputError(sheet.path, f"holds no counts: {told(found)}", mend=mend_of(sheet, found, options))


def in_order(sheet: Sheet) -> list[str]:
    """The layers in the order in which they are looked at."""
    names = list(sheet.layers)
    likely = [name for name in names if name.lower() in NAMES]
    first = [name for name in (X, *likely, RAW) if name in names]
    return first + [name for name in names if name not in first]


def told(found: Mapping[str, Finding]) -> str:
    if len(found) == 1:
        (name, one), *_ = found.items()
        return one.text if name == X else f"{name} has {one.text}"
    return "; ".join(f"{name} has {one.text}" for name, one in found.items())


def mend_of(sheet: Sheet, found: Mapping[str, Finding], options: ReadOptions) -> str:
    recoverable = [name for name, one in found.items() if one.kind == "recoverable"]
    others = [name for name in sheet.layers if name not in found]
    if recoverable and options.counts == "refuse":
        return 'Give raw counts; or let them be recovered: --counts recover (Python: counts="recover")'
    if others:
        return f"Leave layer out, or name another: {', '.join(others)}"
    return "Give the raw counts (molecules or reads), as an AnnData often keeps them in layers['counts'] or raw"
