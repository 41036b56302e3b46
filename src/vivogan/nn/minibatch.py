"""What a discriminator can see of a batch as a whole: without it, a generator that repeats itself looks fine sample by
sample."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class MinibatchDeviation(nn.Module):
    """Append the standard deviation over small groups of the batch as one more channel (Karras et al. 2018, section 3).

    Args:
        group: samples a group; a batch that it does not divide is one group.
    """

    def __init__(self, group: int = 8) -> None:
        super().__init__()
        self.group = group

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] → [B, C + 1, H, W]."""
        count = len(x)
        group = self.group if count % self.group == 0 else count
        grouped = x.unflatten(0, (count // group, group))  # M x g x C x H x W
        deviation = (grouped.var(1, unbiased=False) + 1e-8).sqrt().mean((1, 2, 3))  # M
        channel = deviation.repeat_interleave(group).view(-1, 1, 1, 1).expand(-1, 1, *x.shape[2:])
        return torch.cat([x, channel.to(x.dtype)], 1)
