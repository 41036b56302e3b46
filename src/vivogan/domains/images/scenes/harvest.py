"""What stands alone in unlabelled images is cut out: objects in the images' own light, for ``crowd`` to compose.

Nobody has to annotate anything: a blob without neighbours, as round and as large as most of its kind, is one object.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree
from skimage.feature import peak_local_max

from vivogan.domains.images.scenes.settings import HarvestSettings

Image = NDArray[np.float32]
LEAST = 20  # lone blobs that make a harvest
WIDER = 1.5  # deviations by which a single object is larger than most, at most
FINE = 0.45  # scale at which peaks are looked for, in radii: finer than the blobs, so that neighbours stay apart


@dataclass(frozen=True)
class Harvest:
    """Lone blobs with their light around them, the grounds they lay on, and how many peaks an image has.

    Args:
        blobs: light [C, 2h + 1, 2h + 1] above the ground, the least sharp first. outlines: the same side, bool.
        grounds: [C, H, W]. noise: [C] standard deviation. peaks: of every image. radius: in pixels.
        faint: how sharp a peak is at least.
        hidden: objects over peaks, as some peaks hide another object; None where nobody counted.
    """

    blobs: list[Image]
    outlines: list[NDArray[np.bool_]]
    grounds: list[Image]
    noise: NDArray[np.float32]
    peaks: NDArray[np.intp]
    radius: float
    faint: float
    hidden: float | None = None


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
    sharps = [sharpened(light, radius) for light in lights]
    bright = np.concatenate([sharp[sharp > 0] for sharp in sharps])
    if not len(bright):
        return None
    faint = float(settings.faint * np.percentile(bright, 99.5))
    for light, sharp in zip(lights, sharps, strict=True):
        places = tops(sharp, radius, faint)
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
    made = Harvest(blobs, outlines, grounds, level, np.array(peaks, np.intp), radius, faint)  # type: ignore[arg-type]
    counted = [(n, seen) for n, seen in zip(truth, peaks, strict=False) if n is not None]
    if sum(seen for _, seen in counted) > 0:
        return replace(made, hidden=sum(n for n, _ in counted) / sum(seen for _, seen in counted))
    return made


def sharpened(light: Image, radius: float) -> NDArray[np.float32]:
    """[H, W]: how much brighter each place of the light [C, H, W] is than what is around it."""
    sharp: NDArray[np.float32] = -ndimage.gaussian_laplace(light.mean(0), FINE * radius)
    return sharp


def tops(sharp: NDArray[np.float32], radius: float, faint: float) -> NDArray[np.intp]:
    """Places [n, 2] of the peaks of a picture's sharpness."""
    return peak_local_max(sharp, min_distance=max(1, round(radius / 2)), threshold_abs=faint, exclude_border=False)


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
    """Those whose area and roundness are those of most.

    Two objects that lie on each other show one peak and pass for a large one: on vgg_cells they are 6 % of what stands
    alone, and a counter that takes each for one object misses as many in every image. How much single ones differ is
    therefore read from the smaller half alone.
    """
    if len(found) < LEAST:
        return found
    areas = np.log([own.sum() for _, own in found])
    spans = [np.linalg.eigvalsh(np.cov(np.argwhere(own).T) + 1e-3 * np.eye(2)) for _, own in found]
    long = np.sqrt([span[1] / span[0] for span in spans])
    middle = np.median(areas)
    deviation = middle - np.percentile(areas, 16)
    good = (np.abs(areas - middle) < 0.8) & (areas < middle + WIDER * deviation)
    good &= long < max(1.5, 1.25 * float(np.median(long)))
    return [row for row, keep in zip(found, good, strict=True) if keep]
