"""Crowds composed of lone objects: numbers, places and outlines are known exactly, and the light is the images' own.

Cut-paste-and-learn (Dwibedi et al. 2017) without its masks. Where two objects lie on each other, their light is that of
what shines before the optics blur it: between about that of opaque bodies (a + b − ab / top) and the sum. The brighter
one's light alone would leave a seam that no optics leave.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from vivogan.core.seeds import numpy_generator
from vivogan.domains.images.annotations.objects import Objects
from vivogan.domains.images.scenes.harvest import Harvest
from vivogan.domains.images.scenes.parameters import Parameter, Space
from vivogan.domains.images.tools.pairs import Pair

Image = NDArray[np.float32]
SHOWS = 8  # pixels of an object that is cut by the border
BESIDE = 2.0  # radii between neighbours that belong together, at most
VARIED = 0.25  # the number of objects over that of peaks varies from scene to scene, so that none is learned by heart
ALIKE = 0.2  # spread of the sharpness of such neighbours, of all that there is
BRIGHTER = 0.05  # an object may be that much brighter or darker than where it was cut out
ARRANGEMENT = Space(
    (
        Parameter("crowded", 0.0, 0.9),  # share of the objects that are set beside another one
        Parameter("nearest", 0.05, 1.0, log=True),  # radii that objects keep from each other
        Parameter("adding", 0.0, 1.0),  # 0: opaque bodies; 1: light adds up
        Parameter("numbers", 0.9, 2.5, log=True),  # objects over peaks
    )
)


@dataclass(frozen=True)
class Crowd:
    """A vector [4] in the unit cube of ``space`` → a scene of harvested objects."""

    harvest: Harvest
    space: Space = ARRANGEMENT

    def __call__(self, unit: NDArray[np.float64], size: tuple[int, int], seed: int, cut: bool = True) -> Pair:
        """One scene.

        Args:
            cut: whether what shows of an object counts when its centre lies outside; masks have it so, dots have not.
        """
        h, values, rng = self.harvest, self.space.values(unit), numpy_generator(seed, "crowd")
        index = int(rng.integers(len(h.grounds)))
        ground = _fitted(h.grounds[index], size, rng)
        half = h.blobs[0].shape[1] // 2
        whole = size[0] + 2 * half, size[1] + 2 * half  # blobs whose centre is outside shine in
        share = np.prod(whole) / np.prod(h.grounds[index].shape[1:])
        numbers = values["numbers"] * (1 + VARIED * rng.uniform(-1, 1))
        count = round(float(rng.choice(h.peaks)) * share * numbers)
        places, parents = _places(count, whole, h.radius, values["crowded"], values["nearest"], rng)
        kinds = _kinds(parents, len(h.blobs), rng)
        image, labels = _painted(h, places, kinds, whole, values["adding"], rng)
        inner = np.s_[half : half + size[0], half : half + size[1]]
        image = ground + image[(slice(None), *inner)]
        image += 1.5 * h.noise[:, None, None] * ndimage.gaussian_filter(rng.standard_normal(image.shape), (0, 0.5, 0.5))
        return Pair(image.astype(np.float32), _objects(places - half, labels[inner], cut))


def _painted(
    h: Harvest,
    places: NDArray[np.float64],
    kinds: Sequence[int],
    size: tuple[int, int],
    adding: float,
    rng: np.random.Generator,
) -> tuple[Image, NDArray[np.int32]]:
    """The light [C, H, W] of blobs at their places, and the labels [H, W]: each pixel is the brightest one's."""
    half = h.blobs[0].shape[1] // 2
    wide = np.zeros((h.blobs[0].shape[0], size[0] + 2 * half, size[1] + 2 * half), np.float32)
    labels, depth = np.zeros(wide.shape[1:], np.int32), np.zeros(wide.shape[1:], np.float32)
    tops = np.full(wide.shape, 1e-6, np.float32)  # how bright the brightest object here is at its brightest
    for i, ((y, x), k) in enumerate(zip(np.rint(places).astype(int).tolist(), kinds, strict=True)):
        light, own = _turned(h.blobs[k], h.outlines[k], rng)
        near = np.s_[y : y + 2 * half + 1, x : x + 2 * half + 1]
        there = (slice(None), *near)
        before, top = wide[there], np.maximum(tops[there], light.max((1, 2), keepdims=True))
        hidden = np.minimum(before * light / top, np.minimum(before, light))
        wide[there] = before + light - (1 - adding) * hidden
        tops[there] = np.where(own, top, tops[there])
        grey = light.mean(0)
        shown = own & (grey > depth[near])
        labels[near][shown] = i + 1
        depth[near][shown] = grey[shown]
    inner = np.s_[half : half + size[0], half : half + size[1]]
    return wide[(slice(None), *inner)], labels[inner]


def _places(
    count: int,
    size: tuple[int, int],
    radius: float,
    crowded: float,
    nearest: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], list[int]]:
    """Centres [n, 2], some anywhere, some beside one that is there; and beside which (−1: none)."""
    places = np.empty((count, 2))
    parents: list[int] = []
    for _ in range(count):
        n = len(parents)
        for _ in range(30):
            parent = int(rng.integers(n)) if n and rng.random() < crowded else -1
            if parent >= 0:
                angle, far = rng.uniform(0, 2 * np.pi), radius * np.sqrt(rng.uniform(nearest**2, BESIDE**2))
                place = places[parent] + far * np.array([np.sin(angle), np.cos(angle)])
            else:
                place = rng.uniform(-0.5, np.array(size) - 0.5)
            inside = (place > -0.5).all() and (place < np.array(size) - 0.5).all()
            if inside and (((places[:n] - place) ** 2).sum(1) >= (nearest * radius) ** 2).all():
                places[n] = place
                parents.append(parent)
                break
    return places[: len(parents)], parents


def _objects(places: NDArray[np.float64], labels: NDArray[np.int32], cut: bool) -> Objects:
    """The objects whose centre is inside, and with ``cut`` those of which enough shows.

    One that others hide wholly keeps its centre and one pixel.
    """
    size = np.array(labels.shape)
    inside: NDArray[np.bool_] = np.all((places > -0.5) & (places < size - 0.5), axis=1)
    shows = np.bincount(labels.ravel(), minlength=len(places) + 1)[1:] >= SHOWS
    kept = np.flatnonzero(inside | (shows & cut))
    number = np.zeros(len(places) + 1, np.int32)
    number[kept + 1] = np.arange(1, len(kept) + 1)
    labels = number[labels]
    if not len(kept):
        return Objects.none((labels.shape[0], labels.shape[1]))
    for i in np.setdiff1d(np.arange(1, len(kept) + 1), labels):
        y, x = np.clip(np.rint(places[kept[i - 1]]), 0, size - 1).astype(int)
        labels[y, x] = i
    found = Objects.from_labels(labels)
    if len(found) < len(kept):  # two hidden ones at one pixel
        return found
    centres = np.where(inside[kept][:, None], places[kept], found.centres).astype(np.float32)
    return Objects(centres, found.classes, found.boxes, labels)


def _kinds(parents: Sequence[int], kinds: int, rng: np.random.Generator) -> list[int]:
    """Which blob stands at each place: neighbours lie at one depth, so they are about equally sharp."""
    chosen: list[int] = []
    for parent in parents:
        k = rng.integers(kinds) if parent < 0 else round(chosen[parent] + ALIKE * kinds * rng.standard_normal())
        chosen.append(int(np.clip(k, 0, kinds - 1)))
    return chosen


def _turned(light: Image, own: NDArray[np.bool_], rng: np.random.Generator) -> tuple[Image, NDArray[np.bool_]]:
    """A blob turned by quarter turns and mirrored, a little brighter or darker."""
    turns, mirrored = int(rng.integers(4)), rng.random() < 0.5
    light, own = np.rot90(light, turns, (1, 2)), np.rot90(own, turns)
    if mirrored:
        light, own = light[:, :, ::-1], own[:, ::-1]
    return light * np.float32(1 + BRIGHTER * rng.uniform(-1, 1)), own


def _fitted(ground: Image, size: tuple[int, int], rng: np.random.Generator) -> Image:
    """A ground of the wanted size: a part of a larger one, mirrored where it is smaller."""
    missing = [max(0, want - have) for want, have in zip(size, ground.shape[1:], strict=True)]
    ground = np.pad(ground, ((0, 0), *((0, m) for m in missing)), mode="symmetric")
    y, x = (int(rng.integers(have - want + 1)) for want, have in zip(size, ground.shape[1:], strict=True))
    return ground[:, y : y + size[0], x : x + size[1]]
