"""Records of which some have a label: what there is to predict, and what is known of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.columns import is_measured
from vivogan.domains.tasks.targets import Floats, Targets

YES, NO = frozenset({"1", "yes", "true", "active"}), frozenset({"0", "no", "false", "inactive"})


@dataclass(frozen=True)
class Labelled:
    """``records`` have ``ids``, ``labels``, ``refusals`` and ``notes`` (``vivogan.domains.base.Records``)."""

    records: Any

    @property
    def ids(self) -> list[str]:
        return list(self.records.ids)

    @property
    def refusals(self) -> list[Any]:
        return list(self.records.refusals)

    @property
    def notes(self) -> list[str]:
        return list(self.records.notes)

    @cached_property
    def targets(self) -> Targets:
        """Every column that is measured, where the first is; else the classes of the first."""
        column, values = next(iter(self.records.labels.items()))
        if is_measured(values.tolist()):
            return Targets([name for name, own in self.records.labels.items() if is_measured(own.tolist())])
        return Targets(sorted({str(value) for value in values if value}), column)

    @cached_property
    def y(self) -> Floats:
        """[n, t]: numbers, chances 0 or 1, or one-hot classes; NaN where nothing is known."""
        if self.targets.classes:
            labels = self.records.classes
            y: Floats = (labels[:, None] == np.array(self.targets.names)[None]).astype(float)
            y[labels == ""] = np.nan
            return y
        value = chance if self.targets.chances else number
        columns = [self.records.labels[name] for name in self.targets.names]
        return np.array([[value(v) for v in own.tolist()] for own in columns], float).T

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        """Which records something was measured of, [n]."""
        known: NDArray[np.bool_] = np.isfinite(self.y).sum(axis=1) > 0
        return known


def number(value: str) -> float:
    """A measured value; NaN where there is none."""
    return float(value) if value else np.nan


def chance(value: str) -> float:
    """1 or 0; NaN where nothing is known.

    >>> chance("1.0"), chance("inactive"), chance("")
    (1.0, 0.0, nan)
    """
    word = value.strip().lower().removesuffix(".0")
    return 1.0 if word in YES else 0.0 if word in NO else np.nan


def is_yes_or_no(values: list[str]) -> bool:
    """Whether a column says yes of some and no of others, and nothing else."""
    said = {value for value in values if value}
    return {chance(value) for value in said} == {0.0, 1.0}
