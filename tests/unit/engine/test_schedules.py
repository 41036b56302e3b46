from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivogan.engine.schedules import ema_decay, geometric, ramp

SHARE = st.floats(0, 1)


def test_the_average_halves_the_past_after_its_half_life() -> None:
    left = 1.0
    for _ in range(100):  # 100 batches of 10 are one half-life
        left *= ema_decay(10, 10**9, 1000, 0.05)
    assert left == pytest.approx(0.5)


def test_a_young_average_forgets_faster() -> None:
    decays = [ema_decay(64, seen, 10_000, 0.05) for seen in (0, 64, 1000, 20_000, 200_000, 10**7)]
    assert decays == sorted(decays)
    assert decays[0] == 0
    assert decays[-1] == decays[-2] == pytest.approx(0.5 ** (64 / 10_000))
    assert ema_decay(50, 2000, 10**9, 0.05) == pytest.approx(0.5**0.5)  # half-life 0.05 * 2000 = 100


@given(SHARE, SHARE, SHARE)
def test_a_rate_lies_between_nothing_and_all(progress: float, warmup: float, decay: float) -> None:
    assert 0 <= ramp(progress, warmup, decay) <= 1


def test_the_rate_rises_holds_and_falls() -> None:
    found = [ramp(p / 10, 0.2, 0.5) for p in range(11)]
    assert found == pytest.approx([0.005, 0.505, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2, 0])
    assert found[0] > 0  # the first step of a run is no waste
    assert [ramp(p, 0, 0) for p in (0.0, 0.5, 1.0)] == [1, 1, 1]


@given(SHARE, SHARE, st.floats(0.01, 100))
def test_geometric_steps_multiply(a: float, b: float, final: float) -> None:
    middle = (a + b) / 2
    assert geometric(middle, final) ** 2 == pytest.approx(geometric(a, final) * geometric(b, final))
    assert (geometric(0.0, final), geometric(1.0, final)) == pytest.approx((1, final))
    assert geometric(1.5, final) == geometric(1.0, final)
