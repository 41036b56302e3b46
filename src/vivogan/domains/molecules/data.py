"""Molecules in, molecules out: read, check, split, describe, write. This file is the door to the rooms behind it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from vivogan.domains.columns import is_measured, measured_range
from vivogan.domains.molecules.clean import clean
from vivogan.domains.molecules.formats.registry import read_into
from vivogan.domains.molecules.notation import charge, elements, has_stereo, heavy_atoms
from vivogan.domains.molecules.records import Draft, MoleculeRecords, ReadOptions, Refusal
from vivogan.domains.molecules.split import split
from vivogan.domains.molecules.trees import read_folder
from vivogan.domains.molecules.write import write, write_table
from vivogan.errors import InputError

__all__ = [
    "MoleculeRecords",
    "ReadOptions",
    "Refusal",
    "content_hash",
    "fingerprint",
    "read",
    "split",
    "write",
    "write_table",
]


def read(source: Path, options: ReadOptions) -> MoleculeRecords:
    """Read every usable molecule of a file or a folder of files.

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


def fingerprint(records: MoleculeRecords) -> dict[str, Any]:
    """What the plan needs to know of a data set, as plain JSON; ``sha256`` changes with any structure, name or label.

    ``heavy_atoms`` and ``length`` (letters of SMILES) have min, median and max; ``elements`` counts the molecules that
    hold each; ``charged`` and ``stereo`` count molecules with a net charge and with a centre or double bond that is
    marked; ``scaffolds`` are the different ones, ``acyclic`` molecules have none. ``classes`` are empty where the
    first label is a measurement; ``measured`` has the least, middle and greatest value of each label that is one.
    """
    heavy = [heavy_atoms(one) for one in records.smiles]
    lengths = [len(one) for one in records.smiles]
    symbols = Counter(symbol for one in records.smiles for symbol in elements(one))
    measured = {name: v for name, v in records.labels.items() if name in records.units or is_measured(v.tolist())}
    measured = {name: values for name, values in measured.items() if any(values.tolist())}
    first = next(iter(records.labels), None)
    counts = Counter(value for value in records.classes.tolist() if value)
    classes = {} if first in measured else dict(sorted(counts.items()))
    return {
        "count": len(records),
        "heavy_atoms": middle(heavy),
        "length": middle(lengths),
        "elements": dict(symbols.most_common()),
        "charged": sum(charge(one) != 0 for one in records.smiles),
        "stereo": sum(map(has_stereo, records.smiles)),
        "scaffolds": len(set(records.scaffolds) - {""}),
        "acyclic": records.scaffolds.count(""),
        "label": first,
        "classes": classes,
        "measured": {name: measured_range(values.tolist()) for name, values in measured.items()},
        "units": dict(records.units),
        "unlabelled": len(records) - counts.total(),
        "imbalance": max(classes.values()) / min(classes.values()) if classes else 1.0,
        "labels": list(records.labels),
        "parts": None if records.part is None else dict(Counter(records.part.tolist())),
        "groups": None if records.group is None else len(set(records.group.tolist())),
        "splitting": records.splitting,
        "refused": len(records.refusals),
        "sha256": content_hash(records),
    }


def middle(values: list[int]) -> dict[str, int]:
    """The least, middle and greatest."""
    return {"min": min(values), "median": int(np.median(values)), "max": max(values)}


def content_hash(records: MoleculeRecords) -> str:
    """One hash of all names, structures, labels, parts and groups, by which a run knows its data again."""
    digest = hashlib.sha256()
    columns = [*records.labels.items(), ("part", records.part), ("group", records.group)]
    for name, values in columns:
        digest.update(json.dumps([name, None if values is None else values.tolist()]).encode())
    digest.update(json.dumps([records.units, records.splitting]).encode())
    for name, smiles in zip(records.ids, records.smiles, strict=True):
        digest.update(json.dumps([name, smiles]).encode())
    return digest.hexdigest()
