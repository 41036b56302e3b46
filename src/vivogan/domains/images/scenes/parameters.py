"""What a simulator can be told: named numbers with ranges, as one vector in the unit cube that a search can move in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Values = Mapping[str, float]


@dataclass(frozen=True)
class Parameter:
    """A number between ``low`` and ``high``; ``log`` when its ratios mean something, rather than its differences."""

    name: str
    low: float
    high: float
    log: bool = False

    def value(self, unit: float) -> float:
        """0…1 → low…high."""
        if self.log:
            return float(math.exp(math.log(self.low) + unit * (math.log(self.high) - math.log(self.low))))
        return float(self.low + unit * (self.high - self.low))

    def unit(self, value: float) -> float:
        """low…high → 0…1; values outside the range become its end."""
        if self.high <= self.low:
            return 0.5
        if self.log:
            value = max(value, self.low)
            place = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            place = (value - self.low) / (self.high - self.low)
        return min(1.0, max(0.0, place))


@dataclass(frozen=True)
class Space:
    """The parameters of a simulator, in their order in the vector."""

    parameters: tuple[Parameter, ...]

    def __len__(self) -> int:
        return len(self.parameters)

    def __add__(self, other: Space) -> Space:
        return Space(self.parameters + other.parameters)

    def __getitem__(self, name: str) -> Parameter:
        return self.parameters[self.index(name)]

    def index(self, name: str) -> int:
        """Place of a parameter in the vector; ``KeyError`` when there is none of that name."""
        for i, parameter in enumerate(self.parameters):
            if parameter.name == name:
                return i
        raise KeyError(name)

    def values(self, unit: NDArray[np.float64]) -> dict[str, float]:
        """A vector [P] in the unit cube as named values."""
        return {p.name: p.value(float(u)) for p, u in zip(self.parameters, unit, strict=True)}

    def unit(self, values: Values) -> NDArray[np.float64]:
        """The vector [P] of named values; what is not named lies in the middle of its range."""
        return np.array([p.unit(values[p.name]) if p.name in values else 0.5 for p in self.parameters])

    def narrowed(self, ranges: Mapping[str, tuple[float, float]]) -> Space:
        """The same space with other ranges; ``KeyError`` for names that it does not have."""
        known = {p.name for p in self.parameters}
        for name in ranges:
            if name not in known:
                raise KeyError(name)
        return Space(
            tuple(
                replace(p, low=ranges[p.name][0], high=ranges[p.name][1]) if p.name in ranges else p
                for p in self.parameters
            )
        )


def space(rows: Iterable[tuple[str, float, float] | tuple[str, float, float, bool]]) -> Space:
    """A space of (name, low, high) or (name, low, high, log) rows."""
    return Space(tuple(Parameter(*row) for row in rows))
