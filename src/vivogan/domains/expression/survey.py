"""A look at data of any size, in bounded memory: what ``inspect`` says."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vivogan.domains.checks import balance, crossing_groups
from vivogan.domains.columns import measured_range, some
from vivogan.domains.expression.clean import count_blocks, empty_types, single, source_of_counts
from vivogan.domains.expression.counts import counts_of, looked_at
from vivogan.domains.expression.formats.registry import opened
from vivogan.domains.expression.formats.sheet import Sheet
from vivogan.domains.expression.labels import groups_of, is_measurement, labels_of, parts_of
from vivogan.domains.expression.records import ExpressionRecords, ReadOptions, Refusal
from vivogan.errors import InputError

NAMED = 1000  # refusals that are named; all are counted
MOST_SEEN = 10  # genes that are named


def survey(path: Path, options: ReadOptions) -> dict[str, Any]:
    """What a data set holds, as plain JSON, read a block of cells at a time.

    ``fingerprint``: ``count`` cells that can be used (of ``cells``), ``genes`` that some cell has (of ``columns``),
    ``counts_from`` (the layer that is read), ``layers`` (what each holds), ``zeros`` (share), ``library`` (molecules a
    cell) and ``detected`` (genes a cell) with min, median and max, ``greatest`` count, ``most`` expressed genes with
    their share of all molecules, ``classes`` of the conditioning ``label``, ``measured`` columns, ``duplicate_genes``
    and ``duplicate_barcodes``. ``refusals`` and ``notes`` are those of ``read``. Raises ``InputError`` as that does.
    """
    with opened(Path(path), options) as sheet:
        return surveyed(sheet, options)


def surveyed(sheet: Sheet, options: ReadOptions) -> dict[str, Any]:
    labels, told = labels_of(sheet, options)
    part, (group, advice) = parts_of(sheet, options), groups_of(sheet, options)
    name, found = counts_of(sheet, options)
    layer = sheet.layers[name]
    refusals: list[Refusal] = list(sheet.refusals)
    library, detected = np.zeros(layer.shape[0], np.int64), np.zeros(layer.shape[0], np.int64)
    seen, molecules = np.zeros(layer.shape[1], np.int64), np.zeros(layer.shape[1], np.int64)
    usable, greatest = np.ones(layer.shape[0], bool), 0
    for start, block, wrong in count_blocks(sheet, layer, found, refusals):
        cells = slice(start, start + len(wrong))
        usable[cells] = wrong == 0
        library[cells] = np.asarray(block.sum(1, dtype=np.int64)).ravel()
        detected[cells] = np.diff(block.indptr)
        seen += np.bincount(block.indices, minlength=layer.shape[1])
        molecules += np.bincount(block.indices, weights=block.data, minlength=layer.shape[1]).astype(np.int64)
        greatest = max(greatest, int(block.data.max(initial=0)))
    empty = usable & (library < options.least_counts)
    kept = np.flatnonzero(usable & ~empty)
    rest = {column: values[kept] for column, values in labels.items()}
    if not len(kept):
        raise InputError(sheet.path, "no usable cell is left", mend="Give raw counts, or lower least_counts")
    barcodes = Counter(sheet.barcodes)
    copies = sum(count - 1 for count in barcodes.values())
    fingerprint = {
        "file": str(sheet.path),
        "count": len(kept),
        "cells": layer.shape[0],
        "genes": int((seen >= options.least_cells).sum()),
        "columns": layer.shape[1],
        "counts_from": name,
        "layers": {other: (found if other == name else looked_at(sheet.layers[other])).text for other in sheet.layers},
        "zeros": 1 - float(detected[kept].sum()) / max(1, len(kept) * layer.shape[1]),
        "library": described(library[kept]),
        "detected": described(detected[kept]),
        "greatest": greatest,
        "most": most(molecules, layer.genes),
        **labelled(rest, len(kept)),
        "parts": None if part is None else dict(Counter(part[kept].tolist())),
        "groups": None if group is None else len(set(group[kept].tolist())),
        "duplicate_genes": len(layer.genes) - len(set(layer.genes)),
        "duplicate_barcodes": copies,
        "refused": len(refusals),
    }
    records = ExpressionRecords(csr_matrix((len(kept), 0), dtype=np.int32), [], rest, [], part=part, group=group)
    notes = [*sheet.notes, *source_of_counts(name, found), *told, *advice]
    if empty.any():
        notes.append(f"{int(empty.sum())} cells have fewer molecules than least_counts={options.least_counts}")
    if (seen == 0).any():
        names = some([layer.genes[i] for i in np.flatnonzero(seen == 0)[:6].tolist()], 5).partition(" and ")[0]
        notes.append(f"{int((seen == 0).sum())} genes were seen in no cell, such as {names}")
    notes += duplicates(layer.genes, copies)
    notes += [*empty_types(sheet, rest), *crossing_groups(records), *balance(records), *single(records)]
    return {
        "fingerprint": fingerprint,
        "histograms": {"library": histogram(library[kept]), "detected": histogram(detected[kept])},
        "refusals": [asdict(refusal) for refusal in refusals[:NAMED]],
        "notes": notes,
    }


def duplicates(genes: list[str], copies: int) -> list[str]:
    """Notes on names that come several times."""
    several = [gene for gene, count in Counter(genes).items() if count > 1]
    notes = []
    if several:
        notes.append(f"{len(several)} genes come several times and are summed: {some(several)}")
    if copies:
        notes.append(f"{copies} cells have the barcode of another and are numbered")
    return notes


def labelled(labels: dict[str, NDArray[np.str_]], cells: int) -> dict[str, Any]:
    """What is known of the labels."""
    measured = {column: values for column, values in labels.items() if is_measurement(values)}
    first = next(iter(labels), None)
    counts = Counter(value for value in labels[first].tolist() if value) if first else Counter[str]()
    classes = {} if first in measured else dict(sorted(counts.items()))
    return {
        "label": first,
        "classes": classes,
        "measured": {column: measured_range(values.tolist()) for column, values in measured.items()},
        "unlabelled": cells - counts.total(),
        "imbalance": max(classes.values()) / min(classes.values()) if classes else 1.0,
        "labels": list(labels),
    }


def described(values: NDArray[np.int64]) -> dict[str, int]:
    """The least, middle and greatest."""
    return {"min": int(values.min()), "median": int(np.median(values)), "max": int(values.max())}


def most(molecules: NDArray[np.int64], genes: list[str]) -> dict[str, float]:
    """The most expressed genes with their shares of all molecules."""
    order = np.argsort(-molecules, kind="stable")[:MOST_SEEN]
    total = max(1, int(molecules.sum()))
    return {genes[i]: round(int(molecules[i]) / total, 4) for i in order.tolist() if molecules[i]}


def histogram(values: NDArray[np.int64]) -> list[dict[str, float]]:
    """Twenty bins of equal width on the logarithmic scale, as libraries are spread."""
    least = max(1, int(values.min()))
    edges = np.geomspace(least, max(least + 1, int(values.max())), 21)
    counts, _ = np.histogram(np.maximum(values, 1), edges)
    pairs = zip(edges, edges[1:], counts.tolist(), strict=False)
    return [{"from": float(low), "to": float(high), "count": count} for low, high, count in pairs]
