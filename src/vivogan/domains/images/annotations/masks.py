"""Masks: pictures whose pixels say which object they belong to, in the three ways people draw them.

An instance map has one value per object; a binary mask has one value for all and is split into connected parts; a
binary picture per object, in a folder of the image's own or in a stack, lets objects overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from vivogan.domains.images.annotations.dotmaps import are_dots, dots_of, usual_area
from vivogan.domains.images.annotations.drawn import Crop, Desk, Drawn, Sheet
from vivogan.domains.images.formats import decode
from vivogan.domains.images.records import some
from vivogan.domains.images.trees import said
from vivogan.errors import InputError, UserError

JPEG = b"\xff\xd8\xff"
SPLIT = "masks have one value for all objects and were split into connected parts: touching ones are one"
HALF = 127  # a JPEG smears values; above this is foreground
RED = (127, 100)  # of a red dot: red above the first, green and blue below the second


@dataclass(frozen=True)
class Picture:
    """The planes [H, W] of one mask file, and the images it belongs to."""

    file: str
    records: list[str]
    planes: list[NDArray[Any]]
    lossy: bool
    piece: bool  # it draws one object of several

    @property
    def binary(self) -> bool:
        return all(is_binary(plane) for plane in self.planes)


def read_pictures(files: Mapping[str, Callable[[], bytes]], desk: Desk) -> list[Sheet]:
    """One sheet per image that masks were drawn for. What cannot be read or belongs to no image is refused."""
    pictures = [one for name, load in files.items() if (one := read_picture(name, load, desk)) is not None]
    whole = [one for one in pictures if not one.piece and not is_stack(one)]
    binary = all(one.binary for one in whole)
    maps = [plane > 0 for one in whole for plane in one.planes] if binary else []
    sheets = [sheet for one in pictures if one.piece or is_stack(one) for sheet in overlapping(one, desk)]
    kind = desk.options.kind
    if kind == "dots" and not binary:
        note = "the masks have one value per object; their centres were taken for dots"
        desk.draft.notes.append(note)
    elif maps and (kind == "dots" or (kind is None and are_dots(maps))):
        return sheets + as_dots(whole, maps, desk)
    if maps:
        desk.draft.notes.append(f"{len(maps)} {SPLIT}")
    for one in whole:
        sheets += as_maps(one, binary, desk)
    return sheets


def read_picture(name: str, load: Callable[[], bytes], desk: Desk) -> Picture | None:
    """Decode one mask; None when it was refused."""
    try:
        content = load()
        planes = [
            flat(name, plane.image, content.startswith(JPEG)) for plane in decode(name, content, desk.options.limits)
        ]
    except UserError as error:
        desk.refuse(name, None, said(error))
        return None
    records, piece = desk.index.find(name), False
    if not records or (desk.index.several(records) and desk.index.owner(name)):
        records, piece = desk.index.owner(name), True
    if not records:
        desk.refuse(name, None, "no image has this name. Name the mask as its image")
        return None
    if desk.index.several(records):
        desk.refuse(name, None, f"may belong to {some(records, 2)}. Put both into folders of one name")
        return None
    return Picture(name, records, planes, content.startswith(JPEG), piece)


def flat(name: str, image: NDArray[Any], lossy: bool) -> NDArray[Any]:
    """A mask [H, W, C] as whole numbers [H, W]: alpha goes, every colour is a value. Raises ``InputError``."""
    colours = image[..., : image.shape[2] - (image.shape[2] in (2, 4))]
    if lossy:
        return foreground(colours).astype(np.uint8)
    if colours.dtype.kind == "f":
        if not np.isfinite(colours).all():
            raise InputError(name, "has NaN or infinite pixels", mend="Save the mask as whole numbers")
        colours = colours.round().astype(np.int64)
    if colours.shape[2] == 1 or (colours == colours[..., :1]).all():
        return np.maximum(colours[..., 0], 0)
    if colours.shape[2] > 3 or colours.dtype.itemsize > 2:
        raise InputError(name, f"has {colours.shape[2]} channels", mend="Save one channel, or each object as a page")
    packed = colours.astype(np.int64) @ (1 << 16 * np.arange(colours.shape[2]))  # one number per colour; black is 0
    values, places = np.unique(packed, return_inverse=True)
    return (places.reshape(packed.shape) + (values[0] != 0)).astype(np.int32)


def foreground(colours: NDArray[Any]) -> NDArray[np.bool_]:
    """What is drawn in a JPEG: the red dots where there are any, else what is brighter than half."""
    if colours.shape[2] == 3:
        red = (colours[..., 0] > RED[0]) & (colours[..., 1:] < RED[1]).all(axis=2)
        if red.any():
            return np.asarray(red)
    return np.asarray(colours.max(axis=2) > HALF)


def is_binary(plane: NDArray[Any]) -> bool:
    """Whether a plane has one value beside the background."""
    drawn = plane[plane > 0]
    return drawn.size == 0 or bool((drawn == drawn[0]).all())


def is_stack(picture: Picture) -> bool:
    """Whether several planes belong to an image of one."""
    return len(picture.planes) > 1 and len(picture.records) == 1


def overlapping(picture: Picture, desk: Desk) -> list[Sheet]:
    """Every plane is one object of the image, so that objects may overlap; a plane of several values, several."""
    if len(picture.records) > 1:
        desk.refuse(picture.file, None, f"draws one object, the image is a stack of {len(picture.records)}. Split it")
        return []
    sheet = Sheet(picture.file, (picture.records[0],), size=shape_of(picture.planes[0]), piece=picture.piece)
    for number, plane in enumerate(picture.planes, 1):
        values = np.unique(plane[plane > 0])
        for value in values:
            record = f"plane {number}" if len(picture.planes) > 1 else f"value {value}"
            sheet.drawn.append(Drawn(record, mask=Crop(plane == value)))
        if not len(values):
            desk.refuse(picture.file, f"plane {number}", "is empty. Draw its object or remove it", sheet)
    return [sheet]


def as_dots(pictures: list[Picture], maps: list[NDArray[np.bool_]], desk: Desk) -> list[Sheet]:
    """The dots of dot maps, with a note on how they were read."""
    area = usual_area(maps)
    desk.draft.notes.append(f"{len(pictures)} pictures of blobs of {area:g} pixels were read as one dot each")
    sheets = []
    for one in pictures:
        for record, plane in planes_of(one, desk):
            dots = dots_of(plane > 0, area)
            drawn = [Drawn(f"dot {i}", point=(float(y), float(x))) for i, (y, x) in enumerate(dots, 1)]
            sheets.append(Sheet(one.file, (record,), drawn, size=shape_of(plane)))
    return sheets


def as_maps(picture: Picture, binary: bool, desk: Desk) -> list[Sheet]:
    """The instance map of each image of a picture; binary ones are split."""
    return [
        Sheet(picture.file, (record,), labels=split(plane) if binary else plane, size=shape_of(plane))
        for record, plane in planes_of(picture, desk)
    ]


def split(plane: NDArray[Any]) -> NDArray[np.int32]:
    """The connected parts of a binary mask. Pixels that touch by a corner are apart, as thin walls are diagonal."""
    return np.asarray(ndimage.label(plane > 0)[0], np.int32)


def planes_of(picture: Picture, desk: Desk) -> list[tuple[str, NDArray[Any]]]:
    """(image, plane) of a picture whose planes are those of its image; refused when their numbers differ."""
    if len(picture.planes) != len(picture.records):
        planes, images = len(picture.planes), len(picture.records)
        desk.refuse(picture.file, None, f"has {planes} planes, its image {images}. Save one mask per plane")
        return []
    return list(zip(picture.records, picture.planes, strict=True))


def shape_of(plane: NDArray[Any]) -> tuple[int, int]:
    return int(plane.shape[0]), int(plane.shape[1])
