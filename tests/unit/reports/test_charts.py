"""The drawings: places, gaps, wild values, words."""

from __future__ import annotations

import re

import pytest

from vivogan.reports.charts import Line, bar, curves, halves, number, short, strip


def place(svg: str, style: str, attribute: str = "cx") -> float:
    found = re.search(rf'class="{style}"[^>]*? {attribute}="([\d.]+)%"', svg)
    assert found is not None
    return float(found[1])


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0"),
        (12310.4, "12,310"),
        (21.44, "21.4"),
        (0.8341, "0.834"),
        (-0.5, "−0.500"),
        (0.0009, "0.0009"),
        (2.4e-9, "2.4e−09"),
        (None, "–"),
    ],
)
def test_numbers_for_people(value: float | None, said: str) -> None:
    assert number(value) == said


def test_a_small_number_is_never_rounded_to_nothing() -> None:
    assert number(0.0004, digits=1) == "0.0004"


def test_samples_on_an_axis() -> None:
    assert [short(x) for x in (0.0, 800.0, 96_000.0, 1_200_000.0)] == ["0", "800", "96k", "1.2M"]


@pytest.mark.parametrize("better", ["lower", "higher"])
def test_right_is_better(better: str) -> None:
    good, bad = (1.0, 9.0) if better == "lower" else (9.0, 1.0)
    near = place(strip(good, None, None, good, bad, better, "x"), "value")
    far = place(strip(bad, None, None, good, bad, better, "x"), "value")
    assert near == pytest.approx(96)
    assert far == pytest.approx(4)


@pytest.mark.parametrize("known", [(1.0, 1.0), (None, None), (0.0, None)])
def test_strip_of_one_point_stays_on_the_axis(known: tuple[float | None, float | None]) -> None:
    svg = strip(1.0, None, None, *known, "higher", "x")
    assert 0 <= place(svg, "value") <= 100
    assert "nan" not in svg


def test_halves_keep_to_the_scale() -> None:
    svg = halves(1.4, -0.2, label="both")
    assert place(svg, "value") == 96
    assert place(svg, "value hollow") == 4


def test_bar_is_cut_at_one() -> None:
    assert 'width="100.0%"' in bar(1.7)
    assert bar(None) == ""


def test_curve_lifts_the_pen_at_gaps_and_rollbacks() -> None:
    points = [(0.0, 1.0), (1.0, None), (2.0, 1.0), (3.0, 2.0), (2.0, 1.5), (4.0, 1.0)]
    path = re.search(r' d="([^"]*)"', curves([Line("loss", "first", points)], "loss"))
    assert path is not None
    assert path[1].count("M") == 3
    assert path[1].count("L") == 2


def test_one_wild_tick_does_not_flatten_the_rest() -> None:
    points = [(float(x), 1.0 + x % 2) for x in range(200)]
    points[100] = (100.0, 1e6)
    svg = curves([Line("loss", "first", points)], "loss")
    assert ">2</text>" in svg
    assert "1000000" not in svg
    assert all(0 <= float(y) <= 190 for y in re.findall(r"[ML][\d.]+ (-?[\d.]+)", svg))


@pytest.mark.parametrize("values", [[1.0, 1.0], [0.0, 0.0], [1e-3, 1e3], [-5.0, 3.0], [1e-12, 2e-12]])
def test_any_range_is_drawn(values: list[float]) -> None:
    svg = curves([Line("score", "first", list(enumerate(values)))], "score", best=1.0, events=[0.5])
    assert "nan" not in svg
    assert 'class="best"' in svg
    assert 'class="event"' in svg


def test_labels_are_escaped() -> None:
    assert "<b>" not in strip(1.0, None, None, 0.0, 2.0, "lower", '"><b>')


def test_too_little_to_draw() -> None:
    assert curves([Line("loss", "first", [(1.0, 2.0), (2.0, None)])], "loss") == ""
