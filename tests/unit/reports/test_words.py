"""Plain words: where a score stands, which class is weakest, what the guard did."""

from __future__ import annotations

from typing import Any

import pytest

from vivogan.reports import memorisation
from vivogan.reports.words import event_words, score_words, standing, strip_label, weakest


def score(value: float | None, **fields: Any) -> dict[str, Any]:
    return {"value": value, "low": None, "high": None, "floor": 1.0, "baseline": 11.0, "better": "lower"} | fields


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (score(3.0), "80 % of the way"),
        (score(0.9), "As close as real samples"),
        (score(1.5, low=0.8, high=2.0), "As close as real samples"),
        (score(12.0), "Worse than the simple baseline"),
        (score(10.0, low=9.0, high=11.5), "No clear difference"),
        (score(3.0, floor=1.0, baseline=1.01), "cannot tell them apart"),
        (score(3.0, floor=None), "Better than the baseline"),
        (score(3.0, baseline=None), "No simple sampler"),
        (score(0.7, floor=0.9, baseline=0.5, better="higher"), "50 % of the way"),
        (score(None), "Not measured"),
    ],
)
def test_standing(row: dict[str, Any], said: str) -> None:
    assert said in standing(row)


def test_known_scores_have_titles_and_the_note_stays() -> None:
    assert score_words("frechet")[0] == "Fréchet distance"
    assert "real" in score_words("frechet")[1]
    assert score_words("two_sample_forest")[0] == "Two sample forest"
    assert score_words("FD-bloodcnn", "closeness") == ("FD-bloodcnn", "Closeness.")
    assert score_words("tail_length", "in µm") == ("Tail length", "In µm.")


def test_label_says_everything_the_strip_shows() -> None:
    words = strip_label("Recall", score(0.8, low=0.7, high=0.9, floor=0.95, baseline=None, better="higher"))
    assert all(
        part in words for part in ("0.800", "0.700 to 0.900", "0.950", "baseline not measured", "higher is better")
    )


def test_weakest_is_measured_above_its_floor() -> None:
    rows = [{"frechet": 30.0, "floor": 25.0}, {"frechet": 20.0, "floor": 5.0}]
    assert weakest(rows) == 1
    assert weakest([{"coverage": 0.4}, {"coverage": 0.9}]) == 0
    assert weakest([{"coverage": 0.4}]) is None
    assert weakest([{"coverage": 0.4}, {"coverage": 0.4}]) is None


def test_guard_events_say_cause_and_action() -> None:
    said = event_words({"event": "rollback", "reason": "non-finite penalty"})
    assert "overflowed" in said
    assert "last good checkpoint" in said
    assert event_words({"event": "surprise"})


def test_nothing_measured_nothing_said() -> None:
    assert memorisation.findings({}) == []
    assert memorisation.verdict({}) == ""


def test_scores_of_sequences_have_a_meaning_without_a_note() -> None:
    for name in ("JSD 6-mers", "CNN AUC", "nearest identity, max", "pair couplings r", "GC W1", "TATAAA at its peak"):
        title, meaning = score_words(name)
        assert title == name[:1].upper() + name[1:]
        assert meaning.endswith(".")
