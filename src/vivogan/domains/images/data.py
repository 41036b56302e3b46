"""Images in, images out: read, check, split, describe, write. This file is the door to the rooms behind it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vivogan.core.limits import check_records
from vivogan.domains.images.arrays import read_npy, read_npz
from vivogan.domains.images.clean import clean, pixel_hash
from vivogan.domains.images.formats import SUFFIXES
from vivogan.domains.images.records import Draft, ImageRecords, ReadOptions, Refusal
from vivogan.domains.images.split import split
from vivogan.domains.images.trees import read_archive, read_file, read_folder, read_listing
from vivogan.domains.images.write import write
from vivogan.errors import InputError

__all__ = ["ImageRecords", "ReadOptions", "Refusal", "fingerprint", "read", "split", "write"]

Reader = Callable[[Path, ReadOptions], Draft]
READERS: Mapping[str, Reader] = {
    ".npz": read_npz,
    ".npy": read_npy,
    ".zip": read_archive,
    ".tar": read_archive,
    ".tgz": read_archive,
    ".gz": read_archive,
    ".bz2": read_archive,
    ".csv": read_listing,
    ".tsv": read_listing,
    **dict.fromkeys(SUFFIXES, read_file),
}


def read(source: Path, options: ReadOptions) -> ImageRecords:
    """Read every usable image of a folder, an array file, an archive, a CSV or one image file.

    What is broken is refused one by one and the rest goes on (``records.refusals``). Raises ``InputError`` when
    nothing usable is left or when an option names what is not there.
    """
    path = Path(source)
    if not path.exists():
        raise InputError(path, "does not exist", mend="Check the path")
    reader = read_folder if path.is_dir() else READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(
            path, "is no kind of file that holds images", mend=f"Give a folder or one of {', '.join(READERS)}"
        )
    draft = reader(path, options)
    check_records(path, len(draft.items), options.limits)
    return clean(draft)


def fingerprint(records: ImageRecords) -> dict[str, Any]:
    """What the plan needs to know of a data set, as plain JSON; ``sha256`` changes with any pixel, name or label."""
    heights = [image.shape[0] for image in records.images]
    widths = [image.shape[1] for image in records.images]
    first = records.images[0]
    counts = Counter(value for value in records.classes.tolist() if value)
    return {
        "count": len(records),
        "height": {"min": min(heights), "median": int(np.median(heights)), "max": max(heights)},
        "width": {"min": min(widths), "median": int(np.median(widths)), "max": max(widths)},
        "dtype": first.dtype.name,
        "channels": int(first.shape[2]),
        "range": [
            min(image.min() for image in records.images).item(),
            max(image.max() for image in records.images).item(),
        ],
        "label": next(iter(records.labels), None),
        "classes": dict(sorted(counts.items())),
        "unlabelled": len(records) - sum(counts.values()),
        "imbalance": max(counts.values()) / min(counts.values()) if counts else 1.0,
        "labels": list(records.labels),
        "parts": None if records.part is None else dict(Counter(records.part.tolist())),
        "groups": None if records.group is None else len(set(records.group.tolist())),
        "refused": len(records.refusals),
        "sha256": content_hash(records),
    }


def content_hash(records: ImageRecords) -> str:
    """One hash of all names, pixels, labels, parts and groups, by which a run knows its data again."""
    digest = hashlib.sha256()
    columns = [*records.labels.items(), ("part", records.part), ("group", records.group)]
    for name, values in columns:
        digest.update(json.dumps([name, None if values is None else values.tolist()]).encode())
    for name, image in zip(records.ids, records.images, strict=True):
        digest.update(name.encode("utf-8", "surrogatepass"))
        digest.update(pixel_hash(image))
    return digest.hexdigest()
