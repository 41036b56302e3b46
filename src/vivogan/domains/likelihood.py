"""Maximum likelihood before the game, for every generator that can say how likely a record is."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from vivogan.core.configuration import Settings
from vivogan.core.seeds import derive, numpy_generator

WORSE = 0.01  # of the held-out surprise
Deal = Callable[[NDArray[np.intp], int], list[NDArray[np.intp]]]  # rows in random order, so many batches → the batches


@dataclass(frozen=True)
class Part:
    """Encoded records x [n, …] of classes y [n]."""

    x: Tensor
    y: Tensor

    def rows(self, chosen: NDArray[np.intp]) -> Part:
        index = torch.from_numpy(chosen)
        return Part(self.x[index], self.y[index])


class LikelihoodSettings(Settings):
    """How long and how fast the likelihood is learned."""

    epochs: Annotated[int, Field(ge=0)] = 40  # at most
    batch: Annotated[int, Field(ge=1)] = 32
    rate: Annotated[float, Field(gt=0)] = 4e-3
    decay: Annotated[float, Field(ge=0)] = 1e-2
    average: Annotated[float, Field(ge=0)] = 0.5  # epochs: half-life of the average that is kept
    seconds: float | None = None  # the rate falls and learning ends by then, where that is sooner


def learn(
    generator: nn.Module,
    train: Part,
    held: Part,
    schedule: LikelihoodSettings,
    seed: int,
    log: Callable[[dict[str, Any]], None] = lambda record: None,
    stop: Callable[[], bool] = lambda: False,
    deal: Deal = np.array_split,
) -> float:
    """Maximise the likelihood of the training part; the last averaged weights stay.

    ``generator.anchor(x, y)`` is the mean negative log-likelihood (nats a place) of records x [n, …] of classes y [n].

    Where they explain the held-out part worse than earlier ones by more than ``WORSE``, those stay: by then the
    training part is learned by heart. A little worse is no loss: what is drawn gets better for longer than the
    held-out likelihood does. ``deal`` cuts an epoch into batches; records of one length go faster together.

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
        for rows in deal(order, per_epoch):
            passed = (time.monotonic() - began) / (schedule.seconds or math.inf)
            progress = min(1.0, max(step / (schedule.epochs * per_epoch), passed))
            for group in optimizer.param_groups:
                group["lr"] = schedule.rate * min(1.0, (step + 1) / 20) * 0.5 * (1 + math.cos(math.pi * progress))
            part = train.rows(rows)
            loss = _anchor(generator)(part.x, part.y)
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
def surprise_of(generator: nn.Module, part: Part) -> float:
    """Negative log-likelihood a place (nats); the styles are those of the sequences, without noise drawn anew."""
    generator.eval()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        pieces = [
            float(_anchor(generator)(x, y)) * len(x) for x, y in zip(part.x.split(256), part.y.split(256), strict=True)
        ]
    return sum(pieces) / len(part.x)


def _anchor(generator: nn.Module) -> Callable[[Tensor, Tensor], Tensor]:
    return cast(Callable[[Tensor, Tensor], Tensor], generator.anchor)
