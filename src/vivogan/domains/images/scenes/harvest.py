"""Scenes composed of what stands alone in unlabelled images: lone blobs are cut out, and crowds are built of them.

Nobody has to annotate anything: a blob without neighbours, as round and as large as most of its kind, is one object.
Pasted close together on real backgrounds such blobs make crowds whose numbers and outlines are known exactly, in the
images' own light (cut-paste-and-learn, Dwibedi et al. 2017, without its masks).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree
from skimage.feature import peak_local_max

from vivogan.core.seeds import numpy_generator
from vivogan.domains.images.annotations.objects import Objects
from vivogan.domains.images.scenes.settings import HarvestSettings
from vivogan.domains.images.tools.pairs import Pair

Image = NDArray[np.float32]
LEAST = 20  # lone blobs that make a harvest
FINE = 0.45  # scale at which peaks are looked for, in radii: finer than the blobs, so that neighbours stay apart
RATIOS = (1.0, 1.25, 1.5, 1.8, 2.2)  # of objects to peaks, tried
TRIED = 8  # scenes of each
SHOWS = 8  # pixels of an object that is cut by the border


@dataclass(frozen=True)
class Harvest:
    """Lone blobs with their light around them, the grounds they lay on, and how many peaks an image has.

    Args:
        hidden: objects over peaks, as some peaks hide another object.
        blobs: light [C, 2h + 1, 2h + 1] above the ground, the least sharp first. outlines: the same side, bool.
        grounds: [C, H, W]. noise: [C] standard deviation. peaks: of every image. radius: in pixels.
    """

    blobs: list[Image]
    outlines: list[NDArray[np.bool_]]
    grounds: list[Image]
    noise: NDArray[np.float32]
    peaks: NDArray[np.intp]
    radius: float
    hidden: float = 1.0


def usual_radius(images: Sequence[Image], low: float = 2.0, high: float = 24.0) -> float:
    """The radius in pixels at which blobs answer most to a Laplacian of Gaussians (Lindeberg 1998: r = √2 σ)."""
    scales = np.geomspace(low, high, 12) / np.sqrt(2)
    heights = []
    for sigma in scales:
        found = []
        for image in images[:12]:
            sharp = -ndimage.gaussian_laplace(image.mean(0), sigma) * sigma**2
            top = sharp[ndimage.maximum_filter(sharp, 2 * round(sigma) + 1) == sharp]
            found.append(np.sort(top)[-max(3, len(top) // 4) :].mean())
        heights.append(np.mean(found))
    return float(scales[int(np.argmax(heights))] * np.sqrt(2))


def ground_of(image: Image, radius: float) -> Image:
    """What is left of an image [C, H, W] without its blobs: an opening wider than they are, smoothed."""
    size = 2 * round(2.2 * radius) + 1
    smooth = ndimage.gaussian_filter(image, (0, radius / 4, radius / 4))
    opened = np.stack([ndimage.grey_opening(layer, (size, size)) for layer in smooth])
    return ndimage.gaussian_filter(opened, (0, radius, radius)).astype(np.float32)


def harvest(
    images: Sequence[Image],
    settings: HarvestSettings,
    radius: float | None = None,
    truth: Sequence[int | None] = (),
) -> Harvest | None:
    """Lone blobs of bright objects on darker ground; None where too few stand alone.

    Args:
        radius: of the objects in pixels; found where it is not known.
        truth: numbers of objects in the images, where somebody counted them.
    """
    radius = radius or usual_radius(images)
    half = round(settings.reach * radius)
    found: list[tuple[Image, NDArray[np.bool_]]] = []
    grounds, peaks, noise = [], [], []
    lights = []
    for image in images:
        ground = ground_of(image, radius)
        lights.append(image - ground)
        grounds.append(ground)
        fine = image - ndimage.gaussian_filter(image, (0, 1, 1))
        noise.append(1.4826 * np.median(np.abs(fine), axis=(1, 2)) / 0.85)
    sharps = [-ndimage.gaussian_laplace(light.mean(0), FINE * radius) for light in lights]
    bright = np.concatenate([sharp[sharp > 0] for sharp in sharps])
    if not len(bright):
        return None
    least = settings.faint * np.percentile(bright, 99.5)
    for light, sharp in zip(lights, sharps, strict=True):
        places = _tops(sharp, radius, least)
        peaks.append(len(places))
        if len(places) < 2:
            continue
        away = cKDTree(places).query(places, 2)[0][:, 1]
        for y, x in places[away > settings.alone * radius]:
            cut = _cut(light, int(y), int(x), half, radius)
            if cut is not None:
                found.append(cut)
    found = _usual(found)
    if len(found) < LEAST:
        return None
    found.sort(key=lambda row: sharpness(row[0]))
    blobs, outlines = ([row[i] for row in found] for i in (0, 1))
    level = np.median(noise, axis=0).astype(np.float32)
    made = Harvest(blobs, outlines, grounds, level, np.array(peaks, np.intp), radius)  # type: ignore[arg-type]
    counted = [(n, seen) for n, seen in zip(truth, peaks, strict=False) if n is not None]
    if sum(seen for _, seen in counted) > 0:
        return replace(made, hidden=sum(n for n, _ in counted) / sum(seen for _, seen in counted))
    return replace(made, hidden=_hidden(made, settings, least))


def _tops(sharp: NDArray[np.float32], radius: float, least: float) -> NDArray[np.intp]:
    return peak_local_max(sharp, min_distance=max(1, round(radius / 2)), threshold_abs=least, exclude_border=False)


def _hidden(h: Harvest, settings: HarvestSettings, least: float) -> float:
    """How many times as many objects as peaks there are: such that composed scenes show as many peaks as real ones."""
    size = h.grounds[0].shape[1:]
    ratios, shown = np.array(RATIOS), []
    for ratio in RATIOS:
        tried = replace(h, hidden=ratio)
        pairs = [scene(tried, size, settings, numpy_generator(0, "hidden", i)) for i in range(TRIED)]  # type: ignore[arg-type]
        lights = [(pair.image - ground_of(pair.image, h.radius)).mean(0) for pair in pairs]
        found = [len(_tops(-ndimage.gaussian_laplace(x, FINE * h.radius), h.radius, least)) for x in lights]
        shown.append(sum(found) / max(1, sum(len(pair.objects) for pair in pairs)) * ratio)
    return float(np.interp(1.0, np.maximum.accumulate(shown), ratios))


def sharpness(blob: Image) -> float:
    """How steep a blob is for its height."""
    down, across = np.gradient(ndimage.gaussian_filter(blob.mean(0), 0.7))
    return float(np.hypot(down, across).max() / max(float(blob.mean(0).max()), 1e-6))


def _cut(light: Image, y: int, x: int, half: int, radius: float) -> tuple[Image, NDArray[np.bool_]] | None:
    """A blob with its outline at half of its height, or None where it touches the border or another blob."""
    height, width = light.shape[1:]
    if not (half <= y < height - half and half <= x < width - half):
        return None
    patch = light[:, y - half : y + half + 1, x - half : x + half + 1]
    grey = ndimage.gaussian_filter(patch.mean(0), 0.7)
    top = grey[half - 1 : half + 2, half - 1 : half + 2].max()
    pieces, _ = ndimage.label(grey > 0.5 * top)
    own = pieces == pieces[half, half]
    rows, columns = np.ogrid[-half : half + 1, -half : half + 1]
    away = np.hypot(rows, columns)
    if pieces[half, half] == 0 or own[away > 0.9 * half].any() or (grey[away > 0.8 * half] > 0.35 * top).any():
        return None
    # The light fades out towards the rim, so that no edge of the cut shows.
    fade = np.clip((half - away) / max(1.0, 0.35 * half), 0, 1)
    return np.maximum(patch, 0) * fade.astype(np.float32), own


def _usual(found: list[tuple[Image, NDArray[np.bool_]]]) -> list[tuple[Image, NDArray[np.bool_]]]:
    """Those whose area and roundness are those of most."""
    if len(found) < LEAST:
        return found
    areas = np.array([own.sum() for _, own in found], float)
    spans = [np.linalg.eigvalsh(np.cov(np.argwhere(own).T) + 1e-3 * np.eye(2)) for _, own in found]
    long = np.sqrt([span[1] / span[0] for span in spans])
    middle = np.median(areas)
    good = (areas > 0.45 * middle) & (areas < 1.7 * middle) & (long < max(1.5, 1.25 * float(np.median(long))))
    return [row for row, keep in zip(found, good, strict=True) if keep]


def composed(
    harvested: Harvest, n: int, size: tuple[int, int], settings: HarvestSettings, seed: int, cut: bool = False
) -> list[Pair]:
    """``n`` scenes of harvested blobs with their outlines.

    Args:
        cut: whether what shows of an object counts when its centre lies outside; masks have it so, dots have not.
    """
    return [scene(harvested, size, settings, numpy_generator(seed, "harvest", i), cut) for i in range(n)]


def scene(
    h: Harvest,
    size: tuple[int, int],
    settings: HarvestSettings,
    rng: np.random.Generator,
    cut: bool = False,
    numbers: float = 1.0,
) -> Pair:
    """One scene; ``numbers`` is over the estimated ones."""
    index = int(rng.integers(len(h.grounds)))
    ground = _fitted(h.grounds[index], size, rng)
    half = h.blobs[0].shape[1] // 2
    whole = size[0] + 2 * half, size[1] + 2 * half  # blobs whose centre is outside shine in
    share = np.prod(whole) / np.prod(h.grounds[index].shape[1:])
    varied = 1 + settings.varied * rng.uniform(-1, 1)
    count = round(float(rng.choice(h.peaks)) * share * h.hidden * varied * numbers)
    places, parents = _places(count, whole, h.radius, rng.uniform(*settings.crowded), settings, rng)
    kinds = _kinds(parents, len(h.blobs), settings.alike, rng)
    image, labels = _painted(h, places, kinds, whole, settings.adding, rng)
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
    for i, ((y, x), k) in enumerate(zip(np.rint(places).astype(int).tolist(), kinds, strict=True)):
        light, own = _turned(h.blobs[k], h.outlines[k], rng)
        near = np.s_[y : y + 2 * half + 1, x : x + 2 * half + 1]
        before = wide[(slice(None), *near)]
        wide[(slice(None), *near)] = np.maximum(before, light) + adding * np.minimum(before, light)
        grey = light.mean(0)
        shown = own & (grey > depth[near])
        labels[near][shown] = i + 1
        depth[near][shown] = grey[shown]
    inner = np.s_[half : half + size[0], half : half + size[1]]
    return wide[(slice(None), *inner)], labels[inner]


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


def _places(
    count: int,
    size: tuple[int, int],
    radius: float,
    crowded: float,
    settings: HarvestSettings,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], list[int]]:
    """Centres [n, 2], some anywhere, some beside one that is there; and beside which (−1: none)."""
    places: list[NDArray[np.float64]] = []
    parents: list[int] = []
    for _ in range(count):
        for _ in range(30):
            parent = int(rng.integers(len(places))) if places and rng.random() < crowded else -1
            if parent >= 0:
                angle, far = rng.uniform(0, 2 * np.pi), radius * rng.uniform(*settings.nearest)
                place = places[parent] + far * np.array([np.sin(angle), np.cos(angle)])
            else:
                place = rng.uniform(-0.5, np.array(size) - 0.5)
            inside = (place > -0.5).all() and (place < np.array(size) - 0.5).all()
            near = min((float(np.hypot(*(place - p))) for p in places), default=np.inf)
            if inside and near > settings.nearest[0] * radius:
                places.append(place)
                parents.append(parent)
                break
    return np.array(places).reshape(-1, 2), parents


def _kinds(parents: Sequence[int], kinds: int, alike: float, rng: np.random.Generator) -> list[int]:
    """Which blob stands at each place: neighbours lie at one depth, so they are about equally sharp."""
    chosen: list[int] = []
    for parent in parents:
        k = rng.integers(kinds) if parent < 0 else round(chosen[parent] + alike * kinds * rng.standard_normal())
        chosen.append(int(np.clip(k, 0, kinds - 1)))
    return chosen


def _turned(light: Image, own: NDArray[np.bool_], rng: np.random.Generator) -> tuple[Image, NDArray[np.bool_]]:
    """A blob turned by quarter turns and mirrored, a little brighter or darker."""
    turns, mirrored = int(rng.integers(4)), rng.random() < 0.5
    light, own = np.rot90(light, turns, (1, 2)), np.rot90(own, turns)
    if mirrored:
        light, own = light[:, :, ::-1], own[:, ::-1]
    return light * np.float32(rng.uniform(0.85, 1.15)), own


def _fitted(ground: Image, size: tuple[int, int], rng: np.random.Generator) -> Image:
    """A ground of the wanted size: a part of a larger one, mirrored where it is smaller."""
    missing = [max(0, want - have) for want, have in zip(size, ground.shape[1:], strict=True)]
    ground = np.pad(ground, ((0, 0), *((0, m) for m in missing)), mode="symmetric")
    y, x = (int(rng.integers(have - want + 1)) for want, have in zip(size, ground.shape[1:], strict=True))
    return ground[:, y : y + size[0], x : x + size[1]]
