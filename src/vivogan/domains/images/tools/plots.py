"""Pictures of what tools see and find: pure functions from images and objects to [H, W, 3] uint8.

Overlays of small images are enlarged by a whole factor before anything is drawn, so that pixels stay pixels and marks
stay crisp; overlays of one image have the same size, whatever is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vivogan.domains.images.annotations.objects import Objects

Picture = NDArray[np.uint8]  # [H, W, 3]

# Okabe and Ito's palette for every kind of colour vision, without its black; told apart on dark and on bright images.
PALETTE = np.array(
    [(230, 159, 0), (86, 180, 233), (0, 158, 115), (213, 94, 0), (240, 228, 66), (204, 121, 167), (0, 114, 178)],
    np.float64,
)
CHANNELS = np.array([(0, 1, 1), (1, 0, 1), (1, 1, 0)], np.float64)  # cyan, magenta, yellow: what adds up to white
INK, PAPER = (30, 34, 38), 255
SIDE = 640  # pixels that a small image is enlarged to, at most
MOST = 8  # fold that it is enlarged
WIDTH = 1600  # pixels of a contact sheet, at most
GAP = 8
UNSURE = 0.5  # objects below this score are drawn hollow or faint


def shown(image: NDArray[Any]) -> Picture:
    """A normalised image [C, H, W], mostly in 0…1, for the eye [H, W, 3].

    One channel is grey and three are red, green, blue; two, or the first three of more, are added up as cyan, magenta
    and yellow light.
    """
    x = np.clip(np.nan_to_num(np.asarray(image, np.float64)), 0, 1)
    if len(x) == 1:
        x = x.repeat(3, 0)
    elif len(x) != 3:
        x = np.clip(np.einsum("chw,ck->khw", x[:3], CHANNELS[: min(3, len(x))]), 0, 1)
    return np.ascontiguousarray((255 * x).round().astype(np.uint8).transpose(1, 2, 0))


def colour(index: int) -> tuple[int, int, int]:
    """The colour of a class, as red, green, blue; they repeat after seven."""
    red, green, blue = PALETTE[index % len(PALETTE)].astype(int)
    return int(red), int(green), int(blue)


def factor(shape: tuple[int, ...]) -> int:
    """How many fold an image [H, W] is enlarged before marks are drawn on it: 2 for 256 pixels, 1 from 321 on."""
    return max(1, min(MOST, SIDE // max(*shape[:2], 1)))


def enlarged(picture: NDArray[Any], times: int | None = None) -> NDArray[Any]:
    """A picture [H, W, …] by a whole factor, every pixel a square."""
    times = factor(picture.shape) if times is None else times
    return picture.repeat(times, 0).repeat(times, 1)


def overlay_objects(
    image: NDArray[Any], objects: Objects, names: Sequence[str], scores: ArrayLike | None = None
) -> Picture:
    """The objects on their image [C, H, W]: outlines where there are label images, else boxes, else dots.

    Args:
        names: the classes; where there are several, a legend with their numbers stands below the image.
        scores: [n]; objects below one half are drawn hollow (dots) or faint (boxes, outlines).
    """
    times = factor(image.shape[1:])
    picture = enlarged(shown(image), times)
    sure = np.ones(len(objects), bool) if scores is None else np.asarray(scores, np.float64) >= UNSURE
    if objects.labels is not None:
        picture = _outlines(picture, enlarged(objects.labels, times), objects.classes, sure)
    elif objects.boxes is not None:
        picture = _boxes(picture, (objects.boxes + 0.5) * times - 0.5, objects.classes, sure)
    else:
        picture = _dots(picture, (objects.centres + 0.5) * times - 0.5, objects.classes, sure)
    if len(names) > 1:
        numbers = np.bincount(objects.classes, minlength=len(names))
        entries = [f"{name} {n:,}" for name, n in zip(names, numbers, strict=False)]
        picture = np.concatenate([picture, legend(entries, picture.shape[1])])
    return picture


def overlay_attribution(image: NDArray[Any], attribution: NDArray[Any]) -> Picture:
    """Which pixels of an image [C, H, W] decided: orange spoke for, blue against; the image itself stands in grey.

    ``attribution`` is [H, W], or [C, H, W], whose channels are summed.
    """
    values = np.asarray(attribution, np.float64)
    values = _stretched(values.sum(0) if values.ndim == 3 else values, image.shape[1:])
    grey = shown(image).mean(2, keepdims=True).repeat(3, 2)
    strength = 0.9 * _strength(np.abs(values))[..., None] ** 0.7
    picture = grey + strength * (np.where(values[..., None] > 0, PALETTE[0], PALETTE[1]) - grey)
    return enlarged(picture.round().astype(np.uint8))


def panel(pictures: Sequence[NDArray[Any]], captions: Sequence[str], columns: int) -> Picture:
    """A contact sheet on white, at most ``WIDTH`` wide: pictures [H, W, 3] of any sizes, each above its caption.

    A caption may have several lines; what does not fit is shortened in the middle.
    """
    if not pictures:
        return np.full((1, 1, 3), PAPER, np.uint8)
    columns = max(1, min(columns, len(pictures)))
    most = (WIDTH + GAP) // columns - GAP
    tiles = [_fitted(np.asarray(picture, np.uint8), most) for picture in pictures]
    width = max(96, *(tile.shape[1] for tile in tiles))
    size = _letters(columns * (width + GAP))
    rows = []
    for start in range(0, len(tiles), columns):
        row, words = tiles[start : start + columns], captions[start : start + columns]
        top = max(tile.shape[0] for tile in row)
        lines = max((len(text.split("\n")) for text in words if text), default=0)
        sheet = np.full(
            (top + (lines * (size + 5) + 6 if lines else 0), columns * (width + GAP) - GAP, 3), PAPER, np.uint8
        )
        for j, tile in enumerate(row):
            left = j * (width + GAP)
            sheet[: tile.shape[0], left : left + tile.shape[1]] = tile
            if j < len(words) and words[j]:
                text = written(words[j].split("\n"), width, size)
                sheet[top + 4 : top + 4 + len(text), left : left + width] = text[: len(sheet) - top - 4]
        rows.append(sheet)
    return _stacked(rows, GAP)


def compare(
    real: Sequence[NDArray[Any]],
    generated: Sequence[NDArray[Any]],
    real_objects: Sequence[Objects | None] = (),
    generated_objects: Sequence[Objects | None] = (),
    names: Sequence[str] = (),
    side: int = 256,
    columns: int = 4,
) -> Picture:
    """Real images [C, H, W] in the upper row, generated ones below: windows of one size from their middles.

    Where objects are given, they are drawn; both rows are enlarged alike, so that sizes can be compared.
    """
    known = [*real, *generated]
    window = min([side, *(length for image in known for length in image.shape[1:])])
    rows = []
    for title, images, objects in (("Real", real, real_objects), ("Generated", generated, generated_objects)):
        tiles = []
        for i, image in enumerate(images[:columns]):
            drawn = objects[i] if i < len(objects) else None
            part, inside = _middle(image, drawn, window)
            tiles.append(enlarged(shown(part)) if inside is None else overlay_objects(part, inside, names[:1]))
        if tiles:
            sheet = panel(tiles, [], columns)
            rows += [written([title], sheet.shape[1], _letters(sheet.shape[1]) + 2), sheet]
    if any(o is not None for o in (*real_objects, *generated_objects)) and len(names) > 1 and rows:
        rows.append(legend(names, max(row.shape[1] for row in rows)))
    return _stacked(rows, GAP) if rows else np.full((1, 1, 3), PAPER, np.uint8)


def legend(names: Sequence[str], width: int) -> Picture:
    """Class names beside squares of their colours, in as many lines as a picture of this width needs."""
    size = max(12, min(20, width // 48))
    font, draw, image = _canvas(1, 1, size)
    places, x, y = [], 0, 6
    for name in names:
        text = _shortened(name, font, width - size - 6)
        reach = size + 6 + int(font.getlength(text)) + 14
        if x and x + reach - 14 > width:
            x, y = 0, y + size + 8
        places.append((x, y, text))
        x += reach
    font, draw, image = _canvas(width, y + size + 6, size)
    for k, (x, y, text) in enumerate(places):
        draw.rectangle([x, y + 1, x + size - 1, y + size], fill=colour(k), outline=INK)
        draw.text((x + size + 6, y + size / 2 + 0.5), text, fill=INK, font=font, anchor="lm")
    return np.asarray(image, np.uint8)


def written(lines: Sequence[str], width: int, size: int) -> Picture:
    """Lines of text in ink on white, ``width`` wide; a line that is too long is shortened in the middle."""
    font, draw, image = _canvas(width, len(lines) * (size + 5), size)
    for i, line in enumerate(lines):
        draw.text((0, (i + 0.5) * (size + 5)), _shortened(line, font, width), fill=INK, font=font, anchor="lm")
    return np.asarray(image, np.uint8)


def _outlines(
    picture: Picture, labels: NDArray[np.int32], classes: NDArray[np.intp], sure: NDArray[np.bool_]
) -> Picture:
    """Lines just inside the objects, a dark one inside those, so that they show on bright and on dark objects."""
    colours = np.concatenate([np.zeros((1, 3)), PALETTE[classes % len(PALETTE)]])
    opaque = np.concatenate([[0.0], np.where(sure, 1.0, 0.45)])
    drawn, left = picture.astype(np.float64), labels.copy()
    thick = _thickness(picture)
    for ring in range(thick + 1):
        rim = _rim(left)
        ids = left[rim]
        ink = colours[ids] if ring < thick else np.zeros((len(ids), 3))
        share = opaque[ids, None] * (1.0 if ring < thick else 0.5)
        drawn[rim] += share * (ink - drawn[rim])
        left[rim] = 0
    return drawn.round().astype(np.uint8)


def _rim(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """[H, W]: pixels of an object with a neighbour, above, below or beside it, that is not of the object."""
    rim = np.zeros(labels.shape, bool)
    down, beside = labels[1:] != labels[:-1], labels[:, 1:] != labels[:, :-1]
    rim[1:] |= down
    rim[:-1] |= down
    rim[:, 1:] |= beside
    rim[:, :-1] |= beside
    return rim & (labels > 0)


def _boxes(picture: Picture, boxes: NDArray[Any], classes: NDArray[np.intp], sure: NDArray[np.bool_]) -> Picture:
    """Frames with a dark hairline on both sides; boxes [n, 4] in the picture's own pixels."""
    from PIL import Image, ImageDraw

    image, thick = Image.fromarray(picture), _thickness(picture)
    draw = ImageDraw.Draw(image, "RGBA")
    for (top, left, bottom, right), k, certain in zip(boxes, classes, sure, strict=True):
        # [x + 0.5] edges: the box of the pixels 2…4 is 1.5…4.5
        x0, y0, x1, y1 = round(left + 0.5), round(top + 0.5), round(right - 0.5), round(bottom - 0.5)
        alpha = 255 if certain else 115
        for grow, width, ink in ((1, thick + 2, (0, 0, 0, alpha // 2)), (0, thick, (*colour(int(k)), alpha))):
            frame = [x0 - grow, y0 - grow, max(x1, x0) + grow, max(y1, y0) + grow]
            draw.rectangle(frame, outline=ink, width=width)
    return np.asarray(image, np.uint8)


def _dots(picture: Picture, centres: NDArray[Any], classes: NDArray[np.intp], sure: NDArray[np.bool_]) -> Picture:
    """Discs with a dark rim, drawn at four times the size and averaged; centres [n, 2] in the picture's own pixels."""
    from PIL import Image, ImageDraw

    height, width = picture.shape[:2]
    radius = _radius(picture, centres)
    marks, fine = Image.fromarray(picture), 4
    reach = int(np.ceil(radius)) + 3
    for (y, x), k, certain in zip(centres, classes, sure, strict=True):
        if not (-reach <= y <= height + reach and -reach <= x <= width + reach):
            continue
        left, top = int(np.floor(x)) - reach, int(np.floor(y)) - reach
        stamp = Image.new("RGBA", (2 * reach * fine,) * 2)
        draw = ImageDraw.Draw(stamp)
        cx, cy = (x - left + 0.5) * fine, (y - top + 0.5) * fine
        inks: list[tuple[float, tuple[int, ...]]] = [(radius + 1, (0, 0, 0, 200)), (radius, (*colour(int(k)), 255))]
        if not certain:
            inks.append((0.55 * radius, (0, 0, 0, 0)))
        for r, ink in inks:
            if r > 0:
                draw.ellipse([cx - r * fine, cy - r * fine, cx + r * fine - 1, cy + r * fine - 1], fill=ink)
        small = stamp.reduce(fine)
        marks.paste(small, (left, top), small)
    return np.asarray(marks, np.uint8)


def _letters(width: int) -> int:
    """Height of letters on a sheet that the report shrinks to the width of its page."""
    return max(11, min(22, width // 72))


def _thickness(picture: Picture) -> int:
    """Pixels of a line: two on an enlarged small image, more on large ones, which are seen from further away."""
    return max(1, round(max(picture.shape[:2]) / 320))


def _radius(picture: Picture, centres: NDArray[Any]) -> float:
    """Of a dot: by the size of the picture, smaller where dots would run into each other."""
    radius = max(2.5, max(picture.shape[:2]) / 130)
    if len(centres) > 1:
        from scipy.spatial import cKDTree

        nearest = cKDTree(centres).query(centres, 2)[0][:, 1]
        radius = min(radius, max(2.5, 0.35 * float(np.median(nearest))))
    return radius


def _strength(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """[H, W] to 0…1; the highest in two hundred are 1."""
    positive = values[values > 0]
    top = float(np.quantile(positive, 0.995)) if len(positive) else 1.0
    return np.clip(values / top, 0, 1)


def _stretched(values: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """[h, w] to [H, W], bilinear."""
    from PIL import Image

    if values.shape == shape[:2]:
        return values
    small = Image.fromarray(values.astype(np.float32))
    return np.asarray(small.resize((shape[1], shape[0]), Image.Resampling.BILINEAR), np.float64)


def _fitted(picture: Picture, most: int) -> Picture:
    """The picture, averaged down to ``most`` pixels of width if it is wider."""
    from PIL import Image

    height, width = picture.shape[:2]
    if width <= most:
        return picture
    size = (most, max(1, round(height * most / width)))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS), np.uint8)


def _stacked(rows: Sequence[Picture], gap: int) -> Picture:
    """Pictures below each other on white."""
    width = max(row.shape[1] for row in rows)
    sheet = np.full((sum(len(row) + gap for row in rows) - gap, width, 3), PAPER, np.uint8)
    top = 0
    for row in rows:
        sheet[top : top + len(row), : row.shape[1]] = row
        top += len(row) + gap
    return sheet


def _middle(image: NDArray[Any], objects: Objects | None, side: int) -> tuple[NDArray[Any], Objects | None]:
    """The middle window of an image, and the objects whose centres lie in it."""
    top, left = ((length - side) // 2 for length in image.shape[1:])
    window = image[:, top : top + side, left : left + side]
    if objects is None:
        return window, None
    corner = np.array([top, left], np.float32)
    moved = objects.centres - corner
    keep = np.flatnonzero(((moved >= -0.5) & (moved < side - 0.5)).all(1))
    boxes = None if objects.boxes is None else objects.boxes[keep] - np.tile(corner, 2)
    labels = None
    if objects.labels is not None:
        new = np.zeros(len(objects) + 1, np.int32)
        new[keep + 1] = np.arange(1, len(keep) + 1)
        labels = new[objects.labels[top : top + side, left : left + side]]
    return window, Objects(moved[keep], objects.classes[keep], boxes, labels)


def _canvas(width: int, height: int, size: int) -> tuple[Any, Any, Any]:
    """PIL's own font, and a white picture to write on."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (max(1, width), max(1, height)), (PAPER,) * 3)
    return ImageFont.load_default(size), ImageDraw.Draw(image), image


def _shortened(text: str, font: Any, width: int) -> str:
    """The text with its middle left out where it is too long: names of files differ at both ends."""
    text = " ".join(text.split())
    kept = len(text)
    short = text
    while kept > 2 and font.getlength(short) > width:
        kept -= 1
        short = f"{text[: (kept + 1) // 2]}…{text[len(text) - kept // 2 :]}"
    return short
