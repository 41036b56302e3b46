"""What every way of optimising shares: sampling, scoring within a budget, what was found, who stays for diversity."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vivogan.core.seeds import torch_generator
from vivogan.domains.likelihood import Part
from vivogan.domains.sequences.clusters import clusters
from vivogan.domains.sequences.codec import SequenceCodec
from vivogan.domains.sequences.generator import FORBIDDEN, Drawing, SequenceGenerator
from vivogan.domains.sequences.oracles import Floats, Oracle, total
from vivogan.engine.settings import GameSettings

Strings = Sequence[str]
POOL = 20  # times as many candidates as wanted are looked at for diversity


@dataclass(frozen=True)
class Found:
    """A sequence that was scored: what each oracle said, their weighted sum, its class and the round."""

    sequence: str
    score: float
    values: tuple[float, ...]
    class_: int
    round: int


@dataclass(frozen=True)
class Reference:
    """A sequence (numbers of symbols [L]) from which designs differ in ``least`` to ``most`` places."""

    codes: Tensor
    least: int
    most: int


@dataclass
class Search:
    """A generator, what it learned from, and what is asked of it.

    Args:
        train: the sequences that it learned from, of the classes that may be made.
        classes: [K] the share of each class among what is made.
        may: [A, L] bool, which symbol may stand where; None: all (``infill.allowed``).
        batch: candidates a round.
        calls: most sequences that the oracles are asked for; None: any number.
    """

    generator: SequenceGenerator
    discriminator: nn.Module | None
    game: GameSettings
    codec: SequenceCodec
    train: Part
    classes: Floats
    oracles: Sequence[Oracle]
    may: Tensor | None = None
    reference: Reference | None = None
    rounds: int = 20
    batch: int = 256
    calls: int | None = None
    seed: int = 0
    per_cluster: int = 3
    identity: float = 0.8
    enough: float | None = None
    watch: Callable[[dict[str, Any]], None] = lambda event: None
    found: dict[str, Found] = field(default_factory=dict)
    asked: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)

    # ── asking ──────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def left(self) -> int:
        """How many sequences the oracles may still be asked for."""
        return 2**62 if self.calls is None else max(0, self.calls - self.asked)

    def each_round(self) -> Iterator[int]:
        """Numbers from 1, while rounds and calls last; a batch of calls is kept for a last look."""
        for number in range(1, self.rounds + 1):
            if self.left < 2 * self.batch and self.calls is not None:
                return
            yield number

    def scores(self, sequences: Strings, classes: Sequence[int], number: int) -> Floats:
        """The objective [n]: NaN where an oracle cannot say, or where no call is left. None is asked for twice."""
        new = {s: c for s, c in zip(sequences, classes, strict=True) if s not in self.found}
        fresh = list(new)[: self.left]
        if fresh:
            self.asked += len(fresh)
            values = [oracle.values(fresh) for oracle in self.oracles]
            for i, (sequence, score) in enumerate(zip(fresh, total(values, self.oracles).tolist(), strict=True)):
                said = tuple(float(value[i]) for value in values)
                self.found[sequence] = Found(sequence, score, said, int(new[sequence]), number)
        return np.array([self.found[s].score if s in self.found else np.nan for s in sequences])

    def tell(self, number: int, scores: Floats, **more: float) -> None:
        """Keep and show how a round went."""
        known = scores[np.isfinite(scores)]
        mean, best = (float(known.mean()), float(known.max())) if len(known) else (np.nan, np.nan)
        row = {"round": number, "mean": mean, "best": best, "calls": self.asked} | more
        self.history.append(row)
        text = f"round {number} of {self.rounds}: mean score {mean:.4g}, best {best:.4g}"
        self.watch({"event": "stage", "text": text} | row)

    # ── making ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def latents(self, count: int, *path: int | str) -> tuple[Tensor, Tensor]:
        """Standard normal latents [n, d] and classes [n]."""
        rng = torch_generator(self.seed, "optimise", *path)
        z = torch.randn(count, self.generator.latent_dim, generator=rng)
        y = torch.multinomial(torch.from_numpy(self.classes), count, replacement=True, generator=rng)
        return z, y

    @torch.no_grad()
    def made(self, z: Tensor, y: Tensor, generator: SequenceGenerator | None = None) -> Tensor:
        """One-hot sequences [n, A, L] of latents and classes, with what is given in its place."""
        network = generator or self.generator
        parts = []
        size = SequenceGenerator.block
        for some_z, some_y in zip(z.split(size), y.split(size), strict=True):
            noise, style = network.latents(some_z, some_y)
            if self.may is None:
                parts.append(network.sample(noise, style, some_y))
            else:
                parts.append(drawn(network, noise, style, some_y, self.may.expand_as(noise)))
        return torch.cat(parts)

    def sample(self, count: int, *path: int | str, generator: SequenceGenerator | None = None) -> tuple[Tensor, Tensor]:
        """x [n, A, L] and classes [n], as the generator makes them."""
        z, y = self.latents(count, *path)
        return self.made(z, y, generator), y

    # ── choosing ────────────────────────────────────────────────────────────────────────────────────────────────────

    def best(self, count: int, known: frozenset[str] = frozenset()) -> list[Found]:
        """The best of what was found, none of ``known``, and so different that they are worth having together."""
        rows = [f for f in self.found.values() if np.isfinite(f.score) and f.sequence not in known]
        rows = sorted(rows, key=lambda f: (-f.score, f.sequence))[: POOL * count]
        kept = self.diverse([f.sequence for f in rows])
        return [rows[i] for i in kept[:count]]

    def diverse(self, sequences: Strings) -> list[int]:
        """Which of sequences, best first, stay: at most ``per_cluster`` of each cluster of identity ``identity``.

        Sequences of one length are compared place by place. Variants of one reference, which are all alike, stay when
        they differ in two substitutions or more.
        """
        if self.reference is not None:
            return apart(self.codec.encoded(sequences).argmax(1), 2)
        counts: dict[int, int] = {}
        kept = []
        one_length = len({len(sequence) for sequence in sequences}) == 1
        for i, cluster in enumerate(clusters(sequences, self.identity, aligned=one_length).tolist()):
            counts[cluster] = counts.get(cluster, 0) + 1
            if counts[cluster] <= self.per_cluster:
                kept.append(i)
        return kept


@torch.no_grad()
def drawn(generator: SequenceGenerator, noise: Tensor, style: Tensor | None, y: Tensor, may: Tensor) -> Tensor:
    """One-hot x [n, A, L] of Gumbel noise [n, A, L], each place one of the symbols that ``may`` [n, A, L] allows."""
    drawing = Drawing(generator, style, y)
    barred = noise + torch.where(may, 0.0, FORBIDDEN)
    for place in range(generator.length):
        drawing.take((drawing.logits() + barred[..., place]).argmax(1))
    return drawing.x


def apart(codes: Tensor, least: int) -> list[int]:
    """Which rows of symbol numbers [n, L], the first ones first, differ from all kept before in ``least`` places."""
    kept: list[int] = []
    for i in range(len(codes)):
        if not kept or int((codes[kept] != codes[i]).sum(1).min()) >= least:
            kept.append(i)
    return kept


def quantile(scores: NDArray[np.float64], share: float) -> float:
    """The quantile of the scores that are known; −∞ where none is."""
    known = scores[np.isfinite(scores)]
    return float(np.quantile(known, share)) if len(known) else -np.inf
