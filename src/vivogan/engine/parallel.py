"""Several processes play one game: each is dealt its share of every batch, gradients are averaged by one all-reduce.

No wrapper around the networks: double backward and DistributedDataParallel do not mix (StyleGAN3, edm2 and R3GAN do it
so). A world of one takes the same path.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import torch
from torch import Tensor, distributed


def start(device: str) -> None:
    """Join the group that ``torchrun`` announces in the environment; nothing to do without one."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not distributed.is_initialized():
        if device.startswith("cuda"):  # from here on "cuda" is this process's own card
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())
        # Both, where there are cards: judgements and flags are shared from the CPU.
        distributed.init_process_group("cpu:gloo,cuda:nccl" if device.startswith("cuda") else "gloo")


def world() -> int:
    """How many processes play."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def rank() -> int:
    """Which of them this one is, also before ``start``; 0 writes the files."""
    if distributed.is_initialized():
        return distributed.get_rank()
    return int(os.environ.get("RANK", "0")) if int(os.environ.get("WORLD_SIZE", "1")) > 1 else 0


def average_(tensors: Iterable[Tensor | None]) -> None:
    """Replace every tensor by its mean over all processes, in place, by one all-reduce."""
    present = [t for t in tensors if t is not None]
    if world() == 1 or not present:
        return
    flat = torch.cat([t.reshape(-1) for t in present])
    distributed.all_reduce(flat)
    flat /= world()
    for target, piece in zip(present, torch.split(flat, [t.numel() for t in present]), strict=True):
        target.copy_(piece.view_as(target))


def same_(tensors: Iterable[Tensor]) -> None:
    """Give every process the tensors of rank 0."""
    if world() > 1:
        for tensor in tensors:
            distributed.broadcast(tensor, 0)


def agree(flag: bool) -> bool:
    """Whether any process says yes: what all must do together must not depend on when a signal reached one of them."""
    if world() == 1:
        return flag
    voices = torch.tensor(float(flag))
    distributed.all_reduce(voices)
    return bool(voices > 0)


def wait() -> None:
    """Until every process is here."""
    if world() > 1:
        distributed.barrier()
