"""Outlines as distances from a centre, one an angle: star-convex shapes (Schmidt et al. 2018), drawn or learned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.images.annotations.objects import Objects

ANGLES = 32  # a power of two
HARMONICS = np.arange(2.0, 7.0)  # of the outline's irregularity: below 2 it moves, above 6 it is noise
GROUP = 48  # objects rasterised together

Floats = NDArray[np.float32]


def ellipses(diameters: Floats, elongations: Floats, irregularity: float, rng: np.random.Generator) -> Floats:
    """Radii [n, ANGLES] of wobbly ellipses of random orientation, in pixels.

    Args:
        diameters: [n], of the circle of equal area.
        elongations: [n], long axis / short axis, ≥ 1.
        irregularity: standard deviation of the log radius about the ellipse.
    """
    n = len(diameters)
    theta = np.linspace(0, 2 * np.pi, ANGLES, endpoint=False)
    turned = theta + rng.uniform(0, np.pi, (n, 1))  # n x A
    stretch = np.sqrt(elongations)[:, None]
    radii = diameters[:, None] / 2 / np.sqrt((np.cos(turned) / stretch) ** 2 + (np.sin(turned) * stretch) ** 2)
    if irregularity > 0:
        weights = rng.normal(size=(n, 2, len(HARMONICS))) / HARMONICS**1.5
        waves = np.stack([np.cos(HARMONICS[:, None] * theta), np.sin(HARMONICS[:, None] * theta)])  # 2 x K x A
        wobble = np.einsum("nwk,wka->na", weights, waves) / np.sqrt((1 / HARMONICS**3).sum())
        radii = radii * np.exp(irregularity * wobble)
    return radii.astype(np.float32)


def diameters_of(radii: Floats) -> Floats:
    """Diameters [n] of the circles of equal area: the area is ½ ∫ r² dθ."""
    return (2 * np.sqrt((radii**2).mean(-1))).astype(np.float32)


@dataclass(frozen=True)
class ShapeBank:
    """Outlines of real objects [n, ANGLES], scaled to diameter 1; new ones are drawn, turned, mirrored, wobbled."""

    radii: Floats

    def draw(self, diameters: Floats, irregularity: float, rng: np.random.Generator) -> Floats:
        """Radii [n, ANGLES] in pixels of the given diameters [n]."""
        n = len(diameters)
        chosen = self.radii[rng.integers(len(self.radii), size=n)]
        mirrored = np.where(rng.random((n, 1)) < 0.5, chosen, chosen[:, ::-1])
        columns = (np.arange(ANGLES) + rng.integers(ANGLES, size=(n, 1))) % ANGLES
        turned = np.take_along_axis(mirrored, columns, 1)
        wobble = ellipses(np.full(n, 2, np.float32), np.ones(n, np.float32), irregularity, rng)
        shapes = turned * wobble
        return (shapes * (diameters / np.maximum(diameters_of(shapes), 1e-6))[:, None]).astype(np.float32)


def outlines(objects: Objects) -> Floats:
    """Radii [n, ANGLES] in pixels of labelled objects, from their centres; a hole or a fold is walked over."""
    labels = objects.labels
    assert labels is not None
    assert objects.boxes is not None
    theta = np.linspace(0, 2 * np.pi, ANGLES, endpoint=False)
    height, width = labels.shape
    found = np.zeros((len(objects), ANGLES), np.float32)
    for i, ((y, x), box) in enumerate(zip(objects.centres, objects.boxes, strict=True)):
        far = float(np.hypot(box[2] - box[0], box[3] - box[1]))
        steps = np.arange(0.25, far + 0.5, 0.5)
        ys = np.rint(y + steps[:, None] * np.sin(theta)).astype(int)  # steps x A
        xs = np.rint(x + steps[:, None] * np.cos(theta)).astype(int)
        inside = (ys >= 0) & (ys < height) & (xs >= 0) & (xs < width)
        own = inside & (labels[ys.clip(0, height - 1), xs.clip(0, width - 1)] == i + 1)
        found[i] = own.sum(0) * 0.5
    return np.maximum(found, 0.5)


@dataclass(frozen=True)
class Stamps:
    """Some objects as pictures of their own, all of one side S.

    Args:
        index: [m] which objects.
        corner: [m, 2] (y, x) of the upper left pixel; may lie outside the image.
        place: [m, S, S] distance from the centre in units of the outline's: below 1 is inside.
        radius: [m, 1, 1] mean radius in pixels, for edges in pixels.
    """

    index: NDArray[np.intp]
    corner: NDArray[np.intp]
    place: Floats
    radius: Floats

    def kept(self, number: NDArray[np.intp]) -> Stamps:
        """Those of the objects whose ``number`` [n] is not negative, under that number."""
        left = number[self.index] >= 0
        return Stamps(number[self.index[left]], self.corner[left], self.place[left], self.radius[left])

    @property
    def cover(self) -> Floats:
        """How much of each pixel the object covers [m, S, S], 0…1."""
        return np.clip((1 - self.place) * self.radius + 0.5, 0, 1)


def stamps(centres: Floats, radii: Floats, beyond: float = 1.0) -> Iterator[Stamps]:
    """Rasterise outlines [n, ANGLES] at sub-pixel centres [n, 2], objects of similar size together.

    Args:
        beyond: how far out to draw, in units of the largest radius.
    """
    reach = radii.max(1, initial=0) * beyond
    order = np.argsort(reach, kind="stable")
    for start in range(0, len(order), GROUP):
        index = order[start : start + GROUP]
        half = int(np.ceil(reach[index].max())) + 1
        middle = np.rint(centres[index]).astype(np.intp)
        away = np.arange(-half, half + 1, dtype=np.float32)
        offset = (centres[index] - middle).astype(np.float32)
        dy = away[None, :, None] - offset[:, 0, None, None]  # m x S x 1
        dx = away[None, None, :] - offset[:, 1, None, None]  # m x 1 x S
        turn = np.arctan2(dy, dx) * np.float32(ANGLES / (2 * np.pi)) + np.float32(ANGLES)
        low = turn.astype(np.int32)
        share = turn - low
        wrapped = np.concatenate([radii[index], radii[index][:, :1]], 1).ravel()
        rows = (np.arange(len(index), dtype=np.int32) * (ANGLES + 1))[:, None, None]
        flat = rows + (low & (ANGLES - 1))
        edge = wrapped[flat] * (1 - share) + wrapped[flat + 1] * share
        yield Stamps(index, middle - half, np.sqrt(dy * dy + dx * dx) / edge, radii[index].mean(1)[:, None, None])
