"""ImageJ and Fiji: a ``.roi`` file, or the ``RoiSet.zip`` of the ROI manager; one set per image.

ImageJ counts outlines and boxes from the corner of the first pixel, and whole-numbered points by pixel.
"""

from __future__ import annotations

import io
import logging
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.core.limits import Limits
from vivogan.domains.images.annotations.drawn import CORNER, OBJECT, Desk, Drawn, Sheet, Stranger, from_corner
from vivogan.domains.images.records import plain
from vivogan.errors import InputError

# What the ROI manager, or a program in its place, calls a ROI that nobody named: positions, numbers, unique ids.
UNNAMED = re.compile(r"^(?:(?:F?\d+-)*C?\d+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|point|)$", re.IGNORECASE)
NUMBER = re.compile(r"[\s_\-#.]*\d+$")  # of "neuron-12"
OVAL = 72  # corners of an oval made a polygon
OUTLINES = ("POLYGON", "FREEHAND", "TRACED")
LARGEST_ROI = 64 * 2**20  # bytes

logging.getLogger("roifile").addHandler(logging.NullHandler())  # what is broken is refused by us


def read_roi(file: str, content: bytes, desk: Desk) -> list[Sheet]:
    """One ROI of an image: the image of its name, or of the folder that it lies in. Raises ``InputError``."""
    path = PurePosixPath(file)
    sheets = sheets_of(file, [(path.name, content)], desk, (str(path.parent), file))
    for sheet in sheets:
        sheet.piece = True
    return sheets


def read_roi_set(file: str, content: bytes, desk: Desk) -> list[Sheet]:
    """All ROIs of an image; an empty set says that it was looked at. Raises ``InputError`` when it is no such zip."""
    return sheets_of(file, members(file, content, desk.options.limits), desk, (file, str(PurePosixPath(file).parent)))


def members(file: str, content: bytes, limits: Limits) -> Iterator[tuple[str, bytes]]:
    """The files of a zip in memory, none larger than a ROI can honestly be. Raises ``InputError``."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
            if len(infos) > limits.archive_members or sum(info.file_size for info in infos) > limits.archive_bytes:
                raise InputError(file, "holds more than the limits allow (limits.archive_members, archive_bytes)")
            infos, several = [info for info in infos if info.filename.lower().endswith(".roi")], len(infos)
            if several and not infos:
                raise Stranger(file, "is a zip without ROIs", mend="Save the ROIs from ImageJ's ROI manager")
            for info in infos:
                if info.file_size > LARGEST_ROI:
                    raise InputError(file, f"has {info.file_size:,} bytes, too many for a ROI", info.filename)
                yield info.filename, archive.read(info)
    except InputError:
        raise
    except Exception as error:  # hostile bytes raise anything from zipfile, zlib and struct
        raise InputError(file, f"is a broken zip ({plain(error)})", mend="Save the ROIs again") from error


def sheets_of(file: str, rois: Iterable[tuple[str, bytes]], desk: Desk, images: tuple[str, ...]) -> list[Sheet]:
    """One sheet, or one per plane where the image is a stack and the ROIs have positions."""
    planes = next((records for name in images if (records := desk.index.find(name))), [])
    first = Sheet(file, (planes[0], *images) if len(planes) == 1 else images, loose=True)
    sheets = {0: first}
    found: list[tuple[Sheet, Any, str, str]] = []
    for name, content in rois:
        try:
            roi = parse(file, name, content)
        except InputError as error:
            desk.refuse(file, name, f"{error.reason}. Draw it again or remove it", first)
            continue
        position = max(roi.position, roi.t_position, roi.z_position, 0)
        sheet = first
        if len(planes) > 1 and not desk.index.several(planes) and 0 < position <= len(planes):
            sheet = sheets.setdefault(position, Sheet(file, (planes[position - 1],), record=planes[position - 1]))
        found.append((sheet, roi, name, class_of(roi)))
    bare = [own for _, roi, _, own in found if own == plain_name(roi)]
    alone = len(bare) > 2 and len(set(bare)) == len(bare)  # names of single objects, not of kinds
    for sheet, roi, name, own in found:
        try:
            sheet.drawn += drawn_of(name, roi, OBJECT if alone and own in bare else own)
        except ValueError as error:
            desk.refuse(file, name, f"{error}. Draw it as an area or a point, or remove it", sheet)
    return [sheet for position, sheet in sheets.items() if position or sheet.drawn or sheet.lost or len(sheets) == 1]


def parse(file: str, name: str, content: bytes) -> Any:
    """The ROI in some bytes. Raises ``InputError``."""
    import roifile

    try:
        roi = roifile.ImagejRoi.frombytes(content)
        roi.coordinates(multi=True)  # also what lies in the bytes must be sound
        return roi
    except Exception as error:  # hostile bytes raise anything from struct and NumPy
        raise InputError(file, f"is no ROI of ImageJ ({plain(error)})", name) from error


def plain_name(roi: Any) -> str:
    return str(roi.name or "").strip().removesuffix(".roi")


def class_of(roi: Any) -> str:
    """The class of a ROI: its name without its number, else its group, else "object"."""
    name = plain_name(roi)
    if not UNNAMED.match(name):
        return NUMBER.sub("", name) or name
    return f"group {roi.group}" if roi.group > 0 else OBJECT


def drawn_of(record: str, roi: Any, name: str) -> list[Drawn]:
    """What a ROI draws: one area, or a point or more. Raises ``ValueError`` for lines and angles."""
    kind = roi.roitype.name
    if kind == "POINT":
        return dots(record, roi, name)
    if roi.multi_coordinates is not None:
        parts = [outline(part) for part in roi.coordinates(multi=True) if len(part) > 2]
        return [Drawn(record, name, outlines=tuple(parts), holes=True)]
    if kind in ("RECT", "OVAL"):
        x, y, width, height = roi.left, roi.top, roi.right - roi.left, roi.bottom - roi.top
        if roi.subpixelrect:
            x, y, width, height = roi.xd, roi.yd, roi.widthd, roi.heightd
        if kind == "RECT":
            return [Drawn(record, name, box=from_corner(x, y, width, height))]
        angle = np.linspace(0, 2 * np.pi, OVAL, endpoint=False)
        ring = np.stack([x + width * (1 + np.cos(angle)) / 2, y + height * (1 + np.sin(angle)) / 2], axis=1)
        return [Drawn(record, name, outlines=(outline(ring),))]
    if kind in OUTLINES and roi.n_coordinates > 2:
        return [Drawn(record, name, outlines=(outline(roi.coordinates()),))]
    raise ValueError(f"is of the kind {kind.lower()}, which has no area")


def outline(points: NDArray[Any]) -> NDArray[np.float64]:
    """ImageJ's (x, y) from the corner as (y, x) from the centre of the first pixel."""
    return np.asarray(points, np.float64)[:, ::-1] - CORNER


def dots(record: str, roi: Any, name: str) -> list[Drawn]:
    """The points of a point or multi-point ROI; counters are classes."""
    points = np.asarray(roi.coordinates(), np.float64)[:, ::-1]
    if roi.subpixel_coordinates is not None:
        points = points - CORNER
    counters = np.zeros(len(points), int) if roi.counters is None else roi.counters
    names = [f"counter {k}" if counters.any() else name for k in counters]
    several = len(points) > 1
    return [
        Drawn(f"{record}, point {i}" if several else record, own, point=(float(y), float(x)))
        for i, ((y, x), own) in enumerate(zip(points, names, strict=True), 1)
    ]
