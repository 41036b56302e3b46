"""Train, selection and test: stratified by class, with groups and identical images on one side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.base import Split
from vivogan.domains.images.clean import pixel_hash
from vivogan.domains.images.records import ImageRecords
from vivogan.domains.parts import PARTS, TRAIN, dealt, joined
from vivogan.errors import InputError


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
    """The part of each record of the pool, [len(pool)]; images of a group, and identical ones, stay together."""
    classes = np.unique(records.classes[pool], return_inverse=True)[1]
    keys: list[list[object]] = [[pixel_hash(records.images[index])] for index in pool.tolist()]
    if records.group is not None:
        for own, index in zip(keys, pool.tolist(), strict=True):
            own += [str(records.group[index])] if records.group[index] else []
    return dealt(classes, joined(keys), parts, seed)
