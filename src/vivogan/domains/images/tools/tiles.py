"""Images of any size through a network in bounded memory: tiles with an overlap give what the whole image gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from vivogan.domains.images.tools.dense import DenseNetwork

TILE = 512  # pixels of a side that a tile is responsible for


@dataclass(frozen=True)
class Tile:
    """Maps [K, h, w] of the part of the image that begins at (top, left)."""

    top: int
    left: int
    maps: NDArray[np.float32]


def tiles(
    network: DenseNetwork,
    image: Callable[[int, int, int, int], NDArray[np.float32]],
    shape: tuple[int, int],
    tile: int = TILE,
) -> Iterator[Tile]:
    """The network's maps, tile by tile, row by row; together they cover the image [H, W] once.

    Args:
        image: ``image(top, bottom, left, right)`` gives the pixels [C, bottom − top, right − left], normalised.
        tile: side of a tile; rounded up to the network's stride.
    """
    stride, reach = network.stride, network.reach
    tile = -(-tile // stride) * stride
    height, width = shape
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            bottom, right = min(top + tile, height), min(left + tile, width)
            seen = max(0, top - reach), min(height, bottom + reach), max(0, left - reach), min(width, right + reach)
            maps = apply(network, image(*seen))
            y, x = top - seen[0], left - seen[2]
            yield Tile(top, left, maps[:, y : y + bottom - top, x : x + right - left])


@torch.no_grad()
def apply(network: DenseNetwork, image: NDArray[np.float32]) -> NDArray[np.float32]:
    """The maps [K, H, W] of one image [C, H, W] at once."""
    device = next(network.parameters()).device
    x = torch.from_numpy(np.ascontiguousarray(image))[None].to(device, memory_format=torch.channels_last)
    maps: NDArray[np.float32] = network(x)[0].float().cpu().numpy()
    return maps


def whole(network: DenseNetwork, image: NDArray[np.float32], tile: int = TILE) -> NDArray[np.float32]:
    """The maps [K, H, W] of an image [C, H, W], put together from tiles."""
    maps = np.empty((network.maps, *image.shape[1:]), np.float32)
    for part in tiles(
        network, lambda top, bottom, left, right: image[:, top:bottom, left:right], image.shape[1:], tile
    ):  # type: ignore[arg-type]
        height, width = part.maps.shape[1:]
        maps[:, part.top : part.top + height, part.left : part.left + width] = part.maps
    return maps
