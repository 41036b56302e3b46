"""What a suite compares: the generated set, the reference sets, and real molecules in the place of generated ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.molecules.suites import chemnet
from vivogan.domains.molecules.suites.kept import kept
from vivogan.domains.molecules.suites.sets import (
    ALL,
    AS_REFERENCE,
    AS_SCAFFOLDS,
    ONLY_NAMES,
    Described,
    Molecules,
    counted,
    describe,
    picked,
    read,
)

DRAWN = 10_000  # molecules of a baseline


@dataclass(frozen=True)
class Against:
    """Described sets.

    ``floor`` are real molecules, as many as ``made`` where there are enough: of the training set, else a part of the
    reference, which is then compared with the rest of it (``floor_reference``). ``held`` are real ones that are not
    for training. ``baseline`` are the SMILES that GuacaMol compares with, ``floor_baseline`` those for the floor.
    """

    made: Described
    reference: Described
    floor: Described
    floor_reference: Described
    held: Described
    scaffolds: Described | None
    train: Described | None
    baseline: list[str]
    floor_baseline: list[str]
    workers: int | None


def prepared(
    generated: Molecules,
    reference: Molecules,
    train: Molecules | None = None,
    reference_scaffold: Molecules | None = None,
    fcd: bool = True,
    workers: int | None = None,
) -> Against:
    """Describe every set that is asked for; all but the generated one are kept in the cache."""
    left_out = frozenset() if fcd and chemnet.installed() else frozenset({"chemnet"})
    made = describe(generated, ALL - left_out, workers)
    scaffolds = None
    if reference_scaffold is not None:
        scaffolds = kept(reference_scaffold, AS_SCAFFOLDS - left_out, workers)
    if train is not None:
        sample = picked(train, _spaced(counted(train), len(made)))
        known = kept(reference, AS_REFERENCE - left_out, workers)
        floor = kept(sample, ALL - left_out, workers)
        names = kept(train, ONLY_NAMES, workers)
        drawn = picked(train, _drawn(counted(train)))
        return Against(made, known, floor, known, known, scaffolds, names, drawn, drawn, workers)
    every = list(read(reference))
    chosen = _spaced(len(every), min(len(made), len(every) // 2))
    is_rest = np.ones(len(every), bool)
    is_rest[chosen] = False
    rest = [every[i] for i in np.flatnonzero(is_rest).tolist()]
    floor = kept([every[i] for i in chosen.tolist()], ALL - left_out, workers)
    others = kept(rest, AS_REFERENCE - left_out, workers)
    whole = Described.joined([floor, others])
    drawn, drawn_of_rest = (_at(part, _drawn(len(part))) for part in (every, rest))
    return Against(made, whole, floor, others, floor, scaffolds, None, drawn, drawn_of_rest, workers)


def _spaced(n: int, most: int) -> NDArray[np.intp]:
    """The places of at most so many of n records, evenly spaced."""
    return np.linspace(0, max(0, n - 1), min(n, max(1, most))).round().astype(np.intp)


def _drawn(n: int) -> NDArray[np.intp]:
    """The places of those that GuacaMol's code draws of n records."""
    return np.random.RandomState(42).choice(n, min(n, DRAWN), replace=False).astype(np.intp)


def _at(texts: Sequence[str], places: NDArray[np.intp]) -> list[str]:
    return [texts[i] for i in places.tolist()]
