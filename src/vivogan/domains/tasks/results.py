"""What tasks write for people: tables and pictures."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vivogan.core.files import write_bytes, write_text


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """A table as CSV; its columns are those of all rows, in the order of their first appearance."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def write_picture(path: Path, picture: NDArray[np.uint8]) -> None:
    """A picture [H, W, 3] as PNG."""
    stream = BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    write_bytes(path, stream.getvalue())
