"""Which pixels decided: attributions of a class score to the pixels of an image."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad

Score = Callable[[Tensor], Tensor]  # x [B, C, H, W] → scores [B, K]


def integrated_gradients(score: Score, x: Tensor, classes: Tensor, baseline: Tensor, steps: int = 16) -> Tensor:
    """Attributions [n, C, H, W] of the scores of ``classes`` [n] on images x [n, C, H, W].

    The gradient is averaged along the straight line from ``baseline`` to x (Sundararajan et al. 2017, equation 1), at
    the middles of ``steps`` intervals; the attributions of an image sum to its score less its baseline's.
    """
    total = torch.zeros_like(x)
    for step in range(steps):
        point = (baseline + (x - baseline) * ((step + 0.5) / steps)).detach().requires_grad_()
        chosen = score(point).gather(1, classes[:, None]).sum()
        total += torch.autograd.grad(chosen, point)[0]
    return (x - baseline) * total / steps


def surroundings(x: Tensor) -> Tensor:
    """What images [n, C, H, W] would be without their object: the median colour of each one's border, everywhere."""
    edges = [x[:, :, 0], x[:, :, -1], x[:, :, :, 0], x[:, :, :, -1]]
    return torch.cat(edges, -1).median(-1).values[..., None, None].expand_as(x)


def pixel_map(attributions: Tensor) -> Tensor:
    """[n, C, H, W] → [n, H, W]: the channels' sum, smoothed over 3 × 3 pixels; positive speaks for the class."""
    summed = attributions.sum(1, keepdim=True)
    return avg_pool2d(pad(summed, (1, 1, 1, 1), mode="replicate"), 3, 1)[:, 0]
