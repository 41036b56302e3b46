"""The symmetries and disturbances of micrographs: there is no up, no left, and the lamp is never quite the same."""

from __future__ import annotations

import torch
from torch import Tensor

GAIN, OFFSET, SHIFT = 0.2, 0.1, 0.125  # largest disturbance: of the contrast, of the full range, of the side


def dihedral(x: Tensor, rng: torch.Generator) -> Tensor:
    """The batch [B, C, H, H] under one of the eight flips and quarter turns, drawn for each quarter of it."""
    pieces = []
    for piece in x.chunk(4):
        flip_rows, flip_columns, turn = torch.randint(2, (3,), generator=rng, device=rng.device).tolist()
        if flip_rows:
            piece = piece.flip(-2)
        if flip_columns:
            piece = piece.flip(-1)
        pieces.append(piece.transpose(-1, -2) if turn else piece)
    return torch.cat(pieces).contiguous(memory_format=torch.channels_last)


def disturb(x: Tensor, p: float, rng: torch.Generator) -> Tensor:
    """Flips and turns, shifts, gain and offset, each with probability ``p`` a sample; differentiable in ``x``."""
    count = len(x)

    def chance() -> Tensor:
        return (torch.rand(count, generator=rng, device=rng.device) < p).view(-1, 1, 1, 1)

    def signed() -> Tensor:
        return torch.rand(count, 1, 1, 1, generator=rng, device=rng.device) * 2 - 1

    x = torch.where(chance(), x.flip(-1), x)
    x = torch.where(chance(), x.transpose(-1, -2), x)
    most = int(x.shape[-1] * SHIFT)
    for axis in (-2, -1):
        shift = int(torch.randint(-most, most + 1, (), generator=rng, device=rng.device))
        x = torch.where(chance(), x.roll(shift, axis), x)
    x = x * torch.where(chance(), 1 + GAIN * signed(), 1.0) + torch.where(chance(), OFFSET * signed(), 0.0)
    return x.contiguous(memory_format=torch.channels_last)
