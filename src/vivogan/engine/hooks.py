"""What the engine is given by a domain and by a run, as plain functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from vivogan.engine.augment import Augment
from vivogan.engine.dealer import Symmetry


@dataclass(frozen=True)
class Hooks:
    """The defaults look away and change nothing."""

    evaluate: Callable[[nn.Module], dict[str, float]] = lambda generator: {}  # averaged generator → held-out scores
    log: Callable[[dict[str, Any]], None] = lambda record: None
    symmetry: Symmetry = lambda x, rng: x
    augment: Augment = lambda x, p, rng: x
    stop: Callable[[], bool] = lambda: False  # asked before every step
    started: bool = False  # the generator has learned before the game: the game must beat its first look
