"""What every renderer needs: painting stamps, smooth random fields, blur, and the noise of a camera."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from vivogan.domains.images.scenes.shapes import Stamps

Floats = NDArray[np.float32]
PAD = 16  # least margin of a canvas, in pixels


class Canvas:
    """A picture [H, W] with a margin, so that objects may lie across its edge."""

    def __init__(self, size: tuple[int, int], groups: Sequence[Stamps], fill: float = 0.0) -> None:
        self.pad = max([PAD, *(group.place.shape[-1] for group in groups)])
        self.size = size
        self.pixels = np.full((size[0] + 2 * self.pad, size[1] + 2 * self.pad), fill, np.float32)

    def paint(self, group: Stamps, pictures: Floats, how: Literal["add", "most"], chosen: NDArray[np.bool_]) -> None:
        """Lay pictures [m, S, S] at the stamps' places, those that ``chosen`` [m] names."""
        side = pictures.shape[-1]
        height, width = self.pixels.shape
        for (top, left), picture in zip(group.corner[chosen] + self.pad, pictures[chosen], strict=True):
            if top < 0 or left < 0 or top + side > height or left + side > width:
                continue  # more than a margin away
            window = self.pixels[top : top + side, left : left + side]
            if how == "add":
                window += picture
            else:
                np.maximum(window, picture, out=window)

    @property
    def image(self) -> Floats:
        """[H, W] without the margin."""
        return self.cut(self.pixels)

    def cut(self, pixels: Floats) -> Floats:
        """``pixels`` of the canvas's whole shape, without the margin."""
        return pixels[self.pad : self.pad + self.size[0], self.pad : self.pad + self.size[1]]


def smooth(image: Floats, sigma: float) -> Floats:
    """Gaussian blur; wide ones are made on a smaller picture."""
    if sigma < 0.2:
        return image
    factor = int(min(sigma / 2.5, min(image.shape) / 4))
    if factor < 2:
        blurred: Floats = ndimage.gaussian_filter(image, sigma, mode="nearest", truncate=3.0)
        return blurred
    height, width = image.shape
    rows, columns = -(-height // factor), -(-width // factor)
    padded = np.pad(image, ((0, rows * factor - height), (0, columns * factor - width)), mode="edge")
    small = padded.reshape(rows, factor, columns, factor).mean((1, 3))
    small = ndimage.gaussian_filter(small, sigma / factor, mode="nearest", truncate=3.0)
    return enlarged(small, image.shape, factor)


def enlarged(small: Floats, size: tuple[int, ...], factor: float) -> Floats:
    """``small`` [h, w] by bilinear interpolation ``factor`` times as large, cut to ``size``."""
    rows, columns = ((np.arange(n, dtype=np.float64) + 0.5) / factor - 0.5 for n in size)
    across = _between(small, columns, 1)
    return _between(across, rows, 0)


def _between(image: Floats, at: NDArray[Any], axis: int) -> Floats:
    last = image.shape[axis] - 1
    at = np.clip(at, 0, last)
    low = np.minimum(at.astype(int), max(last - 1, 0))
    share = (at - low).astype(np.float32)
    high = np.minimum(low + 1, last)
    if axis == 0:
        share = share[:, None]
    mixed: Floats = np.take(image, low, axis) * (1 - share) + np.take(image, high, axis) * share
    return mixed


def cloud(size: tuple[int, int], grain: float, rng: np.random.Generator) -> Floats:
    """A smooth random field [H, W] of mean 0 and standard deviation about 1 whose lumps are ``grain`` pixels wide."""
    factor = max(1.0, grain / 2)
    small = rng.standard_normal([int(np.ceil(n / factor)) + 4 for n in size], dtype=np.float32)
    small = ndimage.gaussian_filter(small, 1.0, mode="wrap", truncate=3.0) * 3.545  # 2√π: to deviation 1
    return enlarged(small[1:, 1:], size, factor)


def slope(size: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Light that falls off to one side and to the corners: [H, W], 0…1, of random centre."""
    height, width = (-(-n // 8) + 1 for n in size)
    y, x = rng.uniform(0, 1, 2)
    away = np.hypot(np.linspace(0, 1, height)[:, None] - y, np.linspace(0, 1, width)[None] - x)
    away = away / max(float(away.max()), 1e-6)
    return enlarged((1 - away ** rng.uniform(1, 2)).astype(np.float32), size, 8)


def camera(
    image: Floats, shot: float, read: float, grain: float, rng: np.random.Generator, ceiling: float = np.inf
) -> Floats:
    """Noise of variance shot · light + read², smeared over ``grain`` pixels, and a ceiling [H, W] → [H, W]."""
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    if grain > 0.3:
        noise = smooth(noise, grain) * np.float32(np.sqrt(1 + 4 * np.pi * grain**2) * 0.95)
    noisy = image + noise * np.sqrt(np.maximum(shot * image, 0) + read**2, dtype=np.float32)
    capped: Floats = np.minimum(noisy, ceiling).astype(np.float32)
    return capped
