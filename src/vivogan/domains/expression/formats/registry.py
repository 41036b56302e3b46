"""Which reader a file or a folder needs. The content decides: names of files lie too often."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

from vivogan.core.limits import check_file, safe_members
from vivogan.domains.expression.formats.h5ad import open_h5ad, open_zarr
from vivogan.domains.expression.formats.loom import open_loom
from vivogan.domains.expression.formats.metadata import NAMES, add_metadata, metadata_in
from vivogan.domains.expression.formats.mtx import open_mtx
from vivogan.domains.expression.formats.samples import joined
from vivogan.domains.expression.formats.sheet import Sheet
from vivogan.domains.expression.formats.tables import open_table
from vivogan.domains.expression.formats.tenx import is_matrix, open_tenx
from vivogan.domains.expression.formats.trust import METADATA, opened_hdf, reading
from vivogan.domains.expression.records import ReadOptions
from vivogan.domains.source import Source
from vivogan.errors import InputError

Opener = Callable[[Path, ReadOptions], AbstractContextManager[Sheet]]
HDF, ZIP, GZIP = b"\x89HDF\r\n\x1a\n", b"PK", b"\x1f\x8b"
KINDS = "an .h5ad, a 10x .h5, a folder with matrix.mtx, a .loom, CSV or TSV"
HDF_NAMES = (".h5ad", ".h5", ".hdf5", ".loom")
SUFFIXES = (*HDF_NAMES, ".mtx", ".mtx.gz", ".csv", ".csv.gz", ".tsv", ".tsv.gz", ".zarr", ".zarr.zip")
# Kinds of HDF5 file, by what their root holds.
HDF_KINDS: Mapping[Callable[[Any], bool], Opener] = {
    lambda root: "obs" in root and "var" in root: open_h5ad,
    lambda root: "matrix" in root and not hasattr(root["matrix"], "keys"): open_loom,
    lambda root: any(is_matrix(root[name]) for name in root): open_tenx,
}
# What text and bytes of other programs begin with.
FOREIGN = {
    b"RDX": "is an R object", b"X\n\0": "is an R object", b"RDA": "is an R object",
    b"<!": "is a web page, not data", b"<html": "is a web page, not data",
    HDF: "is HDF5 packed with gzip", b"PAR1": "is a Parquet file",
    b"\x80\x04": "is a Python pickle", b"\x80\x05": "is a Python pickle",
    b"%PDF": "is a PDF",
}  # fmt: skip


@contextmanager
def opened(path: Path, options: ReadOptions) -> Iterator[Sheet]:
    """Open data for reading. Raises ``InputError`` when it cannot be understood, and while its matrices are read."""
    if not path.exists():
        raise InputError(path, "does not exist", mend="Check the path")
    found = found_in(path) if path.is_dir() else [path]
    with ExitStack() as stack:
        sheets = [stack.enter_context(opener_of(one, options)(one, options)) for one in found]
        beside = [metadata_in(one) if one.is_dir() else None for one in found]
        if len(sheets) > 1:
            for sheet, own in zip(sheets, beside, strict=True):
                if own is not None:
                    add_metadata(sheet, own, options.limits)
                sheet.check()
            sheets, beside = [joined(path, found, sheets)], [metadata_in(path)]
        (sheet,), (table,) = sheets, beside
        table = Path(options.metadata) if options.metadata else table
        if table is not None:
            add_metadata(sheet, table, options.limits)
        sheet.limits = options.limits
        sheet.check()
        yield sheet


def opener_of(path: Path, options: ReadOptions) -> Opener:
    if path.is_dir():
        return open_zarr if is_zarr(path) else open_mtx
    check_file(path, options.limits)
    with open(path, "rb") as file:
        head = file.read(8)
    if head == HDF:
        return hdf_opener(path, options)
    if head.startswith(ZIP):
        members = [member.name for member in safe_members(path, options.limits)]
        if any(name.rsplit("/", 1)[-1] in (*METADATA, ".zgroup") for name in members):
            return open_zarr
        raise InputError(path, "is a zip or an Excel file", mend=f"Unpack it, or give {KINDS}")
    if path.name.lower().endswith(HDF_NAMES):
        raise InputError(path, "is no HDF5 file, whatever its name says", mend="Copy or download the file again")
    return text_opener(path, options)


def hdf_opener(path: Path, options: ReadOptions) -> Opener:
    with opened_hdf(path, options.limits) as root, reading(path):
        found = next((opener for holds, opener in HDF_KINDS.items() if holds(root)), None)
        names = ", ".join(sorted(root)[:8])
    if found is None:
        reason = f"is HDF5, but no AnnData, 10x or loom: it holds {names or 'nothing'}"
        raise InputError(path, reason, mend="Write it with anndata (write_h5ad)")
    return found


def text_opener(path: Path, options: ReadOptions) -> Opener:
    head = next(Source(path, options.limits).raw(), b"")
    for start, told in FOREIGN.items():
        if head.lstrip().lower().startswith(start.lower()):
            raise InputError(path, told, mend=f"Write it as {KINDS}")
    if b"ustar" in head[:512]:
        raise InputError(path, "is a tar archive", mend="Unpack it, and give the folder")
    if head.startswith(b"%%MatrixMarket"):
        return open_mtx
    if b"\0" in head[:4096] and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(path, "is no text and no known format", mend=f"Give {KINDS}")
    if not head.strip():
        raise InputError(path, "has no content", mend=f"Give {KINDS}")
    return open_table


def is_zarr(folder: Path) -> bool:
    return any((folder / name).is_file() for name in (".zgroup", ".zattrs", "zarr.json"))


def found_in(folder: Path) -> list[Path]:
    """The data that a folder holds: itself, or what can be read in it or in those below: one, or samples of a kind."""
    if is_zarr(folder) or any(is_named(one, (".mtx", "barcodes.tsv")) for one in folder.iterdir()):
        return [folder]
    files = [one for one in sorted(folder.rglob("*")) if is_named(one, SUFFIXES)]
    matrices = {one.parent for one in files if is_named(one, (".mtx",))}
    found = sorted(matrices | {one for one in files if one.parent not in matrices and one.name not in NAMES})
    if not found:
        raise InputError(folder, "holds no single-cell data", mend=f"Give {KINDS}")
    if len({kind_of(one) for one in found}) > 1:
        names = ", ".join(str(one.relative_to(folder)) for one in found[:6])
        more = f" and {len(found) - 6} more" if len(found) > 6 else ""
        reason = f"holds several kinds of data: {names}{more}"
        raise InputError(folder, reason, mend="Name one, or leave samples of one kind in the folder")
    return found


def kind_of(path: Path) -> str:
    """The kind of a sample: what its name ends in, or that it is a folder."""
    return "folder" if path.is_dir() else next(end for end in SUFFIXES if path.name.lower().endswith(end))


def is_named(path: Path, suffixes: tuple[str, ...]) -> bool:
    return not path.name.startswith(".") and path.name.lower().removesuffix(".gz").endswith(suffixes)
