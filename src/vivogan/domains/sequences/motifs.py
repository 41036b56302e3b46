"""Words at their place: where a motif peaks, and how often it is found there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.sequences.kmers import ABSENT, alphabet_of, codes, words


def motif_places(sequences: Sequence[str], motif: str) -> NDArray[np.int64]:
    """How many sequences have ``motif`` at each place, [longest - k + 1] (places begin at 0)."""
    longest = max(map(len, sequences), default=0)
    counts = np.zeros(max(1, longest - len(motif) + 1), np.int64)
    for sequence in sequences:
        place = sequence.find(motif)
        while place >= 0:
            counts[place] += 1
            place = sequence.find(motif, place + 1)
    return counts


def peak(sequences: Sequence[str], motif: str) -> int:
    """The place at which ``motif`` begins most often."""
    return int(np.argmax(motif_places(sequences, motif)))


def motif_rate(sequences: Sequence[str], motif: str, position: int, tolerance: int = 3) -> float:
    """The share of sequences in which ``motif`` begins at most ``tolerance`` places from ``position``."""
    start, stop = max(0, position - tolerance), position + tolerance + len(motif)
    return sum(motif in sequence[start:stop] for sequence in sequences) / max(1, len(sequences))


def most_placed(sequences: Sequence[str], k: int = 6, tolerance: int = 3, least: float = 0.01) -> str | None:
    """The word most bound to one place, None where none is.

    By z = (a - e) / √e of its a beginnings in a window of 2 ``tolerance`` + 1 places, of which e would be there were
    its beginnings spread evenly. Words in less than ``least`` of the sequences, or with z < 6, are no motif.
    """
    alphabet = alphabet_of(sequences)
    count = len(alphabet.letters)
    found = words(codes(sequences, alphabet.letters), k, count)  # n x places
    places, window = found.shape[1], 2 * tolerance + 1
    if places < 2 * window:
        return None
    common, total = np.unique(found[found != ABSENT], return_counts=True)
    common = common[total >= max(5, least * len(sequences))]
    best, answer = 6.0, None
    for word in common.tolist():
        at = (found == word).sum(0)
        expected = at.sum() * window / places
        score = (np.convolve(at, np.ones(window), "valid").max() - expected) / np.sqrt(expected)
        if score > best:
            best, answer = score, word
    if answer is None:
        return None
    return "".join(alphabet.letters[answer // count**i % count] for i in reversed(range(k)))
