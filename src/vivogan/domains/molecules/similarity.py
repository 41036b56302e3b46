"""How alike fingerprints are (Tanimoto: shared bits over all bits of the two), among many and exactly.

The few bits that most molecules have are compared 64 at a time; each of the many rare ones keeps the list of the
molecules that have it, so that time goes only where molecules share something: 5 times less than for comparing all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.molecules.parallel import mapped

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Indices = NDArray[np.intp]
WORD = 64
BLOCK = 4096  # rows unpacked at once
STRIDE = 16384  # places compared at once: 128 kB, which stay in the processor's cache
DENSE = 0.15  # the summed squares of its bits' shares from which on a word is cheaper than its lists


class FingerprintIndex:
    """Packed fingerprints [m, size / 8] with which others are compared; memory is about 8 bytes for each set bit."""

    def __init__(self, packed: Bytes) -> None:
        self.m, self.size = len(packed), 8 * packed.shape[1]
        counts = np.bitwise_count(packed).sum(1, dtype=np.intp)
        self.order = np.argsort(counts, kind="stable")  # molecules with as many bits stand together
        self.counts, self.starts = np.unique(counts[self.order], return_index=True)
        ordered = packed[self.order]
        shares = np.zeros(self.size)
        for rows in _unpacked(ordered):
            shares += rows.sum(0) / max(1, self.m)
        self.bits = np.argsort(-shares, kind="stable")  # the most frequent first
        words = int(((shares[self.bits] ** 2).reshape(-1, WORD).sum(1) > DENSE).sum())
        self.words = np.zeros((words, self.m), np.uint64)
        bits, places = [np.empty(0, np.intp)], [np.empty(0, np.intp)]
        for block, rows in enumerate(_unpacked(ordered)):
            sorted_bits, start = rows[:, self.bits], block * BLOCK
            self.words[:, start : start + len(rows)] = _as_words(sorted_bits[:, : words * WORD]).T
            place, bit = np.nonzero(sorted_bits[:, words * WORD :])
            bits.append(bit)
            places.append(place + start)
        bit = np.concatenate(bits)
        lists = np.concatenate(places)[np.argsort(bit, kind="stable")]
        ends = np.cumsum(np.bincount(bit, minlength=self.size - words * WORD))
        self.lists, self.ends = lists, np.concatenate([[0], ends])

    def nearest(self, packed: Bytes, but: Indices | None = None) -> tuple[Floats, Indices]:
        """The similarity [n] and the index [n] of the most alike of the indexed, for each of packed [n, size / 8].

        ``but`` [n] is one that each is not compared with (itself, say). Nothing alike: 0 and -1.
        """
        value, place = np.zeros(len(packed)), np.full(len(packed), -1, np.intp)
        where = np.argsort(self.order)
        for i, (own, shared) in enumerate(self._shared(packed)):
            if but is not None:
                shared[where[but[i]]] = 0
            most = np.maximum.reduceat(shared, self.starts).astype(np.float64)  # one a number of bits
            alike = most / np.maximum(1, own + self.counts - most)
            group = int(np.argmax(alike))
            if alike[group] > 0:
                start, end = self.starts[group], (*self.starts[1:], self.m)[group]
                value[i], place[i] = alike[group], self.order[start + int(np.argmax(shared[start:end]))]
        return value, place

    def mean(self, packed: Bytes, powers: Sequence[float] = (1,)) -> Floats:
        """The mean over all indexed of the similarity to each of k powers, for each of packed: [n, k]."""
        found = np.zeros((len(packed), len(powers)))
        most = int(self.counts[-1]) + 1
        group = np.repeat(np.arange(len(self.starts)) * most, np.diff(np.append(self.starts, self.m)))
        overlap = np.arange(most, dtype=np.float64)
        for i, (own, shared) in enumerate(self._shared(packed)):
            times = np.bincount(group + shared, minlength=most * len(self.starts)).reshape(-1, most)
            alike = overlap / np.maximum(1, own + self.counts[:, None] - overlap)
            found[i] = [(times * alike**power).sum() / self.m for power in powers]
        return found

    def _shared(self, packed: Bytes) -> Iterator[tuple[int, NDArray[Any]]]:
        """For each of packed: the number of its bits, and how many of them each of the indexed has, in ``order``."""
        kind: Any = np.uint8 if self.counts[-1] < 256 else np.uint16
        word, count, shared = np.empty(STRIDE, np.uint64), np.empty(STRIDE, np.uint8), np.empty(self.m, kind)
        for rows in _unpacked(packed):
            for row in rows[:, self.bits]:
                shared[:] = 0
                own = _as_words(row[None, : len(self.words) * WORD])[0]
                for start in range(0, self.m, STRIDE):
                    part = shared[start : start + STRIDE]
                    length = len(part)
                    for k, mask in enumerate(own):
                        np.bitwise_and(self.words[k, start : start + STRIDE], mask, out=word[:length])
                        np.add(part, np.bitwise_count(word[:length], out=count[:length]), out=part)
                for bit in np.flatnonzero(row[len(self.words) * WORD :]):
                    places = self.lists[self.ends[bit] : self.ends[bit + 1]]
                    shared[places] += 1  # no place is twice in a list
                yield int(row.sum(dtype=np.intp)), shared


def _unpacked(packed: Bytes) -> Iterator[Bytes]:
    for i in range(0, len(packed), BLOCK):
        yield np.unpackbits(packed[i : i + BLOCK], axis=1, bitorder="little")


def _as_words(rows: Bytes) -> NDArray[np.uint64]:
    """Bits [n, 64 w] as [n, w]."""
    return np.ascontiguousarray(np.packbits(rows, axis=1, bitorder="little")).view(np.uint64)


def most_alike(
    packed: Bytes, known: Bytes, but: Indices | None = None, workers: int | None = None
) -> tuple[Floats, Indices]:
    """``FingerprintIndex.nearest`` of many, on every core: similarity [n] and index [n] in ``known`` [m, size / 8]."""
    if not len(packed) or not len(known):
        return np.zeros(len(packed)), np.full(len(packed), -1, np.intp)
    found = mapped(partial(_nearest, FingerprintIndex(known), packed, but), range(len(packed)), workers)
    return np.array([value for value, _ in found]), np.array([place for _, place in found], np.intp)


def mean_alike(packed: Bytes, known: Bytes, powers: Sequence[float] = (1,), workers: int | None = None) -> Floats:
    """The mean similarity, to each of k powers, of each of packed [n, size / 8] with all of ``known``: [n, k]."""
    if not len(packed) or not len(known):
        return np.zeros((len(packed), len(powers)))
    index = FingerprintIndex(known)
    return np.array(mapped(partial(_mean, index, packed, tuple(powers)), range(len(packed)), workers))


def tanimoto(a: Bytes, b: Bytes) -> Floats:
    """The similarity of every pair, [n, m], of packed fingerprints; 0 where neither has a bit."""
    a_bits, b_bits = (np.unpackbits(rows, axis=1).astype(np.float32) for rows in (a, b))
    shared = (a_bits @ b_bits.T).astype(np.float64)  # whole numbers far below 2²⁴: exact
    every = a_bits.sum(1, dtype=np.float64)[:, None] + b_bits.sum(1, dtype=np.float64) - shared
    return np.asarray(shared / np.maximum(1, every))


def _nearest(index: FingerprintIndex, packed: Bytes, but: Indices | None, rows: range) -> list[tuple[float, int]]:
    part = slice(rows.start, rows.stop)
    value, place = index.nearest(packed[part], None if but is None else but[part])
    return list(zip(value.tolist(), place.tolist(), strict=True))


def _mean(index: FingerprintIndex, packed: Bytes, powers: Sequence[float], rows: range) -> list[list[float]]:
    found: list[list[float]] = index.mean(packed[rows.start : rows.stop], powers).tolist()
    return found
