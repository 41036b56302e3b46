"""The objects of an image, however they were drawn: the one type that readers give and that every tool takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.images.records import Refusal


@dataclass(frozen=True)
class Objects:
    """The n objects of one image, in pixels; the centre of the first pixel is (0, 0), y goes down.

    Args:
        centres: [n, 2] float32, (y, x); every tool can learn from these.
        classes: [n] indices into the class names of the set.
        boxes: [n, 4] float32, (top, left, bottom, right), or None where only dots were drawn.
        labels: [H, W] int32, 0 is background and i + 1 is object i, or None where no outlines were drawn.
    """

    centres: NDArray[np.float32]
    classes: NDArray[np.intp]
    boxes: NDArray[np.float32] | None = None
    labels: NDArray[np.int32] | None = None

    def __len__(self) -> int:
        return len(self.centres)

    @classmethod
    def none(cls, shape: tuple[int, int] | None = None) -> Objects:
        """An image that was looked at and holds nothing; with ``shape`` it also says so pixel by pixel."""
        empty = None if shape is None else np.zeros(shape, np.int32)
        boxes = np.zeros((0, 4), np.float32)
        return cls(np.zeros((0, 2), np.float32), np.zeros(0, np.intp), boxes, empty)

    @classmethod
    def from_labels(cls, labels: NDArray[Any], classes: NDArray[np.intp] | None = None) -> Objects:
        """Objects of an instance map [H, W]; any ids become 1…n in their order, and ``classes`` follows that order."""
        from scipy import ndimage

        ids, flat = np.unique(np.asarray(labels), return_inverse=True)
        if len(ids) == 0 or ids[0] != 0:
            flat = flat + 1
        dense: NDArray[np.int32] = flat.reshape(np.shape(labels)).astype(np.int32)
        n = int(dense.max(initial=0))
        if n == 0:
            return cls.none((dense.shape[0], dense.shape[1]))
        centres = np.array(ndimage.center_of_mass(dense > 0, dense, np.arange(1, n + 1)), np.float32)
        slices = ndimage.find_objects(dense)
        boxes = np.array([(r.start, c.start, r.stop, c.stop) for r, c in slices], np.float32) - 0.5
        return cls(centres, np.zeros(n, np.intp) if classes is None else classes, boxes, dense)


@dataclass(frozen=True)
class AnnotatedImages:
    """Images with their objects.

    ``images`` are n arrays [H, W, C] in the user's dtype; all share dtype and C, their sizes may differ. ``objects[i]``
    is None where nobody looked at image i (unlabelled), and has length 0 where somebody looked and found nothing.
    ``names`` are the class names (one of them, "object", where no classes were drawn). ``part`` is "train",
    "selection", "test" or "" where the source gives a split.
    """

    images: list[NDArray[Any]]
    objects: list[Objects | None]
    ids: list[str]
    names: list[str]
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    part: NDArray[np.str_] | None = None
    source: str = ""

    def __len__(self) -> int:
        return len(self.images)

    @property
    def annotated(self) -> NDArray[np.intp]:
        """Indices of the images that somebody looked at."""
        return np.array([i for i, objects in enumerate(self.objects) if objects is not None], np.intp)
