"""LabelMe JSON: one file per image with polygons, rectangles, circles, points and masks."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.core.limits import Limits
from vivogan.domains.images.annotations.drawn import CORNER, Crop, Desk, Drawn, Sheet, number, size_of
from vivogan.domains.images.formats import decode
from vivogan.domains.images.records import plain
from vivogan.errors import InputError

CIRCLE = 72  # corners of a circle made a polygon
Points = NDArray[np.float64]  # [k, 2] (y, x), from the centre of the first pixel
Shape = Mapping[str, Any]


def read_labelme(file: str, document: Shape, desk: Desk) -> list[Sheet]:
    """The shapes of one image. Raises ``InputError`` when there is no list of them."""
    shapes = document.get("shapes")
    if not isinstance(shapes, list):
        raise InputError(file, "has no list of shapes, as LabelMe has", mend="Save it again in LabelMe")
    named = str(document.get("imagePath") or "")
    sheet = Sheet(file, (file, named) if named else (file,))
    sheet.size = size_of(document.get("imageHeight"), document.get("imageWidth"))
    for position, shape in enumerate(shapes, 1):
        record = f"shape {position}"
        try:
            sheet.drawn.append(read_shape(record, shape, desk.options.limits))
        except (InputError, ValueError, TypeError, AttributeError, binascii.Error) as error:
            reason = error.reason if isinstance(error, InputError) else plain(error)
            desk.refuse(file, record, f"cannot be read ({reason}). Draw it again or remove it", sheet)
    return [sheet]


def read_shape(record: str, shape: Shape, limits: Limits) -> Drawn:
    """One shape of any known type. Raises ``ValueError`` for others."""
    kind = shape.get("shape_type") or "polygon"
    reader = SHAPES.get(kind)
    if reader is None:
        raise ValueError(f"the shape type {kind!r} is none of {', '.join(SHAPES)}")
    pairs = [[number(value) for value in pair] for pair in shape.get("points") or []]
    if not pairs or any(len(pair) != 2 for pair in pairs):
        raise ValueError("points are no list of x, y")
    points = np.array(pairs)[:, ::-1] - CORNER
    return reader(record, str(shape.get("label") or "").strip(), points, shape, limits)


def polygon(record: str, name: str, points: Points, shape: Shape, limits: Limits) -> Drawn:
    if len(points) < 3:
        raise ValueError("a polygon needs three points")
    return Drawn(record, name, outlines=(points,))


def rectangle(record: str, name: str, points: Points, shape: Shape, limits: Limits) -> Drawn:
    if len(points) < 2:
        raise ValueError("a rectangle needs two points")
    (top, left), (bottom, right) = points.min(axis=0), points.max(axis=0)
    return Drawn(record, name, box=(float(top), float(left), float(bottom), float(right)))


def circle(record: str, name: str, points: Points, shape: Shape, limits: Limits) -> Drawn:
    if len(points) != 2:
        raise ValueError("a circle needs its centre and a point on it")
    radius = float(np.hypot(*(points[1] - points[0])))
    angle = np.linspace(0, 2 * np.pi, CIRCLE, endpoint=False)
    return Drawn(record, name, outlines=(points[0] + radius * np.stack([np.sin(angle), np.cos(angle)], axis=1),))


def point(record: str, name: str, points: Points, shape: Shape, limits: Limits) -> Drawn:
    return Drawn(record, name, point=(float(points[0, 0]), float(points[0, 1])))


def mask(record: str, name: str, points: Points, shape: Shape, limits: Limits) -> Drawn:
    """The mask that LabelMe's assistant makes: a PNG of the object alone, at the first point."""
    content = base64.b64decode(shape.get("mask") or "", validate=True)
    pixels = decode("mask", content, limits)[0].image[..., 0] > 0
    top, left = (points[0] + CORNER).round()
    if not np.isfinite((top, left)).all() or max(abs(top), abs(left)) > limits.pixels:
        raise ValueError("the mask has no place")
    return Drawn(record, name, mask=Crop(pixels, int(top), int(left)))


SHAPES: Mapping[str, Callable[[str, str, Points, Shape, Limits], Drawn]] = {
    "polygon": polygon,
    "rectangle": rectangle,
    "circle": circle,
    "point": point,
    "mask": mask,
}
