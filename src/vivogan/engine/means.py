"""Means of what is watched between two ticks; kept in checkpoints, so that an interrupted tick is reported whole."""

from __future__ import annotations

from collections.abc import Mapping


class Means:
    """Running means by name; a name that comes up at some steps only is averaged over those."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    def add(self, numbers: Mapping[str, float]) -> None:
        """Take in the numbers of one step."""
        for name, value in numbers.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
            self._counts[name] = self._counts.get(name, 0) + 1

    def take(self) -> dict[str, float]:
        """The means so far; the next ones start from nothing."""
        found = {name: total / self._counts[name] for name, total in self._sums.items()}
        self._sums, self._counts = {}, {}
        return found

    def state(self) -> dict[str, dict[str, float]]:
        """What a checkpoint must keep."""
        return {"sums": dict(self._sums), "counts": dict(self._counts)}

    def load(self, state: Mapping[str, Mapping[str, float]]) -> None:
        self._sums = {name: float(total) for name, total in state["sums"].items()}
        self._counts = {name: int(count) for name, count in state["counts"].items()}
