"""Train, selection and test: stratified by class, with groups and identical images on one side."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from vivogan.core.seeds import numpy_generator
from vivogan.domains.base import Split
from vivogan.domains.images.clean import pixel_hash
from vivogan.domains.images.records import PARTS, SELECTION, TEST, TRAIN, ImageRecords
from vivogan.errors import InputError

SHARES = {TRAIN: 0.70, SELECTION: 0.15, TEST: 0.15}
LEAST = 2  # records that selection and test keep when the set is small


def split(records: ImageRecords, seed: int) -> Split:
    """Indices of train, selection and test; the same for the same records and seed.

    A given part is kept. What is not given is cut out of train: with train and test only, selection takes 15/85 of
    train. Every class with three records or more appears in train. Raises ``InputError`` when a split is given
    without a train part.
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
    keep_classes_in_train(place, classes, units, parts)
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

    Held-out parts take the nearest whole share overall (largest remainders decide the class), at least ``LEAST``
    records when the set allows it, and never the last train record of a class.
    """
    total = int(counts.sum())
    whole = sum(SHARES[part] for part in parts) if len(parts) == len(PARTS) else SHARES[TRAIN] + SHARES[SELECTION]
    least = LEAST if total >= 3 * LEAST else int(total >= len(parts))
    result = np.zeros((len(parts), len(counts)), dtype=np.intp)
    train = counts.copy()
    for row, part in enumerate(parts):
        if part == TRAIN:
            continue
        share = counts * (SHARES[part] / whole)
        target = max(round(total * SHARES[part] / whole), least)
        taken = np.minimum(np.floor(share).astype(np.intp), np.maximum(train - 1, 0))
        while taken.sum() < target and (train - taken > 1).any():
            # The class that is furthest below its share gives next; one of two records gives only when no other can.
            room = np.where(train - taken > 1, share - taken, -np.inf)
            scarce = np.where(counts < 3, 1e6, 0.0)
            taken[int(np.argmax(room - scarce))] += 1
        result[row] = taken
        train = train - taken
    if total >= len(parts) and len(counts) == total:  # every class is alone: without this, nothing would be held out
        for row in range(1, len(parts)):
            for index in np.flatnonzero(train)[: least if train.sum() > least else 0]:
                result[row, index], train[index] = 1, 0
    result[parts.index(TRAIN)] = train
    return result


def keep_classes_in_train(
    place: NDArray[np.str_], classes: NDArray[np.intp], units: list[list[int]], parts: list[str]
) -> None:
    """Bring back one whole unit of every class with three records or more that groups have left out of train."""
    for name, count in Counter(classes.tolist()).items():
        mine = np.flatnonzero(classes == name)
        if count < 3 or (place[mine] == TRAIN).any():
            continue
        candidates = [unit for unit in units if any(classes[i] == name for i in unit)]
        place[min(candidates, key=len)] = TRAIN
