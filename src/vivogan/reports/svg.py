"""What every drawing is put together from: lines, ticks and words on an ``<svg>`` that is as wide as its column.

Horizontal places are percentages and text is never stretched, so the same drawing serves 360 and 1400 pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup


def drawing(style: str, height: int, label: str, parts: Sequence[Markup]) -> Markup:
    """The whole drawing; ``label`` says what it shows to those who cannot see it."""
    opening = Markup('<svg class="{}" role="img" aria-label="{}" width="100%" height="{}">').format(
        style, label, height
    )
    return opening + Markup("").join(parts) + Markup("</svg>")


def line(style: str, start: float, end: float, y: float) -> Markup:
    """A horizontal line."""
    start, end = min(start, end), max(start, end)
    return Markup('<line class="{}" x1="{:.2f}%" x2="{:.2f}%" y1="{y:.1f}" y2="{y:.1f}"/>').format(
        style, start, end, y=y
    )


def tick(style: str, x: float, above: float, below: float) -> Markup:
    """A vertical line."""
    return Markup('<line class="{}" x1="{x:.2f}%" x2="{x:.2f}%" y1="{:g}" y2="{:g}"/>').format(style, above, below, x=x)


def text(x: float, y: float, said: str, anchor: str = "", style: str = "label") -> Markup:
    """Text that stays on the page: near an edge it grows inwards, from the edge itself."""
    if not anchor:
        anchor = "start" if x < 20 else "end" if x > 80 else "middle"
        x = 0.0 if x < 8 else 100.0 if x > 92 else x
    return Markup('<text class="{}" x="{:.2f}%" y="{:.1f}" text-anchor="{}">{}</text>').format(
        style, x, y, anchor, said
    )


def limits(values: list[float], always: float | None, logarithms: bool = True) -> tuple[float, float, bool]:
    """Axis limits that a few wild ticks cannot spoil; logarithmic when all is positive and spans over 25-fold."""
    ordered = sorted(values)
    low, high = ordered[int(0.01 * len(ordered))], ordered[math.ceil(0.99 * len(ordered)) - 1]
    if always is not None:
        low, high = min(low, always), max(high, always)
    if logarithms and low > 0 and high / low > 25:
        return low / 1.2, high * 1.2, True
    if low >= 0 and low < 0.5 * high:
        low = 0.0
    if high == low:
        return low - 0.5, high + 0.5, False
    return low - (0.04 * (high - low) if low else 0), high + 0.06 * (high - low), False


def levels(low: float, high: float, logarithmic: bool) -> list[float]:
    """Round numbers for grid lines, three to five of them."""
    if logarithmic:
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        factors = (1, 3) if len(decades) <= 3 else (1,)
        return [f * 10.0**d for d in decades for f in factors if low <= f * 10.0**d <= high]
    rough = (high - low) / 3
    size = 10 ** math.floor(math.log10(rough))
    step = min((m * size for m in (1, 2, 5, 10)), key=lambda s: abs(s - rough))
    return [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]
