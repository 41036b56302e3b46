"""The two players for square images of 16² to 256²: small, and cheap per step on a CPU.

Both work at a quarter of the pixels and use the pixel shuffle (Shi et al. 2016) at the image end: most of the
arithmetic of a usual GAN is spent in its last, full-resolution layers.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu, pixel_shuffle, pixel_unshuffle
from torch.nn.utils.parametrizations import spectral_norm

from vivogan.nn.minibatch import MinibatchDeviation
from vivogan.nn.normalisation import SharedBatchNorm

SLOPE = 0.2


def sides(side: int) -> list[int]:
    """Resolutions from the coarsest to the image: halved while even and at least 5 pixels are left.

    >>> sides(28), sides(64), sides(48)
    ([7, 14, 28], [8, 16, 32, 64], [6, 12, 24, 48])
    """
    found = [side]
    while found[0] % 2 == 0 and found[0] // 2 >= 5 and len(found) < 7:
        found.insert(0, found[0] // 2)
    return found


def nearest_side(pixels: int) -> int:
    """The largest side that the networks draw well and that ``pixels`` fills: 16…256, halved down to 5…9.

    >>> [nearest_side(n) for n in (28, 30, 50, 100, 360)]
    [28, 28, 48, 96, 256]
    """
    fit = [n for n in range(16, 257) if n <= max(16, pixels) and sides(n)[0] <= 9 and len(sides(n)) >= 2]
    return max(fit)


def widths(stages: int, width: int) -> list[int]:
    """Channels at each resolution but the image's, from the coarsest: halved at each doubling, at least 16."""
    return [max(16, width // 2**i) for i in range(stages)]


class _Grown(nn.Sequential):
    """Convolution, batch normalisation, leaky ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), SharedBatchNorm(outputs), nn.LeakyReLU(SLOPE)
        )


class ImageGenerator(nn.Module):
    """z [B, latent_dim], class [B] → images [B, C, side, side] in (−1, 1)."""

    def __init__(self, side: int, channels: int, classes: int, latent_dim: int = 64, width: int = 64) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.resolutions = sides(side)
        wide = widths(len(self.resolutions) - 1, width)
        base = self.resolutions[0]
        self.embedding = nn.Embedding(classes, 32)
        self.project = nn.Linear(latent_dim + 32, wide[0] * base**2, bias=False)
        self.spread = SharedBatchNorm(wide[0])
        self.first = _Grown(wide[0], wide[0])
        self.grow = nn.ModuleList(_Grown(a, b) for a, b in pairwise(wide))
        self.paint = nn.Conv2d(wide[-1], 4 * channels, 3, padding=1)

    def forward(self, z: Tensor, condition: Tensor) -> Tensor:
        base = self.resolutions[0]
        x = self.project(torch.cat([z, self.embedding(condition)], 1)).unflatten(1, (-1, base, base))
        x = x.contiguous(memory_format=torch.channels_last)  # B x w x base x base
        x = self.first(leaky_relu(self.spread(x), SLOPE))
        for layer in self.grow:
            x = layer(interpolate(x, scale_factor=2))  # B x w/2 x 2s x 2s
        return torch.tanh(pixel_shuffle(self.paint(x), 2))  # B x C x side x side


class ImageDiscriminator(nn.Module):
    """Images [B, C, side, side], class [B] → logits [B], with the projection of Miyato and Koyama 2018."""

    def __init__(
        self,
        side: int,
        channels: int,
        classes: int,
        width: int = 32,
        features: int = 96,
        spectral: bool = False,
        minibatch_deviation: bool = False,
    ) -> None:
        super().__init__()
        steps = len(sides(side)) - 1  # halvings after the unshuffle, down to about 4 pixels
        wide = [min(width * 2**i, 2 * features) for i in range(steps)]
        self.first = nn.Conv2d(4 * channels, wide[0], 3, padding=1)
        self.shrink = nn.ModuleList(nn.Conv2d(a, b, 3, 2, 1) for a, b in pairwise(wide))
        self.mix = nn.Conv2d(wide[-1], wide[-1], 3, padding=1)
        self.last = nn.Conv2d(wide[-1], features, 3, 2, 1)
        coarse = -(-sides(side)[0] // 2)
        self.batch = MinibatchDeviation() if minibatch_deviation else nn.Identity()
        self.dense = nn.Linear((features + minibatch_deviation) * coarse**2, features)
        self.out = nn.Linear(features, 1)
        self.embedding = nn.Embedding(classes, features)
        if spectral:  # Miyato et al. 2018: every layer 1-Lipschitz
            for layer in [m for m in self.modules() if isinstance(m, nn.Conv2d | nn.Linear | nn.Embedding)]:
                spectral_norm(layer)

    def represent(self, x: Tensor) -> Tensor:
        """The features [B, F] that the logit is a linear function of."""
        x = leaky_relu(self.first(pixel_unshuffle(x, 2)), SLOPE)  # B x w x side/2 x side/2
        for layer in self.shrink:
            x = leaky_relu(layer(x), SLOPE)
        x = leaky_relu(self.mix(x), SLOPE)
        x = leaky_relu(self.last(x), SLOPE)
        return leaky_relu(self.dense(self.batch(x).flatten(1)), SLOPE)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        h = self.represent(x)
        projection: Tensor = (self.embedding(condition) * h).sum(1) / math.sqrt(h.shape[1])
        logit: Tensor = self.out(h)[:, 0]
        return logit + projection
