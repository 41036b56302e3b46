"""Which reader takes which sheet: by suffix, and where several formats share one, by what stands in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from vivogan.domains.images.annotations.coco import read_coco
from vivogan.domains.images.annotations.dots import read_table
from vivogan.domains.images.annotations.drawn import Desk, Reader, Sheet, Stranger
from vivogan.domains.images.annotations.imagej import read_roi, read_roi_set
from vivogan.domains.images.annotations.labelme import read_labelme
from vivogan.domains.images.annotations.voc import read_xml
from vivogan.domains.images.records import some
from vivogan.errors import InputError

# A JSON is known by a field that only its format has.
DOCUMENTS: Mapping[str, Callable[[str, Mapping[str, Any], Desk], list[Sheet]]] = {
    "shapes": read_labelme,
    "annotations": read_coco,
}


def read_json(file: str, content: bytes, desk: Desk) -> list[Sheet]:
    """A COCO or LabelMe JSON. Raises ``InputError`` when it is damaged or neither."""
    try:
        document = json.loads(content)
    except json.JSONDecodeError as error:
        raise InputError(file, f"is not valid JSON ({error.msg})", f"line {error.lineno}", "Export it again") from error
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise InputError(
            file, "is not valid JSON (no UTF-8 text, or nested too deep)", mend="Export it again"
        ) from error
    if isinstance(document, dict):
        for mark, reader in DOCUMENTS.items():
            if mark in document:
                return reader(file, document, desk)
    holds = some(list(document), 6) if isinstance(document, dict) else type(document).__name__
    raise Stranger(file, f"is neither COCO nor LabelMe (it holds {holds})", mend="Export it as one of them")


READERS: Mapping[str, Reader] = {
    ".csv": read_table,
    ".tsv": read_table,
    ".json": read_json,
    ".xml": read_xml,
    ".roi": read_roi,
    ".zip": read_roi_set,
}


def read_sheet(file: str, content: bytes, desk: Desk) -> list[Sheet]:
    """What a file says of each of its images. Raises ``InputError`` when it cannot be read."""
    if not content:
        raise InputError(file, "is empty", mend="Copy or export it again")
    return READERS[PurePosixPath(file).suffix.lower()](file, content, desk)
