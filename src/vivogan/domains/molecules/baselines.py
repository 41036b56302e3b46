"""The honest samplers that a game must beat: no game, no network."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vivogan.core.seeds import numpy_generator
from vivogan.domains.base import Baseline

Ints = NDArray[np.int64]
ORDER = 6  # columns that the next one is drawn from, at most
MANY = 4096  # different columns beyond which x is not discrete, nor when more than half of them differ
BOOK = 256  # columns that stand for all others then


def baselines() -> dict[str, Baseline]:
    """Those that every run is compared with, whatever its model."""
    return {"Markov chain": MarkovChain(), "Gaussian": ClassGaussian()}


class MarkovChain:
    """Column after column of x [n, …, m], each drawn from what followed the columns before it in training molecules of
    its class.

    Back-off by method D of prediction by partial matching (Howard 1993): a context of n observations with t different
    followers answers with probability 1 − t / 2n, else the one that is a column shorter; the shortest is the place.
    """

    def fit(self, x: Tensor, y: NDArray[np.intp]) -> Self:
        """x [N, …, m], y [N]."""
        self.shape, columns = x.shape[1:], _columns(x)
        self.book, s, discrete = _numbered(columns, len(x))  # K x C, N x m
        self.y = np.asarray(y, np.int64)
        self.classes = int(self.y.max(initial=0)) + 1
        order = ORDER if discrete else 1  # longer strings of real numbers stand there once: they would be copied
        self.orders = [_Followers(self._contexts(s, k), s) for k in range(order + 1)]
        return self

    def _contexts(self, s: Ints, order: int) -> Ints:
        """A number for the class and the ``order`` columns before each place, [n, m]; for order 0, of the place."""
        found = np.broadcast_to(self.y[:, None], s.shape)
        if order == 0:
            return found * s.shape[1] + np.arange(s.shape[1])
        for back in range(1, order + 1):
            before = np.full_like(s, len(self.book))
            before[:, back:] = s[:, :-back] if back < s.shape[1] else before[:, back:]
            found = found * (len(self.book) + 1) + before
        return found

    def _context(self, s: Ints, y: Ints, place: int, order: int) -> Ints:
        """The same of one place, [n]."""
        if order == 0:
            return y * s.shape[1] + place
        found = y
        for back in range(1, order + 1):
            found = found * (len(self.book) + 1) + (s[:, place - back] if back <= place else len(self.book))
        return found

    def sample(self, y: NDArray[np.intp], seed: int) -> Tensor:
        """One x for each class number of y [n], [n, …, m]."""
        rng, own = numpy_generator(seed, "MarkovChain"), np.asarray(y, np.int64)
        s = np.zeros((len(own), self.shape[-1]), np.int64)
        for place in range(s.shape[1]):
            open_ = np.ones(len(own), bool)
            for order in reversed(range(len(self.orders))):
                rows = np.flatnonzero(open_)
                contexts = self._context(s[rows], own[rows], place, order)
                answered, follower = self.orders[order].draw(contexts, rng, certain=order == 0)
                s[rows[answered], place] = follower[answered]
                open_[rows[answered]] = False
        found = self.book[torch.from_numpy(s)]  # n x m x C
        return found.transpose(1, 2).reshape(len(own), *self.shape)


class _Followers:
    """What followed each context, looked up by halving."""

    def __init__(self, contexts: Ints, s: Ints) -> None:
        flat, follower = contexts.ravel(), s.ravel()
        order = np.lexsort((follower, flat))
        self.contexts, self.follower = flat[order], follower[order]
        new = np.r_[True, (np.diff(self.contexts) != 0) | (np.diff(self.follower) != 0)]
        self.different = np.r_[0, np.cumsum(new)]  # followers that differ, up to a row

    def draw(self, contexts: Ints, rng: np.random.Generator, certain: bool) -> tuple[NDArray[np.bool_], Ints]:
        """Which contexts [n] are answered, and by which column [n]."""
        left, right = (np.searchsorted(self.contexts, contexts, side) for side in ("left", "right"))  # type: ignore[call-overload]
        seen, different = right - left, self.different[right] - self.different[left]
        chosen = np.minimum(left + (rng.random(len(left)) * seen).astype(np.int64), len(self.follower) - 1)
        answered = rng.random(len(left)) * (2 * seen) < 2 * seen - different
        return (np.ones_like(answered) if certain else answered & (seen > 0)), self.follower[chosen]


class ClassGaussian:
    """A normal distribution of x for each class, all with one covariance."""

    def fit(self, x: Tensor, y: NDArray[np.intp]) -> Self:
        """x [N, …], y [N]."""
        flat = x.reshape(len(x), -1).double().numpy()
        self.shape, own = x.shape[1:], np.asarray(y)
        self.means = {int(k): flat[own == k].mean(0) for k in np.unique(own)}
        centred = flat - np.stack([self.means[int(k)] for k in own])
        values, vectors = np.linalg.eigh(centred.T @ centred / len(flat))
        self.root = vectors * np.sqrt(np.maximum(values, 0))
        return self

    def sample(self, y: NDArray[np.intp], seed: int) -> Tensor:
        """One x for each class number of y [n], [n, …]."""
        noise = numpy_generator(seed, "ClassGaussian").standard_normal((len(y), len(self.root)))
        found = noise @ self.root.T + np.stack([self.means[int(k)] for k in y])
        return torch.from_numpy(found).float().reshape(len(y), *self.shape)


def _columns(x: Tensor) -> Any:
    """The columns of x [n, …, m], [n · m, C]."""
    return x.reshape(len(x), -1, x.shape[-1]).transpose(1, 2).reshape(len(x) * x.shape[-1], -1).float()


def _numbered(columns: Tensor, count: int) -> tuple[Tensor, Ints, bool]:
    """The different columns [K, C], the number of each of columns [n · m, C], [n, m], and whether these are all."""
    weights = torch.from_numpy(numpy_generator(0, "columns").standard_normal(columns.shape[1])).float()
    keys = columns @ weights
    _, first, number = np.unique(keys.numpy().round(4), return_index=True, return_inverse=True)
    book = columns[torch.from_numpy(first)]
    discrete = len(book) <= min(MANY, len(columns) // 2)
    if not discrete:  # real numbers: the nearest of some
        book = columns[torch.from_numpy(numpy_generator(0, "book").permutation(len(columns))[:BOOK])]
        number = np.concatenate([torch.cdist(part, book).argmin(1).numpy() for part in columns.split(65536)])
    return book, np.asarray(number, np.int64).reshape(count, -1), discrete
