"""What annotations say about scenes: outlines from masks, sizes from boxes, and counts and spacing even from dots."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.images.annotations.objects import Objects
from vivogan.domains.images.scenes.parameters import Space
from vivogan.domains.images.scenes.scene import PATCH, SPACE, Kinship, SceneSampler
from vivogan.domains.images.scenes.shapes import ShapeBank, diameters_of, outlines
from vivogan.domains.images.tools.pairs import Pair

Ranges = dict[str, tuple[float, float]]
WIDER = 1.3  # how far beyond what was seen the ranges reach


def learned(annotated: Sequence[Pair], classes: int = 1) -> tuple[SceneSampler, Space]:
    """The sampler and the narrowed space of annotated pictures of ``classes`` classes."""
    sizes, kinds = [], []
    shapes: list[list[NDArray[np.float32]]] = [[] for _ in range(classes)]
    for pair in annotated:
        found, radii = sizes_of(pair)
        sizes.append(found)
        kinds.append(pair.objects.classes)
        for k in range(classes if radii is not None else 0):
            assert radii is not None
            shapes[k].append((radii / diameters_of(radii)[:, None])[whole(pair) & (pair.objects.classes == k)])
    every, kind = np.concatenate([*sizes, np.zeros(0)]), np.concatenate([*kinds, np.zeros(0, np.intp)])
    usable = np.isfinite(every) & (every > 0)
    usual = float(np.median(every[usable])) if usable.any() else 0.0
    kin = []
    for k in range(classes):
        own = every[usable & (kind == k)]
        bank = np.concatenate([*shapes[k], np.zeros((0, 32), np.float32)])
        scale = float(np.median(own)) / usual if len(own) else 1.0
        share = (float((kind == k).sum()) + 0.5) / (len(kind) + 0.5 * classes)
        kin.append(Kinship(share, scale, ShapeBank(bank) if len(bank) >= 5 else None))
    return SceneSampler(tuple(kin)), SPACE.narrowed(_ranges(annotated, every[usable], usual))


def _ranges(annotated: Sequence[Pair], sizes: NDArray[np.float64], usual: float) -> Ranges:
    ranges: Ranges = {}
    if len(sizes):
        guessed = all(pair.objects.boxes is None and pair.objects.labels is None for pair in annotated)
        slack = 1.5 if guessed else WIDER
        ranges["diameter"] = (usual / slack, usual * slack)
        if not guessed:
            spread = float(np.std(np.log(sizes)))
            ranges["diameter_spread"] = (min(0.6 * spread, 0.4), min(1.3 * spread + 0.03, 0.5))
    density = [len(p.objects) / (p.image.shape[1] * p.image.shape[2]) * PATCH for p in annotated]
    if density:
        high = max(max(density), 0.05)
        ranges["density"] = (max(min(density), high / 30) / WIDER, high * WIDER)
    spacing = nearest_neighbours([p.objects for p in annotated])
    if len(spacing) >= 20 and usual > 0:
        touching = float((spacing < 1.05 * usual).mean())
        ranges["clustering"] = (max(0.0, touching - 0.35), min(0.9, touching + 0.15) + 0.05)
    return ranges


def sizes_of(pair: Pair) -> tuple[NDArray[np.float64], NDArray[np.float32] | None]:
    """Diameters [n] in pixels (nan where unknown), and outlines [n, ANGLES] where masks were drawn."""
    objects = pair.objects
    if len(objects) == 0:
        return np.zeros(0), None
    if objects.labels is not None and objects.boxes is not None:
        area = np.bincount(objects.labels.ravel(), minlength=len(objects) + 1)[1:]
        found = np.where(whole(pair), np.sqrt(area * 4 / np.pi), np.nan)
        return found, outlines(objects)
    if objects.boxes is not None:
        top, left, bottom, right = objects.boxes.T.astype(float)
        sides = np.maximum((bottom - top) * (right - left), 1)
        return np.where(whole(pair), np.sqrt(sides), np.nan), None
    return around_dots(pair.image, objects.centres), None


def whole(pair: Pair) -> NDArray[np.bool_]:
    """Which objects [n] are not cut by the picture's edge."""
    boxes = pair.objects.boxes
    if boxes is None:
        return np.ones(len(pair.objects), bool)
    height, width = pair.image.shape[1:]
    inside: NDArray[np.bool_] = (boxes[:, :2] > 0).all(1) & (boxes[:, 2] < height - 1) & (boxes[:, 3] < width - 1)
    return inside


def around_dots(image: NDArray[np.float32], centres: NDArray[np.float32], most: int = 40) -> NDArray[np.float64]:
    """Guessed diameters [n]: twice the radius at which the light has fallen half way to that of the surroundings."""
    grey = image.mean(0)
    away = centres[:, None] - centres[None] if len(centres) < 3000 else np.zeros((1, 1, 2))
    distance = np.hypot(away[..., 0], away[..., 1]) + np.eye(len(away)) * 1e9
    free = np.minimum(distance.min(1) if len(away) == len(centres) else most, most)
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    radii = np.arange(0.0, most, 0.5)
    found = np.full(len(centres), np.nan)
    for i, (y, x) in enumerate(centres):
        reach = radii[radii <= max(free[i] * 0.75, 4.0)]
        ys = np.clip(np.rint(y + reach[:, None] * np.sin(angles)), 0, grey.shape[0] - 1).astype(int)
        xs = np.clip(np.rint(x + reach[:, None] * np.cos(angles)), 0, grey.shape[1] - 1).astype(int)
        profile = np.median(grey[ys, xs], 1)
        middle, outside = profile[:4].mean(), profile[-2:].mean()
        fallen = np.abs(profile - middle) > 0.5 * abs(outside - middle)
        if abs(outside - middle) > 0.1 and fallen.any():
            found[i] = 2 * max(reach[int(fallen.argmax())], 1.0)
    return found


def nearest_neighbours(objects: Sequence[Objects]) -> NDArray[np.float64]:
    """Distances to the nearest other object of the same picture, in pixels."""
    from scipy.spatial import cKDTree

    found = [cKDTree(o.centres).query(o.centres, 2)[0][:, 1] for o in objects if len(o) > 1]
    return np.concatenate([*found, np.zeros(0)])
