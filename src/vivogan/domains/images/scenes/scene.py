"""A scene: which objects lie where, how large, of what outline and class, before any light falls on them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.images.annotations.objects import Objects
from vivogan.domains.images.scenes.parameters import Space, Values, space
from vivogan.domains.images.scenes.placement import Placement, place
from vivogan.domains.images.scenes.settings import SceneDescription
from vivogan.domains.images.scenes.shapes import ShapeBank, Stamps, diameters_of, ellipses, stamps

PATCH = 1e4  # px² that densities refer to
FULL = 0.85  # share of the area that objects may fill at most
SEEN = 0.3  # share of an object's pixels that others must leave visible, or it is no object of the scene
LEAST = 3  # pixels
BEYOND = 1.2  # how much of its surroundings an object's stamp shows, in radii

SPACE = space(
    [
        ("diameter", 5.0, 60.0, True),  # px
        ("diameter_spread", 0.02, 0.4),  # standard deviation of log diameters
        ("elongation", 1.0, 2.2),
        ("irregularity", 0.0, 0.2),
        ("density", 0.2, 60.0, True),  # objects in 10⁴ px²
        ("patchiness", 0.0, 0.6),
        ("clustering", 0.0, 0.9),
        ("cluster_size", 2.0, 10.0, True),
        ("chain", 0.0, 1.0),
        ("overlap", -0.1, 0.4),  # of touching neighbours, in diameters
        ("crowding", 0.0, 0.6),  # of all others: 0 they keep clear of each other, 0.6 they may lie on each other
        ("focus_shared", 0.0, 1.0),  # how far the objects of a group lie equally deep
    ]
)


@dataclass(frozen=True)
class Kinship:
    """One class in a sampler: how frequent, how large beside the others, and of what outlines (None: ellipses)."""

    share: float = 1.0
    scale: float = 1.0
    bank: ShapeBank | None = None


@dataclass(frozen=True)
class Scene:
    """n objects; object i lies under object i + 1 where they overlap.

    Args:
        labels: [H, W] int32, 0 background, i + 1 object i, every object visible.
        centres: [n, 2] float32 (y, x) of outlines, also outside the image where objects are cut by its edge.
        radii: [n, ANGLES] float32, outlines in pixels.
        classes: [n].
        brightness, focus: [n] standard normal; what they mean is the renderer's.
        stamps: pictures of the single objects and a little of their surroundings, which renderers paint with.
    """

    labels: NDArray[np.int32]
    centres: NDArray[np.float32]
    radii: NDArray[np.float32]
    classes: NDArray[np.intp]
    brightness: NDArray[np.float32]
    focus: NDArray[np.float32]
    stamps: tuple[Stamps, ...] = ()

    def __len__(self) -> int:
        return len(self.centres)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.labels.shape[0], self.labels.shape[1]

    @property
    def diameters(self) -> NDArray[np.float32]:
        """[n] of circles of equal area, in pixels."""
        return diameters_of(self.radii)

    def objects(self, cut: bool = True) -> Objects:
        """The annotation of this scene; without ``cut``, objects whose centre lies outside the image are left out."""
        height, width = self.size
        inside = np.all((self.centres > -0.5) & (self.centres < (height - 0.5, width - 0.5)), axis=1)
        if not cut and not inside.all():
            return self.kept(inside).objects()
        found = Objects.from_labels(self.labels, self.classes)
        centres = np.where(inside[:, None], self.centres, found.centres).astype(np.float32)
        return Objects(centres, self.classes, found.boxes, self.labels)

    def kept(self, keep: NDArray[np.bool_]) -> Scene:
        """The scene of the objects that ``keep`` [n] names, numbered anew; pixels of the others become background."""
        number = np.where(keep, np.cumsum(keep) - 1, -1)
        return Scene(
            np.concatenate([[0], number + 1]).astype(np.int32)[self.labels],
            self.centres[keep],
            self.radii[keep],
            self.classes[keep],
            self.brightness[keep],
            self.focus[keep],
            tuple(group.kept(number) for group in self.stamps),
        )


@dataclass(frozen=True)
class SceneSampler:
    """Draws scenes of given scene parameters."""

    classes: tuple[Kinship, ...] = field(default=(Kinship(),))

    def __call__(self, values: Values, size: tuple[int, int], rng: np.random.Generator) -> Scene:
        """One scene of ``SPACE``'s values; "count" instead of "density" sets the number of centres inside."""
        area = size[0] * size[1]
        crowd = FULL * area / (np.pi / 4 * values["diameter"] ** 2)
        wanted = values["count"] if "count" in values else min(values["density"] * area / PATCH, crowd)
        count = int(wanted + rng.random())  # e.g. 0.3 objects: one in three pictures
        spare = count if count == 0 else count * 4 + 32  # some lie in the margin
        shares = np.array([c.share for c in self.classes])
        classes = rng.choice(len(shares), spare, p=shares / shares.sum()).astype(np.intp)
        scale = np.array([c.scale for c in self.classes])[classes]
        spread = np.clip(rng.normal(size=spare), -2, 2) * values["diameter_spread"]
        diameters = (values["diameter"] * scale * np.exp(spread)).astype(np.float32)
        how = Placement(
            values["patchiness"],
            values["clustering"],
            values["chain"],
            values["cluster_size"],
            1 - values["overlap"],
            1 - max(values["crowding"], values["overlap"], 0.0) * 1.15,
        )
        places = place(count, diameters, size, how, rng)
        n = len(places.centres)
        groups = rng.normal(size=n + 1)[places.groups]
        shared = values["focus_shared"]
        focus = (np.sqrt(shared) * groups + np.sqrt(1 - shared) * rng.normal(size=n)).astype(np.float32)
        radii = self._outlines(classes[:n], diameters[:n], values, rng)
        groups_of_stamps = tuple(stamps(places.centres, radii, BEYOND))
        brightness = rng.normal(size=n).astype(np.float32)
        labels = np.zeros(size, np.int32)
        return _seen(Scene(labels, places.centres, radii, classes[:n], brightness, focus, groups_of_stamps))

    def _outlines(
        self, classes: NDArray[np.intp], diameters: NDArray[np.float32], values: Values, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        elongations = 1 + (values["elongation"] - 1) * rng.uniform(0.4, 1.6, len(diameters)).astype(np.float32)
        radii = ellipses(diameters, elongations, values["irregularity"], rng)
        for k, kin in enumerate(self.classes):
            own = classes == k
            if kin.bank is not None and own.any():
                radii[own] = kin.bank.draw(diameters[own], values["irregularity"] / 2, rng)
        return np.maximum(radii, 0.75)


def described(description: SceneDescription, size: tuple[int, int]) -> tuple[SceneSampler, Space]:
    """The sampler and the narrowed space of a description of pictures of a given size."""
    sampler = SceneSampler(tuple(Kinship(c.share, c.scale) for c in description.classes))
    ranges = {
        name: getattr(description, name)
        for name in ("diameter", "elongation", "irregularity", "clustering", "overlap")
        if getattr(description, name) is not None
    }
    if description.count is not None:
        low, high = (max(n, 0.01) * PATCH / (size[0] * size[1]) for n in description.count)
        ranges["density"] = (low, high)
    return sampler, SPACE.narrowed(ranges)


def _seen(scene: Scene) -> Scene:
    """The scene with its labels painted, less the objects that others hide or that lie outside."""
    masks = _masks(scene)
    whole = np.array([mask.sum() for _, _, mask in masks], float)
    visible = np.bincount(_painted(masks, scene.size).ravel(), minlength=len(masks) + 1)[1:]
    keep = (visible >= SEEN * whole) & (visible >= LEAST)
    labels = _painted([mask for mask, left in zip(masks, keep, strict=True) if left], scene.size)
    return replace(scene.kept(keep), labels=labels)


Mask = tuple[int, int, NDArray[np.bool_]]  # top, left, and what lies inside the image


def _masks(scene: Scene) -> list[Mask]:
    height, width = scene.size
    masks: list[Mask] = [(0, 0, np.zeros((0, 0), bool))] * len(scene)
    for group in scene.stamps:
        covered = group.place <= 1
        for i, (top, left), mask in zip(group.index, group.corner, covered, strict=True):
            a, b = max(0, -top), max(0, -left)
            masks[i] = (top + a, left + b, mask[a : max(a, height - top), b : max(b, width - left)])
    return masks


def _painted(masks: list[Mask], size: tuple[int, int]) -> NDArray[np.int32]:
    labels = np.zeros(size, np.int32)
    for i, (top, left, mask) in enumerate(masks):
        labels[top : top + mask.shape[0], left : left + mask.shape[1]][mask] = i + 1
    return labels
