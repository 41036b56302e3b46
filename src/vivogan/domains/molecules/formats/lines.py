"""SMILES lines (.smi): a structure, a name behind it, and more columns where there are, without names of columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from vivogan.domains.columns import some
from vivogan.domains.molecules.formats.layout import cells
from vivogan.domains.molecules.formats.rows import Row
from vivogan.domains.molecules.records import Draft, ReadOptions
from vivogan.domains.source import Source

FIRST = re.compile(
    r"\s*(?:\"(?P<quoted>[^\"]*)\"|(?P<bare>[^\s,;|]*))(?P<between>\s+(?=\|[^|]*\|)|[\s,;|]*)(?P<rest>.*)", re.S
)
EXTENDED = re.compile(r"\|[^|]*\|\s*")  # what CXSMILES says behind a structure
SAID = re.compile(r"([^=\s][^=]*)=(.*)")
NAME = "name"
WORDS = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars", " ": "blanks"}


def read_lines(source: Source, draft: Draft, options: ReadOptions) -> Iterator[Row]:
    """A molecule a line; comments (#) are passed over, blank lines counted, and lines separated otherwise noted."""
    separators: dict[str, list[str]] = {}
    blank = []
    for number, line in enumerate(source.lines(), 1):
        if not line.strip():
            blank.append(f"row {number}")
        elif not line.startswith("#"):
            match = FIRST.match(line)
            assert match is not None
            if match["rest"]:
                separators.setdefault(separator_of(match["between"]), []).append(f"row {number}")
            yield row(number, match["quoted"] or match["bare"] or "", match["between"], match["rest"])
    empty_rows(draft, source, blank)
    usual = max(separators, key=lambda one: len(separators[one]), default="")
    if others := [place for one, places in separators.items() if one != usual for place in places]:
        counts = Counter({WORDS[one]: len(places) for one, places in separators.items()})
        told = " and ".join(f"{count} by {word}" for word, count in counts.most_common())
        draft.notes.append(f"{source.path.name}: mixed separators ({told}); read all the same: {some(others)}")


def separator_of(between: str) -> str:
    return next((one for one in "\t,;|" if one in between), " ")


def row(number: int, structure: str, between: str, rest: str) -> Row:
    """A line taken apart: ``SMILES name``, ``SMILES<tab>name<tab>column=value …``, or more columns without names."""
    separator = separator_of(between)
    if separator == " " and "\t" in rest:
        separator = "\t"
    rest = EXTENDED.sub("", rest, count=1) if rest.startswith("|") else rest
    name, *more = [rest.strip()] if separator == " " else cells(rest, separator) or [""]
    said = {}
    for place, cell in enumerate(more, 3):
        match = SAID.fullmatch(cell)
        said[match[1] if match else f"column {place}"] = match[2] if match else cell
    return Row(f"row {number}", number, structure, name, said)


def empty_rows(draft: Draft, source: Source, blank: list[str]) -> None:
    """A note on empty rows between others."""
    if blank:
        draft.notes.append(f"{source.path.name}: {len(blank)} empty rows were passed over: {some(blank)}")
