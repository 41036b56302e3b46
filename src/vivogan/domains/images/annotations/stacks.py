"""Annotated images in one ``.npz``: instance maps [n, H, W], or rows of points or boxes that begin with the image."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.images.annotations.drawn import Desk, Drawn, Sheet
from vivogan.domains.images.annotations.masks import SPLIT, is_binary, shape_of, split
from vivogan.domains.images.arrays import Arrays
from vivogan.domains.images.records import ReadOptions, some
from vivogan.errors import InputError

Reader = Callable[[str, NDArray[Any], Desk], list[Sheet]]


def read_stack(path: Path, desk: Desk) -> list[Sheet]:
    """The annotations in an ``.npz`` whose images are ``desk.index.ids``, in the order of the arrays.

    Raises ``InputError`` when none of its arrays, or not the one asked for, is known to hold them.
    """
    arrays = Arrays(path, ReadOptions(limits=desk.options.limits))
    wanted = desk.options.masks
    if wanted is not None and wanted not in arrays:
        reason = f"there is no array '{wanted}'; it holds {some(list(arrays), 8)}"
        raise InputError(path, reason, mend="Give --masks one of these")
    count = len(desk.index)
    for name, reader in ARRAYS.items():
        chosen = wanted or name
        if chosen in arrays and reader is reader_of(arrays.headers[chosen].shape, count):
            return reader(f"{path}, array {chosen}", arrays[chosen], desk)
    shapes = some([f"{name} {head.shape}" for name, head in arrays.headers.items()], 8)
    reason = f"holds no masks, points or boxes of {count} images (it holds {shapes})"
    raise InputError(path, reason, mend="Save labels [n, H, W], points [k, 3] (image, y, x) or boxes [k, 5]")


def reader_of(shape: tuple[int, ...], count: int) -> Reader | None:
    """What reads an array of this shape, when it can be annotations of ``count`` images."""
    if len(shape) in (3, 4) and shape[0] == count and (len(shape) == 3 or shape[3] == 1):
        return read_maps
    if len(shape) == 2:
        return {3: read_points, 5: read_boxes}.get(shape[1])
    return None


def read_maps(file: str, maps: NDArray[Any], desk: Desk) -> list[Sheet]:
    """One instance map per image; where all have one value only they are split into connected parts, with a note."""
    maps = maps.reshape(maps.shape[:3])  # [n, H, W]
    if maps.dtype.kind == "f":
        if not np.isfinite(maps).all():
            raise InputError(file, "has NaN or infinite pixels", mend="Save the masks as whole numbers")
        maps = maps.round().astype(np.int64)
    binary = all(is_binary(plane) for plane in maps)
    if binary:
        desk.draft.notes.append(f"{len(maps)} {SPLIT}")
    return [
        Sheet(file, (record,), record=record, size=shape_of(plane), labels=split(plane) if binary else plane)
        for record, plane in zip(desk.index.ids, maps, strict=True)
    ]


def read_points(file: str, rows: NDArray[Any], desk: Desk) -> list[Sheet]:
    """Rows (image, y, x). An image without rows was looked at and holds nothing."""
    return from_rows(file, rows, desk, lambda at: Drawn("", point=(at[0], at[1])))


def read_boxes(file: str, rows: NDArray[Any], desk: Desk) -> list[Sheet]:
    """Rows (image, top, left, bottom, right), from the edges of pixels. An image without rows holds nothing."""
    return from_rows(file, rows, desk, lambda at: Drawn("", box=(at[0] - 0.5, at[1] - 0.5, at[2] - 0.5, at[3] - 0.5)))


def from_rows(file: str, rows: NDArray[Any], desk: Desk, draw: Callable[[list[float]], Drawn]) -> list[Sheet]:
    """One sheet per image out of rows that begin with the number of their image, counted from 0."""
    ids = desk.index.ids
    sheets = [Sheet(file, (record,), record=record) for record in ids]
    for number, (image, *at) in enumerate(np.asarray(rows, np.float64).tolist()):
        if not (0 <= image < len(ids) and image == int(image)):
            desk.refuse(file, f"row {number}", f"is of image {image:g}, there are 0 to {len(ids) - 1}. Correct it")
            continue
        sheets[int(image)].drawn.append(replace(draw(at), record=f"row {number}"))
    return sheets


# The names that annotations have in an .npz, the fullest first.
ARRAYS: Mapping[str, Reader] = {
    "labels": read_maps,
    "masks": read_maps,
    "label": read_maps,
    "mask": read_maps,
    "instances": read_maps,
    "y": read_maps,
    "boxes": read_boxes,
    "bboxes": read_boxes,
    "points": read_points,
    "dots": read_points,
}
