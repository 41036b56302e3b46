"""What vivogan refuses to open, before it has taken memory or disk: files made, or damaged, to be too much."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import NonNegativeInt, PositiveInt

from vivogan.core.configuration import Settings
from vivogan.errors import InputError

if TYPE_CHECKING:
    from vivogan.core.archives import Member


class Limits(Settings):
    """The most that one input may be. Each can be raised by the person who trusts the input."""

    file_bytes: PositiveInt = 64 * 2**30  # one file on the disk, or one array in memory
    pixels: PositiveInt = 2**32  # numbers in one array (height x width x channels x …)
    archive_members: PositiveInt = 1_000_000
    archive_bytes: PositiveInt = 64 * 2**30  # all members of an archive, unpacked
    archive_ratio: PositiveInt = 500  # unpacked to packed; only asked above 1 GiB, as empty masks pack well too
    records: NonNegativeInt = 50_000_000  # items of one input


def check_file(path: str | os.PathLike[str], limits: Limits) -> int:
    """The size of a file in bytes; ``InputError`` when it is missing, no plain file, empty or too large."""
    try:
        status = os.stat(path)
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from error
    if not stat.S_ISREG(status.st_mode):
        raise InputError(path, "is not a plain file")
    if status.st_size == 0:
        raise InputError(path, "is empty")
    if status.st_size > limits.file_bytes:
        raise InputError(path, _more("bytes", status.st_size, limits.file_bytes, "file_bytes"))
    return status.st_size


def check_shape(
    file: object, shape: Sequence[int], itemsize: int, limits: Limits, record: object | None = None
) -> None:
    """Refuse the array that a header announces when it is too large to be read.

    Args:
        shape: its dimensions; itemsize: bytes a number.

    Raises:
        InputError: a dimension is not positive, or there are too many numbers or bytes.
    """
    sizes = [int(size) for size in shape]
    if any(size < 1 for size in sizes):
        raise InputError(file, f"has no content (shape {tuple(sizes)})", record)
    count = math.prod(sizes)
    if count > limits.pixels:
        raise InputError(file, _more("pixels", count, limits.pixels, "pixels"), record)
    if count * itemsize > limits.file_bytes:
        raise InputError(file, _more("bytes in memory", count * itemsize, limits.file_bytes, "file_bytes"), record)


def check_records(file: object, count: int, limits: Limits) -> None:
    """Refuse an input of more items than ``limits.records``."""
    if count > limits.records:
        raise InputError(file, _more("records", count, limits.records, "records"))


def safe_members(archive: str | os.PathLike[str], limits: Limits) -> list[Member]:
    """The files in a zip or tar, after proof that none is dangerous (see ``core.archives``)."""
    from vivogan.core import archives

    return archives.safe_members(Path(archive), limits)


def _more(what: str, count: int, most: int, setting: str) -> str:
    return f"{count:,} {what} are more than the limit of {most:,} (limits.{setting})"
