"""The start of the generator: counted statistics, then maximum likelihood. The game begins where this ends."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from vivogan.core.seeds import derive
from vivogan.domains.base import Start
from vivogan.domains.likelihood import Part, learn
from vivogan.domains.sequences.generator import SequenceGenerator
from vivogan.domains.sequences.pairwise import fit_couplings
from vivogan.domains.sequences.symmetry import other_strand

SMOOTH = 4.0  # places over which the profile is averaged (standard deviation); alignments: none
PSEUDO = 8.0  # how many observations a shorter context counts for


def count(generator: SequenceGenerator, train: Part, smooth: float = SMOOTH) -> None:
    """Set back-off table and profile to what is counted in the training part."""
    with torch.no_grad():
        generator.back_off.table.copy_(_markov(generator, train.x))
        pooled = _smoothed(train.x.mean(0), smooth)
        for k in range(generator.classes):
            own = train.x[train.y == k]
            share = len(own) / (len(own) + 200.0 / (1 + smooth))
            mixed = share * _smoothed(own.mean(0), smooth) + (1 - share) * pooled if len(own) else pooled
            log = (mixed + 1e-3).log()
            generator.profile[k] = 0.5 * (log - log.mean(0))
        # the other half is what the table says already


def _smoothed(shares: Tensor, width: float) -> Tensor:
    """Shares [A, L], averaged over neighbouring places."""
    if width <= 0:
        return shares
    from scipy.ndimage import gaussian_filter1d

    return torch.from_numpy(gaussian_filter1d(shares.numpy(), width, axis=1, mode="nearest"))


def _markov(generator: SequenceGenerator, x: Tensor) -> Tensor:
    """Log probabilities of a Markov chain, each context smoothed towards the one that is a symbol shorter."""
    table, codes = generator.back_off, x.argmax(1)
    symbols, base = generator.symbols, table.base
    rows, targets = table.rows(codes).flatten().numpy(), codes.flatten().numpy()
    shorter = np.full((1, symbols), 1 / symbols)
    for order in range(table.order + 1):
        size = base**order
        counts = np.zeros((size, symbols))
        np.add.at(counts, (rows % size, targets), 1)
        prior = shorter[np.arange(size) % len(shorter)]
        shorter = (counts + PSEUDO * prior) / (counts.sum(1, keepdims=True) + PSEUDO)
    return torch.from_numpy(np.log(shorter)).float()


def start(generator: SequenceGenerator, part: Start) -> None:
    """The whole start of a run: style, counts, couplings, likelihood, each fitted on the training part."""
    plan = part.plan
    train = Part(part.x.float(), torch.from_numpy(part.y))
    held = Part(part.held_x.float(), torch.from_numpy(part.held_y))
    if plan.both_strands:
        train = Part(torch.cat([train.x, other_strand(train.x)]), train.y.repeat(2))
    if generator.style is not None:
        generator.style.fit(train.x, train.y.numpy(), derive(part.seed, "style"))
    if generator.couplings is not None:
        guide = None if generator.style is None else generator.style.jittered
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive(part.seed, "couplings"))
            found = fit_couplings(train.x, held.x, guide=guide)
        generator.couplings.load_state_dict(found.state_dict())
        generator.eval()
        return
    count(generator, train, plan.smooth)

    def log(record: dict[str, Any]) -> None:
        part.log(
            {"event": "stage", "text": f"likelihood, epoch {record['epoch']}: {record['surprise']:.4f} nats a place"}
        )

    learn(generator, train, held, plan.likelihood, derive(part.seed, "likelihood"), log, part.stop)
