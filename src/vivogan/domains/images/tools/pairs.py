"""An image as networks see it, with its objects: what tools learn from, real or generated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.images.annotations.objects import Objects

LOW, HIGH = 1.0, 99.8  # percentiles that become 0 and 1
SAMPLED = 1 << 18  # pixels that are looked at to find them


@dataclass(frozen=True)
class Pair:
    """``image`` [C, H, W] float32, normalised; ``objects`` in its pixels."""

    image: NDArray[np.float32]
    objects: Objects


@dataclass(frozen=True)
class Normaliser:
    """Brings images to a common range: the 1st and 99.8th percentile of a channel become 0 and 1.

    An image without contrast must not have its noise blown up to contrast, so a channel is never stretched by more
    than ``least`` [C] allows: a share of the usual contrast of the training images.
    """

    least: NDArray[np.float64]

    @classmethod
    def fit(cls, images: Sequence[NDArray[Any]], share: float = 0.25) -> Normaliser:
        """Learn the usual contrast from images [H, W, C]."""
        spreads = np.array([np.subtract(*reversed(limits(image))) for image in images])  # n x C
        usual = np.median(spreads, axis=0)
        return cls(np.maximum(share * usual, 1e-6))

    def __call__(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """[H, W, C] in the user's type → [C, H, W] float32, mostly in 0…1. A pixel's value depends on the whole
        image's percentiles, so normalise before cutting tiles."""
        low, high = limits(image)
        scaled = (image.astype(np.float32) - low.astype(np.float32)) / np.maximum(high - low, self.least).astype(
            np.float32
        )
        return np.ascontiguousarray(scaled.transpose(2, 0, 1))


def limits(image: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The two percentiles of each channel [C] of an image [H, W, C], from evenly spread pixels."""
    flat = image.reshape(-1, image.shape[-1])
    flat = flat[:: max(1, len(flat) // SAMPLED)]
    low, high = np.percentile(flat, [LOW, HIGH], axis=0)
    return low, high
