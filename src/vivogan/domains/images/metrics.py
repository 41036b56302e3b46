"""What a microscopist sees at a glance, as numbers of each image: brightness, contrast, texture, scale."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

BANDS = 8


def summaries(x: Tensor) -> dict[str, NDArray[np.float64]]:
    """Statistics [n, k] of encoded images x [n, C, H, W], by name.

    ``intensity``: mean and the 5, 50 and 95 % quantiles of each channel; ``contrast``: standard deviation of each channel;
    ``texture``: mean absolute difference of neighbours, and of neighbours two apart; ``spectrum``: log power in eight bands of
    spatial frequency.
    """
    images = x.float()
    flat = images.flatten(2)  # n x C x HW
    quantiles = torch.quantile(flat, torch.tensor([0.05, 0.5, 0.95]), dim=2)  # 3 x n x C
    found = {
        "intensity": torch.cat([flat.mean(2), *quantiles], 1),
        "contrast": flat.std(2),
        "texture": torch.stack([_roughness(images, 1), _roughness(images, 2)], 1),
        "spectrum": _spectrum(images.mean(1)),
    }
    return {name: value.double().numpy() for name, value in found.items()}


def _roughness(x: Tensor, gap: int) -> Tensor:
    down = (x[..., gap:, :] - x[..., :-gap, :]).abs().mean((1, 2, 3))
    along = (x[..., gap:] - x[..., :-gap]).abs().mean((1, 2, 3))
    return (down + along) / 2


def _spectrum(grey: Tensor) -> Tensor:
    """Log of the mean power in rings of equal width, [n, BANDS]; without the mean of the image."""
    side = grey.shape[-1]
    power = torch.fft.fft2(grey - grey.mean((1, 2), keepdim=True)).abs().square() / grey[0].numel()  # n x H x W
    row = torch.fft.fftfreq(grey.shape[-2])
    radius = (row[:, None].square() + torch.fft.fftfreq(side)[None].square()).sqrt()  # H x W, 0 … 0.71
    ring = (radius / 0.5 * BANDS).long().clamp(max=BANDS - 1)
    return torch.stack([(power[:, ring == band].mean(1) + 1e-8).log() for band in range(BANDS)], 1)
