from __future__ import annotations

import json

import pytest

from vivogan.engine.augment import AugmentationController


def controller(p: float = 0.5, adaptive: bool = True) -> AugmentationController:
    return AugmentationController(p, target=0.6, samples=1000, adaptive=adaptive)


def test_a_lead_above_the_target_turns_it_up_by_batches_shown() -> None:
    one = controller()
    for _ in range(4):
        one.watch(0.9, 10)
    assert one.p == pytest.approx(0.5 + 40 / 1000)
    for _ in range(8):
        one.watch(0.1, 10)
    assert one.p == pytest.approx(0.5 - 40 / 1000)


def test_it_moves_at_every_fourth_batch_by_the_mean_of_four() -> None:
    one = controller()
    for lead in (1.0, 1.0, -1.0):
        one.watch(lead, 10)
        assert one.p == 0.5
    one.watch(1.0, 10)  # the mean is 0.5, below the target although three of four are above
    assert one.p < 0.5


@pytest.mark.parametrize(("lead", "end"), [(1.0, 1.0), (-1.0, 0.0)])
def test_it_goes_from_end_to_end_in_the_samples_given_and_stays_there(lead: float, end: float) -> None:
    one = controller(p=1 - end)
    shown = 0
    while one.p != end:
        one.watch(lead, 10)
        shown += 10
        assert 0 <= one.p <= 1
    assert shown == pytest.approx(1000, abs=40)
    for _ in range(12):
        one.watch(lead, 10)
    assert one.p == end


def test_a_fixed_one_stays() -> None:
    one = controller(adaptive=False)
    for _ in range(20):
        one.watch(1.0, 64)
    assert one.p == 0.5


@pytest.mark.parametrize("cut", range(9))
def test_its_state_carries_everything(cut: int) -> None:
    leads = [0.9, 0.7, 0.3, 0.8, 0.2, 0.65, 0.61, 0.9, 0.5]
    whole, first, second = controller(), controller(), controller(p=0.0)
    for lead in leads:
        whole.watch(lead, 7)
    for lead in leads[:cut]:
        first.watch(lead, 7)
    second.load(json.loads(json.dumps(first.state())))
    for lead in leads[cut:]:
        second.watch(lead, 7)
    assert second.state() == whole.state()
