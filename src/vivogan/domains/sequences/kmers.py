"""Words of k letters: how often each occurs, and how far apart two sets of sequences are in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.sequences.alphabets import ALPHABETS, GAP, PROTEIN, Alphabet

Floats = NDArray[np.float64]
ABSENT = -1  # the code of a gap, of an ambiguity letter, and of what lies after the end


def alphabet_of(*sets: Iterable[str]) -> Alphabet:
    """The first of DNA, RNA and protein that knows every letter, most of them as no ambiguity; protein where none does.

    >>> alphabet_of(["ACGTN"], ["AC--"]).name
    'DNA'
    """
    counts = Counter("".join(sequence for sequences in sets for sequence in sequences))
    del counts[GAP]
    for alphabet in ALPHABETS.values():
        plain = sum(counts[letter] for letter in alphabet.letters)
        if counts.keys() <= alphabet.known and 2 * plain >= counts.total():
            return alphabet
    return PROTEIN


def codes(sequences: Sequence[str], letters: str) -> NDArray[np.int16]:
    """Sequences as numbers [n, longest]: the place of each letter in ``letters``, ``ABSENT`` for all else."""
    table = np.full(256, ABSENT, np.int16)
    table[np.frombuffer(letters.encode(), np.uint8)] = np.arange(len(letters))
    longest = max(map(len, sequences), default=0)
    text = "".join(sequence.ljust(longest) for sequence in sequences).encode("latin-1", "replace")
    return table[np.frombuffer(text, np.uint8)].reshape(len(sequences), longest)


def words(coded: NDArray[np.int16], k: int, count: int) -> NDArray[np.int64]:
    """The word that begins at each place, [n, longest - k + 1], as a number below ``count ** k``; ``ABSENT`` where a
    letter of it is."""
    places = max(0, coded.shape[1] - k + 1)
    number = np.zeros((len(coded), places), np.int64)
    known = np.ones((len(coded), places), bool)
    for i in range(k):
        piece = coded[:, i : i + places]
        number = number * count + piece
        known &= piece != ABSENT
    return np.where(known, number, ABSENT)


def kmer_counts(sequences: Sequence[str], k: int, letters: str) -> NDArray[np.int32]:
    """How often each word occurs in each sequence, [n, A ** k]; gaps are taken out first."""
    found = words(codes([sequence.replace(GAP, "") for sequence in sequences], letters), k, len(letters))
    size = len(letters) ** k
    rows = np.arange(len(found))[:, None] * size
    counts = np.bincount((rows + found)[found != ABSENT], minlength=len(found) * size)
    return counts.reshape(len(found), size).astype(np.int32)


def kmer_spectrum(sequences: Sequence[str], k: int, letters: str) -> Floats:
    """The share of each word among all words of the set, [A ** k]; gaps are taken out first."""
    found = words(codes([sequence.replace(GAP, "") for sequence in sequences], letters), k, len(letters))
    counts = np.bincount(found[found != ABSENT], minlength=len(letters) ** k)
    return counts / max(1, counts.sum())


def jensen_shannon(p: Floats, q: Floats) -> float:
    """The Jensen-Shannon divergence of two distributions [d] in bits, 0 to 1 (Lin 1991, eq. 4.1; not its root).

    >>> jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    1.0
    """
    middle = (p + q) / 2
    return float((_relative(p, middle) + _relative(q, middle)) / 2)


def _relative(p: Floats, q: Floats) -> float:
    kept = p > 0
    return float(np.sum(p[kept] * np.log2(p[kept] / q[kept])))


def kmer_divergence(real: Sequence[str], made: Sequence[str], k: int) -> float:
    """Jensen-Shannon divergence in bits of the pooled k-mers of two sets, no pseudocounts.

    It grows with sampling noise, by about A ** k / (words drawn): read it beside that of two real sets of these sizes.
    """
    letters = alphabet_of(real, made).letters
    return jensen_shannon(kmer_spectrum(real, k, letters), kmer_spectrum(made, k, letters))
