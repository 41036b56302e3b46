"""Dots and boxes from CSV: columns found by the names that people and ImageJ give them, refused line by line."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from vivogan.domains.images import tables
from vivogan.domains.images.annotations.drawn import (
    OBJECT,
    Box,
    Desk,
    Drawn,
    Sheet,
    Stranger,
    from_corner,
    from_corners,
    number,
)
from vivogan.domains.images.records import some
from vivogan.errors import InputError

IMAGES = ("image", "file", "filename", "file_name", "image_name", "imagename", "image_id", "img", "path", "field")
PLANES = ("slice", "frame")  # ImageJ counts the planes of a stack from 1
CLASSES = ("class", "label", "type", "category", "cell_type", "celltype", "class_name", "name", "phenotype", "counter")
POINTS = (("y", "x"), ("centroid_y", "centroid_x"), ("center_y", "center_x"), ("centre_y", "centre_x"),
          ("row", "col"), ("row", "column"), ("centroid-0", "centroid-1"), ("ym", "xm"))  # fmt: skip
CORNERS = (("xmin", "ymin", "xmax", "ymax"), ("x_min", "y_min", "x_max", "y_max"), ("x1", "y1", "x2", "y2"),
           ("left", "top", "right", "bottom"), ("bbox-1", "bbox-0", "bbox-3", "bbox-2"))  # fmt: skip
SIZES = (("bx", "by", "width", "height"), ("x", "y", "width", "height"), ("x", "y", "w", "h"),
         ("left", "top", "width", "height"))  # fmt: skip


@dataclass(frozen=True)
class Columns:
    """The columns of one table by their role, as the table spells them; a role that none plays is empty."""

    image: str
    group: str
    point: tuple[str, ...]  # y, x
    corners: tuple[str, ...]  # left, top, right, bottom
    size: tuple[str, ...]  # left, top, width, height

    @property
    def used(self) -> tuple[str, ...]:
        return (*self.point, *self.corners, *self.size)


def read_table(file: str, content: bytes, desk: Desk) -> list[Sheet]:
    """One sheet per image of a CSV or TSV of dots or boxes.

    A line whose coordinates are all empty says that its image was looked at and holds nothing. Without a column of
    images the table belongs to the image of its own name. Raises ``InputError`` when it is no such table.
    """
    table = tables.parse(file, content)
    columns = find_columns(table, desk)
    for line in table.broken:
        desk.refuse(file, f"line {line}", f"has not {len(table.columns)} values. Give it one per column")
    sheets: dict[str, Sheet] = {}
    for row in table.rows:
        name = image_name(row.values[columns.image], columns, desk) if columns.image else ""
        if columns.image and not name:
            desk.refuse(file, f"line {row.line}", "names no image. Fill in its image or remove the line")
            continue
        sheet = sheets.setdefault(name, Sheet(file, (name,) if name else (file,), record=name or None, loose=not name))
        wrong = unreadable(row, columns)
        if wrong:
            desk.refuse(file, f"line {row.line}", f"{wrong}, not a finite number. Correct it or remove the line", sheet)
        elif draws(row, columns):
            sheet.drawn.append(read_row(row, columns))
    return list(sheets.values())


def find_columns(table: tables.Table, desk: Desk) -> Columns:
    """Every role's column. Raises ``InputError`` when there are neither dots nor boxes in the table."""
    lower = {column.lower().strip(): column for column in table.columns}

    def first(sets: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
        return next((tuple(lower[c] for c in one) for one in sets if all(c in lower for c in one)), ())

    dots_only = desk.options.kind == "dots"
    point, corners = first(POINTS), () if dots_only else first(CORNERS)
    size = () if dots_only or corners else first(SIZES)
    if size and set(point) & set(size):
        point = ()  # here x and y are the corner
    if not (point or corners or size):
        mend = "Call them image, x and y, or image, xmin, ymin, xmax and ymax"
        raise Stranger(table.name, f"has no columns of dots or boxes ({some(table.columns, 12)})", mend=mend)
    image = image_column(table, desk)
    group = desk.options.classes or next((lower[c] for c in CLASSES if c in lower and lower[c] != image), "")
    if group and group not in table.columns:
        raise InputError(table.name, f"has no column '{group}'", mend=f"Its columns: {some(table.columns, 12)}")
    return Columns(image, group, point, corners, size)


def image_column(table: tables.Table, desk: Desk) -> str:
    """The column that names images: one with a usual name and a hit, else any with hits, else the usual name."""
    lower = {column.lower().strip(): column for column in table.columns}
    usual = [lower[name] for name in (*IMAGES, *PLANES) if name in lower]
    hits = {c: hits_of(table, c, desk) for c in table.columns}
    best = max([*usual, *table.columns], key=lambda c: hits[c])
    if hits[best]:
        return best
    return usual[0] if usual else ""


def hits_of(table: tables.Table, column: str, desk: Desk) -> int:
    """How many of the first rows name an image in this column; bare numbers count only where images are expected."""
    expected = column.lower().strip() in (*IMAGES, *PLANES)
    values = [row.values[column] for row in table.rows[:1000]]
    roles = Columns(column, "", (), (), ())
    return sum(
        bool(desk.index.find(image_name(v, roles, desk))) for v in values if v and (expected or not tables.is_number(v))
    )


def image_name(value: str, columns: Columns, desk: Desk) -> str:
    """The image that a cell means: ImageJ writes ``image.tif:0003-0001``, and planes of a stack by number from 1."""
    if columns.image.lower().strip() in PLANES and value.isdecimal() and 0 < int(value) <= len(desk.index):
        return desk.index.ids[int(value) - 1]
    if ":" in value and not desk.index.find(value):
        title = value.split(":", 1)[0]
        return title if desk.index.find(title) else value
    return value


def draws(row: tables.Row, columns: Columns) -> bool:
    """Whether a line has coordinates; without any it says only that its image was looked at."""
    return any(row.values[column] for column in columns.used)


def unreadable(row: tables.Row, columns: Columns) -> str:
    """The coordinates of a line that are no finite numbers, in words; empty when there are none."""
    wrong = [c for c in columns.used if not math.isfinite(number(row.values[c]))]
    return ", ".join(f"{c} is '{row.values[c]}'" for c in wrong) if draws(row, columns) else ""


def read_row(row: tables.Row, columns: Columns) -> Drawn:
    """The dot or box of one line of finite numbers."""
    name = row.values[columns.group] if columns.group else OBJECT
    at = {column: number(row.values[column]) for column in columns.used}
    point = (at[columns.point[0]], at[columns.point[1]]) if columns.point else None
    return Drawn(f"line {row.line}", name, point, box_of(at, columns))


def box_of(at: Mapping[str, float], columns: Columns) -> Box | None:
    """The box of one line, None where the table has dots only."""
    if columns.corners:
        left, top, right, bottom = (at[c] for c in columns.corners)
        return from_corners(left, top, right, bottom)
    if columns.size:
        x, y, width, height = (at[c] for c in columns.size)
        return from_corner(x, y, width, height)
    return None
