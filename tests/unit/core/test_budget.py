from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivogan.core.budget import Budget
from vivogan.core.configuration import Settings, read_toml, to_toml
from vivogan.errors import SettingsError

CASES = {
    "90s": (90.0, None),
    "10m": (600.0, None),
    "1.5h": (5400.0, None),
    "1d": (86400.0, None),
    "4000": (None, 4000),
    "200k": (None, 200_000),
    "25M": (None, 25_000_000),
    "0.5k": (None, 500),
}


@pytest.mark.parametrize(("text", "expected"), CASES.items())
def test_times_and_samples(text: str, expected: tuple[float | None, int | None]) -> None:
    budget = Budget.parse(text)
    assert (budget.seconds, budget.samples) == expected
    assert str(budget) == text


@pytest.mark.parametrize("text", ["", "m", "10 minutes", "-1h", "1e3", "0", "0s", "0.2", "٣m", "9" * 400 + "k"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(SettingsError, match="10m"):
        Budget.parse(text)


@given(st.integers(1, 10**15), st.sampled_from(["", "k", "M", "s", "m", "h", "d"]))
def test_exactly_one_measure_and_the_text_comes_back(number: int, unit: str) -> None:
    budget = Budget.parse(f"{number}{unit}")
    assert (budget.seconds is None) != (budget.samples is None)
    assert Budget.parse(str(budget)) == budget


def test_the_same_budget_in_other_words_is_equal() -> None:
    assert Budget.parse("60s") == Budget.parse("1m")
    assert Budget.parse("60s") != Budget.parse("60")


def test_a_budget_is_a_setting(tmp_path: object) -> None:
    from pathlib import Path

    class Plan(Settings):
        budget: Budget = Budget.parse("10m")

    path = Path(str(tmp_path)) / "c.toml"
    path.write_text(to_toml(Plan(budget=Budget.parse("25M"))))
    assert read_toml(path, Plan).budget.samples == 25_000_000
    path.write_text("budget = 4000")
    assert read_toml(path, Plan).budget.samples == 4000
    path.write_text('budget = "soon"')
    with pytest.raises(SettingsError, match=r'budget: expected a time .* got "soon"'):
        read_toml(path, Plan)
    assert Plan.model_json_schema()["properties"]["budget"]["type"] == "string"
