"""CSV and TSV: find the columns of sequences, names, labels, parts and groups, and read row by row."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice

from vivogan.domains.columns import columns_named, is_measured, some
from vivogan.domains.parts import part_named
from vivogan.domains.sequences.alphabets import ALPHABETS, GAP
from vivogan.domains.sequences.formats.variants import Wild, looks_like_variants
from vivogan.domains.sequences.records import Draft, Item, ReadOptions
from vivogan.domains.source import Source
from vivogan.errors import InputError

SEQUENCE_NAMES = ("sequence", "seq", "sequences", "dna", "rna", "protein", "peptide")
NAME_NAMES = ("id", "name", "accession", "identifier", "seq_id", "sequence_id", "")
PART_NAMES = ("split", "part", "subset")
LOOKED_AT = 1000  # rows by which the sequence column is found
MOST_CLASSES = 1000  # values of a column that is still taken for classes without being asked for
FEW = 20  # different words that are classes even when each occurs once
WIDEST = 2**30  # letters in one cell
LETTERS = frozenset().union(*(alphabet.known for alphabet in ALPHABETS.values())) | {GAP, ".", "*"}


@dataclass
class Columns:
    """Which column is what. ``labels`` may still shrink when they were not asked for."""

    names: list[str]
    sequence: int
    id: int | None
    part: int | None
    group: int | None
    labels: list[int]
    asked: bool
    values: dict[int, list[str]] = field(default_factory=dict)
    different: dict[int, set[str]] = field(default_factory=dict)

    def keep(self, row: list[str]) -> None:
        """Remember the labels of a row; a column that was not asked for and has too many values goes."""
        for label in list(self.values):
            value = row[label].strip()
            self.values[label].append(value)
            if not self.asked:
                self.different[label].add(value)
                if len(self.different[label]) > MOST_CLASSES:
                    del self.values[label], self.different[label]


def read_table(source: Source, draft: Draft, options: ReadOptions) -> None:
    """A record a row. Raises ``InputError`` when a column that was asked for is not there, or none holds sequences."""
    wild = None if options.reference is None else Wild.read(options.reference, options.limits)
    columns, rows = opened(source, draft, options, wild)
    start = len(draft.items)
    for number, row in rows:
        add(source, draft, columns, number, row)
        columns.keep(row)
    settle_labels(source, draft, columns, start)
    if wild is not None:
        draft.items[start:] = wild.applied(draft, draft.items[start:])


def opened(
    source: Source, draft: Draft, options: ReadOptions, wild: Wild | None = None
) -> tuple[Columns, Iterator[tuple[int, list[str]]]]:
    """What the columns are, and the rows with their number, which still come from the file."""
    csv.field_size_limit(WIDEST)
    lines = source.lines()
    head = next((line for line in lines if line.strip()), "")
    delimiter = max(",;\t", key=head.count)
    names = [name.strip() for name in next(csv.reader([head], delimiter=delimiter), [])]
    rows = usable(source, draft, csv.reader(lines, delimiter=delimiter), len(names))
    first = list(islice(rows, LOOKED_AT))
    return find(source, names, [row for _, row in first], options, wild), chain(first, rows)


def usable(source: Source, draft: Draft, rows: Iterator[list[str]], width: int) -> Iterator[tuple[int, list[str]]]:
    """Rows with their number; one of another width is refused."""
    number = 0
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            draft.refuse(source.name, f"row {number + 1}", f"is no CSV ({error}). Save the table again")
            return
        if row is None:
            return
        number += 1
        if not any(cell.strip() for cell in row):
            continue
        if len(row) == width:
            yield number, row
        else:
            reason = f"has {len(row)} values, the header has {width}. Give it one value a column"
            draft.refuse(source.name, f"row {number}", reason)


def find(source: Source, names: list[str], rows: list[list[str]], options: ReadOptions, wild: Wild | None) -> Columns:
    """What each column is."""
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(source.path, f"has two columns '{twice}'", mend="Give every column a name of its own")
    place: Mapping[str, int] = {name: i for i, name in enumerate(names)}

    def named(column: str) -> int:
        if column not in place:
            raise InputError(source.path, f"has no column '{column}'", mend=f"Its columns: {some(names, 12)}")
        return place[column]

    sequence = named(options.sequence) if options.sequence else sequence_column(source, names, rows, wild)
    asked = columns_named(options.labels)
    labels = [named(column) for column in asked]
    group = named(options.group) if options.group else None
    part = named(options.split) if options.split else part_column(names, rows, labels)
    name = next((place[n] for n in names if n.lower() in NAME_NAMES and place[n] not in (sequence, *labels)), None)
    if not asked:
        labels = [i for i in range(len(names)) if i not in (sequence, group, part, name)]
    values: dict[int, list[str]] = {label: [] for label in labels}
    return Columns(names, sequence, name, part, group, labels, bool(asked), values, {i: set() for i in labels})


def sequence_column(source: Source, names: list[str], rows: list[list[str]], wild: Wild | None) -> int:
    """The column whose values are letters of an alphabet, long and mostly different; with a wild type, variants."""
    scores = []
    for i, name in enumerate(names):
        cells = [cell for row in rows if (cell := row[i].strip())]
        if wild is not None:
            scores.append(float(looks_like_variants(cells)))
            continue
        good = [cell for cell in cells if LETTERS.issuperset(cell.upper())]
        if len(good) < 0.8 * max(1, len(cells)):
            scores.append(0.0)
            continue
        # Of two columns of one length, the one with fewer letters of ambiguity (a mask is written with them).
        plain = sum(map(distinctness, good)) / max(1, len(good))
        length = sum(map(len, good)) / max(1, len(good))
        scores.append(
            length * len(set(good)) / max(1, len(good)) * plain * (2 if name.lower() in SEQUENCE_NAMES else 1)
        )
    best = max(range(len(names)), key=scores.__getitem__)
    if scores[best] > 0:
        return best
    variants = next((n for i, n in enumerate(names) if looks_like_variants([row[i] for row in rows])), None)
    if variants and wild is None:
        mend = "Give the FASTA of the wild type with --reference"
        raise InputError(source.path, f"column '{variants}' holds variants, not sequences", mend=mend)
    raise InputError(source.path, "no column holds sequences", mend=f"Name it with --sequence: {some(names, 12)}")


def distinctness(cell: str) -> float:
    """The share of letters that no ambiguity code of DNA uses, or that stand for themselves."""
    letters = cell.upper()
    return 1 - sum(map(letters.count, "MN-.")) / max(1, len(letters))


def part_column(names: list[str], rows: list[list[str]], labels: list[int]) -> int | None:
    """A column called split whose words are parts."""
    for i, name in enumerate(names):
        words = {row[i] for row in rows} - {""}
        if name.lower() in PART_NAMES and i not in labels and words and all(map(part_named, words)):
            return i
    return None


def add(source: Source, draft: Draft, columns: Columns, number: int, row: list[str]) -> None:
    item = Item(row[columns.sequence].strip(), row_name(source, columns, number, row), source.name)
    if columns.group is not None:
        item.group = row[columns.group].strip()
    if columns.part is not None and (word := row[columns.part].strip()):
        item.part = part_named(word) or ""
        if not item.part:
            mend = "Use train, selection and test"
            column = columns.names[columns.part]
            raise InputError(source.path, f"column '{column}' has '{word}'", f"row {number}", mend)
    draft.add(item)


def row_name(source: Source, columns: Columns, number: int, row: list[str]) -> str:
    """What a row is called; a column without a name (the index of a data frame) does not say of which file it is."""
    name = row[columns.id].strip() if columns.id is not None else ""
    bare = columns.id is None or not columns.names[columns.id]
    return f"{source.suffixes[0]}-{name or number}" if bare or not name else name


def settle_labels(source: Source, draft: Draft, columns: Columns, start: int) -> None:
    """Give the items their labels: the columns asked for, else those that look like classes; the rest is noted."""
    count = len(draft.items) - start
    kept = dict(columns.values)
    if not columns.asked:
        half = max(FEW, count // 2)
        words = {label: different - {""} for label, different in columns.different.items()}
        kept = {i: kept[i] for i, w in words.items() if 1 < len(w) <= half and not is_measured(w)}
        if rest := [columns.names[i] for i in columns.labels if i not in kept]:
            draft.notes.append(
                f"{source.path.name}: columns that do not look like classes were left out: {some(rest, 12)}; "
                "name one to use it"
            )
    for label, values in kept.items():
        name = columns.names[label]
        for item, value in zip(draft.items[start:], values, strict=True):
            item.labels[name] = value
