"""Several processes play one game: each is dealt its share of every batch, and gradients are averaged by one all-reduce.

No wrapper around the networks: double backward and DistributedDataParallel do not mix (StyleGAN3, edm2 and R3GAN do it so).
A world of one takes the same path.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import torch
from torch import Tensor, distributed


def start(device: str) -> None:
    """Join the group that ``torchrun`` announces in the environment; nothing to do without one."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not distributed.is_initialized():
        distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")


def world() -> int:
    """How many processes play."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def rank() -> int:
    """Which of them this one is; 0 writes the files."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def average_(tensors: Iterable[Tensor | None]) -> None:
    """Replace every tensor by its mean over all processes, in place, by one all-reduce."""
    present = [t for t in tensors if t is not None]
    if world() == 1 or not present:
        return
    flat = torch.cat([t.reshape(-1) for t in present])
    distributed.all_reduce(flat)
    flat /= world()
    for target, piece in zip(present, flat.split([t.numel() for t in present]), strict=True):
        target.copy_(piece.view_as(target))


def same_(tensors: Iterable[Tensor]) -> None:
    """Give every process the tensors of rank 0."""
    if world() > 1:
        for tensor in tensors:
            distributed.broadcast(tensor, 0)


def wait() -> None:
    """Until every process is here."""
    if world() > 1:
        distributed.barrier()
