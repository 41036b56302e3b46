"""Cutting records into parts where alike ones, and whole groups, stay on one side. Written for every domain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.base import Split
from vivogan.domains.columns import is_measured
from vivogan.domains.parts import PARTS, TRAIN, dealt, joined
from vivogan.errors import InputError

BINS = 5  # of a measurement, each of which is shared out
DISSOLVED = 0.5  # a cluster of more than this share of all is no cluster: the set is variants of one

Alike = Callable[[NDArray[np.intp]], NDArray[np.intp]]  # the number of the cluster of each of these records


class Splittable(Protocol):
    """Records that may have a part and a group each."""

    @property
    def notes(self) -> list[str]: ...

    @property
    def labels(self) -> Mapping[str, NDArray[np.str_]]: ...

    @property
    def classes(self) -> NDArray[np.str_]: ...

    @property
    def part(self) -> NDArray[np.str_] | None: ...

    @property
    def group(self) -> NDArray[np.str_] | None: ...

    @property
    def source(self) -> str: ...

    def __len__(self) -> int: ...


def split_whole(records: Splittable, alike: Alike, told: str, seed: int) -> Split:
    """Indices of train, selection and test; the same for the same records and seed.

    A given part is kept. What is not given is cut out of train: with train and test only, selection takes 15/85 of
    train. Records of one cluster stay together, except of one so large that no part could be cut from the rest; a note
    says so, ``told`` after their number. Raises ``InputError`` when a split is given without a train part, or when
    groups leave a part empty.
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
        parts = [part for part in PARTS if part in missing or part == TRAIN]
        place[pool], dissolved = cut(records, pool, alike(pool), parts, seed)
        note = f"{dissolved} {told}"
        if dissolved and note not in records.notes:
            records.notes.append(note)
    empty = [part for part in PARTS if not (place == part).any()]
    if empty and records.group is not None:
        count = len(set(records.group.tolist()))
        reason = f"{count} groups are too few, or too tied to the classes, to keep any for {' and '.join(empty)}"
        raise InputError(records.source, reason, mend="Give a split of your own, or leave the groups out")
    return Split(*(np.flatnonzero(place == part) for part in PARTS))


def cut(
    records: Splittable, pool: NDArray[np.intp], clusters: NDArray[np.intp], parts: list[str], seed: int
) -> tuple[NDArray[np.str_], int]:
    """The part of each record of the pool, [len(pool)], and how many were not kept together: clusters are dissolved,
    largest first, only as far as needed for no part to be empty."""
    sizes, classes = np.bincount(clusters), strata(records, pool)
    dissolved = {int(c) for c in np.flatnonzero(sizes > DISSOLVED * len(pool)) if sizes[c] > 1}
    for cluster in [None, *np.argsort(-sizes, kind="stable").tolist()]:
        dissolved |= set() if cluster is None else {cluster}
        place = dealt(classes, kept_together(records, pool, clusters, dissolved), parts, seed)
        if all((place == part).any() for part in parts) or len(pool) < len(parts):
            break
    return place, int(sum(sizes[c] for c in dissolved if sizes[c] > 1))


def strata(records: Splittable, pool: NDArray[np.intp]) -> NDArray[np.intp]:
    """What is shared out evenly, [len(pool)]: the classes, or the bins of equal numbers of a measurement."""
    values = records.classes[pool]
    if not is_measured(values.tolist()):
        return np.unique(values, return_inverse=True)[1]
    numbers = np.array([float(value) if value else np.nan for value in values.tolist()])
    edges = np.nanquantile(numbers, np.linspace(0, 1, BINS + 1)[1:-1])
    return np.unique(np.where(np.isnan(numbers), BINS, np.searchsorted(edges, numbers)), return_inverse=True)[1]


def kept_together(
    records: Splittable, pool: NDArray[np.intp], clusters: NDArray[np.intp], dissolved: set[int]
) -> list[list[int]]:
    """Positions in the pool of the same group or the same cluster."""
    keys: list[list[object]] = [[cluster] if cluster not in dissolved else [] for cluster in clusters.tolist()]
    if records.group is not None:
        for own, index in zip(keys, pool.tolist(), strict=True):
            own += [str(records.group[index])] if records.group[index] else []
    return joined(keys)
