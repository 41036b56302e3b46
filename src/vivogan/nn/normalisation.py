"""Batch normalisation whose statistics are those of the whole batch, also when several processes share it."""

from __future__ import annotations

import torch
from torch import Tensor, distributed, nn


class SharedBatchNorm(nn.BatchNorm2d):
    """``BatchNorm2d`` that averages mean and variance over all processes (torch's SyncBatchNorm is for CUDA alone).

    Every process must bring equally many rows. With one process it is ``BatchNorm2d``.
    """

    def forward(self, input: Tensor) -> Tensor:
        """x [B, C, H, W] → the same shape."""
        if not self.training or not distributed.is_initialized() or distributed.get_world_size() == 1:
            return super().forward(input)
        world = distributed.get_world_size()
        x = input.float()
        sums = torch.stack([x.mean((0, 2, 3)), x.square().mean((0, 2, 3))])  # 2 x C
        mean, square = _Summed.apply(sums) / world
        variance = (square - mean.square()).clamp_min(0)
        self._remember(mean.detach(), variance.detach(), x.numel() // x.shape[1] * world)
        scale = self.weight * (variance + self.eps).rsqrt()
        return (x * scale[:, None, None] + (self.bias - mean * scale)[:, None, None]).to(input.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        momentum = self.momentum or 0.1
        self.running_mean.lerp_(mean, momentum)  # type: ignore[union-attr]
        self.running_var.lerp_(variance * count / (count - 1), momentum)  # type: ignore[union-attr]
        self.num_batches_tracked.add_(1)  # type: ignore[union-attr]


class _Summed(torch.autograd.Function):
    """Sum over processes; its gradient is the sum of the gradients."""

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, x: Tensor) -> Tensor:
        total = x.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, gradient: Tensor) -> Tensor:  # type: ignore[override]
        total = gradient.clone()
        distributed.all_reduce(total)
        return total
