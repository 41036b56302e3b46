"""What reading images gives: the records, the refusals, and the options that steer it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vivogan.core.configuration import Settings
from vivogan.core.limits import Limits


@dataclass(frozen=True)
class Refusal:
    """One file, or one record of it, that cannot be used; ``reason`` also says how to mend it."""

    file: str
    record: str | None
    reason: str


@dataclass(frozen=True)
class ImageRecords:
    """Images with their names and labels, as the user gave them.

    ``images`` are n arrays [H, W, C] in the user's dtype; all share dtype and C, their sizes may differ. ``labels``
    maps a column to n strings (empty: unlabelled). ``ids`` are unique and stable. ``part`` is "train", "selection" or
    "test" where the source gives a split, ``group`` names what must stay on one side (donor, plate, slide).
    """

    images: list[NDArray[Any]]
    labels: dict[str, NDArray[np.str_]]
    ids: list[str]
    refusals: list[Refusal]
    notes: list[str]
    part: NDArray[np.str_] | None
    group: NDArray[np.str_] | None
    source: str

    def __len__(self) -> int:
        return len(self.images)

    @property
    def items(self) -> list[NDArray[Any]]:
        """The images."""
        return self.images

    @property
    def classes(self) -> NDArray[np.str_]:
        """The first label column, [n]; empty strings when nothing is labelled."""
        return next(iter(self.labels.values()), np.full(len(self), "", dtype=np.str_))


class ReadOptions(Settings):
    """How to read images.

    ``labels`` is a column name (or several, separated by commas), a CSV file, or ``file.csv:column``; ``images`` the
    array of an ``.npz`` or the column of a CSV that names the files; ``split`` and ``group`` arrays or columns.
    """

    labels: str | None = None
    images: str | None = None
    split: str | None = None
    group: str | None = None
    limits: Limits = Field(default_factory=Limits)


@dataclass
class Item:
    """One image on its way to becoming a record."""

    image: NDArray[Any]  # [H, W, C]
    id: str
    labels: dict[str, str] = field(default_factory=dict)
    part: str = ""
    group: str = ""


@dataclass
class Draft:
    """What a reader has found so far; refusals never stop it."""

    source: str
    items: list[Item] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def refuse(self, file: str, record: str | None, reason: str) -> None:
        self.refusals.append(Refusal(file, record, reason))


def some(names: list[str], most: int = 5) -> str:
    """A few names for a message: ``a, b, c and 12 more``."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def plain(error: BaseException) -> str:
    """One short line of a foreign exception, for a message."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 120 else text[:117] + "..."
