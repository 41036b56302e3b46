"""A text file as lines, whatever its packing, line ends and encoding; without trust, in little memory."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from vivogan.core.limits import Limits, check_file
from vivogan.errors import InputError

CHUNK = 2**20  # bytes of packed or plain file at a time
UNPACKED = 2**22  # bytes that one step of unpacking may give
RATIO_FROM = 2**30  # bytes unpacked, below which no ratio of compression is suspicious
GZIP = b"\x1f\x8b"
MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


class Source:
    """One file. ``damage`` says, after reading, what was wrong with the rest of a packed file ("" when all is well)."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path, self.limits, self.damage = path, limits, ""
        self.size = check_file(path, limits)

    @property
    def name(self) -> str:
        return str(self.path)

    @property
    def suffixes(self) -> tuple[str, str]:
        """Stem and suffix of the name, without ``.gz``: ("genes", ".fa")."""
        bare = Path(self.path.name[:-3] if self.path.name.lower().endswith(".gz") else self.path.name)
        return bare.stem, bare.suffix.lower()

    def raw(self) -> Iterator[bytes]:
        """The bytes, unpacked where they begin as gzip does. Stops at damage; ``InputError`` for a bomb."""
        try:
            with open(self.path, "rb") as file:
                packed = file.read(len(GZIP)) == GZIP
                file.seek(0)
                if packed:
                    yield from self._unpacked(file)
                else:
                    yield from iter(lambda: file.read(CHUNK), b"")
        except OSError as error:
            raise InputError(self.path, f"cannot be read ({error.strerror or error})") from error

    def _unpacked(self, file: BinaryIO) -> Iterator[bytes]:
        engine, total = zlib.decompressobj(31), 0
        while rest := file.read(CHUNK):
            while rest:
                before = engine.copy()
                try:
                    content = engine.decompress(rest, UNPACKED)
                except zlib.error as error:
                    yield from until_damage(before, rest)
                    self.damage = f"the packed file is damaged ({error})"
                    return
                total += len(content)
                self._check_unpacked(total)
                yield content
                rest = engine.unconsumed_tail
                if engine.eof:  # several members in one file, as bgzip writes, are one stream
                    rest = engine.unused_data.lstrip(b"\0")
                    engine = zlib.decompressobj(31) if rest or file.peek(1) else engine  # type: ignore[attr-defined]
        if not engine.eof:
            yield engine.flush()
            self.damage = "the packed file ends too early"

    def _check_unpacked(self, total: int) -> None:
        if total > self.limits.archive_bytes:
            reason = f"unpacks to more than the limit of {self.limits.archive_bytes:,} bytes (limits.archive_bytes)"
            raise InputError(self.path, reason)
        if total > RATIO_FROM and total > self.size * self.limits.archive_ratio:
            reason = f"would unpack to over {self.limits.archive_ratio} times its size (limits.archive_ratio)"
            raise InputError(self.path, reason)

    def chunks(self) -> Iterator[bytes]:
        """The bytes as UTF-8 without mark, every line ended by a line feed alone (also those of old Macs)."""
        decoder: codecs.IncrementalDecoder | None = None
        held, first = b"", True
        for content in self.raw():
            if first and content:
                mark = next((mark for mark in MARKS if content.startswith(mark)), b"")
                content, first = content[len(mark) :], False
                if MARKS.get(mark, "utf-8") != "utf-8":
                    decoder = codecs.getincrementaldecoder(MARKS[mark])("replace")
            if decoder is not None:
                content = decoder.decode(content).encode("utf-8", "replace")
            content = held + content
            held = b"\r" if content.endswith(b"\r") else b""  # its line feed may come with the next chunk
            content = content[: len(content) - len(held)]
            yield content.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in content else content
        if held:
            yield b"\n"

    def lines(self) -> Iterator[str]:
        """The lines, without their ends. The torn last line of a damaged file is left out."""
        parts: list[bytes] = []
        for content in self.chunks():
            first, *more = content.split(b"\n")
            parts.append(first)
            for line in more:
                yield text(b"".join(parts) if len(parts) > 1 else parts[0])
                parts = [line]
        rest = b"".join(parts)
        if rest and not self.damage:
            yield text(rest)

    def head(self, most: int = 65536) -> str:
        """The beginning of the text."""
        found = b""
        for content in self.chunks():
            found += content
            if len(found) >= most:
                break
        self.damage = ""
        return text(found[:most])


def until_damage(engine: zlib._Decompress, packed: bytes) -> Iterator[bytes]:
    """What can be unpacked of bytes that are damaged somewhere."""
    for place in range(len(packed)):
        try:
            yield engine.decompress(packed[place : place + 1])
        except zlib.error:
            return


def text(content: bytes) -> str:
    """UTF-8, or what stands one byte a letter: a name in an old encoding must not cost the record."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")
