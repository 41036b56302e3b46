"""Search among latents, where every point is a sequence that the generator may have made anyway."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from vivogan.core.seeds import derive, torch_generator
from vivogan.domains.sequences.generator import FORBIDDEN
from vivogan.domains.sequences.tools.search import Search

STEPS, RATE = 5, 0.05  # of the ascent a round
ELITE = 0.2  # of the candidates are parents
WIDE, NARROW = 0.8, 0.15  # how much of a child is new, first and last


def latent(search: Search) -> None:
    """Gradient ascent where all oracles are differentiable in the sequence, else evolution of latents."""
    networks = [None if o.learned is None else o.learned.network(search.codec) for o in search.oracles]
    z, y = search.latents(search.batch, "latent")
    smooth = [network for network in networks if network is not None]
    weights = [oracle.weight for oracle in search.oracles]

    def objective(x: Tensor) -> Tensor:
        return sum((w * f(x) for w, f in zip(weights, smooth, strict=True)), torch.zeros(len(x)))

    for number in search.each_round():
        scores = search.scores(search.codec.decode(search.made(z, y)), y.tolist(), number)
        search.tell(number, scores)
        if len(smooth) == len(networks):
            z = ascended(search, z, y, objective, derive(search.seed, "ascent", number))
        else:
            z, y = children(z, y, scores, number / search.rounds, derive(search.seed, "children", number))


def ascended(search: Search, z: Tensor, y: Tensor, objective: Callable[[Tensor], Tensor], seed: int) -> Tensor:
    """Some steps of Adam uphill, each followed by the way back to latents as long as those of the prior.

    The gradient passes the choice of each symbol straight through: that of softmax(logits + Gumbel noise), given the
    symbols before (Bengio et al. 2013; Jang et al. 2017).
    """
    generator, shell = search.generator, z.shape[1] ** 0.5
    z = z.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([z], RATE)
    for _ in range(STEPS):
        hard = search.made(z, y)
        noise, style = generator.latents(z, y)
        logits = generator.logits(hard, style, y) + noise
        soft = (logits if search.may is None else logits.masked_fill(~search.may, FORBIDDEN)).softmax(1)
        loss = -objective(hard + soft - soft.detach()).sum()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        with torch.no_grad():
            z.mul_((shell / z.norm(dim=1, keepdim=True)).clamp(max=1.0))
    return z.detach()


def children(z: Tensor, y: Tensor, scores: np.ndarray, progress: float, seed: int) -> tuple[Tensor, Tensor]:
    """The next generation: numbers of two good parents of a class mixed, and some of each made new.

    z' = √(1 − σ²) z + σ ε keeps the normal distribution of latents (Cotter et al. 2013, eq. 4.1), so that no child
    leaves what the generator knows; σ falls.
    """
    rng = torch_generator(seed, "latents")
    order = np.argsort(-np.where(np.isfinite(scores), scores, -np.inf), kind="stable")
    elite = torch.from_numpy(order[: max(2, int(ELITE * len(order)))].copy())
    count = len(z) - len(elite)  # the elite stays
    first = elite[torch.randint(len(elite), (count,), generator=rng)]
    second = elite[torch.randint(len(elite), (count,), generator=rng)]
    second = torch.where(y[first] == y[second], second, first)
    mixed = torch.where(torch.rand(count, z.shape[1], generator=rng) < 0.5, z[first], z[second])
    spread = WIDE * (NARROW / WIDE) ** progress
    fresh = (1 - spread**2) ** 0.5 * mixed + spread * torch.randn(count, z.shape[1], generator=rng)
    return torch.cat([z[elite], fresh]), torch.cat([y[elite], y[first]])
