"""How a text of rows is laid out: what separates its cells, and whether its first line names the columns."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

from vivogan.domains.molecules.formats.rows import SMILES_NAMES, is_attempt, is_structure, known

BLANKS = " "  # cells separated by runs of white space
SEPARATORS = ("\t", ",", ";", "|", BLANKS)
BETWEEN = re.compile(r"[\t,;| ]+")
LOOKED_AT = 50  # lines
MOSTLY = 0.5  # the share of structures among the cells of a column that holds them


@dataclass(frozen=True)
class Layout:
    """``names`` of the columns, what separates the cells of a row, and whether the first line is the ``header``.

    Without names the text is SMILES lines, whose separators do not matter.
    """

    names: list[str]
    separator: str = BLANKS
    header: bool = True


def cells(line: str, separator: str, width: int = 0) -> list[str]:
    """The cells of a line. Of ``width`` two, separated by blanks, the second takes the rest of the line."""
    if separator == BLANKS:
        return line.split(None, 1) if width == 2 else line.split()
    try:
        found = next(csv.reader([line], delimiter=separator, skipinitialspace=separator != "\t"), [])
    except csv.Error:
        found = line.split(separator)
    return [cell.strip() for cell in found]


def layout(lines: Sequence[str], is_table: bool) -> Layout:
    """The layout of a text by its first lines, blank ones and comments left out; ``is_table``: its name says so."""
    first, rest = lines[0], lines[1:LOOKED_AT]
    body = rest or [first]
    if names_structures(first):
        return with_header(first, rest)
    if sum(is_structure(first_cell(line)) for line in body) >= MOSTLY * len(body):
        return Layout([]) if is_attempt(first_cell(first)) else with_header(first, rest)
    separator = max(SEPARATORS, key=lambda one: agreement(body, one, len(cells(first, one))))
    head = cells(first, separator)
    rows = [row for line in body if len(row := cells(line, separator, len(head))) == len(head) > 1]
    shares = [sum(is_structure(row[i]) for row in rows) / max(1, len(rows)) for i in range(len(head))]
    best = max(range(len(head)), key=shares.__getitem__, default=0)
    if rows and shares[best] >= MOSTLY:
        if is_attempt(head[best]):
            names = [f"column {i}" for i in range(1, len(head) + 1)]
            names[0 if best else 1] = "name"
            return Layout(names, separator, header=False)
        return with_header(first, rest)
    # No structure in sight: a table without one, or lines of broken ones, each of which will be told.
    tried = sum(is_attempt(first_cell(line)) for line in body) >= MOSTLY * len(body)
    return Layout([]) if tried or not (is_table or rows) else with_header(first, rest)


def names_structures(line: str) -> bool:
    """Whether a line has a cell that is a name by which columns of SMILES are known."""
    head = line.strip().lstrip("#")
    words = [*BETWEEN.split(head), *cells(head, ",")]
    return any(known(word.strip("\"'")) in SMILES_NAMES for word in words)


def first_cell(line: str) -> str:
    return BETWEEN.split(line.strip(), maxsplit=1)[0].strip("\"'")


def with_header(first: str, rest: Sequence[str]) -> Layout:
    """The separator by which most lines have as many cells as the header, which may have one of its own."""
    head = first.strip().lstrip("#").strip() if first.lstrip().startswith("#") else first
    options = [(one, cells(head, one)) for one in SEPARATORS]
    options += [(one, cells(head, own)) for one in SEPARATORS for own in SEPARATORS if own != one]
    # Of equal ones the first: the same separator above and below; more columns are better than one.
    best = max(options, key=lambda option: (agreement(rest, option[0], len(option[1])), len(option[1]) > 1))
    names = [name.strip().strip("\"'") or f"column {i}" for i, name in enumerate(best[1], 1)]
    return Layout(unlike(names), best[0])


def agreement(lines: Sequence[str], separator: str, width: int) -> int:
    """How many lines have this many cells."""
    if width < 2:
        return 0
    return sum(len(cells(line, separator, width)) == width for line in lines)


def unlike(names: list[str]) -> list[str]:
    """Names of columns, the second of one name numbered: "a", "a (2)".

    >>> unlike(["a", "b", "a"])
    ['a', 'b', 'a (2)']
    """
    found: list[str] = []
    for name in names:
        fresh, number = name, 1
        while fresh in found:
            number += 1
            fresh = f"{name} ({number})"
        found.append(fresh)
    return found
