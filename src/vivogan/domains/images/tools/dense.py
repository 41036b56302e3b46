"""The dense network of the counter and the segmenter: a U-Net that works at half resolution, where a CPU can follow."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad, pixel_shuffle, pixel_unshuffle

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

    def __init__(self, channels: int, maps: int, widths: Sequence[int] = (24, 48, 64)) -> None:
        super().__init__()
        self.channels, self.maps, self.widths = channels, maps, tuple(widths)
        down = [4 * channels, *widths]
        self.down = nn.ModuleList(Block(a, b) for a, b in zip(down[:-1], down[1:], strict=True))
        pairs = list(zip(widths[1:], widths[:-1], strict=True))
        self.up = nn.ModuleList(Block(deep + shallow, shallow) for deep, shallow in reversed(pairs))
        self.head = nn.Conv2d(widths[0], 4 * maps, 1)

    @property
    def stride(self) -> int:
        """Images are padded to multiples of this; tiles begin at multiples of it."""
        return 2 ** len(self.widths)

    @property
    def reach(self) -> int:
        """How far an output looks, in pixels, rounded up to the stride."""
        levels = len(self.widths)
        far = sum(2 * 2 ** (i + 1) for i in range(levels)) + sum(2 * 2 ** (i + 1) + 2 ** (i + 2) for i in range(levels - 1))
        far += 2 * self.stride  # pooling and shuffling look at their whole cell
        return -(-far // self.stride) * self.stride

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        right, bottom = -width % self.stride, -height % self.stride
        if right or bottom:
            x = pad(x, (0, right, 0, bottom), mode="replicate")
        x = pixel_unshuffle(x, 2)
        kept: list[Tensor] = []
        for i, block in enumerate(self.down):
            x = block(x if i == 0 else nn.functional.max_pool2d(x, 2))
            kept.append(x)
        for block, skip in zip(self.up, reversed(kept[:-1]), strict=True):
            x = block(torch.cat([interpolate(x, scale_factor=2), skip], 1))
        out: Tensor = pixel_shuffle(self.head(x), 2)[..., :height, :width]
        return out
