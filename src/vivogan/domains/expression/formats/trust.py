"""Opening HDF5 and Zarr without trust: what is cut off, damaged or leads elsewhere is said in one line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from vivogan.core.limits import Limits, check_file, safe_members
from vivogan.errors import InputError

AGAIN = "Copy or download the file again"
CUT = re.compile(r"truncated|eof|end of file|addr overflow|past end", re.I)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn whatever a library raises over a damaged file into the ``InputError`` that names it."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # of HDF5, Zarr, anndata or zip, over damage anywhere: there is no shorter list
        raise InputError(path, damage(error), mend=AGAIN) from error


def damage(error: Exception) -> str:
    """What is wrong with a file, from what a library said of it."""
    said = " ".join(str(error).split())
    if CUT.search(said):
        return "is cut off: its end is missing"
    if isinstance(error, KeyError):
        return f"is damaged or incomplete: {said.strip(chr(39))} is missing"
    return f"is damaged ({said[:160] or type(error).__name__})"


@contextmanager
def opened_hdf(path: Path, limits: Limits) -> Iterator[Any]:
    """The root of an HDF5 file, read only. Raises ``InputError`` where links lead to other files."""
    import h5py

    check_file(path, limits)
    with reading(path):
        file = h5py.File(path, "r")
    with file:
        with reading(path):
            check_links(path, file)
        yield file


def check_links(path: Path, file: Any) -> None:
    """Refuse what lies in other files, by which a file could show what its sender never had."""
    import h5py

    def elsewhere(name: str, link: Any) -> str | None:  # HDF5 stops at the first that is returned
        return str(name) if isinstance(link, h5py.ExternalLink) else None

    def outside(name: str, item: Any) -> str | None:
        return str(name) if isinstance(item, h5py.Dataset) and (item.external or item.is_virtual) else None

    found = file.visititems_links(elsewhere) or file.visititems(outside)
    if found:
        raise InputError(path, "leads to another file", found, "Write all of it into one file")


@contextmanager
def opened_zarr(path: Path, limits: Limits) -> Iterator[Any]:
    """The root of a Zarr store, a folder or a zip, read only. Raises ``InputError`` where it would unpickle."""
    try:
        import zarr
        from zarr.storage import LocalStore, ZipStore
    except ImportError as error:
        raise InputError(path, "is a Zarr store, which needs zarr", mend="Run: pip install 'zarr>=3'") from error

    if path.is_dir():
        metadata = [one.read_bytes() for one in path.rglob("*") if one.name in METADATA]
        store: Any = LocalStore(path, read_only=True)
    else:
        metadata = list(zipped_metadata(path, limits))
        store = ZipStore(path, mode="r")
    for content in metadata:
        check_codecs(path, content)
    try:
        with reading(path):
            # Without the summary of all arrays: one that this zarr does not know must not cost the others.
            group = zarr.open_group(store, mode="r", use_consolidated=False)
        yield group
    finally:
        store.close()


METADATA = (".zarray", "zarr.json")


def zipped_metadata(path: Path, limits: Limits) -> Iterator[bytes]:
    import zipfile

    for member in safe_members(path, limits):
        if member.name.rsplit("/", 1)[-1] in METADATA:
            with reading(path), zipfile.ZipFile(path) as archive:
                content = archive.read(member.name)
            yield content


def check_codecs(path: Path, content: bytes) -> None:
    """Refuse arrays of pickled objects: unpickling runs whatever their writer wished."""
    try:
        described = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(path, f"has broken metadata ({error})", mend=AGAIN) from error
    if isinstance(described, dict) and "pickle" in json.dumps(
        [described.get(key) for key in ("filters", "compressor", "codecs")]
    ):
        raise InputError(path, "holds pickled objects, which are not opened", mend="Write it again with anndata")


def texts(values: Any) -> list[str]:
    """The words of an array of bytes, text or numbers."""
    array = np.asarray(values).ravel()
    if array.dtype.kind == "f" and array.dtype.itemsize < 8:
        array = array.astype(np.str_).astype(np.float64)  # 0.1 of single precision is 0.1
    if array.dtype.kind == "S":
        return [word.decode("utf-8", "replace") for word in array.tolist()]
    if array.dtype.kind == "O":
        return [word.decode("utf-8", "replace") if isinstance(word, bytes) else str(word) for word in array.tolist()]
    return [word_of(value) for value in array.tolist()]


def word_of(value: Any) -> str:
    """A value as text: missing ones are empty, whole numbers have no point.

    >>> word_of(3.0), word_of(0.25), word_of(float("nan")), word_of(True), word_of("B cell "), word_of(None)
    ('3', '0.25', '', 'True', 'B cell', '')
    """
    if value is None or value != value:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.9g}"
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    word = str(value).strip()
    return "" if word in MISSING else word


MISSING = frozenset(("nan", "NaN", "NA", "N/A", "<NA>", "None", "null", "NaT"))
