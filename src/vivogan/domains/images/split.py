"""Train, selection and test: stratified by class, with groups and identical images on one side."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from vivogan.core.seeds import numpy_generator
from vivogan.domains.base import Split
from vivogan.domains.images.clean import pixel_hash
from vivogan.domains.images.records import PARTS, TRAIN, ImageRecords
from vivogan.errors import InputError

HELD_OUT = 0.15  # the share of selection, and of test
LEAST = 2  # records that selection and test keep when the set is small


def split(records: ImageRecords, seed: int) -> Split:
    """Indices of train, selection and test; the same for the same records and seed.

    A given part is kept. What is not given is cut out of train: with train and test only, selection takes 15/85 of
    train. Every class with three records or more appears in train. Raises ``InputError`` when a split is given
    without a train part, or when groups leave a part empty.
    """
    count = len(records)
    place = np.full(count, "", dtype="<U9")
    if records.part is not None:
        place[:] = np.where(records.part == "", TRAIN, records.part)
        if not (place == TRAIN).any():
            raise InputError(records.source, "the given split has no train part", mend="Name one part train (or 0)")
    given = set(place.tolist()) - {""}
    missing = [part for part in PARTS if part not in given]
    if missing:
        pool = np.flatnonzero(place == TRAIN) if given else np.arange(count)
        place[pool] = cut(records, pool, [part for part in PARTS if part in missing or part == TRAIN], seed)
    empty = [part for part in PARTS if not (place == part).any()]
    if empty and records.group is not None:
        count = len(set(records.group.tolist()))
        reason = f"{count} groups are too few, or too tied to the classes, to keep any for {' and '.join(empty)}"
        raise InputError(records.source, reason, mend="Give a split of your own, or leave the groups out")
    return Split(*(np.flatnonzero(place == part) for part in PARTS))


def cut(records: ImageRecords, pool: NDArray[np.intp], parts: list[str], seed: int) -> NDArray[np.str_]:
    """The part of each record of the pool, [len(pool)].

    Whole units (a group, a set of identical images) are dealt, largest first, to the part whose quotas of the
    unit's classes are least filled; for single records this fills the stratified quotas exactly.
    """
    names, classes = np.unique(records.classes[pool], return_inverse=True)
    units = joined(records, pool)
    quotas = quota(np.bincount(classes, minlength=len(names)), parts)  # [parts, classes]
    filled = np.zeros_like(quotas)
    generator = numpy_generator(seed, "split")
    order = generator.permutation(len(units))
    order = order[np.argsort([-len(units[i]) for i in order], kind="stable")]
    place = np.empty(len(pool), dtype="<U9")
    for index in order:
        unit = units[index]
        share = np.bincount(classes[unit], minlength=len(names))  # [classes]
        want = ((quotas - filled) * share).sum(axis=1)
        chosen = int(np.argmax(want))
        filled[chosen] += share
        place[unit] = parts[chosen]
    keep_classes_in_train(place, classes, units)
    fill_held_out(place, classes, units, parts)
    return place


def joined(records: ImageRecords, pool: NDArray[np.intp]) -> list[list[int]]:
    """Positions in the pool that must stay together: same group or same pixels, also through each other."""
    parent = list(range(len(pool)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[object, int] = {}
    for position, index in enumerate(pool.tolist()):
        keys: list[object] = [pixel_hash(records.images[index])]
        if records.group is not None and records.group[index]:
            keys.append(str(records.group[index]))
        for key in keys:
            parent[root(position)] = root(first.setdefault(key, position))
    units: dict[int, list[int]] = {}
    for position in range(len(pool)):
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
    """Bring back one whole unit of every class with three records or more that groups have left out of train."""
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
