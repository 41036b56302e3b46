"""The verdict: what the numbers must say in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vivogan.domains.base import Score
from vivogan.domains.verdict import advice, grade, verdict
from vivogan.metrics.memorisation import memorisation

COUNTS = {"train": 1000, "selection": 200, "test": 200}


def score(name: str, value: float, floor: float, baseline: float, better: str = "lower") -> Score:
    return Score(name, value, value * 0.9, value * 1.1, floor, baseline, better, 200, "")  # type: ignore[arg-type]


GOOD = [
    score("FD-x", 1.0, 0.5, 4.0),
    score("precision", 0.8, 0.9, 0.6, "higher"),
    score("coverage", 0.8, 0.9, 0.5, "higher"),
    score("TSTR balanced accuracy", 0.85, 0.9, 0.7, "higher"),
]
rng = np.random.default_rng(0)
FRESH = memorisation(*(rng.standard_normal((200, 8)) for _ in range(3)))
ROWS = rng.standard_normal((200, 8))
COPIED = memorisation(ROWS, rng.standard_normal((200, 8)), ROWS + 1e-6)


def worse(name: str, value: float) -> list[Score]:
    return [replace(s, value=value, low=0.9 * value, high=1.1 * value) if s.name == name else s for s in GOOD]


def test_better_than_simple_and_covering_is_good() -> None:
    assert grade(GOOD, FRESH) == "good"
    assert "closer to the real data than the best simple sampler" in verdict(GOOD, [], FRESH)[0]


def test_worse_than_simple_is_not_good() -> None:
    assert grade(worse("FD-x", 5.0), FRESH) == "fair"
    assert "farther from the real data" in verdict(worse("FD-x", 5.0), [], FRESH)[0]


def test_what_cannot_be_told_from_real_data_is_not_called_worse() -> None:
    found = [replace(s, value=0.6, low=0.3, baseline=0.4) if s.name == "FD-x" else s for s in GOOD]
    assert grade(found, FRESH) == "good"
    assert "as close to real data as real data to each other" in verdict(found, [], FRESH)[0]
    assert "and so are those of the best simple sampler" in verdict(found, [], FRESH)[0]
    worse = [replace(s, baseline=4.0) if s.name == "FD-x" else s for s in found]
    assert "simple sampler (" not in verdict(worse, [], FRESH)[0]


def test_a_baseline_inside_the_interval_is_no_difference() -> None:
    found = [replace(s, value=4.2, low=3.0, high=5.0) if s.name == "FD-x" else s for s in GOOD]
    assert "about as close" in verdict(found, [], FRESH)[0]


def test_lost_diversity_is_poor_and_advised() -> None:
    found = worse("coverage", 0.1)
    assert grade(found, FRESH) == "poor"
    assert any("Diversity is missing" in line for line in advice(found, [], FRESH, COUNTS))


def test_copies_are_poor_whatever_the_scores() -> None:
    assert grade(GOOD, COPIED) == "poor"
    assert COPIED.reason in verdict(GOOD, [], COPIED)
    assert any("Do not publish" in line for line in advice(GOOD, [], COPIED, COUNTS))


@pytest.mark.parametrize("floor", [0.5, float("nan")])
def test_the_weakest_class_is_named(floor: float) -> None:
    rows = [
        {"class": "a", "n_real": 50, "frechet": 1.0, "floor": 0.5, "coverage": 0.9, "precision": 0.9},
        {"class": "b", "n_real": 20, "frechet": 9.0, "floor": 0.5, "coverage": 0.2, "precision": 0.9},
        {"class": "c", "n_real": 5, "frechet": 3.0, "floor": floor, "coverage": 0.5, "precision": 0.9},
    ]
    assert any("Weakest class: b" in line for line in verdict(GOOD, rows, FRESH))
    assert any("b, c" in line for line in advice(GOOD, rows, FRESH, COUNTS))


def test_small_test_parts_are_said() -> None:
    few = [replace(s, n=12) for s in GOOD]
    assert any("Judged on 12 records only" in line for line in verdict(few, [], FRESH))
    assert not any("Judged on" in line for line in verdict(GOOD, [], FRESH))
