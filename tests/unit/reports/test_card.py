"""The model card."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from vivogan.reports import build
from vivogan.reports.card import plain


def card(run_path: Path) -> str:
    build(run_path)
    return (run_path / "card.md").read_text(encoding="utf-8")


def test_says_grade_scores_limits_and_seed(run_path: Path) -> None:
    text = card(run_path)
    assert text.startswith("# Blood cells, eight types\n")
    assert "**Grade: good.**" in text
    assert "| Fréchet distance | 21.4 | 19.9 to 23.2 | 8.60 | 96.0 | lower |" in text
    assert "weakest class is immature granulocyte" in text
    assert "Seed 7." in text
    assert "train: 11,959" in text


def test_before_evaluation(run_path: Path) -> None:
    (run_path / "evaluation.json").unlink()
    text = card(run_path)
    assert "vivogan images evaluate" in text
    assert "Not checked." in text


def test_user_text_cannot_break_the_table(run_path: Path, change: Callable[..., Path]) -> None:
    row = {"name": "a|b\n<i>", "value": 1.0, "better": "lower"}
    text = card(change("evaluation.json", scores=[row]))
    assert "| A\\|b &lt;i&gt; |" in text
    assert plain("*_`") == "\\*\\_\\`"
