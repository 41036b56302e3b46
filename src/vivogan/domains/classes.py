"""The classes that a run is conditioned on: the values of the first label column, or levels of a measurement."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.engine.sampler import uniform
from vivogan.errors import UserError

KINDS = 20  # distinct numbers from which a column is a measurement
LEVELS, LEVEL = 10, 40  # of a measurement, at most; and how many records a level should have
LOW, HIGH = "low", "high"  # words for its first and its last level


@dataclass(frozen=True)
class Classes:
    """``names`` of the classes and their ``counts`` in the training part; one class, named "", when nothing is
    labelled.

    A column of numbers is cut into levels of equal counts at ``edges``; records without a number are of a class of
    their own, named "", the last one.
    """

    column: str
    names: tuple[str, ...]
    counts: tuple[int, ...]
    edges: tuple[float, ...] = ()

    @classmethod
    def of(cls, labels: Mapping[str, NDArray[np.str_]], train: NDArray[np.intp]) -> Classes:
        """The classes of the training part. Unlabelled records make a class of their own, named ""."""
        if not labels:
            return cls("", ("",), (len(train),))
        column, values = next(iter(labels.items()))
        if is_measured(values.tolist()):
            return cls._levels(column, np.array([float(v) if v.strip() else np.nan for v in values[train].tolist()]))
        names, counts = np.unique(values[train], return_counts=True)
        return cls(column, tuple(names.tolist()), tuple(counts.tolist()))

    @classmethod
    def _levels(cls, column: str, values: NDArray[np.float64]) -> Classes:
        known = values[np.isfinite(values)]
        count = int(np.clip(len(known) // LEVEL, 2, LEVELS))
        edges = tuple(float(e) for e in np.unique(np.quantile(known, np.arange(1, count) / count)))
        words = [f"{edge:.4g}" for edge in edges]
        between = [f"{a} to {b}" for a, b in itertools.pairwise(words)]
        names = (f"up to {words[0]}", *between, f"above {words[-1]}")
        found = cls(column, names, (0,) * len(names), edges)
        if len(known) < len(values):
            found = replace(found, names=(*names, ""), counts=(0,) * (len(names) + 1))
        places = np.array([found._level(value) for value in values], np.intp)
        return replace(found, counts=tuple(np.bincount(places, minlength=len(found.names)).tolist()))

    def _level(self, value: float) -> int:
        """The level of a number; of none, the class of records without one."""
        if np.isnan(value):
            return len(self.names) - 1 if self.names[-1] == "" else -1
        return int(np.searchsorted(self.edges, value, side="left"))

    def indices(self, values: NDArray[np.str_]) -> NDArray[np.intp]:
        """Class numbers [n] of values [n]; a value that training never saw gets −1."""
        table = {name: i for i, name in enumerate(self.names)}
        other = self._level if self.edges else lambda number: -1
        return np.array([table[v] if v in table else other(_number(v)) for v in map(str, values)], np.intp)

    def draw(self, seed: int, samples: NDArray[np.int64]) -> NDArray[np.intp]:
        """The class of each sample number, as frequent as in the training part."""
        cumulative = np.cumsum(self.counts) / np.sum(self.counts)
        return np.minimum(np.searchsorted(cumulative, uniform(seed, "class", samples)), len(self.names) - 1)

    def chosen(self, where: Mapping[str, str] | None) -> int | None:
        """The class that ``where`` asks for. Raises ``UserError`` that lists what there is."""
        if not where:
            return None
        if set(where) != {self.column} or self.column == "":
            what = f"column '{self.column}'" if self.column else "no label column: it was trained without labels"
            raise UserError(f"--where {', '.join(where)}: this run has {what}")
        value = where[self.column]
        if self.edges and value not in self.names:
            last = len(self.edges)
            words = {LOW: 0, HIGH: last}
            number = _number(value)
            if value not in words and np.isnan(number):
                raise UserError(
                    f"--where {self.column}={value}: it is measured; give a number, {LOW}, {HIGH}, "
                    f"or one of {', '.join(name for name in self.names if name)}"
                )
            return words.get(value, self._level(number))
        if value not in self.names:
            raise UserError(f"--where {self.column}={value}: this run knows {', '.join(self.names)}")
        return self.names.index(value)

    def to_dict(self) -> dict[str, Any]:
        return {"column": self.column, "names": list(self.names), "counts": list(self.counts)} | (
            {"edges": list(self.edges)} if self.edges else {}
        )

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Classes:
        return cls(str(state["column"]), tuple(state["names"]), tuple(state["counts"]), tuple(state.get("edges", ())))


def is_measured(values: Sequence[str]) -> bool:
    """Whether a column holds measurements: numbers (or nothing) alone, of ``KINDS`` or more values, not all whole.

    Whole numbers are measurements where most differ; else they are names of classes.
    """
    given = [value for value in values if value.strip()]
    distinct = {value: _number(value) for value in given}
    if len(distinct) < KINDS or any(np.isnan(number) for number in distinct.values()):
        return False
    return any(number % 1 for number in distinct.values()) or len(distinct) > len(given) / 2


def _number(text: str) -> float:
    """The number that a text says, or NaN."""
    try:
        found = float(text)
    except ValueError:
        return float("nan")
    return found if np.isfinite(found) else float("nan")
