"""From what was drawn to objects that can be trusted: inside the image, with an area, each once, none hidden."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vivogan.domains.images.annotations.drawn import Box, Crop, Desk, Drawn, Kind, Sheet
from vivogan.domains.images.annotations.objects import Objects
from vivogan.domains.images.annotations.raster import filled, paint, trimmed
from vivogan.errors import InputError

OVERHANG = 5.0  # pixels, or a quarter of the object, that may lie outside and are clipped
ROUNDING = 1.0  # pixels of overhang that are only another way to count pixels and not worth a word
SAME = 0.9  # intersection over union from where two objects of one class are one drawn twice
SAME_DOT = 0.5  # pixels
Shape = tuple[int, int]
Wrong = Callable[..., InputError]


@dataclass(frozen=True)
class Thing:
    """One object that passed its checks."""

    name: str
    centre: tuple[float, float]
    box: Box | None
    crop: Crop | None


def settle(sheets: Sequence[Sheet], shape: Shape, desk: Desk, tally: Counter[str]) -> tuple[Objects, list[str]] | None:
    """The objects of one image [H, W] with their class names, or None when nothing that was drawn can be used.

    ``tally`` counts what was mended. The classes of the objects are all 0; the names say what they are.
    """
    fitting = [sheet for sheet in sheets if fits(sheet, shape, desk)]
    kind = desk.options.kind
    for sheet in fitting:
        if sheet.labels is not None:
            whole = Objects.from_labels(sheet.labels)
            return reduced(whole, kind), ["object"] * len(whole)
    things: list[Thing] = []
    for sheet in fitting:
        for drawn in sheet.drawn:
            try:
                things.append(checked(sheet.file, drawn, shape, kind, tally))
            except InputError as error:
                desk.refuse(error.file, error.record, f"{error.reason}. {error.mend}", sheet)
    if not things:
        lost = not fitting or any(sheet.lost for sheet in fitting)
        return None if lost else (Objects.none(shape), [])
    things = once(things, tally)
    return together(things, shape, kind, tally), [thing.name for thing in things]


def fits(sheet: Sheet, shape: Shape, desk: Desk) -> bool:
    """Whether the annotation was drawn on an image of this size; refuses it when not."""
    if sheet.size is None or sheet.size == shape:
        return True
    drawn, there = (f"{height} x {width}" for height, width in (sheet.size, shape))
    reason = f"was drawn on {drawn} pixels (height x width), the image has {there}; it stays unlabelled"
    desk.refuse(sheet.file, sheet.record, f"{reason}. Draw it on this image")
    return False


def checked(file: str, drawn: Drawn, shape: Shape, kind: Kind | None, tally: Counter[str]) -> Thing:
    """One object laid on its image. Raises ``InputError`` when it has no place there."""

    def wrong(reason: str, mend: str = "Draw it again or remove it") -> InputError:
        return InputError(file, reason, drawn.record, mend)

    if not finite(drawn):
        raise wrong("has coordinates that are no finite numbers", "Correct it or remove it")
    if not drawn.name:
        raise wrong("has no class", "Give it one, or none to any")
    mask = None if drawn.mask is None else trimmed(drawn.mask)
    if mask is not None and mask.pixels.size == 0:
        raise wrong("has an empty mask")
    extent = extent_of(drawn, mask)
    if extent is None:
        if drawn.point is None:
            raise wrong("draws nothing")
        if kind in ("boxes", "masks"):
            raise wrong(f"is a dot, and {kind} were asked for", "Read it as dots")
        return Thing(drawn.name, inside(drawn.point, shape, wrong), None, None)
    if extent[2] <= extent[0] or extent[3] <= extent[1]:
        raise wrong("has no area")
    if kind == "masks" and mask is None and not drawn.outlines:
        raise wrong("has no outline, and masks were asked for", "Read it as boxes")
    box = clipped(extent, shape, wrong, tally)
    crop = None
    if kind in (None, "masks") and (mask is not None or drawn.outlines):
        crop = filled(drawn.outlines, shape, drawn.holes) if mask is None else trimmed(mask, shape)
        if crop.pixels.size == 0:
            raise wrong("covers no pixel of the image")
        box = bounds(crop)
    centre = drawn.point or middle(crop, box)
    return Thing(drawn.name, inside(centre, shape, wrong), None if kind == "dots" else box, crop)


def finite(drawn: Drawn) -> bool:
    """Whether all coordinates are numbers that exist."""
    numbers = (*(drawn.point or ()), *(drawn.box or ()))
    return all(map(math.isfinite, numbers)) and all(bool(np.isfinite(part).all()) for part in drawn.outlines)


def extent_of(drawn: Drawn, mask: Crop | None) -> Box | None:
    """What box an object fills: that of its mask, its outlines, or the one that was drawn."""
    if mask is not None:
        return bounds(mask)
    if drawn.outlines:
        points = np.concatenate(drawn.outlines)
        (top, left), (bottom, right) = points.min(axis=0), points.max(axis=0)
        return float(top), float(left), float(bottom), float(right)
    return drawn.box


def bounds(crop: Crop) -> Box:
    """The box around the pixels of a trimmed crop."""
    height, width = crop.pixels.shape
    return crop.top - 0.5, crop.left - 0.5, crop.top + height - 0.5, crop.left + width - 0.5


def middle(crop: Crop | None, box: Box) -> tuple[float, float]:
    """The centre of mass of the pixels, or of the box."""
    if crop is None:
        return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    y, x = np.nonzero(crop.pixels)
    return float(y.mean()) + crop.top, float(x.mean()) + crop.left


def inside(point: tuple[float, float], shape: Shape, wrong: Wrong) -> tuple[float, float]:
    """The point, moved by a pixel at most to lie in the image; raises what ``wrong`` makes of it when it lies out."""
    kept = [min(max(at, 0.0), side - 1.0) for at, side in zip(point, shape, strict=True)]
    if max(abs(at - there) for at, there in zip(point, kept, strict=True)) > ROUNDING:
        y, x = point
        raise wrong(f"lies at y={y:g}, x={x:g}, outside the image of {shape[0]} x {shape[1]}", "Check its units")
    return kept[0], kept[1]


def clipped(box: Box, shape: Shape, wrong: Wrong, tally: Counter[str]) -> Box:
    """The part of a box in the image; raises what ``wrong`` makes of it when too much of it lies out."""
    height, width = shape
    kept = (max(box[0], -0.5), max(box[1], -0.5), min(box[2], height - 0.5), min(box[3], width - 0.5))
    over = max(abs(a - b) for a, b in zip(box, kept, strict=True))
    side = min(box[2] - box[0], box[3] - box[1])
    if over > max(OVERHANG, side / 4) or kept[2] <= kept[0] or kept[3] <= kept[1]:
        raise wrong(f"lies {over:g} pixels outside the image of {height} x {width}", "Check its units or draw it again")
    if over > ROUNDING:
        tally["objects reached over the edge of their image by a few pixels and were clipped"] += 1
    return kept


def once(things: list[Thing], tally: Counter[str]) -> list[Thing]:
    """Each object once: those of one class that lie on each other were drawn twice; the first is kept."""
    from scipy.spatial import cKDTree

    dropped: set[int] = set()
    boxed = [i for i, thing in enumerate(things) if thing.box is not None]
    dotted = [i for i, thing in enumerate(things) if thing.box is None]
    if len(boxed) > 1:
        boxes = np.array([things[i].box for i in boxed], np.float64)
        reach = 0.12 * float((boxes[:, 2:] - boxes[:, :2]).max())  # of any side, when the overlap is above SAME
        pairs = cKDTree(boxes).query_pairs(reach, p=np.inf)
        dropped |= {boxed[j] for i, j in pairs if same(things[boxed[i]], things[boxed[j]])}
    if len(dotted) > 1:
        pairs = cKDTree([things[i].centre for i in dotted]).query_pairs(SAME_DOT)
        dropped |= {dotted[j] for i, j in pairs if things[dotted[i]].name == things[dotted[j]].name}
    if dropped:
        tally["objects were drawn twice; one of each was kept"] += len(dropped)
    return [thing for i, thing in enumerate(things) if i not in dropped]


def same(one: Thing, other: Thing) -> bool:
    """Whether two boxed things are one: same class, boxes and pixels (where drawn) that agree."""
    if one.name != other.name or one.box is None or other.box is None:
        return False
    a, b = np.array(one.box), np.array(other.box)
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    common = float(np.prod(sides.clip(0)))
    union = float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2])) - common
    if common <= SAME * union:
        return False
    if one.crop is None or other.crop is None:
        return True
    top, left = min(one.crop.top, other.crop.top), min(one.crop.left, other.crop.left)
    shape = (int(max(a[2], b[2]) + 0.5) - top, int(max(a[3], b[3]) + 0.5) - left)
    first, second = (
        paint([replace(c, top=c.top - top, left=c.left - left)], shape) > 0 for c in (one.crop, other.crop)
    )
    return bool((first & second).sum() > SAME * (first | second).sum())


def together(things: list[Thing], shape: Shape, kind: Kind | None, tally: Counter[str]) -> Objects:
    """The objects of one image in what all of them have: outlines, else boxes, else dots."""
    centres = np.array([thing.centre for thing in things], np.float32)
    classes = np.zeros(len(things), np.intp)
    boxes = [thing.box for thing in things if thing.box is not None]
    crops = [thing.crop for thing in things if thing.crop is not None]
    if 0 < len(boxes) < len(things) or (0 < len(crops) < len(things) and kind is None):
        tally["images mix dots, boxes or outlines; only what all their objects have was kept"] += 1
    if len(boxes) < len(things):
        return Objects(centres, classes)
    labels = paint(crops, shape) if len(crops) == len(things) else None
    return Objects(centres, classes, np.array(boxes, np.float32), labels)


def reduced(objects: Objects, kind: Kind | None) -> Objects:
    """Objects without what was not asked for."""
    if kind == "dots":
        return replace(objects, boxes=None, labels=None)
    return replace(objects, labels=None) if kind == "boxes" else objects
