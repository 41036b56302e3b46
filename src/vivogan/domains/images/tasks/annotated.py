"""What counting and segmenting share: annotated images as networks see them, their split, and the imagined ones."""

from __future__ import annotations

import hashlib
from collections import Counter as Tally
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from vivogan.core.configuration import validated
from vivogan.core.seeds import numpy_generator
from vivogan.domains.base import Split
from vivogan.domains.images import data as images
from vivogan.domains.images.annotations.objects import AnnotatedImages, Objects
from vivogan.domains.images.annotations.read import AnnotationOptions
from vivogan.domains.images.annotations.read import read as read_annotations
from vivogan.domains.images.clean import pixel_hash
from vivogan.domains.images.records import ImageRecords
from vivogan.domains.images.tools.pairs import Normaliser, Pair
from vivogan.domains.parts import TEST, TRAIN
from vivogan.errors import InputError

ENOUGH_TO_TEST = 10  # annotated images from which a fifth is kept for the judgement
TEST_SHARE = 0.2


@dataclass(frozen=True)
class AnnotatedData:
    """``AnnotatedImages`` with a normaliser fitted on them."""

    images: AnnotatedImages
    normaliser: Normaliser

    @classmethod
    def of(cls, images: AnnotatedImages) -> AnnotatedData:
        return cls(images, Normaliser.fit(images.images))

    @property
    def ids(self) -> list[str]:
        return self.images.ids

    @property
    def names(self) -> list[str]:
        return self.images.names

    @property
    def refusals(self) -> list[Any]:
        return self.images.refusals

    @property
    def notes(self) -> list[str]:
        return self.images.notes

    def image(self, index: int) -> NDArray[np.float32]:
        """One image [C, H, W], normalised."""
        return self.normaliser(self.images.images[index])

    def pairs(self, indices: NDArray[np.intp]) -> list[Pair]:
        """Annotated images with their objects."""
        found = []
        for i in indices.tolist():
            objects = self.images.objects[i]
            if objects is None:
                raise ValueError(f"image {self.ids[i]} has no annotations")
            found.append(Pair(self.image(i), objects))
        return found

    @cached_property
    def boxed(self) -> bool:
        """Whether every annotated object has a box."""
        return all(objects is None or objects.boxes is not None for objects in self.images.objects)

    @cached_property
    def outlined(self) -> bool:
        """Whether every annotated object has an outline."""
        return all(objects is None or objects.labels is not None for objects in self.images.objects)

    def fingerprint(self) -> dict[str, Any]:
        """What the plan needs to know, as plain JSON."""
        shapes = np.array([image.shape for image in self.images.images])
        known = [objects for objects in self.images.objects if objects is not None]
        counts = Tally(self.names[k] for objects in known for k in objects.classes.tolist())
        numbers = [len(objects) for objects in known]
        return {
            "count": len(self.images),
            "annotated": len(known),
            "height": {"min": int(shapes[:, 0].min()), "max": int(shapes[:, 0].max())},
            "width": {"min": int(shapes[:, 1].min()), "max": int(shapes[:, 1].max())},
            "channels": int(shapes[0, 2]),
            "dtype": self.images.images[0].dtype.name,
            "objects": dict(sorted(counts.items())),
            "objects_an_image": {"min": min(numbers), "max": max(numbers)} if numbers else {},
            "drawn": "outlines" if known and self.outlined else "boxes" if known and self.boxed else "dots",
            "spacing": spacing(known),
            "diameter": diameter(known, self.names),
        }

    def digest(self) -> str:
        """One hash of all names, pixels and objects, by which a run knows its data again."""
        digest = hashlib.sha256()
        for name, image, objects in zip(self.ids, self.images.images, self.images.objects, strict=True):
            digest.update(name.encode("utf-8", "surrogatepass"))
            digest.update(pixel_hash(image))
            if objects is not None:
                for part in (objects.centres, objects.classes, objects.boxes, objects.labels):
                    digest.update(b"-" if part is None else np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()

    def fitted(self) -> FittedNormaliser:
        return FittedNormaliser(self.normaliser, self.names)


@dataclass(frozen=True)
class FittedNormaliser:
    """What a run keeps of the images themselves: their usual contrast and the class names."""

    normaliser: Normaliser
    names: list[str]

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        tensors, state = self.normaliser.state()
        return tensors, state | {"names": self.names}

    @classmethod
    def from_state(cls, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> FittedNormaliser:
        return cls(Normaliser.from_state(tensors, state), list(state["names"]))


def read(source: Path, options: Mapping[str, str], outlines: bool = False) -> AnnotatedData:
    """Images and what was drawn on them. Without annotations a description of the objects must be given.

    Args:
        options: ``annotations`` (where they are), ``describe`` (see ``imagined.described``), and the fields of
            ``AnnotationOptions``.
        outlines: whether outlines are needed, not dots or boxes alone.
    """
    chosen = {name: value for name, value in options.items() if name in AnnotationOptions.model_fields}
    where = Path(options["annotations"]) if "annotations" in options else None
    if where is None and "describe" in options:
        return AnnotatedData.of(unannotated(images.read(source, images.ReadOptions(images=options.get("images")))))
    data = AnnotatedData.of(read_annotations(source, where, validated(AnnotationOptions, chosen)))
    if outlines and not data.outlined:
        raise InputError(
            where or source, "holds dots or boxes; segmenting is learned from outlines", mend="Give masks or polygons"
        )
    return data


def unannotated(records: ImageRecords) -> AnnotatedImages:
    """Images on which nobody has drawn anything."""
    return AnnotatedImages(
        images=records.images,
        objects=[None] * len(records),
        ids=records.ids,
        names=["object"],
        refusals=records.refusals,
        notes=records.notes,
        source=records.source,
    )


def spacing(known: list[Objects]) -> float | None:
    """The median distance in pixels between an object and its nearest neighbour."""
    from scipy.spatial import cKDTree

    found = [cKDTree(o.centres).query(o.centres, 2)[0][:, 1] for o in known if len(o) > 1]
    return float(np.median(np.concatenate(found))) if found else None


def diameter(known: list[Objects], names: list[str]) -> dict[str, float] | None:
    """The median diameter in pixels of the objects of each class, where boxes were drawn."""
    boxes = [(o.boxes, o.classes) for o in known if o.boxes is not None and len(o)]
    if not boxes:
        return None
    sides = np.concatenate([np.sqrt(np.prod(b[:, 2:] - b[:, :2], axis=1).clip(1)) for b, _ in boxes])
    classes = np.concatenate([k for _, k in boxes])
    return {names[k]: float(np.median(sides[classes == k])) for k in np.unique(classes)}


def split(data: AnnotatedData, seed: int) -> Split:
    """Train and test of the annotated images; selection is what the source calls so, and is learned from too.

    A given split is kept. Else, of 10 annotated images or more a fifth is kept for the judgement; fewer are all learned
    from, and the report says that nobody judged them.
    """
    known = data.images.annotated
    given = data.images.part
    if given is not None and (given[known] == TRAIN).any():
        return Split(*(known[given[known] == part] for part in (TRAIN, "selection", TEST)))
    order = numpy_generator(seed, "split").permutation(known)
    n = len(order)
    test = round(TEST_SHARE * n) if n >= ENOUGH_TO_TEST else 0
    parts = order[test:], order[:0], order[:test]
    return Split(*(np.sort(part) for part in parts))
