"""COCO JSON: boxes, polygons and run-length masks of many images in one file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.core.limits import check_shape
from vivogan.domains.images.annotations import rle
from vivogan.domains.images.annotations.drawn import CORNER, Box, Crop, Desk, Drawn, Sheet, from_corner, number, size_of
from vivogan.domains.images.records import plain
from vivogan.domains.parts import part_named
from vivogan.errors import InputError

Document = Mapping[str, Any]


def read_coco(file: str, document: Document, desk: Desk) -> list[Sheet]:
    """One sheet per listed image; an image without annotations was looked at and holds nothing.

    Annotations without an image, without a known category or without any shape are refused one by one.
    Raises ``InputError`` when the lists are not there.
    """
    images = listed(file, document, "images")
    categories = [entry for entry in listed(file, document, "categories") if hashable(entry.get("id"))]
    names = {entry["id"]: str(entry.get("name") or "").strip() for entry in categories}
    words = re.split(r"[^a-z]+", PurePosixPath(file).stem.lower())  # instances_train2017
    part = next((found for word in words if (found := part_named(word))), "")
    sheets: dict[Any, Sheet] = {}
    for position, entry in enumerate(images):
        name = str(entry.get("file_name") or "")
        if not name or not hashable(entry.get("id")):
            desk.refuse(file, f"images[{position}]", "has no file_name or no id. Export it again")
            continue
        size = size_of(entry.get("height"), entry.get("width"))
        sheets[entry["id"]] = Sheet(file, (name,), record=name, size=size, part=part)
    for position, entry in enumerate(listed(file, document, "annotations")):
        record = f"annotation {entry.get('id', position)}"
        sheet_id, category = entry.get("image_id"), entry.get("category_id")
        if not hashable(sheet_id) or sheet_id not in sheets:
            desk.refuse(file, record, f"is of image_id {sheet_id}, which is not listed. Add the image or remove it")
        elif not hashable(category) or (names and category not in names):
            desk.refuse(
                file,
                record,
                f"has the category {category}, which is not listed. Add it to categories",
                sheets[sheet_id],
            )
        else:
            add(sheets[sheet_id], entry, record, names.get(category, "object"), desk)
    return list(sheets.values())


def listed(file: str, document: Document, field: str) -> list[Mapping[str, Any]]:
    """A list of objects; categories may be missing. Raises ``InputError`` when it is none."""
    entries = document.get(field, [] if field == "categories" else None)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(file, f"has no list of {field}, as COCO has", mend="Export it again as COCO")
    return entries


def hashable(value: object) -> bool:
    return isinstance(value, (int, str))


def add(sheet: Sheet, entry: Mapping[str, Any], record: str, name: str, desk: Desk) -> None:
    """Put one annotation on its sheet, or refuse it."""
    try:
        box = box_of(entry.get("bbox"))
        shape = entry.get("segmentation")
        if isinstance(shape, dict):
            sheet.drawn.append(Drawn(record, name, box=box, mask=Crop(run_lengths(sheet, shape, record, desk))))
            return
        outlines = polygons(shape)
    except (InputError, ValueError, TypeError, OverflowError) as error:
        reason = error.reason if isinstance(error, InputError) else f"cannot be read ({plain(error)})"
        desk.refuse(sheet.file, record, f"{reason}. Draw it again or remove it", sheet)
        return
    if not outlines and box is None:
        desk.refuse(sheet.file, record, "has neither bbox nor segmentation. Draw it again or remove it", sheet)
        return
    sheet.drawn.append(Drawn(record, name, box=box, outlines=outlines))


def box_of(value: object) -> Box | None:
    """The bbox (x, y, width, height). Raises ``ValueError`` when it is no four numbers."""
    if value is None or value == []:
        return None
    if not isinstance(value, list) or len(value) != 4:
        raise ValueError("bbox is no x, y, width, height")
    x, y, width, height = (number(one) for one in value)
    return from_corner(x, y, width, height)


def polygons(value: object) -> tuple[NDArray[np.float64], ...]:
    """The polygons [k, 2] (y, x) of a segmentation. Raises ``ValueError`` when one is no list of pairs."""
    if value is None or value == []:
        return ()
    if not isinstance(value, list):
        raise ValueError("segmentation is no list")
    parts = value if isinstance(value[0], list) else [value]
    found = []
    for part in parts:
        if len(part) < 6 or len(part) % 2:
            raise ValueError("a polygon needs three points or more, as x and y in turn")
        found.append(np.array([number(one) for one in part]).reshape(-1, 2)[:, ::-1] - CORNER)
    return tuple(found)


def run_lengths(sheet: Sheet, value: Mapping[str, Any], record: str, desk: Desk) -> NDArray[np.bool_]:
    """The mask of run lengths. Raises ``InputError`` above the limits, ``ValueError`` when they do not fit."""
    size, counts = value.get("size"), value.get("counts")
    if not isinstance(size, list) or len(size) != 2 or not isinstance(counts, (str, list)):
        raise ValueError("run lengths need size and counts")
    height, width = int(size[0]), int(size[1])
    if sheet.size not in (None, (height, width)):
        raise ValueError(f"run lengths of {height} x {width} pixels, the image has {sheet.size}")
    check_shape(sheet.file, (height, width), 1, desk.options.limits, record)
    return rle.decode(counts, height, width)
