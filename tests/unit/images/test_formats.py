"""Every bit depth and channel count of PNG, TIFF and JPEG is read as it is."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from vivogan.core.limits import Limits
from vivogan.domains.images.formats import decode
from vivogan.errors import InputError


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def deep_png(image: NDArray[np.uint16], filters: list[int]) -> bytes:
    """A 16-bit PNG written by the book (PNG specification, section 9), one filter per row."""
    height, width, channels = image.shape
    raw = image.astype(">u2").tobytes()
    stride, step = width * channels * 2, channels * 2
    out, above = bytearray(), bytes(stride)
    for y, kind in enumerate(filters):
        row = raw[y * stride : (y + 1) * stride]
        out.append(kind)
        for i, value in enumerate(row):
            a = row[i - step] if i >= step else 0
            b, c = above[i], above[i - step] if i >= step else 0
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            out.append((value - [0, a, b, (a + b) // 2, paeth][kind]) % 256)
        above = row
    colour = {2: 4, 3: 2, 4: 6}[channels]
    head = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)
    data = zlib.compress(bytes(out))
    parts = [chunk(b"IHDR", head), chunk(b"IDAT", data[:20]), chunk(b"IDAT", data[20:]), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_16_bit_colour_png_keeps_every_bit(channels: int) -> None:
    image = np.random.default_rng(channels).integers(0, 65536, (10, 7, channels), dtype=np.uint16)
    [plane] = decode("a.png", deep_png(image, [0, 1, 2, 3, 4, 4, 3, 2, 1, 0]), Limits())
    assert plane.image.dtype == np.uint16
    np.testing.assert_array_equal(plane.image, image)


@pytest.mark.parametrize(("shape", "dtype"), [((5, 4), np.uint8), ((5, 4), np.uint16), ((5, 4, 3), np.uint8)])
def test_png(shape: tuple[int, ...], dtype: Any) -> None:
    image = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, dtype=dtype)
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, format="PNG")
    [plane] = decode("a.png", stream.getvalue(), Limits())
    assert plane.image.dtype == dtype
    np.testing.assert_array_equal(plane.image.reshape(shape), image)


@pytest.mark.parametrize(("mode", "channels"), [("1", 1), ("L", 1), ("LA", 2), ("P", 3), ("RGB", 3), ("RGBA", 4)])
def test_png_modes(mode: str, channels: int) -> None:
    stream = io.BytesIO()
    Image.linear_gradient("L").resize((9, 5)).convert("RGB").convert(mode).save(stream, format="PNG")
    [plane] = decode("a.png", stream.getvalue(), Limits())
    assert plane.image.shape == (5, 9, channels)
    assert plane.image.dtype == np.uint8
    assert plane.image.max() > 127


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.uint32, np.float32, np.float64])
@pytest.mark.parametrize(("shape", "axes", "each"), [
    ((9, 8), "YX", (9, 8, 1)),
    ((6, 9, 8), "ZYX", (9, 8, 1)),
    ((5, 9, 8), "CYX", (9, 8, 5)),
    ((2, 6, 9, 8), "CZYX", (9, 8, 2)),
])  # fmt: skip
def test_tiff(dtype: Any, shape: tuple[int, ...], axes: str, each: tuple[int, ...]) -> None:
    image = (np.random.default_rng(0).random(shape) * 200).astype(dtype)
    stream = io.BytesIO()
    tifffile.imwrite(stream, image, ome=True, metadata={"axes": axes}, photometric="minisblack")
    planes = decode("a.tif", stream.getvalue(), Limits())
    assert [p.image.shape for p in planes] == [each] * (6 if "Z" in axes else 1)
    assert planes[0].image.dtype == dtype
    first = (
        image[0]
        if axes == "ZYX"
        else np.moveaxis(image.reshape(-1, *shape[-3:])[:, 0], 0, -1)
        if "Z" in axes
        else image
    )
    np.testing.assert_array_equal(
        planes[0].image.squeeze(), (np.moveaxis(first, 0, -1) if axes == "CYX" else first).squeeze()
    )


def test_plain_pages_and_lzw(tmp_path: Any) -> None:
    pages = [Image.fromarray(np.full((6, 5), v, np.uint8)) for v in (1, 2, 3)]
    stream = io.BytesIO()
    pages[0].save(stream, format="TIFF", save_all=True, append_images=pages[1:])
    planes = decode("a.tif", stream.getvalue(), Limits())
    assert [(p.index, int(p.image[0, 0, 0])) for p in planes] == [("0", 1), ("1", 2), ("2", 3)]
    stream = io.BytesIO()
    pages[1].save(stream, format="TIFF", compression="tiff_lzw")
    assert (decode("a.tif", stream.getvalue(), Limits())[0].image == 2).all()


def test_jpeg_and_a_wrong_name() -> None:
    stream = io.BytesIO()
    Image.new("RGB", (16, 9), (200, 10, 10)).save(stream, format="JPEG")
    [plane] = decode("a.tif", stream.getvalue(), Limits())
    assert plane.image.shape == (9, 16, 3)


def test_limits_are_asked_before_pixels() -> None:
    stream = io.BytesIO()
    Image.new("L", (64, 64)).save(stream, format="PNG")
    with pytest.raises(InputError, match="more than the limit"):
        decode("a.png", stream.getvalue(), Limits(pixels=1000))
