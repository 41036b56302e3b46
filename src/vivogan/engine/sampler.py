"""Samples by number: sample ``i`` of seed ``s`` depends on (weights, s, i) and its condition alone."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vivogan.core.seeds import derive, latents

# Networks always see whole blocks of so many rows, or of ``generator.block``: a sample's bits do not depend on what
# was asked with it.
BLOCK = 64
GOLDEN = 11400714819323198485  # 2⁶⁴ times the golden ratio's fraction

Condition = Callable[[NDArray[np.int64]], Tensor | None]  # sample numbers → their conditions


def uniform(seed: int, purpose: str, indices: NDArray[np.int64]) -> NDArray[np.float64]:
    """A number of (0, 1) for every sample, for choices such as its class."""
    from scipy.special import ndtr

    return np.asarray(ndtr(latents(derive(seed, purpose), indices, 1)[:, 0].astype(np.float64)))


def even_shares(seed: int, indices: NDArray[np.int64]) -> Tensor:
    """A number of [0, 1) for every sample, [n] float64: each uniform by itself, all of a seed evenly spaced (multiples
    of the golden ratio, Kronecker's sequence)."""
    first = float(uniform(seed, "even", np.zeros(1, np.int64))[0])
    turns = (indices.astype(np.uint64) * np.uint64(GOLDEN)) / 2.0**64  # whole turns fall away by themselves
    return torch.from_numpy((first + turns) % 1.0)


@torch.no_grad()
def sample(
    generator: nn.Module,
    seed: int,
    indices: NDArray[np.int64],
    condition: Condition = lambda indices: None,
    truncation: float = 1.0,
    discriminator: nn.Module | None = None,
    keep: float = 1.0,
    device: str = "cpu",
) -> Tensor:
    """The samples with the numbers ``indices``.

    A generator of things that can come twice may have ``evenly(even, z, condition)``, which takes a share ``even`` [n]
    of its distribution for each sample; it gets shares that lie evenly, so that no two samples need be the same.

    Args:
        indices: [n] sample numbers, in any order.
        condition: gives the conditions of sample numbers.
        truncation: multiplies the latents; below 1 it trades diversity for typical samples.
        discriminator: with ``keep`` < 1, of ⌈1/keep⌉ candidates one is drawn with probability ∝ exp(logit), the density
            ratio that the discriminator has learned (discriminator rejection sampling, Azadi et al. 2019, as importance
            resampling).

    Returns:
        [n, …] float32 on the CPU.
    """
    if not 0 < keep <= 1 or not 0 < truncation <= 1:
        raise ValueError("truncation and keep lie in (0, 1]")
    candidates = 1 if discriminator is None else int(np.ceil(1 / keep))
    dim, size = cast(int, generator.latent_dim), cast(int, getattr(generator, "block", BLOCK))
    evenly = getattr(generator, "evenly", None) if truncation == 1 else None

    @torch.no_grad()
    def made(block: int) -> Tensor:
        rows = np.arange(block * size, (block + 1) * size)
        chosen = condition(rows)
        c = None if chosen is None else chosen.to(device)
        drawn = []
        for k in range(candidates):
            own = derive(seed, "candidate", k)
            z = torch.from_numpy(latents(own, rows, dim) * truncation).to(device)
            drawn.append(generator(z, c) if evenly is None else evenly(even_shares(own, rows).to(device), z, c))
        if candidates > 1 and discriminator is not None:
            logits = torch.stack([discriminator(x, c).float() for x in drawn]).cpu()  # K x B
            noise = np.stack([uniform(seed, f"choice {k}", rows) for k in range(candidates)])
            best = (logits - torch.from_numpy(np.log(-np.log(noise)))).argmax(0)  # Gumbel: a draw ∝ exp(logit)
            drawn = [torch.stack(drawn)[best.to(device), torch.arange(size, device=device)]]
        found: Tensor = drawn[0].float().cpu()
        return found

    numbers = np.unique(indices // size).tolist()
    if not numbers:
        raise ValueError("no sample was asked for")
    blocks = torch.cat(_side_by_side(made, numbers, device))
    rows = np.searchsorted(numbers, indices // size) * size + indices % size
    return blocks if np.array_equal(rows, np.arange(len(blocks))) else blocks[torch.from_numpy(rows)]


def _side_by_side(made: Callable[[int], Tensor], numbers: list[int], device: str) -> list[Tensor]:
    """The blocks of these numbers: on a CPU one a thread, each computed by one thread, so that the number of threads
    makes no difference to any bit."""
    if device != "cpu":
        return [made(number) for number in numbers]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(min(threads, len(numbers))) as pool:
            return list(pool.map(made, numbers))
    finally:
        torch.set_num_threads(threads)
