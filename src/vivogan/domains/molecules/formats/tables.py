"""Tables with a header: find the columns of structures and names, and read row by row."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from vivogan.domains.columns import columns_named, some
from vivogan.domains.molecules.formats.layout import BLANKS, SEPARATORS, Layout, cells
from vivogan.domains.molecules.formats.lines import WORDS, empty_rows
from vivogan.domains.molecules.formats.rows import LIKELY_NAMES, SMILES_NAMES, Row, is_structure, known
from vivogan.domains.molecules.records import Draft, ReadOptions
from vivogan.domains.source import Source
from vivogan.errors import InputError

NAME_NAMES = (
    "id", "name", "molecule_chembl_id", "chembl_id", "cmpd_chemblid", "compound_id", "compound_name", "compound", "cid",
    "mol_id", "molecule_name", "molecule_id", "title", "zinc_id", "drug_id", "identifier", "idx", "index", "num", "no",
)  # fmt: skip
LOOKED_AT = 200  # rows by which the column of structures is found
MOSTLY = 0.5  # the share of structures in a column that holds them
LONGEST = 30  # lines that one quoted cell may go over
WIDEST = 2**24  # letters in one cell

Cells = tuple[int, list[str]]  # a row and its number


@dataclass(frozen=True)
class Columns:
    """Which column is what; ``said`` are the others."""

    names: list[str]
    smiles: int
    name: int | None
    said: list[int]

    def row(self, number: int, row: list[str]) -> Row:
        name = row[self.name] if self.name is not None else ""
        return Row(f"row {number}", number, row[self.smiles], name, {self.names[i]: row[i] for i in self.said})


def read_table(source: Source, draft: Draft, options: ReadOptions, layout: Layout) -> Iterator[Row]:
    """A molecule a row, numbered as an editor or a spreadsheet does. Raises ``InputError`` when a column that was
    asked for is not there, or when none holds structures."""
    csv.field_size_limit(WIDEST)
    yield from read_cells(str(source.path), layout.names, usable(source, draft, layout), options)


def read_cells(file: str, names: list[str], rows: Iterator[Cells], options: ReadOptions) -> Iterator[Row]:
    """Rows of cells, all as wide as ``names``, as rows of molecules."""
    first = list(islice(rows, LOOKED_AT))
    columns = find(file, names, [row for _, row in first], options)
    for number, row in chain(first, rows):
        yield columns.row(number, row)


def usable(source: Source, draft: Draft, layout: Layout) -> Iterator[Cells]:
    """The rows below the header; one of another width is refused."""
    width, blank, header = len(layout.names), [], layout.header
    for number, line in logical_lines(source, layout.separator, width):
        if not line.strip() or not line.strip(f'{layout.separator}" \t'):
            blank.append(f"row {number}")
            continue
        if header:
            header = False
            continue
        row = cells(line, layout.separator, width)
        while len(row) > width and not row[-1]:
            row.pop()
        if len(row) == width:
            yield number, row
        else:
            draft.refuse(source.name, f"row {number}", wrong_width(line, len(row), width))
    empty_rows(draft, source, blank)


def logical_lines(source: Source, separator: str, width: int) -> Iterator[tuple[int, str]]:
    """The lines with their numbers; those between the quotes of one cell are one."""
    held: list[tuple[int, str]] = []
    lines = enumerate(source.lines(), 1)
    while True:
        number, line = held.pop(0) if held else next(lines, (0, ""))
        if not number:
            return
        if separator != BLANKS and line.count('"') % 2:
            while len(held) < LONGEST and (more := next(lines, None)):
                held.append(more)
            for count in range(1, len(held) + 1):
                whole = "\n".join([line, *(text for _, text in held[:count])])
                if whole.count('"') % 2 == 0:
                    if len(cells_over_lines(whole, separator)) == width:
                        line, held = " ".join(whole.split("\n")), held[count:]
                    break
        yield number, line


def cells_over_lines(text: str, separator: str) -> list[str]:
    try:
        rows = list(csv.reader(text.splitlines(keepends=True), delimiter=separator))
    except csv.Error:
        return []
    return rows[0] if len(rows) == 1 else []


def wrong_width(line: str, found: int, width: int) -> str:
    """Why a row of another width cannot be used, and which separator it may have meant."""
    meant = next((one for one in SEPARATORS if len(cells(line, one, width)) == width), None)
    if meant is not None:
        return f"is separated by {WORDS[meant]}, the header is not. Use one separator in the whole file"
    return f"has {found} values, the header has {width}. Give it one value a column"


def find(file: str, names: list[str], rows: list[list[str]], options: ReadOptions) -> Columns:
    """What each column is."""
    place = {name: i for i, name in enumerate(names)}

    def named(column: str) -> int:
        if column not in place:
            raise InputError(file, f"has no column '{column}'", mend=f"Its columns: {some(names, 12)}")
        return place[column]

    smiles = checked(file, names, rows, named(options.smiles)) if options.smiles else structures(file, names, rows)
    asked = {*columns_named(options.labels), options.split, options.group}
    candidates = [i for i, name in enumerate(names) if i != smiles and name not in asked]
    name = named(options.name) if options.name else None
    if name is None:
        named_so = {known(names[i]): i for i in reversed(candidates)}
        name = next((named_so[word] for word in NAME_NAMES if word in named_so), None)
    return Columns(names, smiles, name, [i for i in range(len(names)) if i not in (smiles, name)])


def structures(file: str, names: list[str], rows: list[list[str]]) -> int:
    """The column of structures: by its name, else by what it holds."""
    words = [known(name) for name in names]
    shares = [share(rows, i) for i in range(len(names))]
    for word in (*SMILES_NAMES, *LIKELY_NAMES):
        if word in words and (shares[words.index(word)] >= MOSTLY or (word in SMILES_NAMES and max(shares) < MOSTLY)):
            return words.index(word)
    # Letters that happen to be a structure (C, N, I) are short; structures are long, and differ.
    weights = [
        sum(map(len, {row[i] for row in rows})) * part if part >= MOSTLY else 0.0 for i, part in enumerate(shares)
    ]
    best = max(range(len(names)), key=weights.__getitem__)
    if weights[best] > 0:
        return best
    raise InputError(file, "no column holds SMILES", mend=f"Name it with --smiles: {some(names, 12)}")


def checked(file: str, names: list[str], rows: list[list[str]], column: int) -> int:
    """The column that was asked for. Raises ``InputError`` when it holds no structure, and another does."""
    if not rows or share(rows, column) > 0:
        return column
    shares = [share(rows, i) for i in range(len(names))]
    best = max(range(len(names)), key=shares.__getitem__)
    example = next((row[column] for row in rows if row[column]), "nothing")
    other = f"'{names[best]}' does" if shares[best] >= MOSTLY else "no column does"
    reason = f"column '{names[column]}' holds no SMILES (but '{example[:40]}')"
    raise InputError(file, reason, mend=f"Of its columns {some(names, 12)}, {other}")


def share(rows: Sequence[Sequence[str]], column: int) -> float:
    """The share of structures among what a column holds."""
    given = [row[column] for row in rows if row[column]]
    return sum(map(is_structure, given)) / max(1, len(given))
