"""Train, selection and test: whole clusters of alike sequences, and whole groups, lie on one side."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from vivogan.core.seeds import numpy_generator
from vivogan.domains.base import Split
from vivogan.domains.sequences.clusters import clusters
from vivogan.domains.sequences.records import PARTS, TRAIN, SequenceRecords, is_measured
from vivogan.errors import InputError

HELD_OUT = 0.15  # the share of selection, and of test
LEAST = 2  # records that selection and test keep when the set is small
BINS = 5  # of a measurement, each of which is shared out
DISSOLVED = 0.5  # a cluster of more than this share of all is no cluster: the set is variants of one sequence


def split(records: SequenceRecords, seed: int) -> Split:
    """Indices of train, selection and test; the same for the same records and seed.

    A given part is kept. What is not given is cut out of train: with train and test only, selection takes 15/85 of
    train. Clusters at ``records.identity`` stay together, except one so large that no part could be cut from the rest
    (a note says so). Raises ``InputError`` when a split is given without a train part, or when groups leave a part
    empty.
    """
    place = np.full(len(records), "", dtype="<U9")
    if records.part is not None:
        place[:] = np.where(records.part == "", TRAIN, records.part)
        if not (place == TRAIN).any():
            raise InputError(records.source, "the given split has no train part", mend="Name one part train (or 0)")
    given = set(place.tolist()) - {""}
    missing = [part for part in PARTS if part not in given]
    if missing:
        pool = np.flatnonzero(place == TRAIN) if given else np.arange(len(records))
        place[pool] = cut(records, pool, [part for part in PARTS if part in missing or part == TRAIN], seed)
    empty = [part for part in PARTS if not (place == part).any()]
    if empty and records.group is not None:
        count = len(set(records.group.tolist()))
        reason = f"{count} groups are too few, or too tied to the classes, to keep any for {' and '.join(empty)}"
        raise InputError(records.source, reason, mend="Give a split of your own, or leave the groups out")
    return Split(*(np.flatnonzero(place == part) for part in PARTS))


def cut(records: SequenceRecords, pool: NDArray[np.intp], parts: list[str], seed: int) -> NDArray[np.str_]:
    """The part of each record of the pool, [len(pool)]; clusters are dissolved, largest first, only as far as needed
    for no part to be empty."""
    alike = clusters([records.sequences[i] for i in pool.tolist()], records.identity, records.aligned)
    sizes = np.bincount(alike)
    dissolved = {int(c) for c in np.flatnonzero(sizes > DISSOLVED * len(pool)) if sizes[c] > 1}
    for cluster in [None, *np.argsort(-sizes, kind="stable").tolist()]:
        dissolved |= set() if cluster is None else {cluster}
        place = dealt(records, pool, parts, joined(records, pool, alike, dissolved), seed)
        if all((place == part).any() for part in parts) or len(pool) < len(parts):
            break
    count = int(sum(sizes[c] for c in dissolved if sizes[c] > 1))
    note = f"{count} records are over {records.identity:.0%} alike and could not be kept on one side of the split"
    if count and note not in records.notes:
        records.notes.append(note)
    return place


def strata(records: SequenceRecords, pool: NDArray[np.intp]) -> NDArray[np.intp]:
    """What is shared out evenly, [len(pool)]: the classes, or the bins of equal numbers of a measurement."""
    values = records.classes[pool]
    if not is_measured(values.tolist()):
        return np.unique(values, return_inverse=True)[1]
    numbers = np.array([float(value) if value else np.nan for value in values.tolist()])
    edges = np.nanquantile(numbers, np.linspace(0, 1, BINS + 1)[1:-1])
    return np.unique(np.where(np.isnan(numbers), BINS, np.searchsorted(edges, numbers)), return_inverse=True)[1]


def dealt(
    records: SequenceRecords, pool: NDArray[np.intp], parts: list[str], units: list[list[int]], seed: int
) -> NDArray[np.str_]:
    """The part of each record of the pool, [len(pool)].

    Whole units are dealt, largest first, to the part whose quotas of the unit's classes are least filled; for single
    records this fills the stratified quotas exactly.
    """
    classes = strata(records, pool)
    width = int(classes.max(initial=0)) + 1
    quotas = quota(np.bincount(classes, minlength=width), parts)  # [parts, classes]
    filled = np.zeros_like(quotas)
    order = numpy_generator(seed, "split").permutation(len(units))
    order = order[np.argsort([-len(units[i]) for i in order], kind="stable")]
    place = np.empty(len(pool), dtype="<U9")
    for index in order:
        unit = units[index]
        share = np.bincount(classes[unit], minlength=width)  # [classes]
        chosen = int(np.argmax(((quotas - filled) * share).sum(axis=1)))
        filled[chosen] += share
        place[unit] = parts[chosen]
    keep_classes_in_train(place, classes, units)
    fill_held_out(place, classes, units, parts)
    return place


def joined(
    records: SequenceRecords, pool: NDArray[np.intp], alike: NDArray[np.intp], dissolved: set[int]
) -> list[list[int]]:
    """Positions in the pool that must stay together: same group or same cluster, also through each other."""
    parent = list(range(len(pool)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[object, int] = {}
    for position, (index, cluster) in enumerate(zip(pool.tolist(), alike.tolist(), strict=True)):
        keys: list[object] = [cluster] if cluster not in dissolved else []
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
