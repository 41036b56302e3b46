"""What a person drew, as a reader found it: not yet checked, not yet laid on its image."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vivogan.core.configuration import Settings
from vivogan.core.limits import Limits
from vivogan.domains.images.annotations.match import Index
from vivogan.domains.images.records import Draft
from vivogan.errors import InputError

OBJECT = "object"  # the class where none was drawn
CORNER = 0.5  # formats that count from the corner of the first pixel are this far from its centre, which is our (0, 0)
Kind = Literal["dots", "boxes", "masks"]
Box = tuple[float, float, float, float]  # (top, left, bottom, right)


class AnnotationOptions(Settings):
    """How to read annotated images.

    ``kind`` forces how drawings are taken: "dots" keeps centres only, "boxes" leaves outlines out, "masks" refuses
    what has no outline. ``classes`` is the column of a CSV that holds the classes. ``images`` and ``masks`` are the
    arrays of an ``.npz`` (``masks`` may also name its ``points`` or ``boxes``).
    """

    kind: Kind | None = None
    classes: str | None = None
    images: str | None = None
    masks: str | None = None
    limits: Limits = Field(default_factory=Limits)


@dataclass(frozen=True)
class Crop:
    """The pixels of one object: ``pixels`` [h, w] bool, whose first pixel lies at (top, left) of the image."""

    pixels: NDArray[np.bool_]
    top: int = 0
    left: int = 0


@dataclass(frozen=True)
class Drawn:
    """One object. ``record`` says where in the file it stands; one of the other fields at least says where it lies.

    ``point`` is (y, x), ``box`` (top, left, bottom, right), each outline [k, 2] (y, x) (several are parts of one
    object, or with ``holes`` outlines within outlines), ``mask`` the pixels themselves; all in pixels with the centre
    of the first pixel at (0, 0).
    """

    record: str
    name: str = OBJECT
    point: tuple[float, float] | None = None
    box: Box | None = None
    outlines: tuple[NDArray[np.float64], ...] = ()
    mask: Crop | None = None
    holes: bool = False


@dataclass
class Sheet:
    """What one file says of one image.

    ``images`` are the names the image may go by, the best first. ``size`` (height, width) is what the file believes
    the image to be. ``labels`` [H, W] is an instance map in place of single objects. A ``loose`` sheet belongs to the
    only image there is, whatever its name; a ``piece`` is one of several sheets of the same image. ``lost`` says that
    objects were refused, so that an empty sheet is no proof of an empty image.
    """

    file: str
    images: tuple[str, ...]
    drawn: list[Drawn] = field(default_factory=list)
    record: str | None = None
    size: tuple[int, int] | None = None
    labels: NDArray[Any] | None = None
    part: str = ""
    loose: bool = False
    piece: bool = False
    lost: bool = False


@dataclass(frozen=True)
class Desk:
    """What every reader is given: the images there are, the user's options, and the draft that takes its refusals."""

    index: Index
    draft: Draft
    options: AnnotationOptions

    def refuse(self, file: str, record: str | None, reason: str, sheet: Sheet | None = None) -> None:
        """Note what cannot be used; with ``sheet`` also there, as it has lost an object."""
        self.draft.refuse(file, record, reason)
        if sheet is not None:
            sheet.lost = True


class Stranger(InputError):
    """A sound file that is no annotation: an error where a person named it, passed over where it merely lay there."""


# (path for messages and for the image's name, content, desk) → what the file says, image by image
Reader = Callable[[str, bytes, Desk], list[Sheet]]


def number(value: object) -> float:
    """A value as a float, NaN when it is none (also for text, nothing, and whole numbers past every float)."""
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return float("nan")


def size_of(height: object, width: object) -> tuple[int, int] | None:
    """The (height, width) that a file believes its image to have; None where it says nothing sensible."""
    sides = number(height), number(width)
    return (int(sides[0]), int(sides[1])) if all(0 < side < math.inf for side in sides) else None


def from_corner(x: float, y: float, width: float, height: float) -> Box:
    """(top, left, bottom, right) of a box given by its corner and size, counted from the first pixel's corner."""
    return (y - CORNER, x - CORNER, y + height - CORNER, x + width - CORNER)


def from_corners(left: float, top: float, right: float, bottom: float) -> Box:
    """(top, left, bottom, right) of a box given by two corners in any order, counted from the first pixel's corner."""
    x, y = sorted((left, right)), sorted((top, bottom))
    return (y[0] - CORNER, x[0] - CORNER, y[1] - CORNER, x[1] - CORNER)
