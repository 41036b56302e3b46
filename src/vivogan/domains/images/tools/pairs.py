"""An image as networks see it, with its objects: what tools learn from, real or generated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vivogan.domains.images.annotations.objects import Objects

LOW, HIGH = 1.0, 99.8  # percentiles that become 0 and 1
LEAST = 0.25  # of the usual contrast: less is taken for an image without any
SAME = 0.15  # of the usual contrast: percentiles that vary less are those of one exposure
SAMPLED = 1 << 18  # pixels that are looked at to find them


@dataclass(frozen=True)
class Pair:
    """``image`` [C, H, W] float32, normalised; ``objects`` in its pixels."""

    image: NDArray[np.float32]
    objects: Objects


@dataclass(frozen=True)
class Normaliser:
    """Brings images to a common range: the 1st and 99.8th percentile of a channel become 0 and 1.

    Images of one exposure share their percentiles, for brightness then means something (cells that overlap are
    brighter). Else each image has its own, and as an image without contrast must not have its noise blown up, a
    channel is never stretched by more than ``least`` allows: a share of the usual contrast.

    Args:
        low, high: [C], the shared percentiles. least: [C]. shared: whether all images have one exposure.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    least: NDArray[np.float64]
    shared: bool

    @classmethod
    def fit(cls, images: Sequence[NDArray[Any]]) -> Normaliser:
        """Learn from images [H, W, C] what is usual, and whether they share their exposure."""
        low, high = np.moveaxis(np.array([limits(image) for image in images]), 1, 0)  # n x C each
        spread = high - low
        usual = np.maximum(np.median(spread, axis=0), 1e-6)
        alike = bool((spread.std(0) < SAME * usual).all() and (low.std(0) < SAME * usual).all())
        return cls(np.median(low, 0), np.median(low, 0) + usual, LEAST * usual, alike and len(images) > 1)

    def __call__(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """[H, W, C] in the user's type → [C, H, W] float32, mostly in 0…1. A pixel's value may depend on the whole
        image's percentiles, so normalise before cutting tiles."""
        low, high = (self.low, self.high) if self.shared else limits(image)
        scale = np.maximum(high - low, self.least).astype(np.float32)
        scaled: NDArray[np.float32] = (image.astype(np.float32) - low.astype(np.float32)) / scale
        return np.ascontiguousarray(scaled.transpose(2, 0, 1))

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Everything, as tensors and JSON."""
        tensors = {name: torch.from_numpy(getattr(self, name).copy()) for name in ("low", "high", "least")}
        return tensors, {"shared": self.shared}

    @classmethod
    def from_state(cls, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> Normaliser:
        low, high, least = (tensors[name].numpy() for name in ("low", "high", "least"))
        return cls(low, high, least, bool(state["shared"]))


def limits(image: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The two percentiles of each channel [C] of an image [H, W, C], from evenly spread pixels."""
    flat = image.reshape(-1, image.shape[-1])
    flat = flat[:: max(1, len(flat) // SAMPLED)]
    low, high = np.percentile(flat, [LOW, HIGH], axis=0)
    return low, high
