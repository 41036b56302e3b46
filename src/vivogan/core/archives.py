"""Zip and tar archives, read without trust: nothing in one is believed before it is checked, and nothing is unpacked.

Refused are names that lead elsewhere (absolute, ``..``, drives), links, devices, encrypted members, more members or
bytes than the limits allow, and bombs. Headers decide, so a refusal takes neither memory nor disk; and as no more is
read of a member than its header says, a header that lies cannot do harm either.
"""

from __future__ import annotations

import bz2
import gzip
import io
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

from vivogan.core.limits import Limits, check_file
from vivogan.errors import InputError

_RATIO_FROM = 2**30  # bytes unpacked, below which no ratio of compression is suspicious
_HEADER = 2**20  # bytes: far more than the header of any honest tar member

_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    OSError,
    NotImplementedError,
    RuntimeError,
)


@dataclass(frozen=True)
class Member:
    """One file in an archive: its name with forward slashes, and its size unpacked in bytes."""

    name: str
    size: int


def safe_members(archive: Path, limits: Limits) -> list[Member]:
    """The files in a zip, tar, tar.gz or tar.bz2, in their order; folders are left out.

    Raises:
        InputError: with the member's name and the reason, when any member is dangerous or all are too much; or when the
            file is none of these archives, or broken.
    """
    check_file(archive, limits)
    try:
        if _is_zip(archive):
            members = _zip_members(archive, limits)
        else:
            members = _tar_members(archive, limits)
    except _BROKEN as error:
        raise InputError(archive, f"is a broken archive ({error})") from error
    return members


def each_member(archive: Path, limits: Limits) -> Iterator[tuple[Member, BinaryIO]]:
    """Every file in the archive with a stream of its bytes, open until the next is asked for; checked first, all of it.

    Raises ``InputError`` as ``safe_members`` does, and when the bytes of a member are damaged.
    """
    members = safe_members(archive, limits)
    try:
        if _is_zip(archive):
            with zipfile.ZipFile(archive) as zipped:
                infos = (info for info in zipped.infolist() if not info.is_dir())
                for member, info in zip(members, infos, strict=True):
                    with zipped.open(info) as stream:
                        yield member, cast(BinaryIO, _Named(stream, archive, member.name))
        else:
            with _opened_tar(archive, limits) as tarred:
                files = (header for header in _headers(tarred) if not header.isdir())
                for member, header in zip(members, files, strict=True):
                    content = tarred.extractfile(header)
                    assert content is not None  # only links have no content, and safe_members refuses them
                    with content:
                        yield member, cast(BinaryIO, _Named(content, archive, member.name))
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError) as error:
        raise InputError(archive, f"is a broken archive ({error})") from error


class _Named(io.RawIOBase):
    """A member's stream whose failures say which member of which archive is damaged."""

    def __init__(self, stream: IO[bytes], archive: Path, name: str) -> None:
        self._stream, self._archive, self._name = stream, archive, name

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        try:
            return self._stream.read(size)
        except _BROKEN as error:
            raise InputError(self._archive, f"is damaged ({error})", self._name) from error

    def readall(self) -> bytes:
        return self.read()

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)


class _Counter:
    """Adds up what an archive announces, and refuses at the first member too many."""

    def __init__(self, archive: Path, limits: Limits) -> None:
        self.archive, self.limits = archive, limits
        self.packed = max(1, archive.stat().st_size)
        self.count = self.total = 0
        self.members: list[Member] = []

    def entry(self) -> None:
        self.count += 1
        if self.count > self.limits.archive_members:
            raise InputError(
                self.archive, f"has more than {self.limits.archive_members:,} members (limits.archive_members)"
            )

    def add(self, name: str, size: int) -> None:
        if size < 0:
            raise InputError(self.archive, "has a negative size", name)
        self.total += size
        if self.total > self.limits.archive_bytes:
            reason = f"would unpack to more than {self.limits.archive_bytes:,} bytes (limits.archive_bytes)"
            raise InputError(self.archive, reason, name)
        if self.total > _RATIO_FROM and self.total > self.packed * self.limits.archive_ratio:
            reason = f"would unpack to over {self.limits.archive_ratio} times its size (limits.archive_ratio)"
            raise InputError(self.archive, reason, name)
        self.members.append(Member(name, size))


def _safe_name(archive: Path, name: str) -> str:
    plain = name.replace("\\", "/")
    parts = [part for part in plain.split("/") if part not in ("", ".")]
    if "\0" in name or not plain.strip("/. "):
        raise InputError(archive, "has a member without a usable name", repr(name))
    if plain.startswith("/") or parts[0][1:2] == ":":
        raise InputError(archive, "has an absolute path", name)
    if ".." in parts:
        raise InputError(archive, "has a path that leads out of the archive", name)
    return "/".join(parts)


def _is_zip(archive: Path) -> bool:
    with archive.open("rb") as file:
        return file.read(4) in (b"PK\3\4", b"PK\5\6")


def _zip_members(archive: Path, limits: Limits) -> list[Member]:
    counter = _Counter(archive, limits)
    _count_zip(archive, counter)
    with zipfile.ZipFile(archive) as zipped:
        for info in zipped.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)  # 0 where the archive was not made on Unix
            if info.is_dir():
                _safe_folder(archive, info.filename)
                continue
            name = _safe_name(archive, info.filename)
            if kind not in (0, stat.S_IFREG):
                raise InputError(archive, "is a link or a device, not a file", info.filename)
            if info.flag_bits & 1:
                raise InputError(archive, "is encrypted", info.filename, "Unpack it first")
            counter.add(name, info.file_size)
    return counter.members


def _safe_folder(archive: Path, name: str) -> None:
    if name.strip("/.\\ "):  # "./" is the root itself, which tar likes to name
        _safe_name(archive, name)
    elif ".." in name or name[:1] in ("/", "\\"):
        raise InputError(archive, "has a path that leads out of the archive", name)


def _count_zip(archive: Path, counter: _Counter) -> None:
    """Walk the directory of a zip without keeping it: ``zipfile`` makes an object of each entry before one can count.

    The layout is that of APPNOTE.TXT 4.3.12 (directory entry) to 4.3.16 (end of directory).
    """
    with archive.open("rb") as file:
        length = file.seek(0, os.SEEK_END)
        file.seek(max(0, length - 65557))
        tail = file.read()
        end = tail.rfind(b"PK\5\6")
        if end < 0:
            raise InputError(archive, "is a broken archive (it has no directory)")
        size, place = struct.unpack("<I", tail[end + 12 : end + 16])[0], length - len(tail) + end
        record = tail.rfind(b"PK\6\6", 0, end)
        if record >= 0 and tail[end - 20 : end - 16] == b"PK\6\7":  # zip64
            size, place = struct.unpack("<Q", tail[record + 40 : record + 48])[0], length - len(tail) + record
        file.seek(max(0, place - size))
        while file.tell() < place:
            entry = file.read(46)
            if len(entry) < 46 or entry[:4] != b"PK\1\2":
                break  # zipfile says what is wrong with it
            counter.entry()
            file.seek(sum(struct.unpack("<3H", entry[28:34])), os.SEEK_CUR)  # name, extra field and comment


def _tar_members(archive: Path, limits: Limits) -> list[Member]:
    counter = _Counter(archive, limits)
    with _opened_tar(archive, limits) as tarred:
        for info in _headers(tarred):
            counter.entry()
            if info.isdir():
                _safe_folder(archive, info.name)
                continue
            name = _safe_name(archive, info.name)
            if not info.isreg():
                raise InputError(archive, "is a link or a device, not a file", info.name)
            counter.add(name, info.size)
    return counter.members


def _headers(tarred: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    for header in tarred:
        tarred.members.clear()  # type: ignore[attr-defined]  # it would keep every header, a kilobyte each
        yield header


@contextmanager
def _opened_tar(archive: Path, limits: Limits) -> Iterator[tarfile.TarFile]:
    with archive.open("rb") as file:
        magic = file.read(6)
    if magic == b"\xfd7zXZ\0":
        raise InputError(archive, "is an xz archive, which is not read", mend="Repack it as tar.gz or zip")
    stream: IO[bytes]
    if magic[:2] == b"\x1f\x8b":
        stream = cast(IO[bytes], gzip.open(archive))  # noqa: SIM115 - closed below
    elif magic[:3] == b"BZh":
        stream = bz2.open(archive)  # noqa: SIM115
    else:
        stream = archive.open("rb")
    bounded = cast(IO[bytes], _Bounded(stream, archive, limits))
    with stream:
        try:
            tarred = tarfile.open(fileobj=bounded, mode="r:")  # noqa: SIM115 - below
        except tarfile.ReadError as error:
            raise InputError(archive, "is no zip, tar, tar.gz or tar.bz2 archive") from error
        with tarred:
            yield tarred


class _Bounded(io.RawIOBase):
    """The unpacked bytes of a tar, of which no header is long and which ends where the limits say.

    ``tarfile`` reads an extended header (pax, long names) into memory whole, however long it claims to be, and gets to
    the next member by unpacking all of this one; neither may go on without end.
    """

    def __init__(self, stream: IO[bytes], archive: Path, limits: Limits) -> None:
        self._stream, self._archive = stream, archive
        # Each member takes a header of 512 bytes, and its content is filled up to a multiple of 512.
        self._end = limits.archive_bytes + 1024 * min(limits.archive_members, limits.archive_bytes) + _HEADER

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        if size < 0 or size > _HEADER:
            raise InputError(self._archive, "has a header of absurd length")
        return self._stream.read(size)

    def seek(self, place: int, whence: int = os.SEEK_SET, /) -> int:
        if whence == os.SEEK_SET and place > self._end:
            raise InputError(self._archive, "would unpack to more bytes than the limit (limits.archive_bytes)")
        return self._stream.seek(place, whence)

    def tell(self) -> int:
        return self._stream.tell()
