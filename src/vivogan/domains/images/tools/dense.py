"""The dense network of the counter and the segmenter: a U-Net that works at half resolution, where a CPU can follow."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad, pixel_shuffle, pixel_unshuffle

from vivogan.nn.layout import channels_last
from vivogan.nn.normalisation import SharedBatchNorm


class Block(nn.Sequential):
    """Two 3 × 3 convolutions, each with batch normalisation and a ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        layers: list[nn.Module] = []
        for a, b in ((inputs, outputs), (outputs, outputs)):
            layers += [nn.Conv2d(a, b, 3, padding=1, bias=False), SharedBatchNorm(b), nn.ReLU(inplace=True)]
        super().__init__(*layers)


class DenseNetwork(nn.Module):
    """Images [B, C, H, W] of any size → maps [B, K, H, W] (Ronneberger et al. 2015, with a pixel shuffle at both ends).

    An output depends on the inputs at most ``reach`` pixels away and on nothing else of the image, so that tiles with
    an overlap of ``reach`` give what the whole image gives.
    """

    def __init__(self, channels: int, maps: int, widths: Sequence[int] = (24, 48, 64), shuffle: int = 2) -> None:
        super().__init__()
        self.channels, self.maps, self.widths, self.shuffle = channels, maps, tuple(widths), shuffle
        down = [shuffle**2 * channels, *widths]
        self.down = nn.ModuleList(Block(a, b) for a, b in pairwise(down))
        pairs = list(zip(widths[1:], widths[:-1], strict=True))
        self.up = nn.ModuleList(Block(deep + shallow, shallow) for deep, shallow in reversed(pairs))
        self.head = nn.Conv2d(widths[0], shuffle**2 * maps, 1)

    @property
    def stride(self) -> int:
        """Images are padded to multiples of this; tiles begin at multiples of it."""
        return self.shuffle * 2 ** (len(self.widths) - 1)

    @property
    def reach(self) -> int:
        """How far an output looks, in pixels, rounded up to the stride."""
        pixels = [self.shuffle * 2**i for i in range(len(self.widths))]  # of a cell at each level
        # Two convolutions of ±1 cell at each level on the way down and up; pooling and shuffling look at whole cells.
        far = 2 * sum(pixels) + 2 * sum(pixels[:-1]) + 2 * self.stride
        return -(-far // self.stride) * self.stride

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        right, bottom = -width % self.stride, -height % self.stride
        if right or bottom:
            x = pad(x, (0, right, 0, bottom), mode="replicate")
        x = pixel_unshuffle(x, self.shuffle)
        kept: list[Tensor] = []
        for i, block in enumerate(self.down):
            x = block(x if i == 0 else nn.functional.max_pool2d(x, 2))
            kept.append(x)
        for block, skip in zip(self.up, reversed(kept[:-1]), strict=True):
            x = block(torch.cat([interpolate(x, scale_factor=2), skip], 1))
        out: Tensor = pixel_shuffle(self.head(x), self.shuffle)[..., :height, :width]
        return out


def seconds_a_step(network: DenseNetwork, batch: int, size: int, steps: int = 3) -> float:
    """How long this machine takes for one step of learning on crops of ``size``²."""
    x = torch.zeros(batch, network.channels, size, size).contiguous(memory_format=torch.channels_last)
    channels_last(network).train()
    times = []
    for _ in range(steps):
        began = time.perf_counter()
        network(x).square().mean().backward()
        times.append(time.perf_counter() - began)
    return min(times)
