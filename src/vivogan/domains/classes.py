"""The classes that a run is conditioned on: the values of the first label column, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.engine.sampler import uniform
from vivogan.errors import UserError


@dataclass(frozen=True)
class Classes:
    """``names`` of the classes and their ``counts`` in the training part; one class, named "", when nothing is
    labelled."""

    column: str
    names: tuple[str, ...]
    counts: tuple[int, ...]

    @classmethod
    def of(cls, labels: Mapping[str, NDArray[np.str_]], train: NDArray[np.intp]) -> Classes:
        """The classes of the training part. Unlabelled records make a class of their own, named ""."""
        if not labels:
            return cls("", ("",), (len(train),))
        column, values = next(iter(labels.items()))
        names, counts = np.unique(values[train], return_counts=True)
        return cls(column, tuple(names.tolist()), tuple(counts.tolist()))

    def indices(self, values: NDArray[np.str_]) -> NDArray[np.intp]:
        """Class numbers [n] of values [n]; a value that training never saw gets −1."""
        table = {name: i for i, name in enumerate(self.names)}
        return np.array([table.get(str(v), -1) for v in values], np.intp)

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
        if value not in self.names:
            raise UserError(f"--where {self.column}={value}: this run knows {', '.join(self.names)}")
        return self.names.index(value)

    def to_dict(self) -> dict[str, Any]:
        return {"column": self.column, "names": list(self.names), "counts": list(self.counts)}

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Classes:
        return cls(str(state["column"]), tuple(state["names"]), tuple(state["counts"]))
