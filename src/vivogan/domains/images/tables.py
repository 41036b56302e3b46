"""Labels from CSV: read the table, find its column of file names, and give every image its row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from vivogan.domains.images.records import Draft, Item, ReadOptions, some
from vivogan.domains.parts import part_named
from vivogan.errors import InputError

SUFFIXES = (".csv", ".tsv")
GIVEN = re.compile(r"^(?P<file>.+\.(?:csv|tsv))(?::(?P<columns>.+))?$", re.IGNORECASE)
FOLDERS = "class"  # the column that class folders give
PART_COLUMNS = ("split", "part", "subset")
LARGEST = 256 * 2**20  # bytes of one table
MOST_CLASSES = 1000  # values of a column that is still taken for classes without being asked for
FEW = 20  # different words that are classes even when each occurs once; numbers are measurements then
MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"", "utf-8-sig"))  # byte order mark → encoding


@dataclass(frozen=True)
class Row:
    line: int
    values: dict[str, str]


@dataclass(frozen=True)
class Table:
    """A CSV: ``rows`` carry their line in the file, ``broken`` the lines that have another number of values."""

    name: str
    columns: list[str]
    rows: list[Row]
    broken: list[int]


def requested(options: ReadOptions) -> tuple[str | None, list[str]]:
    """What ``options.labels`` asks for: a CSV file or none, and the columns."""
    if options.labels is None:
        return None, []
    given = GIVEN.match(options.labels)
    columns = (given["columns"] or "") if given else options.labels
    return (given["file"] if given else None), [column.strip() for column in columns.split(",") if column.strip()]


def parse(name: str, content: bytes) -> Table:
    """A table from the bytes of a CSV: comma, semicolon or tab. Raises ``InputError`` with the line where it breaks."""
    if len(content) > LARGEST:
        raise InputError(name, f"has {len(content):,} bytes, too many for a table of labels", mend="Split it")
    encoding = next(encoding for mark, encoding in MARKS if content.startswith(mark))
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        wrong = f"byte 0x{content[error.start]:02x} is not {encoding.removesuffix('-sig').upper()} text"
        raise InputError(name, wrong, f"line {line}", "Save the table as UTF-8") from error
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[Row] = []
    broken: list[int] = []
    try:
        columns = [column.strip() for column in next(reader, [])]
        for values in reader:
            if not any(value.strip() for value in values):
                continue
            if len(values) != len(columns):
                broken.append(reader.line_num)
                continue
            rows.append(Row(reader.line_num, {c: v.strip() for c, v in zip(columns, values, strict=True)}))
    except csv.Error as error:
        raise InputError(name, f"is no CSV ({error})", f"line {reader.line_num}", "Save the table again") from error
    if len(set(columns)) != len(columns) or not columns:
        raise InputError(name, "has no header, or one column twice", "line 1", "Give every column a name of its own")
    return Table(name, columns, rows, broken)


class Names:
    """Finds files by what people write in tables: the path, the path without suffix, the bare name, the bare stem."""

    def __init__(self, names: Iterable[str]) -> None:
        self._found: dict[str, set[str]] = {}
        for name in names:
            path = PurePosixPath(name)
            for key in {name, str(path.with_suffix("")), path.name, path.stem}:
                self._found.setdefault(key, set()).add(name)

    def __call__(self, value: str) -> set[str]:
        """The files that a value may mean: none, one, or several."""
        key = value.replace("\\", "/").removeprefix("./")
        return self._found.get(key) or self._found.get(PurePosixPath(key).name, set())


def file_column(table: Table, names: Names, wanted: str | None) -> tuple[str | None, int]:
    """The column that names image files, and how many of its rows do; the wanted one must exist (``InputError``)."""
    if wanted is not None:
        if wanted not in table.columns:
            raise InputError(table.name, f"has no column '{wanted}'", mend=f"Its columns: {some(table.columns, 12)}")
        return wanted, sum(bool(names(row.values[wanted])) for row in table.rows)
    hits = {column: sum(bool(names(row.values[column])) for row in table.rows) for column in table.columns}
    best = max(hits, key=lambda column: hits[column])
    return (best, hits[best]) if hits[best] else (None, 0)


def apply(draft: Draft, table: Table, names: Names, found: dict[str, list[Item]], options: ReadOptions) -> None:
    """Give the images of ``found`` the labels, parts and groups of the table; what does not fit is refused by line."""
    column, hits = file_column(table, names, options.images)
    if column is None or not hits:
        raise InputError(table.name, "no column names the image files", mend="Name it with --images")
    for line in table.broken:
        draft.refuse(table.name, f"line {line}", f"has not {len(table.columns)} values. Give it one per column")
    given = matched(draft, table, column, names)
    labels = label_columns(draft, table, column, options)
    part = options.split if options.split in table.columns else None
    part = part or next((c for c in table.columns if c.lower() in PART_COLUMNS and c not in labels), None)
    if part and not part_words(draft, table, part, options):
        part = None
    if options.group is not None and options.group not in table.columns:
        raise InputError(table.name, f"has no column '{options.group}'", mend=f"Its columns: {some(table.columns, 12)}")
    for item in (item for several in found.values() for item in several):
        # The columns of the table come first: the first label column is the class.
        item.labels = {
            **dict.fromkeys(requested(options)[1] or labels, ""),
            **(item.labels if keeps_folders(options) else {}),
        }
    for name, row in given.items():
        for item in found.get(name, []):
            item.labels = {**item.labels, **{label: row.values[label] for label in labels}}
            item.part = (part_named(row.values[part]) or "") if part else item.part
            item.group = row.values[options.group] if options.group else item.group
    bare = [name for name in found if name not in given]
    if bare:
        draft.notes.append(f"{len(bare)} images are not in {PurePosixPath(table.name).name}: {some(bare)}")


def matched(draft: Draft, table: Table, column: str, names: Names) -> dict[str, Row]:
    """File → row. A row that fits no file, several files, or a file taken before is refused."""
    given: dict[str, Row] = {}
    for row in table.rows:
        value = row.values[column]
        fits = names(value)
        where = f"line {row.line}: {value}"
        if not fits:
            draft.refuse(table.name, where, "no image has this name. Correct the name or remove the line")
        elif len(fits) > 1:
            draft.refuse(table.name, where, f"may mean {some(sorted(fits), 2)}. Write the whole path")
        elif (name := next(iter(fits))) not in given:
            given[name] = row
        elif given[name].values != row.values:
            first = given[name].line
            draft.refuse(table.name, where, f"says otherwise than line {first}, which was kept. Keep one line a file")
    return given


def label_columns(draft: Draft, table: Table, files: str, options: ReadOptions) -> list[str]:
    """The columns asked for, else those that look like classes; the first is the class."""
    _, wanted = requested(options)
    if FOLDERS not in table.columns:
        wanted = [column for column in wanted if column != FOLDERS]
    missing = [column for column in wanted if column not in table.columns]
    if missing:
        raise InputError(table.name, f"has no column '{missing[0]}'", mend=f"Its columns: {some(table.columns, 12)}")
    if wanted or requested(options)[1]:
        return wanted
    special = {files, options.split, options.group}
    special |= {c for c in table.columns if c.lower() in PART_COLUMNS}
    candidates = [column for column in table.columns if column not in special and column]
    values = {column: {row.values[column] for row in table.rows} - {""} for column in candidates}
    half = min(MOST_CLASSES, len(table.rows) // 2)
    few = {column: max(half, 2 if all(map(is_number, values[column])) else FEW) for column in candidates}
    classes = [column for column in candidates if 0 < len(values[column]) <= few[column]]
    rest = [column for column in candidates if column not in classes]
    if rest:
        draft.notes.append(f"columns with too many values for classes were left out: {some(rest)}; name one to use it")
    return classes


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def keeps_folders(options: ReadOptions) -> bool:
    """Whether the class that a folder gives stays beside the columns of a table."""
    wanted = requested(options)[1]
    return not wanted or FOLDERS in wanted


def part_words(draft: Draft, table: Table, column: str, options: ReadOptions) -> bool:
    """Whether a column holds the parts; an unknown word is an ``InputError`` when the user named the column."""
    unknown = sorted({v for row in table.rows if (v := row.values[column]) and part_named(v) is None})
    if not unknown:
        return True
    if column == options.split:
        raise InputError(table.name, f"column '{column}' has {some(unknown)}", mend="Use train, selection and test")
    draft.notes.append(f"column {column} was not taken for a split: it has {some(unknown)}")
    return False
