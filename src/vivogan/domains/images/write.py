"""Write images back in the user's type: class folders of PNG or TIFF, or one ``.npz``."""

from __future__ import annotations

import io
import re
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.core.files import write_text, writing
from vivogan.domains.images.records import ImageRecords
from vivogan.errors import UserError

# What PNG holds without loss: (type, channels).
PNG_KINDS = {("uint8", 1), ("uint8", 2), ("uint8", 3), ("uint8", 4), ("uint16", 1)}
IMAGE_SUFFIXES = re.compile(r"\.(png|jpe?g|tiff?|bmp|gif|webp|npy)$", re.IGNORECASE)
UNSAFE = re.compile(r"[^\w.#+=-]+")  # what a file name must not hold on some system
LONGEST = 120  # characters of a name


def write(records: ImageRecords, path: Path) -> list[Path]:
    """Write every record; returns the files written, in the order of the records.

    A path that ends in ``.npz`` gets one file with ``x``, ``name``, ``split`` and the label columns. Any other path
    is a folder: ``{class}/{id}.png`` for 8-bit grey to RGBA and 16-bit grey, ``.tif`` for all else, and
    ``labels.csv`` when there is more than one label column. Each file is written whole or not at all. Raises
    ``UserError`` when the place cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() == ".npz":
        return [write_npz(records, path)]
    names = file_names(records)
    for name, image in zip(names, records.images, strict=True):
        with writing(path / name) as file:
            file.write(encoded(image))
    if len(records.labels) > 1:
        write_text(path / "labels.csv", labels_csv(records, names))
    return [path / name for name in names]


def file_names(records: ImageRecords) -> list[str]:
    """One name per record, unique also where case is ignored, and never outside the folder."""
    taken: dict[str, int] = {}
    names = []
    for image, label, own in zip(records.images, records.classes.tolist(), records.ids, strict=True):
        folder = safe(label)
        stem = own.removeprefix(f"{label}/") if label else own
        stem = IMAGE_SUFFIXES.sub("", "_".join(PurePosixPath(stem.replace("\\", "/")).parts))
        base = f"{folder}/{safe(stem) or 'image'}" if folder else safe(stem) or "image"
        suffix = ".png" if (image.dtype.name, image.shape[2]) in PNG_KINDS else ".tif"
        name = base
        while (name + suffix).lower() in taken:
            taken[base.lower()] = taken.get(base.lower(), 1) + 1
            name = f"{base}-{taken[base.lower()]}"
        taken[(name + suffix).lower()] = 1
        names.append(name + suffix)
    return names


def safe(text: str) -> str:
    """A text as a file name: no separators, no leading dots, not too long."""
    return UNSAFE.sub("_", text).strip("._ ")[:LONGEST]


def encoded(image: NDArray[Any]) -> bytes:
    """[H, W, C] as the bytes of a PNG or, where that would lose bits, of a TIFF with its channels kept."""
    stream = io.BytesIO()
    if (image.dtype.name, image.shape[2]) in PNG_KINDS:
        from PIL import Image

        Image.fromarray(np.ascontiguousarray(image[..., 0] if image.shape[2] == 1 else image)).save(
            stream, format="PNG"
        )
        return stream.getvalue()
    import tifffile

    channels = image.shape[2]
    rgb = channels in (3, 4) and image.dtype.kind == "u"
    if rgb or channels == 1:
        array, axes = (image if rgb else image[..., 0]), "YXS" if rgb else "YX"
    else:
        array, axes = np.moveaxis(image, -1, 0), "CYX"
    extra: dict[str, Any] = {"extrasamples": ["unassalpha"]} if rgb and channels == 4 else {}
    tifffile.imwrite(
        stream,
        np.ascontiguousarray(array),
        photometric="rgb" if rgb else "minisblack",
        metadata={"axes": axes},
        compression="zlib",
        **extra,
    )
    return stream.getvalue()


def write_npz(records: ImageRecords, path: Path) -> Path:
    """All records in one ``.npz`` that ``read`` takes back. Raises ``UserError`` when sizes differ."""
    if len({image.shape for image in records.images}) > 1:
        raise UserError(f"{path}: images of different sizes do not fit one array", "Write to a folder instead")
    # The first column is called y, where reading looks for it; no column may take the place of the images.
    taken = {"x", "y", "name", "split"}
    columns = [f"label_{name}" if name in taken else name for name in records.labels]
    arrays: dict[str, NDArray[Any]] = {
        **dict(zip(["y", *columns[1:]], records.labels.values(), strict=False)),
        "name": np.array(records.ids, dtype=np.str_),
        "x": np.stack(records.images) if records.images else np.zeros((0, 1, 1, 1), np.uint8),
    }
    if records.part is not None:
        arrays["split"] = records.part
    with writing(path) as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return path


def labels_csv(records: ImageRecords, names: list[str]) -> str:
    """All label columns beside the file names, as CSV text."""
    import csv

    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["file", *records.labels])
    table.writerows(zip(names, *(values.tolist() for values in records.labels.values()), strict=True))
    return text.getvalue()
