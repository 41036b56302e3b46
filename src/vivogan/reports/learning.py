"""What a tool learns from more labels, with and without generated items: the drawing and its sentences."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from vivogan.reports import svg
from vivogan.reports.charts import GUTTER, number
from vivogan.reports.gather import finite
from vivogan.reports.words import Nouns

HEIGHT, TOP, FOOT = 270, 20, 44
STYLES = {True: "first", False: "second"}
IMAGES = Nouns()


def line_name(generated: bool, nouns: Nouns = IMAGES) -> str:
    """What a line of the curve is called."""
    return f"with generated {nouns.many}" if generated else f"{nouns.labelled} {nouns.many} only"


@dataclass(frozen=True)
class Taught:
    """One trained tool: its score, and how many labelled items it had."""

    labels: int
    generated: bool
    value: float
    low: float | None = None
    high: float | None = None


def taught(tree: Mapping[str, Any]) -> list[Taught]:
    """The points of ``evaluation.json``'s curve that carry numbers, by rising number of labels."""
    found = []
    for point in tree.get("points") or []:
        labels, value = finite(point.get("labels")), finite(point.get("value"))
        if labels is not None and value is not None and labels >= 0:
            low, high = finite(point.get("low")), finite(point.get("high"))
            found.append(Taught(int(labels), bool(point.get("generated")), value, low, high))
    return sorted(found, key=lambda p: (p.labels, p.generated))


def curve(points: Sequence[Taught], label: str, nouns: Nouns = IMAGES) -> Markup:
    """Score over labelled items, doublings equally far apart; bars are intervals. Empty for a single point."""
    if len(points) < 2:
        return Markup("")
    numbers = sorted({p.labels for p in points})
    offset = min((n for n in numbers if n > 0), default=1) / 2 if numbers[0] == 0 else 0.0
    first, last = (math.log2(n + offset) for n in (numbers[0], numbers[-1]))
    bottom, ceiling, _ = svg.limits([y for p in points for y in (p.value, p.low, p.high) if y is not None], None, False)

    def across(labels: int) -> float:
        share = (math.log2(labels + offset) - first) / (last - first) if last > first else 0.5
        return GUTTER + 3 + (93 - GUTTER) * share

    def up(y: float) -> float:
        return TOP + (HEIGHT - TOP - FOOT) * (1 - min(1.0, max(0.0, (y - bottom) / (ceiling - bottom))))

    parts: list[Markup] = []
    for level in svg.levels(bottom, ceiling, False):
        parts += [
            svg.line("grid", GUTTER, 100, up(level)),
            svg.text(0, up(level) + 4, f"{level:.6g}".replace("-", "−"), "start"),
        ]
    kept = -100.0
    for n in numbers:
        if across(n) - kept > 7:
            kept = across(n)
            parts.append(svg.text(kept, HEIGHT - FOOT + 18, f"{n:,}", "middle"))
    for generated in (False, True):
        parts += _line([p for p in points if p.generated is generated], across, up, nouns)
    parts.append(svg.text(100, HEIGHT - 4, f"{nouns.labelled} {nouns.many}", "end"))
    return svg.drawing("curves", HEIGHT, label, parts)


def _line(points: Sequence[Taught], across: Any, up: Any, nouns: Nouns) -> list[Markup]:
    parts: list[Markup] = []
    for a, b in itertools.pairwise(points):
        parts.append(
            Markup('<line class="curve {}" x1="{:.2f}%" y1="{:.1f}" x2="{:.2f}%" y2="{:.1f}"/>').format(
                STYLES[a.generated], across(a.labels), up(a.value), across(b.labels), up(b.value)
            )
        )
    for p in points:
        x, style = across(p.labels) + (0.35 if p.generated else -0.35), STYLES[p.generated]
        if p.low is not None and p.high is not None:
            parts.append(svg.tick(f"range {style}", x, round(up(p.high), 1), round(up(p.low), 1)))
        said = f"{p.labels:,} {nouns.labelled}, {line_name(p.generated, nouns)}: {number(p.value)}"
        parts.append(
            Markup('<g><title>{}</title><circle class="taught {}" cx="{:.2f}%" cy="{:.1f}" r="4.5"/></g>').format(
                said, style, across(p.labels), up(p.value)
            )
        )
    return parts


def said(points: Sequence[Taught], name: str, better: str, nouns: Nouns = IMAGES) -> str:
    """What generated items were worth where the fewest were labelled; empty where both were not measured."""
    alone = {p.labels: p for p in points if not p.generated}
    both = [p for p in points if p.generated and p.labels in alone]
    if not both:
        return ""
    sign = -1.0 if better == "lower" else 1.0
    mixed = both[0]
    plain = alone[mixed.labels]
    one = nouns.one if mixed.labels == 1 else nouns.many
    start = (
        f"{name} with {mixed.labels:,} {nouns.labelled} {one}: {number(mixed.value)} with generated ones beside them, "
        f"{number(plain.value)} without"
    )
    gain = sign * (mixed.value - plain.value)
    if _overlap(mixed, plain):
        return f"{start}. No clear difference."
    if gain <= 0:
        return f"{start}. They did not help."
    needed = _needed([alone[n] for n in sorted(alone) if n >= mixed.labels], mixed.value, sign)
    if needed is None:
        return f"{start}. No number of {nouns.labelled} {nouns.many} that was tried reaches that alone."
    return f"{start}. {nouns.labels.capitalize()} alone take about {needed:,} {nouns.many} to reach that."


def _overlap(a: Taught, b: Taught) -> bool:
    if a.low is None or a.high is None or b.low is None or b.high is None:
        return False
    return a.low <= b.high and b.low <= a.high


def _needed(points: Sequence[Taught], value: float, sign: float) -> int | None:
    """Labelled items at which the line through ``points`` first reaches ``value``, read off between doublings."""
    for a, b in itertools.pairwise(points):
        if sign * (b.value - value) >= 0 and b.value != a.value:
            share = (value - a.value) / (b.value - a.value)
            low, high = math.log2(a.labels + 1), math.log2(b.labels + 1)
            return max(1, round(2 ** (low + share * (high - low)) - 1))
    return None
