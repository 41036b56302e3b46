"""Label columns: which the options name, and whether a column holds measurements or classes."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

FEW = 20  # different whole numbers that are still taken for classes; more are measurements
NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*")


def columns_named(text: str | None) -> list[str]:
    """The columns of an option, which separates them by commas."""
    return [column.strip() for column in (text or "").split(",") if column.strip()]


def is_measured(values: Iterable[str]) -> bool:
    """Whether a column holds measurements, not classes: numbers only, of which some have decimals or many differ.

    >>> is_measured(["0", "1", ""]), is_measured(["0.5", "1"]), is_measured(["high", "1.5"])
    (False, True, False)
    """
    different = {value for value in values if value}
    if not different or not all(NUMBER.fullmatch(value) for value in different):
        return False
    return len(different) > FEW or any(float(value) % 1 for value in different)


def measured_range(values: Iterable[str]) -> dict[str, float]:
    """The least, middle and greatest of the values that are there."""
    numbers = [float(value) for value in values if value]
    return {"min": min(numbers), "median": float(np.median(numbers)), "max": max(numbers)}


def some(names: list[str], most: int = 5) -> str:
    """A few names for a message: ``a, b, c and 12 more``."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
