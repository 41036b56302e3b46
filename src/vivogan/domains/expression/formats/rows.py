"""The cells of a text table row by row."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass

from vivogan.domains.source import Source
from vivogan.errors import InputError

SEPARATORS = ("\t", ",", ";", " ")


@dataclass(frozen=True)
class Row:
    """One row; ``number`` counts the lines of the file from 1."""

    number: int
    cells: list[str]


def separator_of(lines: list[str]) -> str:
    """What separates the cells of a table, by its first lines: what occurs most, and in all."""
    return max(SEPARATORS, key=lambda one: min(line.count(one) for line in lines[:5]))


def rows_of(source: Source) -> tuple[list[str], Iterator[Row]]:
    """The header and the rows. Tables that R writes without a name above the row names get an empty one.

    Raises ``InputError`` where there is no header with rows below.
    """
    separator = separator_of([line for line in source.head().split("\n")[:6] if line.strip()][:5] or [""])
    lines = ((number, line) for number, line in enumerate(source.lines(), 1) if line.strip())
    rows = (Row(number, cells_of(line, separator)) for number, line in lines)
    header, first = next(rows, None), next(rows, None)
    if header is None or first is None:
        raise InputError(source.path, "has no rows below its header", mend="Give a table of cells and genes")
    names = ["", *header.cells] if len(first.cells) == len(header.cells) + 1 else header.cells
    return names, chained(first, rows)


def chained(first: Row, rest: Iterator[Row]) -> Iterator[Row]:
    yield first
    yield from rest


def cells_of(line: str, separator: str) -> list[str]:
    if '"' in line:
        try:
            return [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])]
        except csv.Error:
            pass
    return [cell.strip() for cell in (line.split() if separator == " " else line.split(separator))]


def number(word: str) -> float | None:
    """The number that a cell says; None where it says none."""
    try:
        return float(word)
    except ValueError:
        return None
