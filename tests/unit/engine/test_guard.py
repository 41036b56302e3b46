from __future__ import annotations

import json
from typing import Any

import pytest

from vivogan.engine.guard import Guard

HEALTHY = {"diversity": 0.9, "coverage": 0.8, "signal": 0.1}


def verdicts(ticks: list[dict[str, float]], start: float = 0.2) -> list[str | None]:
    guard = Guard()
    return [guard.after_tick(HEALTHY | tick, start + 0.01 * i) for i, tick in enumerate(ticks)]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_none_is_named_at_once(value: float) -> None:
    reason = Guard().after_step({"loss_generator": 1.0, "real_logit": value, "penalty": value})
    assert reason is not None
    assert "real_logit" in reason
    assert "penalty" in reason
    assert "loss_generator" not in reason


def test_finite_numbers_are_fine_however_large() -> None:
    assert Guard().after_step({"loss_discriminator": 1e30, "fake_logit": -1e30}) is None


@pytest.mark.parametrize(
    ("tick", "words"),
    [
        ({"diversity": 0.1}, "mode collapse: generated samples spread 10% as widely"),
        ({"coverage": 0.05}, "mode collapse: coverage of held-out samples fell from 0.80 to 0.05"),
        ({"signal": 0.0}, "dead discriminator"),
    ],
)
def test_two_looks_in_a_row_make_a_reason(tick: dict[str, float], words: str) -> None:
    found = verdicts([{}, tick, {}, tick, tick])
    assert found[:4] == [None] * 4
    assert found[4] is not None
    assert words in found[4]


def test_a_young_run_may_look_collapsed() -> None:
    guard = Guard()
    for progress in (0.0, 0.05, 0.10, 0.14):
        assert guard.after_tick(HEALTHY | {"diversity": 0.01}, progress) is None
    assert guard.suspicions == 0


def test_so_may_one_of_few_steps() -> None:
    guard = Guard()
    found = [guard.after_tick(HEALTHY | {"diversity": 0.01}, 0.5, steps) for steps in (100, 200, 299, 300, 400)]
    assert [reason is None for reason in found] == [True, True, True, True, False]


def test_a_coverage_that_never_rose_cannot_fall() -> None:
    assert verdicts([{"coverage": 0.09}, {"coverage": 0.0}, {"coverage": 0.0}, {"coverage": 0.0}]) == [None] * 4


def test_a_steady_run_is_left_alone() -> None:
    assert verdicts([{"coverage": c} for c in (0.3, 0.8, 0.4, 0.25, 0.21, 0.7)]) == [None] * 6


def test_a_tick_without_scores_is_no_collapse() -> None:
    guard = Guard()
    assert [guard.after_tick({"loss_generator": 1.0}, 0.5) for _ in range(3)] == [None] * 3


def test_its_state_carries_everything() -> None:
    ticks: list[dict[str, Any]] = [{}, {"coverage": 0.01}, {"coverage": 0.01}]
    for cut in range(4):
        first, second = Guard(), Guard()
        found = [first.after_tick(HEALTHY | tick, 0.5) for tick in ticks[:cut]]
        second.load(json.loads(json.dumps(first.state())))
        found += [second.after_tick(HEALTHY | tick, 0.5) for tick in ticks[cut:]]
        assert [reason is None for reason in found] == [True, True, False]
