from __future__ import annotations

import json

import pytest

from vivogan.engine.means import Means


def test_a_name_is_averaged_over_the_steps_that_had_it() -> None:
    means = Means()
    for step in range(8):
        means.add({"loss": float(step)} | ({"penalty": 10.0 + step} if step % 4 == 0 else {}))
    assert means.take() == {"loss": 3.5, "penalty": 12.0}
    assert means.take() == {}


@pytest.mark.parametrize("cut", range(5))
def test_an_interruption_changes_no_bit(cut: int) -> None:
    numbers = [{"loss": 0.1}, {"loss": 1 / 3, "penalty": 1e-9}, {"loss": 7e5}, {"loss": -0.3}]
    whole, first, second = Means(), Means(), Means()
    for n in numbers:
        whole.add(n)
    for n in numbers[:cut]:
        first.add(n)
    second.load(json.loads(json.dumps(first.state())))
    for n in numbers[cut:]:
        second.add(n)
    assert second.take() == whole.take()
