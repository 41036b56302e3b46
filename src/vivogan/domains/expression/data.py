"""Cells in, cells out: read, check, split, describe, write. This file is the door to the rooms behind it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.columns import measured_range
from vivogan.domains.expression.clean import clean
from vivogan.domains.expression.formats.registry import opened
from vivogan.domains.expression.labels import is_measurement
from vivogan.domains.expression.records import Cells, ExpressionRecords, ReadOptions, Refusal
from vivogan.domains.expression.split import split
from vivogan.domains.expression.survey import survey
from vivogan.domains.expression.variable import most_variable
from vivogan.domains.expression.write import write

__all__ = [
    "Cells",
    "ExpressionRecords",
    "ReadOptions",
    "Refusal",
    "content_hash",
    "digest",
    "fingerprint",
    "most_variable",
    "read",
    "split",
    "survey",
    "write",
]


def read(source: Path, options: ReadOptions) -> ExpressionRecords:
    """Read every usable cell of a file or a folder.

    What is broken is refused cell by cell and the rest goes on (``records.refusals``). Raises ``InputError`` when it
    holds no counts, when nothing usable is left, or when an option names what is not there.
    """
    with opened(Path(source), options) as sheet:
        return clean(sheet, options)


def fingerprint(records: ExpressionRecords) -> dict[str, Any]:
    """What the plan needs to know of a data set, as plain JSON; ``sha256`` changes with any count, name or label.

    ``count`` cells of ``genes`` genes, of which ``modelled`` are modelled; ``zeros`` is the share of zeros, ``library``
    (molecules a cell) and ``detected`` (genes a cell) have min, median and max. ``classes`` are empty where the first
    label is a measurement; ``measured`` has the least, middle and greatest value of each label that is one.
    """
    measured = {name: values for name, values in records.labels.items() if is_measurement(values)}
    first = next(iter(records.labels), None)
    counts = Counter(value for value in records.classes.tolist() if value)
    classes = {} if first in measured else dict(sorted(counts.items()))
    library = np.asarray(records.counts.sum(1)).ravel()
    return {
        "count": len(records),
        "genes": len(records.genes),
        "modelled": min(records.most_variable, len(records.genes)),
        "zeros": 1 - records.counts.nnz / max(1, len(records) * len(records.genes)),
        "library": spread(library),
        "detected": spread(np.diff(records.counts.indptr)),
        "greatest": int(records.counts.data.max(initial=0)),
        "label": first,
        "classes": classes,
        "measured": {name: measured_range(values.tolist()) for name, values in measured.items()},
        "unlabelled": len(records) - counts.total(),
        "imbalance": max(classes.values()) / min(classes.values()) if classes else 1.0,
        "labels": list(records.labels),
        "parts": None if records.part is None else dict(Counter(records.part.tolist())),
        "groups": None if records.group is None else len(set(records.group.tolist())),
        "refused": len(records.refusals),
        "sha256": content_hash(records),
    }


def spread(values: NDArray[Any]) -> dict[str, int]:
    """The least, middle and greatest."""
    return {"min": int(values.min()), "median": int(np.median(values)), "max": int(values.max())}


def content_hash(records: ExpressionRecords) -> str:
    """One hash of all counts, genes, barcodes, labels, parts and groups, by which a run knows its data again."""
    found = hashlib.sha256()
    columns = [*records.labels.items(), ("part", records.part), ("group", records.group)]
    for name, values in columns:
        found.update(json.dumps([name, None if values is None else values.tolist()]).encode())
    found.update(json.dumps([records.genes, records.ids, records.most_variable, list(records.counts.shape)]).encode())
    counts = records.counts
    for array, kind in ((counts.data, "<i4"), (counts.indices, "<i4"), (counts.indptr, "<i8")):
        found.update(np.ascontiguousarray(array, kind).data)
    return found.hexdigest()


digest = content_hash
