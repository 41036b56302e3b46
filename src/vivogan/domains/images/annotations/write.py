"""Write objects in the formats that other programs open: label images, ImageJ ROIs, COCO, and a plain table.

Whatever is written here is read back by ``read`` to the same objects.
"""

from __future__ import annotations

import csv
import io
import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vivogan.core.files import plain, write_bytes, write_text
from vivogan.domains.images.annotations import rle
from vivogan.domains.images.annotations.drawn import CORNER, OBJECT
from vivogan.domains.images.annotations.objects import Objects
from vivogan.domains.images.annotations.raster import outlines_of
from vivogan.errors import UserError

Target = str | os.PathLike[str]
WHEN = (1980, 1, 1, 0, 0, 0)  # of every member of a zip, so that the same objects give the same bytes
SIDES = {"xmin": "left", "ymin": "top", "xmax": "right", "ymax": "bottom"}  # column → side of ``Objects.boxes``


def write_label_image(path: Target, labels: NDArray[Any]) -> None:
    """Write an instance map [H, W] as TIFF: 16 bits, or 32 above 65,535 objects; 0 is background.

    Raises ``UserError`` when the place cannot be written, ``ValueError`` for anything but whole numbers from 0 on.
    """
    import tifffile

    labels = np.asarray(labels)
    if labels.ndim != 2 or labels.dtype.kind not in "bui" or labels.min(initial=0) < 0:
        raise ValueError(f"an instance map is [H, W] of whole numbers from 0, not {labels.shape} of {labels.dtype}")
    kind = np.uint16 if labels.max(initial=0) <= np.iinfo(np.uint16).max else np.uint32
    stream = io.BytesIO()
    # zlib is the one compression that every reader knows and that needs no imagecodecs.
    tifffile.imwrite(stream, labels.astype(kind), photometric="minisblack", compression="zlib", metadata=None)
    write_bytes(path, stream.getvalue())


def write_rois(path: Target, objects: Objects, names: Sequence[str] = (OBJECT,)) -> None:
    """Write the objects of one image as a ``RoiSet.zip``: outlines where there are labels, else boxes, else points.

    Each ROI is called by its class and number, its group is the number of its class from 1.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        rings = rings_of(objects)
        for i, k in enumerate(objects.classes.tolist()):
            roi = roi_of(objects, i, rings[i])
            if roi is None:  # an object that others hide has no pixel to draw
                continue
            roi.name, roi.group = f"{names[k]}-{i + 1:04d}", min(k + 1, 255)
            archive.writestr(zipfile.ZipInfo(f"{i + 1:06d}.roi", WHEN), roi.tobytes())
    write_bytes(path, stream.getvalue())


def rings_of(objects: Objects) -> list[list[NDArray[np.float64]]]:
    """The outlines of every object, none where there are no labels."""
    found = [] if objects.labels is None else outlines_of(objects.labels)
    return found + [[]] * (len(objects) - len(found))  # a map ends at the last object that is seen


def roi_of(objects: Objects, i: int, rings: Sequence[NDArray[np.float64]]) -> Any:
    """Object ``i`` as an ``ImagejRoi``, with its outlines; None when it should have some and has none."""
    import roifile

    if objects.labels is not None:
        corners = [ring[:, ::-1] + CORNER for ring in rings]  # (x, y) from the corner of the first pixel
        if len(corners) > 1:
            return composite(corners)
        return roifile.ImagejRoi.frompoints(corners[0].astype(np.float32)) if corners else None
    if objects.boxes is None:
        roi = roifile.ImagejRoi.frompoints((objects.centres[i : i + 1, ::-1] + CORNER).astype(np.float32))
        roi.roitype = roifile.ROI_TYPE.POINT
        return roi
    top, left, bottom, right = (objects.boxes[i].astype(float) + CORNER).tolist()
    ring = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    roi = roifile.ImagejRoi.frompoints(ring)
    roi.roitype = roifile.ROI_TYPE.RECT
    roi.integer_coordinates = roi.subpixel_coordinates = None
    roi.n_coordinates = 0
    roi.top, roi.left, roi.bottom, roi.right = (round(side) for side in (top, left, bottom, right))
    roi.xd, roi.yd, roi.widthd, roi.heightd = left, top, right - left, bottom - top
    return roi


def composite(rings: Sequence[NDArray[np.float64]]) -> Any:
    """Several rings (x, y) as one ROI, a ring within a ring being a hole: ImageJ's ``ShapeRoi``, paths of segments."""
    import roifile

    roi = roifile.ImagejRoi.frompoints(np.concatenate(rings).astype(np.float32))
    roi.roitype, roi.options = roifile.ROI_TYPE.RECT, roifile.ROI_OPTIONS(0)
    roi.integer_coordinates = roi.subpixel_coordinates = None
    roi.n_coordinates = 0
    move, line, close = 0.0, 1.0, 4.0
    path = []
    for ring in rings:
        path += [[move if j == 0 else line, x, y] for j, (x, y) in enumerate(ring[:-1].tolist())] + [[close]]
    roi.multi_coordinates = np.array([value for segment in path for value in segment], np.float32)
    roi.shape_roi_size = len(roi.multi_coordinates)
    return roi


def write_coco(
    path: Target,
    images: Sequence[tuple[str, tuple[int, int]]],
    objects: Sequence[Objects],
    names: Sequence[str],
    scores: Sequence[NDArray[Any]] | None = None,
    outlines: Literal["rle", "polygons"] = "rle",
) -> None:
    """Write boxes and outlines of many images as one COCO JSON.

    Args:
        images: name and (height, width) of each. names: of the classes, which become categories 1, 2, ….
        scores: [n] per image, for what a model found.
        outlines: "rle" keeps every pixel; with "polygons" objects with holes are still run lengths, as COCO's
            polygons have none.

    Raises:
        UserError: an image has dots only, which COCO cannot hold.
    """
    annotations: list[dict[str, Any]] = []
    for image, ((name, _), own) in enumerate(zip(images, objects, strict=True), 1):
        if own.boxes is None and len(own):
            raise UserError(f"{path}: {name} has dots only, and COCO holds boxes and outlines", "Write a CSV")
        rings = rings_of(own) if outlines == "polygons" else [[]] * len(own)
        for i, k in enumerate(own.classes.tolist()):
            entry = {"id": len(annotations) + 1, "image_id": image, "category_id": k + 1, "iscrowd": 0}
            entry |= coco_shape(own, i, rings[i])
            if scores is not None:
                entry["score"] = float(scores[image - 1][i])
            annotations.append(entry)
    document = {
        "images": [
            {"id": i, "file_name": name, "height": height, "width": width}
            for i, (name, (height, width)) in enumerate(images, 1)
        ],
        "categories": [{"id": k, "name": name} for k, name in enumerate(names, 1)],
        "annotations": annotations,
    }
    write_text(path, json.dumps(plain(document), ensure_ascii=False, allow_nan=False) + "\n")


def coco_shape(objects: Objects, i: int, rings: Sequence[NDArray[np.float64]]) -> dict[str, Any]:
    """bbox, area and segmentation of object ``i``; bbox is (x, y, width, height) from the corner of the first pixel."""
    assert objects.boxes is not None  # write_coco refuses dots
    top, left, bottom, right = (objects.boxes[i].astype(float) + CORNER).tolist()
    shape: dict[str, Any] = {"bbox": [left, top, right - left, bottom - top], "area": (right - left) * (bottom - top)}
    if objects.labels is None:
        return shape
    mask = objects.labels == i + 1
    if not mask.any():
        return shape
    shape["area"] = int(mask.sum())
    if rings and not has_holes(mask):
        shape["segmentation"] = [np.round(ring[:-1, ::-1] + CORNER, 2).ravel().tolist() for ring in rings]
    else:
        shape["segmentation"] = {"size": list(mask.shape), "counts": rle.pack(rle.encode(mask))}
    return shape


def has_holes(mask: NDArray[np.bool_]) -> bool:
    """Whether background is enclosed by the object."""
    from scipy import ndimage

    return bool((ndimage.binary_fill_holes(mask) != mask).any())


def write_objects_csv(path: Target, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write one line an object: image, object, class, y, x, then box and score where any row knows them.

    Args:
        rows: with ``image``, ``y``, ``x`` and, where known, ``object``, ``class``, ``score`` and the sides ``top``,
            ``left``, ``bottom``, ``right`` of ``Objects.boxes``. The table calls these xmin, ymin, xmax and ymax and
            counts them from the corner of the first pixel, as other programs do. Other keys become columns as they
            are. A row with an image alone says that nothing was found on it.
    """
    known = {key for row in rows for key in row}
    columns: list[str] = [c for c in ("image", "object", "class", "y", "x") if c in known or c in ("image", "y", "x")]
    columns += [column for column, side in SIDES.items() if side in known]
    columns += [key for key in dict.fromkeys(k for row in rows for k in row) if key not in {*columns, *SIDES.values()}]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        sides = {column: round(float(row[side]) + CORNER, 3) for column, side in SIDES.items() if side in row}
        writer.writerow([{**row, **sides}.get(column, "") for column in columns])
    write_text(path, text.getvalue())
