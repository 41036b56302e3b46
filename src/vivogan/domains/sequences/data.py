"""Sequences in, sequences out: read, check, split, describe, write. This file is the door to the rooms behind it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from vivogan.domains.columns import is_measured, measured_range
from vivogan.domains.sequences.alphabets import GAP, PROTEIN
from vivogan.domains.sequences.clean import clean
from vivogan.domains.sequences.formats.registry import read_into
from vivogan.domains.sequences.records import Draft, ReadOptions, Refusal, SequenceRecords
from vivogan.domains.sequences.split import split
from vivogan.domains.sequences.trees import read_folder
from vivogan.domains.sequences.write import write
from vivogan.errors import InputError

__all__ = ["ReadOptions", "Refusal", "SequenceRecords", "content_hash", "fingerprint", "read", "split", "write"]


def read(source: Path, options: ReadOptions) -> SequenceRecords:
    """Read every usable sequence of a file or a folder of files.

    What is broken is refused one by one and the rest goes on (``records.refusals``). Raises ``InputError`` when
    nothing usable is left or when an option names what is not there.
    """
    path = Path(source)
    if not path.exists():
        raise InputError(path, "does not exist", mend="Check the path")
    draft = Draft(str(path), options.limits)
    if path.is_dir():
        read_folder(draft, path, options)
    else:
        read_into(draft, path, options)
    return clean(draft, options)


def fingerprint(records: SequenceRecords) -> dict[str, Any]:
    """What the plan needs to know of a data set, as plain JSON; ``sha256`` changes with any letter, name or label.

    ``gc`` (None for protein), ``ambiguous`` and ``gaps`` are shares: of the letters, of the letters, of all places.
    ``classes`` are empty where the first label is a measurement; ``measured`` has the least, middle and greatest
    value of each label that is one.
    """
    lengths = [len(sequence) for sequence in records.sequences]
    symbols: Counter[str] = Counter()
    for sequence in records.sequences:
        symbols.update({symbol: sequence.count(symbol) for symbol in set(sequence)})
    gaps = symbols.pop(GAP, 0)
    letters = max(1, symbols.total())
    measured = {name: v for name, v in records.labels.items() if is_measured(v.tolist())}
    first = next(iter(records.labels), None)
    counts = Counter(value for value in records.classes.tolist() if value)
    classes = {} if first in measured else dict(sorted(counts.items()))
    return {
        "count": len(records),
        "alphabet": records.alphabet.name.lower(),
        "layout": "aligned" if records.aligned else "coding" if records.coding else "free",
        "length": {"min": min(lengths), "median": int(np.median(lengths)), "max": max(lengths)},
        "gc": None if records.alphabet is PROTEIN else (symbols["G"] + symbols["C"]) / letters,
        "ambiguous": sum(symbols[letter] for letter in records.alphabet.ambiguous) / letters,
        "gaps": gaps / max(1, gaps + letters),
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


def content_hash(records: SequenceRecords) -> str:
    """One hash of all names, sequences, labels, parts and groups, by which a run knows its data again."""
    digest = hashlib.sha256()
    columns = [*records.labels.items(), ("part", records.part), ("group", records.group)]
    for name, values in columns:
        digest.update(json.dumps([name, None if values is None else values.tolist()]).encode())
    digest.update(json.dumps([records.alphabet.name, records.aligned, records.coding]).encode())
    for name, sequence in zip(records.ids, records.sequences, strict=True):
        digest.update(json.dumps([name, sequence]).encode())
    return digest.hexdigest()
