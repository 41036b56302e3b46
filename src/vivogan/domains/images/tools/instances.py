"""Instances as maps that a network can learn, and maps back into instances: a seeded watershed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy import ndimage

from vivogan.core.configuration import Settings
from vivogan.domains.images.annotations.objects import Objects
from vivogan.metrics.instances import foreground_restricted_rand, matches_at

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Judge = Literal["objects", "partition"]
Kind = Literal["distance", "inner"]

IOUS = (0.5, 0.65, 0.8)  # at which a decoder is tuned: finer than one threshold, and it rewards good outlines
Tried = tuple[tuple[str, tuple[float, ...]], ...]
STEPS: dict[Judge, Tried] = {  # what is tuned, one after the other
    "objects": (
        ("rise", (0.15, 0.3, 0.6, 1.0, 2.0, 4.0, 8.0)),
        ("foreground", (0.35, 0.45, 0.5, 0.55, 0.65, 0.75, 0.85)),
        ("smooth", (0.5, 1.0, 2.0)),
        ("rise", (0.2, 0.45, 0.6, 0.8, 1.4)),
    ),
    "partition": (
        ("rise", (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7)),
        ("smooth", (0.5, 1.0, 2.0)),
        ("foreground", (0.3, 0.5, 0.7)),
    ),
}


class DecodeSettings(Settings):
    """How two maps become objects."""

    foreground: Share = 0.5  # least value of the first map inside an object
    shape: bool = True  # whether the landscape of hills is the second map times the distance to the border, or the map
    smooth: Positive = 1.0  # standard deviation in pixels of the landscape's blur
    rise: Positive = 0.5  # of a hill above the pass to a higher one, at least, in pixels or in shares of 1
    least: Annotated[int, Field(ge=0)] = 0  # pixels of the smallest object


def encode(labels: NDArray[np.int32], kind: Kind, margin: float) -> NDArray[np.float32]:
    """Instance map [H, W] → [2, H, W] in 0…1, which turn and mirror with the image: where objects are, and how deep.

    Depth is the distance to the outermost pixels of the same object, as a share of its largest value in the object
    ("distance"), or 1 where the distance to the nearest other pixel exceeds ``margin`` pixels and 0 elsewhere
    ("inner"): an eroded object. The image's edge is no border.
    """
    deep = depth(labels)
    if kind == "inner":
        second = (deep > margin).astype(np.float64)
    else:
        count = int(labels.max(initial=0))
        largest = np.ones(count + 1)
        if count:
            largest[1:] = ndimage.maximum(deep, labels, np.arange(1, count + 1))
        # The outermost pixels are 0: what parts two neighbours is as low as the ground.
        second = np.clip(deep - 1, 0, None) / np.maximum(largest - 1, 1)[labels]
    return np.stack([labels > 0, second]).astype(np.float32)


def depth(labels: NDArray[np.int32]) -> NDArray[np.float64]:
    """Distance [H, W] to the nearest pixel of another label, at least 1 inside objects, 0 outside (by the border pixels
    of the objects, so that one distance transform serves all of them)."""
    inside = labels > 0
    rim = np.zeros(labels.shape, bool)
    for here, there in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        edge = labels[here] != labels[there]
        rim[here] |= edge
        rim[there] |= edge
    rim &= inside
    if not rim.any():  # one object that fills the image, or none
        return inside.astype(np.float64) * max(labels.shape)
    distance: NDArray[np.float64] = (inside * (1 + ndimage.distance_transform_edt(~rim))).astype(np.float64)
    return distance


def touching(labels: NDArray[np.int32], width: int = 5) -> NDArray[np.bool_]:
    """Pixels [H, W] with two objects in the ``width``² pixels around them: there neighbours are parted or not."""
    nobody = np.where(labels > 0, labels, np.iinfo(np.int32).max)
    return ndimage.maximum_filter(labels, width) > ndimage.minimum_filter(nobody, width)


def decode(maps: NDArray[np.float32], settings: DecodeSettings) -> NDArray[np.int32]:
    """[2, H, W] → instance map [H, W]: every hill of the landscape becomes an object by a watershed (Meyer 1994).

    The landscape is the distance to the border of the foreground, by which shape alone parts round objects, times the
    second map; without ``shape`` the second map alone, where shapes are arbitrary. What rises less than ``rise`` above
    the pass to a higher hill is none of its own (h-maxima, Soille 2003, 6.3.2).
    """
    from skimage.morphology import reconstruction
    from skimage.segmentation import watershed

    mask = maps[0] > settings.foreground
    if not mask.any():
        return np.zeros(mask.shape, np.int32)
    height = maps[1].astype(np.float64)
    if settings.shape:
        height *= ndimage.distance_transform_edt(mask) if not mask.all() else float(max(mask.shape))
    height = ndimage.gaussian_filter(height, settings.smooth)
    summits = height - reconstruction(height - settings.rise, height) >= settings.rise * (1 - 1e-6)
    seeds, n = ndimage.label(summits & mask, np.ones((3, 3)))
    pieces, m = ndimage.label(mask)
    seeded = np.zeros(m + 1, bool)
    seeded[pieces[seeds > 0]] = True
    alone = mask & ~seeded[pieces]  # pieces lower than a rise
    seeds[alone] = n + pieces[alone]
    grown: NDArray[np.int32] = watershed(-height, seeds, mask=mask).astype(np.int32)
    kept = np.bincount(grown.ravel()) >= max(1, settings.least)
    kept[0] = False
    names = np.where(kept, np.cumsum(kept), 0).astype(np.int32)
    return names[grown]


def score(true: NDArray[np.int32], found: NDArray[np.int32], judge: Judge) -> float:
    """What a decoder is tuned by: mean average precision of objects, or the Rand score of a partition of the plane."""
    if judge == "partition":
        return foreground_restricted_rand(true, found)
    return float(np.mean([m.average_precision for m in matches_at(true, found, IOUS)]))


def tune(
    maps: Sequence[NDArray[np.float32]], truths: Sequence[NDArray[np.int32]], judge: Judge
) -> tuple[DecodeSettings, float]:
    """The settings with the best mean score over the images, one setting after the other, and that score.

    The least size is tried at shares of a small object's size (the 2nd percentile of the drawn ones). Among equals the
    middle one of the list of equals is taken: it is farthest from where the score falls.
    """
    areas = np.concatenate([np.bincount(truth.ravel())[1:] for truth in truths])
    small = float(np.percentile(areas[areas > 0], 2)) if areas.any() else 0.0
    sizes = tuple(float(round(share * small)) for share in (0.25, 0.5, 0.75, 1.0, 1.5))
    best, top = DecodeSettings(shape=judge == "objects", least=round(0.5 * small)), -1.0
    for name, values in (*STEPS[judge], ("least", sizes)):
        tried = sorted({*values, getattr(best, name)})
        grid = [best.model_copy(update={name: int(v) if name == "least" else v}) for v in tried]
        best, top = _best(grid, [_mean_score(maps, truths, settings, judge) for settings in grid])
    return best, top


def _mean_score(
    maps: Sequence[NDArray[np.float32]], truths: Sequence[NDArray[np.int32]], settings: DecodeSettings, judge: Judge
) -> float:
    return float(np.mean([score(t, decode(m, settings), judge) for m, t in zip(maps, truths, strict=True)]))


def _best(grid: list[DecodeSettings], scores: list[float]) -> tuple[DecodeSettings, float]:
    top = max(scores)
    equal = [i for i, value in enumerate(scores) if value >= top - 1e-9]
    return grid[equal[len(equal) // 2]], top


def found(maps: NDArray[np.float32], settings: DecodeSettings) -> Objects:
    """The objects that two maps show, with their label map."""
    return Objects.from_labels(decode(maps, settings))
