"""The honest samplers that a game must beat: no game, no network. Chains, positional chains and trees of symbols."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vivogan.core.seeds import numpy_generator
from vivogan.domains.base import Baseline
from vivogan.domains.sequences.alphabets import DNA, PROTEIN
from vivogan.domains.sequences.codec import END, SequenceCodec
from vivogan.domains.sequences.mutual import tree

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
ROUNDS = 10  # draws before a sequence that repeats a training one is let pass
PRIOR = 4.0  # pseudocounts with which a shorter context answers for a longer one
NUCLEIC = 6  # symbols at most: four letters and a gap or an end


def baselines() -> dict[str, Baseline]:
    """Those that every data set is compared with; each adapts to the data it is fitted on."""
    return {"Markov chain": MarkovChain(), "positional Markov": PositionalMarkov(), "Chow-Liu tree": ChowLiuTree()}


class Symbols:
    """What the samplers share: symbols [n, L] of x [n, A, L], the grammar of the codec, redraws of copies.

    A subclass gives ``_learn`` and ``_probabilities``: from the symbols drawn so far to shares [m, A] of the next.
    """

    def fit(self, x: Tensor, y: NDArray[np.intp]) -> Self:
        """x [N, A, L], y [N]."""
        self.count, self.length = x.shape[1:]
        s = x.argmax(1).numpy()  # N x L
        self.grammar = grammar(s, self.count)
        self.known = {row.tobytes() for row in s.astype(np.uint8)}
        self._learn(s, np.asarray(y))
        return self

    def _learn(self, s: Ints, y: Ints) -> None:
        raise NotImplementedError

    def _order(self) -> Ints:
        """The order in which places are drawn."""
        return np.arange(self.length)

    def _probabilities(self, s: Ints, place: int, y: Ints) -> Floats:
        raise NotImplementedError

    def sample(self, y: NDArray[np.intp], seed: int) -> Tensor:
        """One sequence for each class number of y [n], as one-hot x [n, A, L].

        A training sequence is drawn again, with flatter shares each time; it passes only where there is no other.
        """
        y = np.asarray(y)
        rng = numpy_generator(seed, type(self).__name__)
        s = np.zeros((len(y), self.length), np.intp)
        rows = np.arange(len(y))
        for round_ in range(ROUNDS):
            s[rows] = self._draw(y[rows], rng, temperature=1 + max(0, round_ - 2) / 2)
            rows = np.array([i for i in rows if s[i].astype(np.uint8).tobytes() in self.known], np.intp)
            if len(rows) == 0:
                break
        return torch.eye(self.count)[torch.from_numpy(s)].transpose(1, 2).contiguous()

    def _draw(self, y: Ints, rng: np.random.Generator, temperature: float) -> Ints:
        s = np.zeros((len(y), self.length), np.intp)
        for place in self._order().tolist():
            shares = self._probabilities(s, place, y) ** (1 / temperature)
            if self.grammar is not None:
                shares = shares * self.grammar(s, place)
            total = shares.cumsum(1)
            s[:, place] = (rng.random((len(y), 1)) * total[:, -1:] >= total).sum(1).clip(max=self.count - 1)
        return s


def grammar(s: Ints, count: int) -> Callable[[Ints, int], Floats] | None:
    """Which symbols may stand at a place after those drawn before, [m, A] of 0 and 1; None where all may.

    The number of symbols tells letters, codons and an end apart as the codec does; a last symbol after which others
    come is a gap.
    """
    last = s == count - 1
    if count == 65:
        symbols = (*("".join(codon) for codon in product("ACGT", repeat=3)), END)
    elif count in (len(DNA.letters) + 1, len(PROTEIN.letters) + 1) and not (last[:, :-1] & ~last[:, 1:]).any():
        symbols = (*(DNA if count == len(DNA.letters) + 1 else PROTEIN).letters, END)
    else:
        return None
    codec = SequenceCodec(DNA, symbols, s.shape[1])
    follows, closing = codec.follows.numpy().astype(np.float64), codec.last.numpy().astype(np.float64)

    def allowed(drawn: Ints, place: int) -> Floats:
        may: Floats = follows[drawn[:, place - 1]] if place else np.tile(follows[count], (len(drawn), 1))
        return may * closing if place == drawn.shape[1] - 1 else may

    return allowed


class MarkovChain(Symbols):
    """Each symbol given the ``order`` before it, whatever the place; a chain for each class. A shorter context answers
    for a longer one that was rarely seen (as Witten and Bell 1991 interpolate, with a fixed prior)."""

    def __init__(self, order: int | None = None) -> None:
        self.asked = order

    def _learn(self, s: Ints, y: Ints) -> None:
        self.order = self.asked or (5 if self.count <= NUCLEIC else 2)
        self.classes = {int(k): i for i, k in enumerate(np.unique(y))}
        frequent = _blended(np.zeros_like(s), s, np.full((1, self.count), 1 / self.count))
        self.tables = [self._table(s[y == k], frequent) for k in self.classes]

    def _table(self, s: Ints, shares: Floats) -> Floats:
        """Shares [contexts, A]; each context rests on the one shorter, the empty one on ``shares`` [1, A]."""
        for k, context in enumerate(contexts(s, self.order, self.count)):
            shares = _blended(context, s, shares[np.arange((self.count + 1) ** k) % len(shares)])
        return shares

    def _probabilities(self, s: Ints, place: int, y: Ints) -> Floats:
        context = context_at(s, place, self.order, self.count)
        shares = np.empty((len(s), self.count))
        for k, i in self.classes.items():
            shares[y == k] = self.tables[i][context[y == k]]
        return shares


class PositionalMarkov(Symbols):
    """Each symbol given its place and the ``orders`` before it; counts are shared with neighbouring places.

    Order and width of the neighbourhood are those under which a held-out tenth is likeliest. ``orders`` (0,) and
    ``widths`` (0,) make the profile: every place on its own.
    """

    def __init__(self, orders: tuple[int, ...] = (0, 1, 2), widths: tuple[float, ...] = (0, 1, 3, 8)) -> None:
        self.orders, self.widths = orders, widths

    def _learn(self, s: Ints, y: Ints) -> None:
        self.classes = {int(k): i for i, k in enumerate(np.unique(y))}
        held = numpy_generator(0, "positional markov").random(len(s)) < 0.1
        orders = [k for k in self.orders if self.count ** (k + 1) * self.length <= 1e7]
        choices = list(product(orders, self.widths))
        if len(choices) > 1 and held.any() and not held.all():
            likely = [self._likelihood(s[held], self._table(s[~held], *choice), choice[0]) for choice in choices]
            choices = [choices[int(np.argmax(likely))]]
        self.order, self.width = choices[0]
        pooled = self._table(s, self.order, self.width)
        self.tables = [
            self._table(s[y == k], self.order, self.width, pooled) if len(self.classes) > 1 else pooled
            for k in self.classes
        ]

    def _table(self, s: Ints, order: int, width: float, pooled: Floats | None = None) -> Floats:
        """Shares [L, contexts, A]. Each order rests on the one below, classes on all classes."""
        from scipy.ndimage import gaussian_filter1d

        shares = np.full((self.length, 1, self.count), 1 / self.count)
        for k in range(order + 1) if pooled is None else [order]:
            context = contexts(s, k, self.count)[k]
            size = (self.count + 1) ** k
            places = np.arange(self.length)[None]
            flat = (places * size + context) * self.count + s
            counts = np.bincount(flat.ravel(), minlength=self.length * size * self.count).astype(np.float64)
            counts = counts.reshape(self.length, size, self.count)
            if width:  # the peak stays 1: neighbours add counts, the place itself keeps its own
                counts = gaussian_filter1d(counts, width, axis=0, mode="constant") * width * (2 * np.pi) ** 0.5
            prior = pooled if pooled is not None else shares[:, np.arange(size) % shares.shape[1]]
            shares = (counts + PRIOR * prior) / (counts.sum(2, keepdims=True) + PRIOR)
        return shares

    def _likelihood(self, s: Ints, table: Floats, order: int) -> float:
        return float(np.log(table[np.arange(self.length)[None], contexts(s, order, self.count)[order], s]).mean())

    def _probabilities(self, s: Ints, place: int, y: Ints) -> Floats:
        context = context_at(s, place, self.order, self.count)
        shares = np.empty((len(s), self.count))
        for k, i in self.classes.items():
            shares[y == k] = self.tables[i][place, context[y == k]]
        return shares


class ChowLiuTree(Symbols):
    """Each place given the one it shares most information with: the likeliest of all trees (Chow and Liu 1968).

    Where sequences end, a place depends on an earlier one, so that the end is drawn in its turn. One tree for all
    classes, shares by class.
    """

    def _learn(self, s: Ints, y: Ints) -> None:
        self.classes = {int(k): i for i, k in enumerate(np.unique(y))}
        self.order, self.parent = tree(s, self.count, forwards=self.grammar is not None)
        pooled = self._table(s, None)
        self.tables = [self._table(s[y == k], pooled) if len(self.classes) > 1 else pooled for k in self.classes]

    def _table(self, s: Ints, pooled: Floats | None) -> Floats:
        """Shares [L, A, A] of a symbol given that of the parent (of the root: given nothing)."""
        places = np.arange(self.length)[None]
        parent = np.where(self.parent < 0, places[0], self.parent)
        before = np.where(self.parent < 0, 0, s[:, parent])
        size = self.length * self.count * self.count
        flat = (places * self.count + before) * self.count + s
        counts = np.bincount(flat.ravel(), minlength=size).reshape(self.length, self.count, self.count)
        if pooled is None:
            single = counts.sum(1, keepdims=True) + 0.5 / self.count  # L x 1 x A
            pooled = single / single.sum(2, keepdims=True)
        table: Floats = (counts + PRIOR * pooled) / (counts.sum(2, keepdims=True) + PRIOR)
        return table

    def _order(self) -> Ints:
        return self.order

    def _probabilities(self, s: Ints, place: int, y: Ints) -> Floats:
        parent = self.parent[place]
        before = np.zeros(len(s), np.intp) if parent < 0 else s[:, parent]
        shares = np.empty((len(s), self.count))
        for k, i in self.classes.items():
            shares[y == k] = self.tables[i][place, before[y == k]]
        return shares


def contexts(s: Ints, order: int, count: int) -> list[Ints]:
    """The 0, 1, … ``order`` symbols before each place as numbers [n, L]; the place before the first is symbol A.

    The nearest symbol is the last digit: the number of a shorter context is the remainder of a longer one's.
    """
    found = [np.zeros_like(s)]
    shifted = s
    for k in range(order):
        shifted = np.concatenate([np.full((len(s), 1), count), shifted[:, :-1]], 1)
        found.append(found[-1] + shifted * (count + 1) ** k)
    return found


def context_at(s: Ints, place: int, order: int, count: int) -> Ints:
    """The context of one place, [n]: as ``contexts`` numbers it."""
    found = np.zeros(len(s), np.intp)
    for k in range(order):
        symbol: Any = s[:, place - 1 - k] if place > k else count
        found = found + symbol * (count + 1) ** k
    return found


def _blended(context: Ints, s: Ints, prior: Floats) -> Floats:
    """Shares [contexts, A] from counts and ``PRIOR`` pseudocounts of ``prior`` [contexts, A]."""
    counts = np.bincount((context * prior.shape[1] + s).ravel(), minlength=prior.size).reshape(prior.shape)
    table: Floats = (counts + PRIOR * prior) / (counts.sum(1, keepdims=True) + PRIOR)
    return table
