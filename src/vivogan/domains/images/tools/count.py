"""The counter: how many of each kind, where, and how sure (density maps after Lempitsky and Zisserman 2010)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from scipy import ndimage
from scipy.spatial import cKDTree
from skimage.feature import peak_local_max
from torch import Tensor, nn

from vivogan.core.checkpoints import Checkpoints
from vivogan.core.configuration import Settings
from vivogan.core.seeds import derive, numpy_generator
from vivogan.domains.images.annotations.objects import Objects
from vivogan.domains.images.tools.calibrate import Calibration, fit_line
from vivogan.domains.images.tools.crops import Crops, CropSettings, resampled, zoomed, zoomed_shape
from vivogan.domains.images.tools.dense import DenseNetwork
from vivogan.domains.images.tools.pairs import Pair
from vivogan.domains.images.tools.tiles import TILE, tiles
from vivogan.domains.tasks.learn import LearnSettings, Watch, learn
from vivogan.nn.layout import channels_last

THRESHOLDS = tuple(np.arange(0.2, 0.8, 0.05).round(2).tolist())  # masses from which there is an object, tried
CHUNK = 1 << 20  # pixels that look for their peak at once
MOST = 10.0  # weight of a rare class
CROSS = 20  # annotated images from which a part of them can measure what the intervals must hold
UNSEEN = 1.5  # residuals of new images over those of images that were learned from, where it cannot be measured
UNIT = 100.0  # what one object sums to in the maps that the network learns
Positive = Annotated[float, Field(gt=0)]


class CountPlan(Settings):
    """Every hyper-parameter of a counter."""

    zoom: Positive = 1.0  # of the images before the network sees them
    sigmas: tuple[Positive, ...] = (
        2.0,
    )  # of the blob that stands for an object of each class, in pixels; the last goes on
    widths: tuple[int, ...] = (48, 64)
    shuffle: Annotated[int, Field(ge=1)] = 4  # pixels of a cell at the network's finest level
    size_weight: Annotated[float, Field(ge=0)] = 0.3  # of the loss of the boxes' sizes
    size_unit: Positive = 16.0  # pixels that a size of 1 stands for in the maps
    flips: bool = True  # average over three mirrored views
    crops: CropSettings = CropSettings()
    learn: LearnSettings = LearnSettings(steps=800)

    def sigma(self, k: int) -> float:
        """The blob of class ``k``."""
        return self.sigmas[min(k, len(self.sigmas) - 1)]


@dataclass(frozen=True)
class Counted:
    """What the counter says of one image.

    Args:
        counts, low, high: [K], calibrated, with the bounds of the 90 % interval.
        objects: centres, classes and, where the counter learned from boxes or masks, boxes.
        scores: [n] of the objects: the share of an object that the density finds there.
        density: [K, h, w] at the size at which the network looks; it sums to the counts before calibration.
    """

    counts: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    objects: Objects
    scores: NDArray[np.float32]
    density: NDArray[np.float32]


def encoder(plan: CountPlan, classes: int, sized: bool) -> Any:
    """``encode(objects, (H, W)) -> [K (+ 3), H, W]``: densities, and with ``sized`` the maps of ``sizes``."""

    def encode(objects: Objects, shape: tuple[int, int]) -> NDArray[np.float32]:
        density = np.stack([blobs(objects.centres[objects.classes == k], shape, plan.sigma(k)) for k in range(classes)])
        return np.concatenate([UNIT * density, sizes(objects, shape, plan)]) if sized else UNIT * density

    return encode


def blobs(centres: NDArray[np.float32], shape: tuple[int, int], sigma: float) -> NDArray[np.float32]:
    """[H, W] with a Gaussian of sum 1 at each centre; at the border its mass is folded back, so the sum stays."""
    points = np.zeros(shape, np.float32)
    height, width = shape
    y, x = (np.clip(c, 0, side - 1) for c, side in zip(centres.T, shape, strict=True))
    top, left = np.floor(y).astype(int), np.floor(x).astype(int)
    down, right = y - top, x - left
    for rows, columns, weight in (
        (top, left, (1 - down) * (1 - right)),
        (top, left + 1, (1 - down) * right),
        (top + 1, left, down * (1 - right)),
        (top + 1, left + 1, down * right),
    ):
        np.add.at(points, (np.minimum(rows, height - 1), np.minimum(columns, width - 1)), weight)
    folded: NDArray[np.float32] = ndimage.gaussian_filter(points, sigma, mode="reflect")
    return folded


def sizes(objects: Objects, shape: tuple[int, int], plan: CountPlan) -> NDArray[np.float32]:
    """[3, H, W]: logarithms of height and width (in ``size_unit``) near the centres, and where these two hold."""
    maps = np.zeros((3, *shape), np.float32)
    if objects.boxes is None:
        return maps
    places = np.rint(objects.centres).astype(int)
    sides = np.log(np.maximum(objects.boxes[:, 2:] - objects.boxes[:, :2], 1) / plan.size_unit)
    order = np.argsort(-sides.sum(1))  # small objects have the last word where they lie on large ones
    for (y, x), k, (high, wide) in zip(places[order], objects.classes[order].tolist(), sides[order], strict=True):
        radius = int(np.ceil(1.5 * plan.sigma(k)))
        near = np.s_[max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1]
        maps[(0, *near)], maps[(1, *near)], maps[(2, *near)] = high, wide, 1
    return maps


def count_loss(maps: Tensor, target: Tensor, weights: Tensor, size_weight: float) -> Tensor:
    """Mean squared error of the densities by class, and of the sizes where there is an object.

    ``maps`` [B, K (+ 2), H, W], ``target`` [B, K (+ 3), H, W], ``weights`` [K].
    """
    classes = len(weights)
    loss = ((maps[:, :classes] - target[:, :classes]).square().mean((0, 2, 3)) * weights).mean()
    if maps.shape[1] > classes:
        there = target[:, -1:]
        wrong = (maps[:, classes:] - target[:, classes:-1]).abs() * there
        loss = loss + size_weight * wrong.sum() / there.sum().clamp(min=1)
    return loss


def class_weights(known: Sequence[Pair], classes: int, plan: CountPlan) -> Tensor:
    """[K]: such that the squared error of an empty density is about 1, whatever the blobs and their number.

    Rare and wide blobs hold little energy, n / (4πσ²), so their error weighs more: by its root, up to ``MOST``.
    """
    counts = sum(np.bincount(pair.objects.classes, minlength=classes) for pair in known)
    area = sum(pair.image.shape[1] * pair.image.shape[2] for pair in known) * plan.zoom**2
    spread = np.array([plan.sigma(k) ** 2 for k in range(classes)])
    energy = UNIT**2 * np.maximum(counts, 1) / (4 * np.pi * spread * area)
    weights = np.minimum(np.sqrt(energy.max() / energy), MOST)
    return torch.tensor(weights / (weights * energy).mean(), dtype=torch.float32)


def fit_counter(
    real: Sequence[Pair],
    generated: Sequence[Pair],
    names: Sequence[str],
    plan: CountPlan,
    seed: int,
    checkpoints: Checkpoints | None = None,
    log: Watch = lambda record: None,
) -> Counter:
    """Learn to count from annotated images, real and generated; either may be empty, not both.

    Intervals must be those of new images. Where ``CROSS`` or more are annotated, a second counter learns from two
    thirds of them in as large a part of the steps, and how wrong it is on the last third decides.

    Args:
        names: the K class names that ``Objects.classes`` index.
    """
    network = _learned(real, generated, len(names), plan, seed, checkpoints, log)
    counter = Counter(network, list(names), plan, Calibration.none(len(names)))
    if not real:
        return counter.calibrated(generated, UNSEEN)
    if len(real) < CROSS:
        return counter.calibrated(real, UNSEEN)
    part = plan.model_copy(update={"learn": plan.learn.model_copy(update={"steps": max(1, 2 * plan.learn.steps // 3)})})
    order = numpy_generator(seed, "thirds").permutation(len(real))
    new, seen = ([real[i] for i in rows] for rows in np.split(order, [len(real) // 3]))
    network = _learned(seen, generated, len(names), part, derive(seed, "third"), None, lambda record: None)
    other = Counter(network, list(names), plan, Calibration.none(len(names))).calibrated(seen)
    return counter.calibrated(real, measured=other.residuals(new))


def _learned(
    real: Sequence[Pair],
    generated: Sequence[Pair],
    classes: int,
    plan: CountPlan,
    seed: int,
    checkpoints: Checkpoints | None,
    log: Watch,
) -> DenseNetwork:
    """The network, before any calibration."""
    known = [*real, *generated]
    sized = all(pair.objects.boxes is not None for pair in known)
    torch.manual_seed(derive(seed, "counter"))
    network = DenseNetwork(len(known[0].image), classes + 2 * sized, plan.widths, plan.shuffle)
    swapped = (classes, classes + 1) if sized else None
    real, generated = ([scaled(pair, plan.zoom) for pair in pairs] for pairs in (real, generated))
    encode = encoder(plan, classes, sized)
    crops = Crops(real, generated, encode, plan.crops, plan.learn.steps, derive(seed, "crops"), swapped)
    weights = class_weights(known, classes, plan)

    def loss(network: nn.Module, step: int) -> Tensor:
        images, target = crops(step)
        return count_loss(network(images), target, weights, plan.size_weight)

    average = learn(network, loss, plan.learn, checkpoints, log)
    assert isinstance(average, DenseNetwork)
    return average


def scaled(pair: Pair, zoom: float) -> Pair:
    """The pair at the size at which the network looks."""
    return pair if zoom == 1 else Pair(*zoomed(pair.image, pair.objects, zoom))


def split_mass(
    density: NDArray[np.float32], sigma: float, threshold: float
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """The objects of one density map [H, W]: centres [n, 2] and the mass of each, at least ``threshold``.

    Mass goes to the nearest peak; a peak that gathers the mass of several objects is split into as many centres.
    """
    smooth = ndimage.gaussian_filter(density, sigma / 4)
    unit = 1 / (2 * np.pi * sigma**2)  # height of a lone object
    peaks = peak_local_max(smooth, min_distance=max(1, round(sigma)), threshold_abs=0.1 * unit, exclude_border=False)
    if not len(peaks):
        return np.zeros((0, 2), np.float32), np.zeros(0)
    pixels = np.stack(np.nonzero(density > 0.02 * unit), 1).astype(np.int32)  # n x 2, all that counts
    weights = density[tuple(pixels.T)]
    tree = cKDTree(peaks)
    parts = [tree.query(part)[1].astype(np.int32) for part in np.array_split(pixels, 1 + len(pixels) // CHUNK)]
    owner = np.concatenate(parts)
    mass = np.bincount(owner, weights, len(peaks)).astype(np.float64)
    centres: list[NDArray[np.float32]] = [peaks[mass < 1.5].astype(np.float32)]
    masses: list[NDArray[np.float64]] = [mass[mass < 1.5]]
    order = np.argsort(owner, kind="stable")
    bounds = np.searchsorted(owner[order], np.arange(len(peaks) + 1))
    for i in np.flatnonzero(mass >= 1.5):
        rows = order[bounds[i] : bounds[i + 1]]
        split = _parted(pixels[rows], weights[rows], round(mass[i]))
        centres.append(split)
        masses.append(np.full(len(split), mass[i] / len(split)))
    found, weight = np.concatenate(centres), np.concatenate(masses)
    return found[weight >= threshold], weight[weight >= threshold]


def _parted(pixels: NDArray[np.int32], weights: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    """``n`` centres of a blob by Lloyd's algorithm, begun along its long axis."""
    middle = np.average(pixels, axis=0, weights=weights)
    _, _, axes = np.linalg.svd((pixels - middle) * np.sqrt(weights)[:, None], full_matrices=False)
    along = (pixels - middle) @ axes[0]
    share = np.cumsum(weights[np.argsort(along)]) / weights.sum()
    starts = np.interp((np.arange(n) + 0.5) / n, share, np.sort(along))
    centres = middle + starts[:, None] * axes[0]
    for _ in range(5):
        owner = np.argmin(((pixels[:, None] - centres[None]) ** 2).sum(2), axis=1)
        total = np.bincount(owner, weights, n)
        sums = np.stack([np.bincount(owner, weights * p, n) for p in pixels.T], 1)
        centres = np.where(total[:, None] > 0, sums / np.maximum(total, 1e-9)[:, None], centres)
    return centres.astype(np.float32)


class Counter:
    """A trained network with its calibration."""

    def __init__(self, network: DenseNetwork, names: list[str], plan: CountPlan, calibration: Calibration) -> None:
        self.network, self.names, self.plan, self.calibration = network.eval(), names, plan, calibration

    def maps(self, image: NDArray[np.float32], tile: int = TILE) -> NDArray[np.float32]:
        """The maps [K (+ 2), H, W] of an image [C, H, W] at the network's own zoom; averaged over mirrored views."""
        views: list[tuple[int, ...]] = [(), (1,), (2,)] if self.plan.flips else [()]
        total = np.zeros((self.network.maps, *image.shape[1:]), np.float32)
        for axes in views:
            seen, sums = np.flip(image, axes), np.flip(total, axes)  # both look at the same memory, mirrored

            def pixels(top: int, bottom: int, left: int, right: int, seen: NDArray[np.float32] = seen) -> Any:
                return seen[:, top:bottom, left:right]

            for part in tiles(self.network, pixels, (image.shape[1], image.shape[2]), tile):
                height, width = part.maps.shape[1:]
                sums[:, part.top : part.top + height, part.left : part.left + width] += part.maps
        total[: len(self.names)] /= UNIT
        total /= len(views)
        return total

    def count(self, image: NDArray[np.float32], tile: int = TILE) -> Counted:
        """Count the objects of a normalised image [C, H, W] of any size."""
        zoom, classes, c = self.plan.zoom, len(self.names), self.calibration
        seen = image if zoom == 1 else resampled(image, zoomed_shape(image.shape[1:], zoom))
        maps = self.maps(seen, tile)
        density, by = maps[:classes], np.array(seen.shape[1:]) / image.shape[1:]
        places, masses = [], []
        for k in range(classes):
            centres, mass = split_mass(density[k], self.plan.sigma(k), c.threshold[k])
            places.append(centres)
            masses.append(mass)
        lines = [c.peaks[k] if c.by_peaks[k] else c.density[k] for k in range(classes)]
        raw = [len(places[k]) if c.by_peaks[k] else density[k].sum(dtype=np.float64) for k in range(classes)]
        counts = np.array([line(np.array(r, np.float64)) for line, r in zip(lines, raw, strict=True)])
        low, high = np.array([line.interval(n) for line, n in zip(lines, counts, strict=True)]).T
        centres = np.concatenate(places)
        labels = np.concatenate([np.full(len(p), k, np.intp) for k, p in enumerate(places)])
        boxes = self._boxes(maps[classes:], centres, by) if len(maps) > classes else None
        objects = Objects(((centres + 0.5) / by - 0.5).astype(np.float32), labels, boxes)
        scores = np.minimum(np.concatenate(masses), 1.0).astype(np.float32)
        return Counted(counts, low, high, objects, scores, density)

    def _boxes(
        self, sides: NDArray[np.float32], centres: NDArray[np.float32], by: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """Boxes [n, 4] in the image's own pixels, from the maps of heights and widths at the centres."""
        at = tuple(np.rint(centres).astype(np.intp).T)
        half = np.exp(sides[(slice(None), *at)].T) * self.plan.size_unit / 2 / by  # n x 2
        middle = (centres + 0.5) / by - 0.5
        return np.concatenate([middle - half, middle + half], 1).astype(np.float32)

    def residuals(self, pairs: Sequence[Pair]) -> NDArray[np.float64]:
        """Absolute errors [n, K] of the counts over √(count + 1)."""
        found = np.array([self.count(pair.image).counts for pair in pairs])
        true = np.array([np.bincount(pair.objects.classes, minlength=len(self.names)) for pair in pairs])
        wrong: NDArray[np.float64] = np.abs(found - true) / np.sqrt(found + 1)
        return wrong

    def calibrated(
        self, pairs: Sequence[Pair], widening: float = 1.0, measured: NDArray[np.float64] | None = None
    ) -> Counter:
        """The same counter with the lines, thresholds and intervals of the images that it learned from.

        Args:
            widening: residuals of new images over those of images that were learned from.
            measured: residuals [n, K] of new images instead.
        """
        classes = len(self.names)
        true = np.array([np.bincount(pair.objects.classes, minlength=classes) for pair in pairs], float)  # n x K
        densities = [self.maps(scaled(pair, self.plan.zoom).image)[:classes] for pair in pairs]
        raw = np.array([density.sum((1, 2), dtype=np.float64) for density in densities])
        density_lines, peak_lines, by_peaks, thresholds = [], [], [], []
        for k in range(classes):
            masses = [split_mass(density[k], self.plan.sigma(k), THRESHOLDS[0])[1] for density in densities]
            numbers = np.array([[(m >= t).sum() for m in masses] for t in THRESHOLDS], float)  # T x n
            wrong = np.abs(numbers - true[:, k]).mean(1)
            best = int(np.argmin(wrong))
            new = None if measured is None else measured[:, k]
            density_lines.append(fit_line(raw[:, k], true[:, k], True, widening, new))
            peak_lines.append(fit_line(numbers[best], true[:, k], False, widening, new))
            by_peaks.append(bool(wrong[best] < np.abs(density_lines[k](raw[:, k]) - true[:, k]).mean()))
            thresholds.append(THRESHOLDS[best])
        calibration = Calibration(tuple(density_lines), tuple(peak_lines), tuple(by_peaks), tuple(thresholds))
        return Counter(self.network, self.names, self.plan, calibration)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Weights, and everything else as JSON."""
        network = self.network
        shape = {"channels": network.channels, "maps": network.maps}
        plan = self.plan.model_dump(mode="json")
        return network.state_dict(), {
            **shape,
            "names": self.names,
            "plan": plan,
            "calibration": self.calibration.to_dict(),
        }

    @classmethod
    def from_state(cls, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> Counter:
        """The counter that gave this state."""
        plan = CountPlan.model_validate(state["plan"])
        network = DenseNetwork(state["channels"], state["maps"], plan.widths, plan.shuffle)
        network.load_state_dict(dict(tensors))
        calibration = Calibration.from_dict(state["calibration"])
        return cls(channels_last(network).requires_grad_(False), list(state["names"]), plan, calibration)
