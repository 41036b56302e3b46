from __future__ import annotations

import gzip
import io
import os
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivogan.core.archives import each_member
from vivogan.core.limits import Limits, check_file, check_records, check_shape, safe_members
from vivogan.errors import InputError

FILES = {"a.txt": b"one", "folder/b.txt": b"two" * 1000, "folder/µ.txt": b""}
BAD_NAMES = ["/etc/passwd", "../x", "a/../../x", "C:/x", "c:x", "./C:/x", "\\x", "..\\x", "a\\..\\..\\x"]


def zipped(path: Path, files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, files: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def gzipped(path: Path, files: dict[str, bytes]) -> Path:
    return tarred(path, files, "w:gz")


def bzipped(path: Path, files: dict[str, bytes]) -> Path:
    return tarred(path, files, "w:bz2")


MAKERS = [zipped, tarred, gzipped, bzipped]
Maker = Callable[[Path, dict[str, bytes]], Path]


@pytest.mark.parametrize("make", MAKERS)
def test_an_honest_archive_is_listed_and_read(tmp_path: Path, make: Maker) -> None:
    path = make(tmp_path / "a", FILES)
    assert {member.name: member.size for member in safe_members(path, Limits())} == {
        name: len(content) for name, content in FILES.items()
    }
    assert {member.name: stream.read() for member, stream in each_member(path, Limits())} == FILES


@pytest.mark.parametrize("make", [zipped, tarred])
@pytest.mark.parametrize("name", BAD_NAMES)
def test_paths_that_lead_elsewhere_are_refused(tmp_path: Path, make: Maker, name: str) -> None:
    path = make(tmp_path / "a", {"fine": b"x", name: b"x"})
    with pytest.raises(InputError, match=r"absolute path|leads out") as caught:
        safe_members(path, Limits())
    assert caught.value.record is not None
    assert caught.value.file == str(path)


@given(st.text(st.sampled_from("./\\aC:\0 "), min_size=1, max_size=8))
def test_no_accepted_name_leaves_the_folder(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = tmp_path_factory.mktemp("names")
    path = tarred(folder / "a", {name: b"x"})
    try:
        names = [member.name for member in safe_members(path, Limits())]
    except InputError:
        return
    for accepted in names:
        inside = os.path.normpath(os.path.join("/root", accepted))
        assert inside.startswith("/root/")
        assert accepted[1:2] != ":"
        assert "\\" not in accepted


def test_folders_are_left_out_and_their_names_checked(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for name in (".", "./x"):
            info = tarfile.TarInfo(name)
            info.type = tarfile.DIRTYPE
            archive.addfile(info)
    assert safe_members(path, Limits()) == []
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo("../x")
        info.type = tarfile.DIRTYPE
        archive.addfile(info)
    with pytest.raises(InputError, match="leads out"):
        safe_members(path, Limits())


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        info = tarfile.TarInfo("innocent.txt")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(InputError, match=r"innocent\.txt: is a link or a device"):
        safe_members(tmp_path / "a.tar", Limits())


def test_links_in_a_zip_are_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("innocent.txt")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(InputError, match=r"innocent\.txt: is a link"):
        safe_members(tmp_path / "a.zip", Limits())


def test_encrypted_members_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a": b"x"})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="encrypted"):
        safe_members(path, Limits())


@pytest.mark.parametrize("make", MAKERS)
def test_too_many_members_are_refused(tmp_path: Path, make: Maker) -> None:
    path = make(tmp_path / "a", {f"{i}": b"" for i in range(11)})
    assert len(safe_members(path, Limits(archive_members=11))) == 11
    with pytest.raises(InputError, match="more than 10 members"):
        safe_members(path, Limits(archive_members=10))


@pytest.mark.parametrize("make", MAKERS)
def test_too_many_bytes_in_all_are_refused(tmp_path: Path, make: Maker) -> None:
    path = make(tmp_path / "a", {f"{i}": bytes(1000) for i in range(5)})
    assert len(safe_members(path, Limits(archive_bytes=5000))) == 5
    with pytest.raises(InputError, match="more than 4,999 bytes"):
        safe_members(path, Limits(archive_bytes=4999))


def claiming(size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    info = tarfile.TarInfo("big")
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.XGLTYPE])
def test_an_endless_header_is_refused_before_it_takes_memory(tmp_path: Path, kind: bytes) -> None:
    size = 2**26
    with gzip.open(tmp_path / "a.tar.gz", "wb", compresslevel=1) as file:
        file.write(claiming(size, kind) + bytes(size) + claiming(0) + bytes(1024))
    tracemalloc.start()
    with pytest.raises(InputError, match="header"):
        safe_members(tmp_path / "a.tar.gz", Limits())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < size / 8


@pytest.mark.parametrize("size", [2**31, 2**50])
def test_a_tar_bomb_is_refused_by_its_header(tmp_path: Path, size: int) -> None:
    with gzip.open(tmp_path / "a.tar.gz", "wb") as file:
        file.write(claiming(size) + bytes(10_000))
    with pytest.raises(InputError, match="big: would unpack to"):
        safe_members(tmp_path / "a.tar.gz", Limits())


def test_a_zip_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"big": b"x"})
    content = bytearray(path.read_bytes())
    place = content.index(b"PK\1\2") + 24
    content[place : place + 4] = struct.pack("<I", 2**32 - 2)
    path.write_bytes(content)
    with pytest.raises(InputError, match="500 times"):
        safe_members(path, Limits())


def test_a_member_that_holds_more_than_it_says_is_cut_or_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"liar": bytes(100_000)})
    content = path.read_bytes().replace(struct.pack("<I", 100_000), struct.pack("<I", 10))
    path.write_bytes(content)
    assert safe_members(path, Limits())[0].size == 10
    with pytest.raises(InputError, match="liar: is damaged"):
        for _, stream in each_member(path, Limits()):
            assert len(stream.read()) <= 10


@pytest.mark.parametrize("make", MAKERS)
@given(data=st.data())
def test_damaged_archives_raise_nothing_but_refusals(
    make: Maker, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = make(tmp_path_factory.mktemp("damaged") / "a", FILES)
    content = bytearray(path.read_bytes())
    cut = data.draw(st.integers(1, len(content)))
    place = data.draw(st.integers(0, cut - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content[:cut])
    with suppress(InputError):  # anything else would be a traceback for the person who has the file
        for _, stream in each_member(path, Limits()):
            stream.read()


@pytest.mark.parametrize("content", [b"hello", b"\xfd7zXZ\0rest", b"\x1f\x8bnothing", b"PK\3\4"])
def test_what_is_no_archive_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(InputError, match="archive"):
        safe_members(tmp_path / "a", Limits())


def test_files_are_measured_before_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    assert check_file(path, Limits(file_bytes=5)) == 5
    with pytest.raises(InputError, match=r"5 bytes are more than the limit of 4 \(limits.file_bytes\)"):
        check_file(path, Limits(file_bytes=4))
    path.write_bytes(b"")
    with pytest.raises(InputError, match="is empty"):
        check_file(path, Limits())
    for other, words in ((tmp_path, "not a plain file"), (tmp_path / "missing", "cannot be read")):
        with pytest.raises(InputError, match=words):
            check_file(other, Limits())


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="not a plain file"):
        check_file(tmp_path / "pipe", Limits())


@pytest.mark.parametrize(
    ("shape", "itemsize", "words"),
    [((10, 11), 1, "110 pixels"), ((100,), 8, "800 bytes in memory"), ((0, 5), 1, "no content"), ((-1, -5), 1, "no c")],
)
def test_shapes_are_refused_by_their_header(shape: tuple[int, ...], itemsize: int, words: str) -> None:
    limits = Limits(pixels=100, file_bytes=500)
    check_shape("x.tif", (10, 10), 5, limits)
    with pytest.raises(InputError, match=f"x.tif, page 3: .*{words}"):
        check_shape("x.tif", shape, itemsize, limits, "page 3")


def test_sizes_that_wrap_in_64_bits_are_still_too_large() -> None:
    with pytest.raises(InputError, match="pixels"):
        check_shape("x.npy", (2**32, 2**32), 1, Limits())


def test_records_are_counted() -> None:
    check_records("x", 3, Limits(records=3))
    with pytest.raises(InputError, match="4 records"):
        check_records("x", 4, Limits(records=3))
