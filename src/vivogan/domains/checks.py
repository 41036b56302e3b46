"""What cleaning finds out about records of any kind: names given twice, groups on several sides, unequal classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.columns import is_measured, some

IMBALANCE = 5.0  # largest class over smallest, from where balanced sampling is advised
RARE = 20  # a class below this teaches little


class Parted(Protocol):
    """Records of which some may have a part and a group."""

    @property
    def part(self) -> NDArray[np.str_] | None: ...

    @property
    def group(self) -> NDArray[np.str_] | None: ...


class Labelled(Protocol):
    """Records with labels by column."""

    @property
    def labels(self) -> dict[str, NDArray[np.str_]]: ...

    @property
    def classes(self) -> NDArray[np.str_]: ...

    def __len__(self) -> int: ...


def numbered(names: list[str]) -> tuple[list[str], list[str]]:
    """The names, the second and later of one numbered (name, name-2, name-3); and those that were.

    >>> numbered(["a", "b", "a"])
    (['a', 'b', 'a-2'], ['a-2'])
    """
    taken, seen = set(names), Counter[str]()
    found, renamed = [], []
    for name in names:
        seen[name] += 1
        fresh = name
        if seen[name] > 1:
            while (fresh := f"{name}-{seen[name]}") in taken:
                seen[name] += 1
            taken.add(fresh)
            renamed.append(fresh)
        found.append(fresh)
    return found, renamed


def renaming(renamed: list[str]) -> list[str]:
    """A note on the names that were numbered."""
    return [f"{len(renamed)} records had the name of another and were numbered: {some(renamed)}"] if renamed else []


def crossing_groups(records: Parted) -> list[str]:
    """A note on groups that the given split puts on several sides."""
    if records.part is None or records.group is None:
        return []
    sides: dict[str, set[str]] = {}
    for group, part in zip(records.group.tolist(), records.part.tolist(), strict=True):
        sides.setdefault(group, set()).add(part)
    crossing = sorted(group for group, parts in sides.items() if group and len(parts) > 1)
    return [f"{len(crossing)} groups lie on several sides of the given split: {some(crossing)}"] if crossing else []


def balance(records: Labelled, measured: Collection[str] = ()) -> list[str]:
    """Notes on one class, unlabelled records, imbalance and rare classes of the first label column.

    ``measured`` are columns that are known to hold measurements; others are looked at.
    """
    if not records.labels:
        return []
    name = next(iter(records.labels))
    counts = Counter(value for value in records.classes.tolist() if value)
    notes = []
    if missing := len(records) - counts.total():
        notes.append(f"{missing} records have no {name}")
    if name in measured or is_measured(counts):
        return notes
    if len(counts) == 1:
        notes.append(f"all labelled records have the {name} {next(iter(counts))}")
    elif counts and max(counts.values()) > IMBALANCE * min(counts.values()):
        notes.append(f"the classes are unequal: {max(counts.values())} to {min(counts.values())} records")
    if rare := sorted(value for value, count in counts.items() if count < RARE):
        notes.append(f"{len(rare)} classes have fewer than {RARE} records: {some(rare)}")
    return notes


def filled(values: list[str]) -> NDArray[np.str_] | None:
    """A column of words; None where all are empty."""
    return np.array(values, dtype=np.str_) if any(values) else None
