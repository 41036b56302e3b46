"""What changes as the run goes on: pure functions of progress."""

from __future__ import annotations

from vivogan.engine.settings import GameSettings
from vivogan.engine.step import Penalties


def ramp(progress: float, warmup: float, decay: float, final: float = 0.0) -> float:
    """Multiplier of the learning rate: rises over the first ``warmup`` of the run, falls to ``final`` over the last
    ``decay``.

    Args:
        progress: share of the run that is done, 0…1.
    """
    rising = min(1.0, (progress + 1e-3) / warmup) if warmup > 0 else 1.0
    falling = final + (1 - final) * min(1.0, max(0.0, 1.0 - progress) / decay) if decay > 0 else 1.0
    return min(rising, falling)


def geometric(progress: float, final: float) -> float:
    """Multiplier that goes from 1 to ``final`` at a constant rate."""
    return float(final ** min(1.0, progress))


def ema_decay(batch: int, seen: int, half_life: float, rampup: float) -> float:
    """Decay of one averaging step (Karras et al. 2020): a half-life in samples, shorter while the run is young.

    >>> ema_decay(batch=64, seen=0, half_life=1000, rampup=0.05)
    0.0
    """
    samples = min(half_life, rampup * seen)
    return 0.5 ** (batch / samples) if samples > 0 else 0.0


def penalties(settings: GameSettings, turn: int, progress: float, strength: float = 1.0) -> Penalties:
    """The penalties of a discriminator turn: every ``penalty_every``-th has them, so many times as strong."""
    if turn % settings.penalty_every:
        return Penalties()
    weight = strength * settings.penalty_every * geometric(progress, settings.penalty_final)
    return Penalties(settings.r1 * weight, settings.r2 * weight, settings.gradient_penalty * weight)
