"""The symmetries and disturbances of images: micrographs have no up and no left; digits and faces have both, so it is
measured."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
import torch
from torch import Tensor

from vivogan.metrics.utility import classifier_two_sample

GAIN, OFFSET, SHIFT = 0.2, 0.1, 0.125  # largest disturbance: of the contrast, of the full range, of the side
MOVES: dict[str, Callable[[Tensor], Tensor]] = {
    "mirror": lambda x: x.flip(-1),
    "flip": lambda x: x.flip(-2),
    "turn": lambda x: x.transpose(-1, -2),  # with the other two: quarter turns
}
# AUC of telling images from moved ones from which a move is no symmetry. Digits reach .95 and more; blood cells reach
# .85 by the uneven
# light of one microscope alone, and there the move is wanted: the light is not the cell.
TELLING = 0.9
LOOKED_AT, COARSE = 300, 10  # images and the side they are averaged to: a quick look is enough


def measured(x: Tensor, seed: int = 0) -> list[str]:
    """The moves that images x [n, C, H, H] allow: a forest does not easily tell moved from unmoved ones.

    Fewer than 40 images cannot say; they are taken for micrographs.
    """
    if len(x) < 40:
        return list(MOVES)
    rng = np.random.default_rng(seed)
    small = torch.nn.functional.adaptive_avg_pool2d(x.float().mean(1, keepdim=True), min(COARSE, x.shape[-1]))
    order = torch.from_numpy(rng.permutation(len(x))[: 2 * LOOKED_AT])
    still, moved = small[order].chunk(2)
    found = []
    for name, move in MOVES.items():
        auc = classifier_two_sample(still.flatten(1).numpy(), move(moved).flatten(1).numpy(), seed, folds=3)
        if auc < TELLING:
            found.append(name)
    return found


def symmetrise(x: Tensor, rng: torch.Generator, moves: Collection[str]) -> Tensor:
    """The batch x [B, C, H, H], each quarter of it under a random choice of the moves."""
    pieces = []
    for piece in x.chunk(4):
        chosen = torch.randint(2, (len(MOVES),), generator=rng, device=rng.device).tolist()
        for take, (name, move) in zip(chosen, MOVES.items(), strict=True):
            if take and name in moves:
                piece = move(piece)
        pieces.append(piece)
    return torch.cat(pieces).contiguous(memory_format=torch.channels_last)


def disturb(x: Tensor, p: float, rng: torch.Generator) -> Tensor:
    """Flips and turns, shifts, gain and offset, each with probability ``p`` a sample; differentiable in ``x``."""
    count = len(x)

    def chance() -> Tensor:
        return (torch.rand(count, generator=rng, device=rng.device) < p).view(-1, 1, 1, 1)

    def signed() -> Tensor:
        return torch.rand(count, 1, 1, 1, generator=rng, device=rng.device) * 2 - 1

    for move in MOVES.values():
        x = torch.where(chance(), move(x), x)
    most = int(x.shape[-1] * SHIFT)
    for axis in (-2, -1):
        shift = int(torch.randint(-most, most + 1, (), generator=rng, device=rng.device))
        x = torch.where(chance(), x.roll(shift, axis), x)
    x = x * torch.where(chance(), 1 + GAIN * signed(), 1.0) + torch.where(chance(), OFFSET * signed(), 0.0)
    return x.contiguous(memory_format=torch.channels_last)
