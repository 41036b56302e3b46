"""Small SVG drawings that scale with the page and take their colours from it.

Horizontal places are percentages and text is never stretched, so the same drawing serves 360 and 1400 pixels; curves
stand in a nested ``<svg>`` without aspect ratio. Colours are classes of report.css: dark and print need no second one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from vivogan.reports import svg

Point = tuple[float, float | None]
GUTTER = 11.0  # per cent of a chart's width, for the numbers of its vertical axis


@dataclass(frozen=True)
class Line:
    """One curve: ``points`` are (x, y) in the order of training, ``None`` where nothing was measured."""

    name: str
    style: str  # "first" or "second"
    points: Sequence[Point]


def number(value: float | None, digits: int | None = None) -> str:
    """A number for people: three significant digits, thousands apart, never rounded to nothing."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    own = digits is None
    if digits is None:
        digits = decimals(value)
    if round(value, digits) == 0 or (own and abs(value) < 1e-3):
        return f"{value:.2g}".replace("-", "−")
    return f"{value:,.{digits}f}".replace("-", "−")


def amount(value: float | None) -> str:
    """A number for people, without decimals where it is whole: 84 objects, not 84.0."""
    if value is not None and math.isfinite(value) and value == round(value):
        return f"{value:,.0f}".replace("-", "−")
    return number(value)


def decimals(value: float) -> int:
    """Decimals that leave three significant digits of ``value``."""
    if value == 0 or not math.isfinite(value):
        return 2
    return min(6, max(0, 2 - math.floor(math.log10(abs(value)))))


def short(value: float) -> str:
    """Samples on an axis: 120k, 1.2M."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if abs(value) >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:g}"


def strip(
    value: float | None,
    low: float | None,
    high: float | None,
    floor: float | None,
    baseline: float | None,
    better: str,
    label: str,
    marks: tuple[str, str] = ("real vs real", "baseline"),
) -> Markup:
    """Value with interval between baseline and floor on one axis; whatever the score, right is better.

    ``marks`` name floor and baseline on the drawing.
    """
    known = [x for x in (value, low, high, floor, baseline) if x is not None]
    if value is None or not known:
        return Markup("")
    least, most = min(known), max(known)
    room = (most - least) or abs(most) or 1.0

    def place(x: float) -> float:
        share = (x - least) / room if most > least else 0.5
        return 4 + 92 * (1 - share if better == "lower" else share)

    digits = decimals(value)
    parts = [svg.line("axis", 0, 100, 30)]
    if floor is not None and baseline is not None:
        parts.append(svg.line("room", place(baseline), place(floor), 30))
    if baseline is not None:
        parts += [
            svg.tick("tick", place(baseline), 23, 37),
            svg.text(place(baseline), 55, f"{marks[1]} {number(baseline, _kept(baseline, digits))}"),
        ]
    if floor is not None:
        parts += [
            svg.tick("tick", place(floor), 23, 37),
            svg.text(place(floor), 14, f"{marks[0]} {number(floor, _kept(floor, digits))}"),
        ]
    if low is not None and high is not None:
        parts.append(svg.line("interval", place(low), place(high), 30))
    parts.append(Markup('<circle class="value" cx="{:.2f}%" cy="30" r="6"/>').format(place(value)))
    return svg.drawing("strip", 62, label, parts)


def _kept(value: float, digits: int) -> int:
    """``digits``, unless they would round the value by more than a twentieth."""
    return digits if abs(round(value, digits) - value) <= 0.05 * abs(value) else decimals(value)


def halves(
    train: float | None,
    held_out: float | None = None,
    low: float | None = None,
    high: float | None = None,
    label: str = "",
) -> Markup:
    """A share between 0 and 1 with the ideal of one half marked: on training data filled, on held-out data hollow."""

    def place(share: float) -> float:
        return 4 + 92 * min(1.0, max(0.0, share))

    parts = [svg.line("axis", 4, 96, 30), svg.tick("tick", 50, 20, 40)]
    parts += [svg.text(place(x), 55, f"{x:g}", "middle") for x in (0.0, 0.5, 1.0)]
    if low is not None and high is not None:
        parts.append(svg.line("interval", place(low), place(high), 30))
    for style, value in (("value hollow", held_out), ("value", train)):
        if value is not None:
            parts.append(Markup('<circle class="{}" cx="{:.2f}%" cy="30" r="6"/>').format(style, place(value)))
    return svg.drawing("strip", 62, label, parts)


def bar(share: float | None) -> Markup:
    """A share of one as a thin bar beside its number in a table."""
    if share is None:
        return Markup("")
    width = 100 * min(1.0, max(0.0, share))
    return Markup(
        '<svg class="bar" aria-hidden="true" focusable="false"><rect class="track" width="100%" height="4"/>'
        '<rect class="fill" width="{:.1f}%" height="4"/></svg>'
    ).format(width)


def curves(lines: Sequence[Line], label: str, best: float | None = None, events: Sequence[float] = ()) -> Markup:
    """Curves over samples shown; ``best`` is ringed on the first line, ``events`` are numbered verticals."""
    known = [(x, y) for line in lines for x, y in line.points if y is not None]
    if len(known) < 2:
        return Markup("")
    height, top, foot = 190, 22, 24
    right = max(max(x for x, _ in known), 1.0)
    marked = _at(lines[0].points, best) if best is not None else None
    bottom, ceiling, logarithmic = svg.limits([y for _, y in known], None if marked is None else marked[1])
    warp = math.log10 if logarithmic else float

    def across(x: float) -> float:
        return GUTTER + (99 - GUTTER) * min(1.0, max(0.0, x / right))

    def up(y: float) -> float:
        share = (warp(max(y, bottom)) - warp(bottom)) / (warp(ceiling) - warp(bottom))
        return top + (height - top - foot) * (1 - min(1.0, max(0.0, share)))

    parts: list[Markup] = []
    for level in svg.levels(bottom, ceiling, logarithmic):
        parts += [
            svg.line("grid", GUTTER, 100, up(level)),
            svg.text(0, up(level) + 4, f"{level:.6g}".replace("-", "−"), "start"),
        ]
    for index, x in enumerate(events, 1):
        parts += [
            svg.tick("event", across(x), top, height - foot),
            svg.text(across(x), 13, str(index), "middle", "event-number"),
        ]
    parts.append(
        Markup('<svg y="0" width="100%" height="{0}" viewBox="0 0 100 {0}" preserveAspectRatio="none">').format(height)
    )
    for line in reversed(lines):
        path = _path([(across(x), None if y is None else up(y)) for x, y in line.points])
        parts.append(Markup('<path class="curve {}" d="{}"/>').format(line.style, path))
    parts.append(Markup("</svg>"))
    if marked is not None and marked[1] is not None:
        parts.append(
            Markup('<circle class="best" cx="{:.2f}%" cy="{:.1f}" r="5.5"/>').format(across(marked[0]), up(marked[1]))
        )
    for x in (0.0, right / 2, right):
        parts.append(
            svg.text(across(x), height - 6, short(x), "start" if x == 0 else "end" if x == right else "middle")
        )
    return svg.drawing("curves", height, label, parts)


def _at(points: Sequence[Point], x: float) -> Point | None:
    return min((p for p in points if p[1] is not None), key=lambda p: abs(p[0] - x), default=None)


def _path(points: Sequence[Point], most: int = 400) -> str:
    """The ``d`` of a curve; a gap or a step back in samples (a rollback) lifts the pen."""
    stride = max(1, len(points) // most)
    words: list[str] = []
    previous: Point | None = None
    for x, y in points[::stride]:
        if y is None:
            previous = None
            continue
        pen = "M" if previous is None or x < previous[0] else "L"
        words.append(f"{pen}{x:.2f} {y:.1f}")
        previous = (x, y)
    return "".join(words)
