"""Decode one image file from its bytes: the header is checked before any pixel takes memory, no bit depth is lost."""

from __future__ import annotations

import io
import logging
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vivogan.core.limits import Limits, check_shape
from vivogan.domains.images.records import plain
from vivogan.errors import InputError, UserError

if TYPE_CHECKING:
    from tifffile import TiffPageSeries

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp")
PILLOW = ("PNG", "JPEG", "BMP", "GIF", "WEBP")  # asked for by name: the rarer parsers of Pillow stay shut
BOMB_FROM = 64 * 2**20  # bytes decoded, below which any ratio is harmless
BOMB_RATIO = 200  # decoded to packed: no micrograph packs so well
NOISY = ("tifffile", "PIL")  # loggers whose words about a broken file we say ourselves
# Pillow mode → the mode it is read as: what loses nothing of what the file says.
MODES: Mapping[str, str] = {
    "1": "L",
    "L": "L",
    "LA": "LA",
    "P": "RGB",
    "PA": "RGBA",
    "RGB": "RGB",
    "RGBA": "RGBA",
    "RGBX": "RGB",
    "CMYK": "RGB",
    "YCbCr": "RGB",
    "LAB": "RGB",
    "HSV": "RGB",
    "I;16": "I;16",
    "I;16B": "I;16",
    "I;16L": "I;16",
    "I": "I",
    "F": "F",
}

for _name in NOISY:
    logging.getLogger(_name).addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Plane:
    """One image of a file: ``index`` is empty, or says which plane of a stack it is."""

    index: str
    image: NDArray[Any]  # [H, W, C]


def decode(name: str, content: bytes, limits: Limits) -> list[Plane]:
    """Every image in the bytes of one file.

    Raises ``InputError``, and nothing else, when the bytes are empty, damaged, too large decoded, or no image.
    """
    if not content:
        raise InputError(name, "is empty", mend="Copy the file again")
    reader = next((read for magic, read in MAGIC.items() if content.startswith(magic)), None)
    if reader is None:
        raise InputError(
            name, "is no PNG, JPEG, TIFF, BMP, GIF or WebP image, whatever its name says", mend="Save it again"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            planes = list(reader(name, content, limits))
    except UserError:
        raise
    except MemoryError as error:
        raise InputError(name, "does not fit into memory", mend="Save it smaller") from error
    except Exception as error:  # hostile bytes raise whatever they like inside Pillow, tifffile, zlib and struct
        raise InputError(name, f"cannot be decoded ({plain(error)})", mend="Copy or save the file again") from error
    if not planes:
        raise InputError(name, "holds no image", mend="Copy or save the file again")
    return planes


def check_decoded(name: str, shape: tuple[int, ...], itemsize: int, packed: int, limits: Limits) -> None:
    """Refuse an image by what its header announces: over the limits, or far more than its bytes can honestly hold."""
    check_shape(name, shape, itemsize, limits)
    size = int(np.prod(shape, dtype=object)) * itemsize
    if size > BOMB_FROM and size > BOMB_RATIO * packed:
        what = " x ".join(str(side) for side in shape)
        raise InputError(
            name, f"announces {what} pixels in {packed} bytes; it may be a decompression bomb", mend="Crop it"
        )


def read_pillow(name: str, content: bytes, limits: Limits) -> Iterator[Plane]:
    """PNG to 8 bits (and 16-bit grey), JPEG, BMP, WebP, the first frame of a GIF."""
    from PIL import Image

    with Image.open(io.BytesIO(content), formats=PILLOW) as image:
        mode = MODES.get(image.mode)
        if mode is None:
            raise InputError(name, f"has the colour mode {image.mode}", mend="Save it as RGB or grey")
        if mode == "RGB" and "transparency" in image.info:
            mode = "RGBA"
        width, height = image.size
        itemsize = {"I;16": 2, "I": 4, "F": 4}.get(mode, 1)
        check_decoded(name, (height, width, len(mode) if itemsize == 1 else 1), itemsize, len(content), limits)
        pixels = np.array(image if image.mode == mode else image.convert(mode))
    if pixels.dtype.kind == "b":
        pixels = pixels.astype(np.uint8) * np.uint8(255)
    yield Plane("", with_channels(pixels))


def read_png(name: str, content: bytes, limits: Limits) -> Iterator[Plane]:
    """PNG; 16-bit colour is decoded here, because Pillow would cut it to 8 bits without a word."""
    if len(content) < 33:
        raise InputError(name, "ends within its header", mend="Copy the file again")
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", content[16:29])
    if depth != 16 or colour not in DEEP_CHANNELS:
        yield from read_pillow(name, content, limits)
        return
    if interlaced:
        raise InputError(name, "is an interlaced 16-bit colour PNG", mend="Save it without interlacing, or as TIFF")
    channels = DEEP_CHANNELS[colour]
    check_decoded(name, (height, width, channels), 2, len(content), limits)
    stride = 2 * channels
    rows = height * (width * stride + 1)
    raw = zlib.decompressobj().decompress(b"".join(png_data(content)), rows)
    if len(raw) < rows:
        raise InputError(name, "is cut off", mend="Copy the file again")
    lines = np.frombuffer(raw, dtype=np.uint8).reshape(height, width * stride + 1)
    pixels = unfiltered(lines[:, 0], lines[:, 1:].reshape(height, width, stride))
    yield Plane("", pixels.view(">u2").astype(np.uint16))  # [H, W, C]


DEEP_CHANNELS = {2: 3, 4: 2, 6: 4}  # PNG colour type → channels: RGB, grey with alpha, RGBA


def png_data(content: bytes) -> Iterator[bytes]:
    """The IDAT chunks of a PNG, each proved by its checksum. Raises ValueError when one is damaged."""
    place = 8
    while place + 12 <= len(content):
        length, kind = struct.unpack(">I4s", content[place : place + 8])
        end = place + 8 + length
        body = content[place + 4 : end]
        if end + 4 > len(content) or zlib.crc32(body) != struct.unpack(">I", content[end : end + 4])[0]:
            raise ValueError("a damaged chunk")
        if kind == b"IDAT":
            yield body[4:]
        place = end + 4


def unfiltered(filters: NDArray[np.uint8], rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Undo the PNG row filters (PNG specification, section 9): rows [H, W, B] of B bytes per pixel.

    A pixel depends on its left, upper and upper-left neighbours, so all pixels of one anti-diagonal are undone at once.
    """
    height, width, _ = rows.shape
    if (filters > 4).any():
        raise ValueError("an unknown row filter")
    out = np.zeros((height + 1, width + 1, rows.shape[2]), dtype=np.int16)  # a border of zeros on top and left
    for diagonal in range(height + width - 1):
        y = np.arange(max(0, diagonal - width + 1), min(height, diagonal + 1))
        x = diagonal - y
        a, b, c = out[y + 1, x], out[y, x + 1], out[y, x]  # left, up, upper left [k, B]
        toward = a + b - c
        near_a, near_b, near_c = np.abs(toward - a), np.abs(toward - b), np.abs(toward - c)
        paeth = np.where((near_a <= near_b) & (near_a <= near_c), a, np.where(near_b <= near_c, b, c))
        kind = filters[y][:, None]
        guess = np.select([kind == 0, kind == 1, kind == 2, kind == 3], [np.zeros_like(a), a, b, (a + b) >> 1], paeth)
        out[y + 1, x + 1] = (rows[y, x] + guess) & 255
    return np.ascontiguousarray(out[1:, 1:].astype(np.uint8))


def read_tiff(name: str, content: bytes, limits: Limits) -> Iterator[Plane]:
    """TIFF and OME-TIFF: channels are kept together, every z, t or page becomes an image of its own."""
    import tifffile

    check_directories(name, content)
    with tifffile.TiffFile(io.BytesIO(content)) as tiff:
        if tiff.is_ome and any(page is None for series in tiff.series for page in series.pages):
            raise InputError(name, "is one part of an OME-TIFF of several files", mend="Save the set as one file")
        several = len(tiff.series) > 1
        for number, series in enumerate(tiff.series):
            prefix = f"{number}-" if several else ""
            for plane in series_planes(name, content, series, limits):
                yield Plane(f"{prefix}{plane.index}".rstrip("-"), plane.image)


def check_directories(name: str, content: bytes) -> None:
    """Refuse a TIFF whose chain of directories leads back into itself: tifffile would follow it without end."""
    order = "<" if content.startswith(b"II") else ">"
    big = content[2:4] in (b"+\x00", b"\x00+")
    # Where the first offset stands, then the formats of an offset and of a count, and the bytes of an entry.
    start, offset_format, count_format, entry = (8, "Q", "Q", 20) if big else (4, "I", "H", 12)
    seen: set[int] = set()
    while start + struct.calcsize(offset_format) <= len(content):
        (place,) = struct.unpack_from(order + offset_format, content, start)
        if place in seen:
            raise InputError(name, "has pages that lead back to themselves", mend="Copy or save the file again")
        seen.add(place)
        size = struct.calcsize(count_format)
        if place == 0 or place + size > len(content):
            return
        start = place + size + entry * struct.unpack_from(order + count_format, content, place)[0]


def series_planes(name: str, content: bytes, series: TiffPageSeries, limits: Limits) -> Iterator[Plane]:
    """The images of one series of a TIFF, in the order of its stack axes."""
    shape, axes, dtype = tuple(series.shape), str(series.axes), series.dtype
    if dtype is None or len(shape) != len(axes) or len(shape) < 2:
        raise InputError(name, f"has no pixels (shape {shape})", mend="Copy or save the file again")
    check_decoded(name, shape, dtype.itemsize, len(content), limits)
    try:
        array = np.asarray(series.asarray(maxworkers=1))
    except (ValueError, ImportError) as error:
        if "imagecodecs" not in str(error):
            raise
        array = pillow_tiff(name, content, shape)
    channels = [i for i, axis in enumerate(axes) if axis in "CS"]
    stacked = [i for i, axis in enumerate(axes) if axis not in "CSYX"]
    if "Y" not in axes or "X" not in axes:  # no names: the last two are the image
        channels, stacked = [], list(range(len(axes) - 2))
    flat = [i for i in range(len(axes)) if i not in channels and i not in stacked]
    array = array.transpose(*stacked, *flat, *channels)
    many = array.shape[: len(stacked)]
    array = array.reshape(*many, *(shape[i] for i in flat), -1)  # [stack…, H, W, C]
    for place in product(*(range(side) for side in many)):
        index = "-".join(str(i) for i, side in zip(place, many, strict=True) if side > 1)
        yield Plane(index, array[place])


def pillow_tiff(name: str, content: bytes, shape: tuple[int, ...]) -> NDArray[Any]:
    """A TIFF whose compression needs the optional imagecodecs, through Pillow where that keeps every bit."""
    from PIL import Image

    with Image.open(io.BytesIO(content), formats=("TIFF",)) as image:
        bits = image.tag_v2.get(258, (1,))  # type: ignore[attr-defined]  # BitsPerSample
        depth = max(bits) if isinstance(bits, tuple) else bits
        if image.mode in MODES and (depth <= 8 or len(image.getbands()) == 1):
            pixels = np.array(image)
            if pixels.shape == shape:
                return pixels
    raise InputError(
        name, "is packed in a way that needs imagecodecs", mend="pip install imagecodecs, or save it unpacked"
    )


def with_channels(pixels: NDArray[Any]) -> NDArray[Any]:
    """[H, W] or [H, W, C] as [H, W, C]."""
    return pixels[..., None] if pixels.ndim == 2 else pixels


Reader = Callable[[str, bytes, Limits], Iterator[Plane]]
MAGIC: Mapping[bytes, Reader] = {  # the first bytes decide, not the name
    b"\x89PNG\r\n\x1a\n": read_png,
    b"\xff\xd8\xff": read_pillow,
    b"II*\x00": read_tiff,
    b"MM\x00*": read_tiff,
    b"II+\x00": read_tiff,
    b"MM\x00+": read_tiff,
    b"BM": read_pillow,
    b"GIF8": read_pillow,
    b"RIFF": read_pillow,
}
