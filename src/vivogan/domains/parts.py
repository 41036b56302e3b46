"""Dealing records to train, selection and test: whole units, every class in its share. Written for every domain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from vivogan.core.seeds import numpy_generator

TRAIN, SELECTION, TEST = "train", "selection", "test"
PARTS = (TRAIN, SELECTION, TEST)
# The words people use for the three parts, in files, folders, arrays, headers and columns.
PART_NAMES: Mapping[str, str] = {
    "train": TRAIN, "training": TRAIN, "0": TRAIN,
    "val": SELECTION, "valid": SELECTION, "validation": SELECTION, "selection": SELECTION,
    "dev": SELECTION, "1": SELECTION,
    "test": TEST, "testing": TEST, "2": TEST,
}  # fmt: skip
HELD_OUT = 0.15  # the share of selection, and of test
LEAST = 2  # records that selection and test keep when the set is small


def part_named(value: str) -> str | None:
    """The part a word stands for, or None when it stands for none."""
    return PART_NAMES.get(value.strip().lower().removesuffix(".0"))


def dealt(classes: NDArray[np.intp], units: list[list[int]], parts: list[str], seed: int) -> NDArray[np.str_]:
    """The part of each record, [n], of classes [n].

    Whole units are dealt, largest first, to the part whose quotas of the unit's classes are least filled; for single
    records this fills the stratified quotas exactly.
    """
    width = int(classes.max(initial=0)) + 1
    quotas = quota(np.bincount(classes, minlength=width), parts)  # [parts, classes]
    filled = np.zeros_like(quotas)
    order = numpy_generator(seed, "split").permutation(len(units))
    order = order[np.argsort([-len(units[i]) for i in order], kind="stable")]
    place = np.empty(len(classes), dtype="<U9")
    for index in order:
        unit = units[index]
        share = np.bincount(classes[unit], minlength=width)  # [classes]
        chosen = int(np.argmax(((quotas - filled) * share).sum(axis=1)))
        filled[chosen] += share
        place[unit] = parts[chosen]
    keep_classes_in_train(place, classes, units)
    fill_held_out(place, classes, units, parts)
    return place


def joined(keys: Sequence[Sequence[object]]) -> list[list[int]]:
    """Positions that must stay together: those that share one of their keys, also through each other."""
    parent = list(range(len(keys)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[object, int] = {}
    for position, own in enumerate(keys):
        for key in own:
            parent[root(position)] = root(first.setdefault(key, position))
    units: dict[int, list[int]] = {}
    for position in range(len(keys)):
        units.setdefault(root(position), []).append(position)
    return list(units.values())


def quota(counts: NDArray[np.intp], parts: list[str]) -> NDArray[np.intp]:
    """How many records of each class go to each part, [parts, classes]; columns sum to ``counts``.

    Held-out parts take the nearest whole share overall, the largest remainders deciding the classes, and never the
    last train record of a class.
    """
    shares = HELD_OUT if len(parts) == len(PARTS) else HELD_OUT / (1 - HELD_OUT)
    total = int(counts.sum())
    result = np.zeros((len(parts), len(counts)), dtype=np.intp)
    train = counts.copy()
    for row, part in enumerate(parts):
        if part == TRAIN:
            continue
        share = counts * shares
        taken = np.minimum(np.floor(share).astype(np.intp), np.maximum(train - 1, 0))
        while taken.sum() < round(total * shares) and (train - taken > 1).any():
            taken[int(np.argmax(np.where(train - taken > 1, share - taken, -np.inf)))] += 1
        result[row] = taken
        train = train - taken
    result[parts.index(TRAIN)] = train
    return result


def keep_classes_in_train(place: NDArray[np.str_], classes: NDArray[np.intp], units: list[list[int]]) -> None:
    """Bring back one whole unit of every class with three records or more that units have left out of train."""
    for name, count in Counter(classes.tolist()).items():
        if count >= 3 and not (place[classes == name] == TRAIN).any():
            place[min((unit for unit in units if (classes[unit] == name).any()), key=len)] = TRAIN


def fill_held_out(place: NDArray[np.str_], classes: NDArray[np.intp], units: list[list[int]], parts: list[str]) -> None:
    """Move the smallest units of train that it can spare until selection and test have ``LEAST`` records each."""
    counts = Counter(classes.tolist())
    enough = [least for least in range(1, LEAST + 1) if len(place) >= least * len(parts)]
    for least in enough:
        for part in parts:
            while part != TRAIN and (place == part).sum() < least:
                unit = next((u for u in sorted(units, key=len) if spared(place, classes, counts, u, least)), None)
                if unit is None:
                    break
                place[unit] = part


def spared(
    place: NDArray[np.str_], classes: NDArray[np.intp], counts: Counter[int], unit: list[int], least: int
) -> bool:
    """Whether train keeps ``least`` records, and every class it must know, without this unit."""
    if place[unit[0]] != TRAIN:
        return False
    rest = place == TRAIN
    rest[unit] = False
    known = set(classes[rest].tolist())
    return bool(rest.sum() >= least) and all(counts[c] < 3 or c in known for c in classes[unit].tolist())
