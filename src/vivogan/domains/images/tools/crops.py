"""Batches of crops from annotated images, real and generated, with ordinary augmentation: functions of (seed, step)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from scipy import ndimage
from torch import Tensor

from vivogan.core.configuration import Settings
from vivogan.core.seeds import numpy_generator
from vivogan.domains.images.annotations.objects import Objects
from vivogan.domains.images.tools.pairs import Pair

Encode = Callable[[Objects, tuple[int, int]], NDArray[np.float32]]  # objects, (H, W) → target maps [K, H, W]
Share = Annotated[float, Field(ge=0, le=1)]


class CropSettings(Settings):
    """What a batch is made of. The disturbances are the ordinary, strong ones of microscopy."""

    size: Annotated[int, Field(ge=16)] = 128
    batch: Annotated[int, Field(ge=1)] = 8
    tries: Annotated[int, Field(ge=1)] = 1  # places that a crop is chosen from: the one with the most on its targets
    generated: Share = 0.5  # of a batch, at the beginning, where there are generated images
    generated_final: Share = 0.25  # of a batch, at the end
    zooms: tuple[float, ...] = (1.0,)  # sizes at which every image is shown
    gain: Share = 0.1
    offset: Share = 0.05
    gamma: Annotated[float, Field(ge=1)] = 1.0  # largest exponent; its inverse is the smallest
    blur: Annotated[float, Field(ge=0)] = 0.0  # largest σ in pixels
    noise: Annotated[float, Field(ge=0)] = 0.0  # largest standard deviation


class Crops:
    """Deals ``(images [B, C, size, size], targets [B, K, size, size])``.

    Args:
        encode: makes the target maps of an image; they must turn and mirror with the image.
        steps: length of the run; the share of generated images goes from its first to its final value meanwhile.
        swapped: two target maps that change places when the image is transposed (heights and widths).
    """

    def __init__(
        self,
        real: Sequence[Pair],
        generated: Sequence[Pair],
        encode: Encode,
        settings: CropSettings,
        steps: int,
        seed: int,
        swapped: tuple[int, int] | None = None,
    ) -> None:
        if not real and not generated:
            raise ValueError("there is nothing to learn from")
        self.real, self.generated, self.encode = list(real), list(generated), encode
        self.settings, self.steps, self.seed, self.swapped = settings, steps, seed, swapped
        self._kept: dict[tuple[bool, int, float], tuple[NDArray[np.float32], NDArray[np.float16]]] = {}

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        """The batch of a step."""
        rng = numpy_generator(self.seed, "crops", step)
        rows = [self._crop(self._drawn(rng, step), rng) for _ in range(self.settings.batch)]
        images, targets = (torch.from_numpy(np.stack(part)) for part in zip(*rows, strict=True))
        return images.contiguous(memory_format=torch.channels_last), targets

    def _drawn(self, rng: np.random.Generator, step: int) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
        s, progress = self.settings, step / max(1, self.steps)
        share = s.generated + (s.generated_final - s.generated) * progress
        made = bool(self.generated) and (not self.real or rng.random() < share)
        pairs = self.generated if made else self.real
        index, zoom = int(rng.integers(len(pairs))), float(rng.choice(s.zooms))
        key = (made, index, zoom)
        if key not in self._kept:
            image, objects = pairs[index].image, pairs[index].objects
            if zoom != 1:
                image, objects = zoomed(image, objects, zoom)
            self._kept[key] = image, self.encode(objects, image.shape[1:]).astype(np.float16)
        return self._kept[key]

    def _crop(
        self, drawn: tuple[NDArray[np.float32], NDArray[np.float16]], rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        size = self.settings.size
        image, target = (grown(part, size) for part in drawn)
        high, wide = image.shape[1] - size + 1, image.shape[2] - size + 1
        corners = [(int(rng.integers(high)), int(rng.integers(wide))) for _ in range(self.settings.tries)]
        places = [np.s_[:, y : y + size, x : x + size] for y, x in corners]
        place = max(places, key=lambda p: target[p].sum(dtype=np.float32)) if len(places) > 1 else places[0]
        image, target = image[place], target[place]
        if rng.random() < 0.5:
            image, target = image.transpose(0, 2, 1), target.transpose(0, 2, 1)
            if self.swapped:
                target = target.copy()
                target[list(self.swapped)] = target[list(reversed(self.swapped))]
        flips = tuple(axis for axis in (1, 2) if rng.random() < 0.5)
        image, target = np.flip(image, flips), np.flip(target, flips)
        return disturbed(image, self.settings, rng), np.ascontiguousarray(target, dtype=np.float32)


def disturbed(image: NDArray[np.float32], s: CropSettings, rng: np.random.Generator) -> NDArray[np.float32]:
    """Another exposure of the same image [C, H, W]: contrast, background, focus and noise differ."""
    channels = (len(image), 1, 1)
    if s.gamma > 1:
        exponent = s.gamma ** rng.uniform(-1, 1)
        image = np.sign(image) * np.abs(image) ** np.float32(exponent)
    gain = (1 + s.gain * rng.uniform(-1, 1)) * (1 + s.gain / 3 * rng.uniform(-1, 1, channels))
    image = (image * gain + s.offset * rng.uniform(-1, 1, channels)).astype(np.float32)
    if s.blur > 0 and rng.random() < 0.5:
        image = ndimage.gaussian_filter(image, (0, *(2 * [s.blur * rng.random()])))
    if s.noise > 0:
        image = image + s.noise * rng.random() * rng.standard_normal(image.shape, np.float32)
    return np.ascontiguousarray(image, dtype=np.float32)


def grown(image: NDArray[Any], size: int) -> NDArray[Any]:
    """Mirrored at the lower and right edge until [C, H, W] has sides of at least ``size``."""
    missing = [max(0, size - side) for side in image.shape[1:]]
    return np.pad(image, ((0, 0), *((0, n) for n in missing)), mode="symmetric") if any(missing) else image


def zoomed(image: NDArray[np.float32], objects: Objects, factor: float) -> tuple[NDArray[np.float32], Objects]:
    """The same image and objects at another size; averaged when it shrinks."""
    shape = zoomed_shape(image.shape[1:], factor)
    small = resampled(image, shape)
    by = np.array(shape) / image.shape[1:]  # of y and x
    centres = ((objects.centres + 0.5) * by - 0.5).astype(np.float32)
    boxes = None if objects.boxes is None else ((objects.boxes + 0.5) * np.tile(by, 2) - 0.5).astype(np.float32)
    labels = None
    if objects.labels is not None:
        rows, columns = (
            np.minimum(((np.arange(n) + 0.5) / b).astype(int), side - 1)
            for n, b, side in zip(shape, by, objects.labels.shape, strict=True)
        )
        labels = objects.labels[np.ix_(rows, columns)]
    return small, Objects(centres, objects.classes, boxes, labels)


def zoomed_shape(shape: tuple[int, ...], factor: float) -> tuple[int, int]:
    """(H, W) at another size, at least one pixel."""
    height, width = (max(1, round(side * factor)) for side in shape)
    return height, width


def resampled(image: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """[C, H, W] at another size, bilinear, with an average over the pixels that fall together."""
    if image.shape[1:] == shape:
        return image
    tensor = torch.from_numpy(np.ascontiguousarray(image))[None]
    out = torch.nn.functional.interpolate(tensor, size=shape, mode="bilinear", antialias=True, align_corners=False)
    return out[0].numpy()
