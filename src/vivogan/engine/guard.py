"""Watches a run for the three ways in which games fail, and says in plain words what it saw."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from vivogan.errors import TrainingStopped

COLLAPSED_DIVERSITY = 0.25  # of the spread of held-out data
COLLAPSED_COVERAGE = 0.25  # of the best coverage seen so far
WORTH_COMPARING = 0.1  # a best coverage below this says nothing yet
FIRST_STEPS = 300  # in which a generator has not yet learned to vary
YOUNG = 0.15  # share of the run before which coverage and spread mean little
NO_SIGNAL = 1e-7  # gradient norm at which nothing reaches the generator


@dataclass
class Guard:
    """What the guard remembers; the numbers of a tick are judged twice before it speaks, since one look is noisy."""

    best_coverage: float = 0.0
    suspicions: int = 0

    def after_step(self, watched: Mapping[str, float]) -> str | None:
        """A reason to roll back, or None. ``watched`` are the numbers of one step."""
        broken = [name for name, value in watched.items() if not math.isfinite(value)]
        return f"non-finite {', '.join(broken)}" if broken else None

    def after_tick(self, tick: Mapping[str, float], progress: float, steps: int = FIRST_STEPS) -> str | None:
        """The same for the means and held-out scores of a tick, ``steps`` steps into the run."""
        reason = self._suspect(tick) if progress >= YOUNG and steps >= FIRST_STEPS else None
        self.best_coverage = max(self.best_coverage, tick.get("coverage", 0.0))
        self.suspicions = self.suspicions + 1 if reason else 0
        return reason if self.suspicions >= 2 else None

    def _suspect(self, tick: Mapping[str, float]) -> str | None:
        if tick.get("signal", 1.0) < NO_SIGNAL:
            return "dead discriminator: no gradient reaches the generator"
        diversity, coverage = tick.get("diversity", 1.0), tick.get("coverage", 1.0)
        if diversity < COLLAPSED_DIVERSITY:
            return f"mode collapse: generated samples spread {diversity:.0%} as widely as held-out ones"
        if self.best_coverage > WORTH_COMPARING and coverage < COLLAPSED_COVERAGE * self.best_coverage:
            return f"mode collapse: coverage of held-out samples fell from {self.best_coverage:.2f} to {coverage:.2f}"
        return None

    def state(self) -> dict[str, float]:
        """What a checkpoint must keep."""
        return asdict(self)

    def load(self, state: Mapping[str, float]) -> None:
        self.best_coverage, self.suspicions = float(state["best_coverage"]), int(state["suspicions"])


def given_up(reason: str, rollbacks: int) -> TrainingStopped:
    """What to raise when rolling back did not help."""
    return TrainingStopped(
        f"training stopped after {rollbacks} roll-backs: {reason}",
        reason,
        "Try --set game.learning_rate at half its value, more data, or look at the report for odd records",
    )
