"""Found against true, item by item: scatters with intervals for numbers, a heat table for classes, the worst ten."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from vivogan.reports import svg
from vivogan.reports.charts import amount
from vivogan.reports.gather import finite
from vivogan.reports.words import Nouns

HEIGHT, TOP, FOOT, GUTTER = 380, 24, 44, 11.0  # pixels, and per cent of the width for the numbers on the left
MOST = 1500  # points in one scatter
STEPS = [f * 10**d for d in range(7) for f in (1, 2, 5)]
WORST = 10
COUNTS = Nouns()
Share = Callable[[float], float]


@dataclass(frozen=True)
class Found:
    """What was found in one image or predicted of one sequence, with the truth; ``low`` and ``high`` may be missing."""

    name: str
    truth: float
    found: float
    low: float | None = None
    high: float | None = None

    @property
    def outside(self) -> bool:
        """Whether the interval misses the truth."""
        return self.low is not None and self.high is not None and not self.low <= self.truth <= self.high


def judged(items: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The test items; all, where none is called one."""
    return [row for row in items if row.get("part") in {"test", None, ""}] or list(items)


def numbers(items: Sequence[Mapping[str, Any]]) -> dict[str, list[Found]]:
    """The items with numbers for truth and for what was found, by class (one, "", where rows name none)."""
    by_class: dict[str, list[Found]] = {}
    for row in judged(items):
        truth, found = finite(row.get("truth")), finite(row.get("found"))
        if truth is not None and found is not None:
            point = Found(str(row.get("id", "")), truth, found, finite(row.get("low")), finite(row.get("high")))
            by_class.setdefault(str(row.get("class") or ""), []).append(point)
    return by_class


def scatter(points: Sequence[Found], label: str, nouns: Nouns = COUNTS) -> Markup:
    """Found over true, both axes alike, with the line on which they agree.

    Counts begin at zero, and have square roots where they are far apart; measured values may be negative.
    """
    if not points:
        return Markup("")
    shown = points[:: max(1, len(points) // MOST)]
    marks, share = _counts(shown) if nouns == COUNTS else _values(shown)

    def across(x: float) -> float:
        return GUTTER + (99 - GUTTER) * share(x)

    def up(y: float) -> float:
        return TOP + (HEIGHT - TOP - FOOT) * (1 - share(y))

    parts: list[Markup] = []
    for mark in marks:
        parts += [
            svg.line("grid", GUTTER, 100, up(mark)),
            svg.text(0, up(mark) + 4, f"{mark:,g}".replace("-", "−"), "start"),
            svg.text(across(mark), HEIGHT - FOOT + 17, f"{mark:,g}".replace("-", "−"), "middle"),
        ]
    parts.append(
        Markup('<line class="same" x1="{:.2f}%" y1="{:.1f}" x2="{:.2f}%" y2="{:.1f}"/>').format(
            GUTTER, HEIGHT - FOOT, 99, TOP
        )
    )
    for p in sorted(shown, key=lambda p: p.outside):  # the missed ones above the others
        parts.append(_point(p, across(p.truth), up, nouns))
    parts += [svg.text(0, 12, nouns.found, "start"), svg.text(100, HEIGHT - 4, nouns.labelled, "end")]
    return svg.drawing("scatter", HEIGHT, label, parts)


def _counts(shown: Sequence[Found]) -> tuple[list[float], Share]:
    """Marks of an axis that begins at zero, and where a number lies on it, 0…1."""
    values = sorted(x for p in shown for x in (p.truth, p.found))
    most = max(max(values), *(p.high or 0.0 for p in shown), 1.0) * 1.04
    warp = math.sqrt if values[len(values) // 2] < most / 12 else float

    def share(x: float) -> float:
        return warp(max(0.0, x)) / warp(most)

    return _marks(most, share), share


def _values(shown: Sequence[Found]) -> tuple[list[float], Share]:
    """Marks of an axis over all measured and predicted values, and where a number lies on it, 0…1."""
    low, high, _ = svg.limits([x for p in shown for x in (p.truth, p.found)], None, False)

    def share(x: float) -> float:
        return min(1.0, max(0.0, (x - low) / (high - low)))

    return svg.levels(low, high, False), share


def _point(p: Found, x: float, up: Any, nouns: Nouns) -> Markup:
    style = " outside" if p.outside else ""
    said = f"{p.name}: {amount(p.truth)} {nouns.labelled}, {amount(p.found)} {nouns.found}"
    bar = Markup("")
    if p.low is not None and p.high is not None:
        said += f" ({amount(p.low)} to {amount(p.high)})"
        bar = svg.tick(f"range{style}", x, round(up(p.high), 1), round(up(p.low), 1))
    dot = Markup('<circle class="dot{}" cx="{:.2f}%" cy="{:.1f}" r="4"/>').format(style, x, up(p.found))
    return Markup("<g><title>{}</title>{}{}</g>").format(said, bar, dot)


def _marks(most: float, share: Any) -> list[float]:
    """Round numbers along an axis that do not run into each other, zero first."""
    step = next((s for s in STEPS if most / s <= 6), STEPS[-1])
    even = [float(k * step) for k in range(int(most / step) + 1)]
    if share(most / 4) < 0.3:  # equal steps
        return even
    kept = [0.0]
    for mark in [float(s) for s in STEPS if s <= most]:
        if share(mark) - share(kept[-1]) > 0.11:
            kept.append(mark)
    return kept


def holds(points: Sequence[Found], level: float, nouns: Nouns = COUNTS) -> str:
    """How many intervals hold the truth, and how many should; empty where there are none."""
    drawn = [p for p in points if p.low is not None and p.high is not None]
    if not drawn:
        return ""
    held = sum(not p.outside for p in drawn)
    return (
        f"The interval holds the {nouns.labelled} number in {held} of {nouns.some(len(drawn))}; "
        f"it is made to hold in about {100 * level:.0f} %."
    )


def confusion(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The matrix with shares of each row, ready for a table; empty where it is missing or not square."""
    names, matrix = [str(name) for name in tree.get("names") or []], tree.get("matrix") or []
    if not names or len(matrix) != len(names) or any(len(row) != len(names) for row in matrix):
        return {}
    rows, mistakes = [], []
    for i, line in enumerate(matrix):
        counts = [finite(value) or 0.0 for value in line]
        total = sum(counts)
        cells = []
        for j, n in enumerate(counts):
            share = n / total if total else 0.0
            said = f"{names[i]} taken for {names[j]}: {n:,.0f} of {total:,.0f}"
            text = "" if not n else "<1" if share < 0.005 else f"{100 * share:.0f}"
            shade = math.sqrt(share if i == j else min(1.0, 2 * share))  # a mistake stands out sooner
            cells.append({"text": text, "right": i == j, "said": said, "shade": round(shade, 2)})
            if i != j and n:
                mistakes.append((n, share, said))
        rows.append({"name": names[i], "n": total, "cells": cells})
    mistakes.sort(reverse=True)
    return {"names": names, "rows": rows, "mistakes": [said for _, _, said in mistakes[:3]]}


def worst(items: Sequence[Mapping[str, Any]], what: str) -> list[dict[str, Any]]:
    """The ten items that went most wrong, with the columns that the tool filled.

    Args:
        what: the tool finds "numbers" (the furthest from the truth are shown), "classes" (only wrong ones, the surest
            first), or something else (the lowest scores).
    """
    rows = judged(items)
    if what == "classes":
        rows = [row for row in rows if row.get("truth") != row.get("found")]

    def gravity(row: Mapping[str, Any]) -> float:
        score, truth, found = (finite(row.get(key)) for key in ("score", "truth", "found"))
        if what == "numbers":
            return abs(found - truth) if truth is not None and found is not None else -1.0
        if score is None:
            return -math.inf
        return score if what == "classes" else -score

    return [{**row, "interval": _interval(row)} for row in sorted(rows, key=gravity, reverse=True)[:WORST]]


def _interval(row: Mapping[str, Any]) -> str:
    low, high = finite(row.get("low")), finite(row.get("high"))
    return f"{amount(low)} to {amount(high)}" if low is not None and high is not None else ""
