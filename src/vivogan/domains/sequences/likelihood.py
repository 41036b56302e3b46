"""The start of the generator: counted statistics, then maximum likelihood. The game begins where this ends."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from vivogan.core.configuration import Settings
from vivogan.core.seeds import derive, numpy_generator
from vivogan.domains.base import Start
from vivogan.domains.sequences.generator import SequenceGenerator
from vivogan.domains.sequences.pairwise import fit_couplings
from vivogan.domains.sequences.symmetry import other_strand

SMOOTH = 4.0  # places over which the profile is averaged (standard deviation); alignments: none
WORSE = 0.01  # of the held-out surprise
PSEUDO = 8.0  # how many observations a shorter context counts for


@dataclass(frozen=True)
class Part:
    """Sequences x [n, A, L] of classes y [n]."""

    x: Tensor
    y: Tensor

    def rows(self, chosen: NDArray[np.intp]) -> Part:
        index = torch.from_numpy(chosen)
        return Part(self.x[index], self.y[index])


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


class LikelihoodSettings(Settings):
    """How long and how fast the likelihood is learned."""

    epochs: Annotated[int, Field(ge=0)] = 40  # at most
    batch: Annotated[int, Field(ge=1)] = 32
    rate: Annotated[float, Field(gt=0)] = 4e-3
    decay: Annotated[float, Field(ge=0)] = 1e-2
    average: Annotated[float, Field(ge=0)] = 0.5  # epochs: half-life of the average that is kept
    seconds: float | None = None  # the rate falls and learning ends by then, where that is sooner


def learn(
    generator: SequenceGenerator,
    train: Part,
    held: Part,
    schedule: LikelihoodSettings,
    seed: int,
    log: Callable[[dict[str, Any]], None] = lambda record: None,
    stop: Callable[[], bool] = lambda: False,
) -> float:
    """Maximise the likelihood of the training part; the last averaged weights stay.

    Where they explain the held-out part worse than earlier ones by more than ``WORSE``, those stay: by then the
    training part is learned by heart. A little worse is no loss: what is drawn gets better for longer than the
    held-out likelihood does.

    Returns the negative log-likelihood a place (nats) of the held-out part.
    """
    optimizer = torch.optim.AdamW(generator.parameters(), schedule.rate, weight_decay=schedule.decay)
    average = copy.deepcopy(generator).requires_grad_(False).eval()
    began, per_epoch = time.monotonic(), max(1, math.ceil(len(train.x) / schedule.batch))
    best, kept, step = surprise_of(average, held), copy.deepcopy(average.state_dict()), 0
    keep = 0.5 ** (1 / max(1.0, schedule.average * per_epoch))
    for epoch in range(schedule.epochs):
        order = numpy_generator(seed, "likelihood", epoch).permutation(len(train.x))
        torch.manual_seed(derive(seed, "likelihood", epoch))
        generator.train()
        for rows in np.array_split(order, per_epoch):
            passed = (time.monotonic() - began) / (schedule.seconds or math.inf)
            progress = min(1.0, max(step / (schedule.epochs * per_epoch), passed))
            for group in optimizer.param_groups:
                group["lr"] = schedule.rate * min(1.0, (step + 1) / 20) * 0.5 * (1 + math.cos(math.pi * progress))
            part = train.rows(rows)
            loss = generator.anchor(part.x, part.y)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(generator.parameters(), 1.0)
            optimizer.step()
            step += 1
            if progress >= 1:
                break
            now = min(keep, 1 - 1 / (step + 1))
            for mean, value in zip(average.parameters(), generator.parameters(), strict=True):
                mean.data.lerp_(value.data, 1 - now)
        found = surprise_of(average, held)
        log({"epoch": epoch + 1, "surprise": found, "train": float(loss.detach()), "seconds": time.monotonic() - began})
        if found < best - 1e-5:
            best, kept = found, copy.deepcopy(average.state_dict())
        if time.monotonic() - began > (schedule.seconds or math.inf) or stop():
            break
    generator.load_state_dict(average.state_dict() if surprise_of(average, held) <= (1 + WORSE) * best else kept)
    generator.eval()
    return surprise_of(generator, held)


@torch.no_grad()
def surprise_of(generator: SequenceGenerator, part: Part) -> float:
    """Negative log-likelihood a place (nats); the styles are those of the sequences, without noise drawn anew."""
    generator.eval()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        pieces = [
            float(generator.anchor(x, y)) * len(x) for x, y in zip(part.x.split(256), part.y.split(256), strict=True)
        ]
    return sum(pieces) / len(part.x)


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
