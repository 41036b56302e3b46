"""What a picture may suffer without becoming another class: turned, zoomed, recoloured, blurred, partly covered."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import affine_grid, conv2d, grid_sample, pad

from vivogan.core.configuration import Settings
from vivogan.domains.images.symmetry import MOVES, symmetrise

Share = Annotated[float, Field(ge=0, le=1)]
TILT = math.radians(12)  # largest turn of images that have an up and a down


class Alterations(Settings):
    """How strongly training images are altered; each image of a batch by its own draw."""

    zoom_out: Annotated[float, Field(ge=1, le=2)] = 1.1  # of the side, the most that is seen
    zoom_in: Annotated[float, Field(gt=0, le=1)] = 0.75  # the least
    stretch: Share = 0.1
    shift: Share = 0.12  # of half the side
    colour: Share = 0.2  # contrast, brightness, saturation and the balance of the channels
    blur: Share = 0.5  # share of the images that are blurred or sharpened
    cover: Share = 0.5  # share of the images of which a square is covered
    cover_side: Share = 0.43  # largest side of that square
    noise: Share = 0.05  # largest standard deviation of the noise
    moved: Share = 1.0  # share of the images that are zoomed, shifted and freely turned; the rest keep their grid


def altered(x: Tensor, rng: torch.Generator, how: Alterations, moves: Collection[str] = tuple(MOVES)) -> Tensor:
    """Images x [B, C, H, W] in (−1, 1), each altered at random; ``moves`` are the symmetries the images have.

    A policy like RandAugment's (Cubuk et al. 2020), of operations that a microscope and a stain perform.
    """
    x = symmetrise(x, rng, moves)
    if how.moved > 0:  # resampling blurs: some images must keep their pixels
        x = torch.where(_between(rng, len(x), 0, 1) < how.moved, moved(x, rng, how, moves), x)
    x = recoloured(x, rng, how.colour)
    x = blurred(x, rng, how.blur)
    x = covered(x, rng, how.cover, how.cover_side)
    x = x + how.noise * _between(rng, len(x), 0, 1) * torch.randn(x.shape, generator=rng)
    return x.clamp(-1.2, 1.2).contiguous(memory_format=torch.channels_last)


def moved(x: Tensor, rng: torch.Generator, how: Alterations, moves: Collection[str]) -> Tensor:
    """Zoomed, stretched, shifted and turned; freely where quarter turns are a symmetry."""
    count = len(x)
    most = math.pi if "turn" in moves else TILT
    angle = _flat(rng, count, -most, most)
    zoom, stretch = _flat(rng, count, how.zoom_in, how.zoom_out), _flat(rng, count, 1 - how.stretch, 1 + how.stretch)
    cos, sin = angle.cos() * zoom, angle.sin() * zoom
    across = torch.stack([cos * stretch, -sin * stretch], 1)
    down = torch.stack([sin / stretch, cos / stretch], 1)
    shift = (torch.rand(count, 2, 1, generator=rng) * 2 - 1) * how.shift
    grid = affine_grid(torch.cat([torch.stack([across, down], 1), shift], 2), list(x.shape), align_corners=False)
    return grid_sample(x, grid, padding_mode="reflection", align_corners=False)


def recoloured(x: Tensor, rng: torch.Generator, strength: float) -> Tensor:
    """Saturation, contrast, brightness, and a little of the last two a channel."""
    count, channels = x.shape[:2]
    grey = x.mean(1, keepdim=True)
    x = grey + (x - grey) * (1 + 1.5 * strength * _between(rng, count, -1, 1))
    middle = x.mean((1, 2, 3), keepdim=True)
    gain = (1 + strength * _between(rng, count, -1, 1)) * (1 + strength / 3 * _between(rng, count, -1, 1, channels))
    offset = strength / 2 * _between(rng, count, -1, 1) + strength / 4 * _between(rng, count, -1, 1, channels)
    return (x - middle) * gain + middle + offset


def blurred(x: Tensor, rng: torch.Generator, share: float) -> Tensor:
    """A share of the images blurred by up to the binomial 3 × 3 filter, three in ten of them sharpened instead."""
    channels = x.shape[1]
    line = x.new_tensor([0.25, 0.5, 0.25])
    kernel = (line[:, None] * line).expand(channels, 1, 3, 3)
    smooth = conv2d(pad(x, (1, 1, 1, 1), mode="replicate"), kernel, groups=channels)
    amount = (_between(rng, len(x), 0, 1) < share) * _between(rng, len(x), 0, 1)
    sign = torch.where(_between(rng, len(x), 0, 1) < 0.3, -0.5, 1.0)
    return x + amount * sign * (smooth - x)


def covered(x: Tensor, rng: torch.Generator, share: float, side: float) -> Tensor:
    """A square of a share of the images replaced by their mean colour (cutout, DeVries and Taylor 2017)."""
    count, _, height, width = x.shape
    half = _between(rng, count, side / 4, side / 2) * min(height, width)
    rows = torch.arange(height).view(1, 1, -1, 1) - _between(rng, count, 0, height)
    columns = torch.arange(width).view(1, 1, 1, -1) - _between(rng, count, 0, width)
    inside = (rows.abs() < half) & (columns.abs() < half) & (_between(rng, count, 0, 1) < share)
    return torch.where(inside, x.mean((2, 3), keepdim=True), x)


def _between(rng: torch.Generator, count: int, low: float, high: float, channels: int = 1) -> Tensor:
    """Uniform numbers [count, channels, 1, 1]."""
    return torch.rand(count, channels, 1, 1, generator=rng) * (high - low) + low


def _flat(rng: torch.Generator, count: int, low: float, high: float) -> Tensor:
    return _between(rng, count, low, high).flatten()
