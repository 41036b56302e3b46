"""Bad images are normal images: whatever the bytes, reading gives records and refusals, or one InputError."""

from __future__ import annotations

import io
import os
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from vivogan.core.limits import Limits
from vivogan.domains.images.data import ImageRecords, ReadOptions, read
from vivogan.domains.images.formats import decode
from vivogan.errors import InputError


def saved(kind: str, seed: int = 0, **options: Any) -> bytes:
    stream = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 255, (12, 10, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(stream, format=kind, **options)
    return stream.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, depth: int, colour: int, data: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = [chunk(b"IHDR", head), chunk(b"IDAT", data), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def stack(dtype: Any = np.uint16) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, np.arange(360).reshape(3, 12, 10).astype(dtype), ome=True, metadata={"axes": "ZYX"})
    return stream.getvalue()


def arrays(**named: Any) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **named)
    return stream.getvalue()


def packed() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a/1.png", saved("PNG", 1))
        archive.writestr("b/2.jpg", saved("JPEG", 2))
        archive.writestr("labels.csv", "file,type\na/1.png,x\nb/2.jpg,y\n")
    return stream.getvalue()


GOOD: dict[str, bytes] = {
    ".png": saved("PNG"),
    ".16.png": png(2, 2, 16, 2, zlib.compress(bytes(2 * 13))),
    ".jpg": saved("JPEG"),
    ".tif": stack(),
    ".lzw.tif": saved("TIFF", compression="tiff_lzw"),
    ".bmp": saved("BMP"),
    ".gif": saved("GIF"),
    ".npz": arrays(x=np.zeros((3, 6, 5), np.uint8), y=np.arange(3), name=np.array(["a", "b", "c"])),
    ".npy": b"",
    ".zip": packed(),
    ".csv": b"file,type\n1.png,a\n2.png,b\n",
}
_stream = io.BytesIO()
np.save(_stream, np.arange(60, dtype=np.uint8).reshape(2, 6, 5))
GOOD[".npy"] = _stream.getvalue()


def endures(path: Path) -> ImageRecords | None:
    """Read, and prove that the answer keeps the contract. Anything but an InputError fails the test."""
    try:
        records = read(path, ReadOptions())
    except InputError:
        return None
    assert len(records) > 0
    assert len(set(records.ids)) == len(records.ids) == len(records)
    assert all(image.ndim == 3 and image.size for image in records.images)
    assert len({(image.dtype, image.shape[2]) for image in records.images}) == 1
    assert all(len(values) == len(records) for values in records.labels.values())
    return records


class TestHostileBytes:
    """Fuzzing: random bytes, truncations and bit flips of valid files."""

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.sampled_from(sorted(GOOD)), st.binary(max_size=300))
    def test_random_bytes(self, tmp_path: Path, suffix: str, content: bytes) -> None:
        path = tmp_path / f"f{suffix}"
        path.write_bytes(content)
        endures(path)
        path.write_bytes(GOOD[suffix][:8] + content)
        endures(path)

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.sampled_from(sorted(GOOD)), st.floats(0, 1))
    def test_truncations(self, tmp_path: Path, suffix: str, share: float) -> None:
        path = tmp_path / f"f{suffix}"
        path.write_bytes(GOOD[suffix][: int(share * len(GOOD[suffix]))])
        endures(path)

    @settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.sampled_from(sorted(GOOD)),
        st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 7)), min_size=1, max_size=8),
    )
    def test_bit_flips(self, tmp_path: Path, suffix: str, flips: list[tuple[float, int]]) -> None:
        content = bytearray(GOOD[suffix])
        for place, bit in flips:
            content[int(place * len(content))] ^= 1 << bit
        path = tmp_path / f"f{suffix}"
        path.write_bytes(bytes(content))
        endures(path)

    @settings(max_examples=150, deadline=None)
    @given(st.binary(max_size=120))
    def test_headers_of_tiff(self, content: bytes) -> None:
        for magic in (b"II*\x00", b"MM\x00*", b"II+\x00\x08\x00\x00\x00"):
            try:
                decode("a.tif", magic + content, Limits())
            except InputError:
                continue


BROKEN: dict[str, Callable[[], bytes]] = {
    "empty.png": lambda: b"",
    "cut.png": lambda: GOOD[".png"][: len(GOOD[".png"]) // 2],
    "cut.jpg": lambda: GOOD[".jpg"][: len(GOOD[".jpg"]) // 2],
    "cut.tif": lambda: GOOD[".tif"][: len(GOOD[".tif"]) // 2],
    "text.png": lambda: b"this is no image",
    "bomb.png": lambda: png(30_000, 30_000, 8, 0, zlib.compress(bytes(30_001 * 100))),
    "bomb16.png": lambda: png(20_000, 20_000, 16, 2, zlib.compress(bytes(100_000))),
    "huge.png": lambda: png(2**31 - 1, 2**31 - 1, 8, 0, zlib.compress(bytes(100))),
    "zero.png": lambda: png(0, 5, 8, 0, zlib.compress(bytes(100))),
    "page.html": lambda: b"<html></html>",
}


def test_every_broken_file_is_refused_and_the_rest_goes_on(tmp_path: Path) -> None:
    for seed, name in enumerate(["good1.png", "good2.png", "good3.png"]):
        (tmp_path / name).write_bytes(saved("PNG", seed))
    for name, make in BROKEN.items():
        (tmp_path / name).write_bytes(make())
    records = read(tmp_path, ReadOptions())
    assert records.ids == ["good1.png", "good2.png", "good3.png"]
    refused = {str(r.record) for r in records.refusals}
    assert refused == set(BROKEN) - {"page.html"}
    assert all(len(r.reason) > 10 and "\n" not in r.reason for r in records.refusals)
    assert [note for note in records.notes if "no images" in note] == [
        "1 files are no images and were passed over: page.html"
    ]


@pytest.mark.parametrize("name", ["bomb.png", "bomb16.png", "huge.png"])
def test_a_bomb_takes_no_memory(name: str) -> None:
    content = BROKEN[name]()
    tracemalloc.start()
    with pytest.raises(InputError):
        decode(name, content, Limits())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * 2**20


def test_a_tiff_that_announces_too_much_takes_no_memory() -> None:
    stream = io.BytesIO()
    tifffile.imwrite(stream, np.zeros((4, 4), np.uint8), metadata=None)
    content = bytearray(stream.getvalue())
    with tifffile.TiffFile(io.BytesIO(bytes(content))) as tiff:
        for tag in ("ImageWidth", "ImageLength"):
            place = tiff.pages[0].tags[tag].valueoffset  # type: ignore[union-attr]
            content[place : place + 2] = struct.pack("<H", 60_000)
    with pytest.raises(InputError, match=r"decompression bomb|cannot be decoded"):
        decode("a.tif", bytes(content), Limits())


@pytest.mark.parametrize("big", [False, True])
def test_a_tiff_whose_pages_go_round_in_circles_ends(big: bool) -> None:
    stream = io.BytesIO()
    tifffile.imwrite(stream, np.zeros((3, 4, 4), np.uint8), photometric="minisblack", metadata=None, bigtiff=big)
    with tifffile.TiffFile(io.BytesIO(stream.getvalue())) as tiff:
        first = tiff.pages[0].offset  # type: ignore[union-attr]
    content = stream.getvalue()
    form = "<Q" if big else "<I"
    with tifffile.TiffFile(io.BytesIO(content)) as tiff:
        last = tiff.pages[-1].offset  # type: ignore[union-attr]
        entries = len(tiff.pages[-1].tags)  # type: ignore[union-attr]
    end = last + (8 + 20 * entries if big else 2 + 12 * entries)
    round_ = content[:end] + struct.pack(form, first) + content[end + struct.calcsize(form) :]
    assert len(decode("a.tif", content, Limits())) == 3
    with pytest.raises(InputError, match="back to themselves"):
        decode("a.tif", round_, Limits())


def test_nothing_usable_is_one_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no image in it"):
        read(tmp_path, ReadOptions())
    for name, make in BROKEN.items():
        (tmp_path / name).write_bytes(make())
    with pytest.raises(InputError, match=r"no usable image is left \(9 refused"):
        read(tmp_path, ReadOptions())
    with pytest.raises(InputError, match="does not exist"):
        read(tmp_path / "nowhere", ReadOptions())
    with pytest.raises(InputError, match="is no kind of file"):
        read(tmp_path / "page.html", ReadOptions())


def npy_header(shape: str, descr: str = "'|u1'") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


@pytest.mark.parametrize("shape", ["(4000000000, 1000, 1000)", "(2000, 30, 30)", "(-1, 5, 5)", "(1e9, 5)", "(0, 5, 5)"])
@pytest.mark.parametrize("suffix", [".npz", ".npy"])
def test_a_declared_shape_is_not_believed(tmp_path: Path, shape: str, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    if suffix == ".npz":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x.npy", npy_header(shape) + bytes(1000))
    else:
        path.write_bytes(npy_header(shape) + bytes(1000))
    tracemalloc.start()
    with pytest.raises(InputError):
        read(path, ReadOptions())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * 2**20


class Boom:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, ("pickle-was-opened",)


def test_pickles_are_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    danger = np.array([Boom(), Boom()], dtype=object)
    np.savez(tmp_path / "only.npz", x=danger)
    np.savez(tmp_path / "beside.npz", x=np.ones((2, 4, 4), np.uint8) * np.arange(2)[:, None, None], y=danger)
    np.save(tmp_path / "one.npy", danger)
    for name in ("only.npz", "one.npy"):
        with pytest.raises(InputError, match="Python objects"):
            read(tmp_path / name, ReadOptions())
    records = read(tmp_path / "beside.npz", ReadOptions())
    assert len(records) == 2
    assert records.refusals[0].record == "array y"
    assert not (tmp_path / "pickle-was-opened").exists()


@pytest.mark.parametrize("name", ["../out.png", "/etc/out.png", "a/../../out.png"])
def test_archives_that_reach_out_are_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(name, saved("PNG"))
    info = tarfile.TarInfo(name)
    info.size = len(GOOD[".png"])
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.addfile(info, io.BytesIO(GOOD[".png"]))
    for archive_name in ("a.zip", "a.tar"):
        with pytest.raises(InputError):
            read(tmp_path / archive_name, ReadOptions())
    assert not list(tmp_path.parent.rglob("out.png"))


def test_an_archive_that_breaks_half_way_keeps_what_came_before(tmp_path: Path) -> None:
    content = bytearray(packed())
    place = content.rindex(b"PK\x01\x02", 0, content.rindex(b"PK\x01\x02"))  # the entry of b/2.jpg in the directory
    content[place + 10] = 99  # a compression that nobody knows
    (tmp_path / "a.zip").write_bytes(bytes(content))
    records = read(tmp_path / "a.zip", ReadOptions())
    assert records.ids == ["a/1.png"]
    assert "not read" in records.refusals[0].reason


def test_broken_pixels_are_refused_by_name(tmp_path: Path) -> None:
    x = np.random.default_rng(0).random((5, 6, 6)).astype(np.float32)
    x[1, 2, 3], x[2, 0, 0], x[3, 0, 0] = np.nan, np.inf, 1e35
    np.savez(tmp_path / "a.npz", x=x)
    records = read(tmp_path / "a.npz", ReadOptions())
    assert records.ids == ["a.npz#0", "a.npz#4"]
    assert [r.record for r in records.refusals] == ["a.npz#1", "a.npz#2", "a.npz#3"]


def test_the_majority_decides_type_and_channels(tmp_path: Path) -> None:
    for i in range(4):
        (tmp_path / f"{i}.png").write_bytes(saved("PNG", i))
    Image.fromarray(np.arange(36, dtype=np.uint8).reshape(6, 6)).save(tmp_path / "grey.png")
    Image.fromarray(np.arange(36, dtype=np.uint16).reshape(6, 6)).save(tmp_path / "deep.png")
    records = read(tmp_path, ReadOptions())
    assert records.ids == [f"{i}.png" for i in range(4)]
    assert [r.record for r in records.refusals] == ["deep.png", "grey.png"]
    assert "uint16 with 1 channels, 4 others are uint8 with 3" in records.refusals[0].reason


def test_tables_in_the_wrong_encoding_name_the_line(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(saved("PNG", 1))
    (tmp_path / "2.png").write_bytes(saved("PNG", 2))
    (tmp_path / "t.csv").write_bytes("file,type\n1.png,Müller\n2.png,b\n".encode("latin-1"))
    records = read(tmp_path, ReadOptions())
    assert records.labels == {}
    assert records.refusals[0].record == "t.csv, line 2"
    assert "UTF-8" in records.refusals[0].reason
    with pytest.raises(InputError, match=r"line 2.*UTF-8"):
        read(tmp_path, ReadOptions(labels=str(tmp_path / "t.csv")))


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"file,file\n1.png,a\n", b"file,type\n1.png\n", b"file,type\n\0,\0\n"]
)
def test_tables_that_are_none_do_not_stop_the_images(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "1.png").write_bytes(saved("PNG", 1))
    (tmp_path / "t.csv").write_bytes(content)
    assert len(read(tmp_path, ReadOptions())) == 1


def test_one_image_and_duplicate_ids(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(saved("PNG", 1))
    records = read(tmp_path / "1.png", ReadOptions())
    assert records.ids == ["1.png"]
    assert any("one image only" in note for note in records.notes)
    (tmp_path / "2.png").write_bytes(saved("PNG", 2))
    (tmp_path / "t.csv").write_text("file,type\n1.png,a\n1.png,b\n2.png,c\n")
    labelled = read(tmp_path, ReadOptions())
    assert labelled.classes.tolist() == ["a", "c"]
    assert "line 3" in str(labelled.refusals[0].record)
