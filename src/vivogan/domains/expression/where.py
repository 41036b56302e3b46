"""Which classes of a run a condition asks for: one, several, or a value between two levels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.classes import Classes
from vivogan.domains.columns import some
from vivogan.domains.expression.labels import JOIN
from vivogan.errors import UserError


@dataclass(frozen=True)
class Asked:
    """What to make: cells of some ``classes`` (numbers; None: of all), or at a ``value`` of the measured column."""

    classes: tuple[int, ...] | None = None
    value: float | None = None


def asked(classes: Classes, where: Mapping[str, str] | None) -> Asked:
    """What ``where`` asks of a run.

    Of several columns that were joined some may be named; the classes that agree are asked for. Of a measured column a
    number is a place between levels. Raises ``UserError`` that lists the columns, or the values, that there are.
    """
    if not where:
        return Asked()
    if classes.edges:
        column, word = next(iter(where.items()))
        if set(where) == {classes.column} and word not in classes.names and (value := finite(word)) is not None:
            return Asked(value=value)
        return Asked((chosen(classes, where),))
    columns = classes.column.split(JOIN)
    if len(columns) == 1 or classes.column in where:
        return Asked((chosen(classes, where),))
    rows = [name.split(JOIN) if name else [""] * len(columns) for name in classes.names]
    for column, word in where.items():
        if column not in columns:
            raise UserError(f"--where {column}: this run has the columns {', '.join(columns)}")
        known = sorted({row[columns.index(column)] for row in rows} - {""})
        if word not in known:
            raise UserError(f"--where {column}={word}: this run knows {some(known, 30)}")
    wanted = {columns.index(column): word for column, word in where.items()}
    found = tuple(k for k, row in enumerate(rows) if all(row[i] == word for i, word in wanted.items()))
    if not found:
        told = " and ".join(f"{column}={word}" for column, word in where.items())
        raise UserError(f"--where: no cell was of {told}", f"This run knows {some(list(classes.names), 30)}")
    return Asked(found)


def chosen(classes: Classes, where: Mapping[str, str]) -> int:
    found = classes.chosen(where)
    assert found is not None  # ``where`` is not empty
    return found


def finite(word: str) -> float | None:
    try:
        value = float(word)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def drawn(classes: Classes, kept: tuple[int, ...], seed: int, samples: NDArray[np.int64]) -> NDArray[np.intp]:
    """The class of each sample number among those ``kept``, as frequent as in the training part."""
    counts = tuple(count if k in kept else 0 for k, count in enumerate(classes.counts))
    found = replace(classes, counts=counts).draw(seed, samples)
    return np.where(np.isin(found, kept), found, kept[0])
