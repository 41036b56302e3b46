"""How near generated sequences are to known ones and to one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vivogan.core.seeds import numpy_generator
from vivogan.domains.sequences.alphabets import PROTEIN
from vivogan.domains.sequences.kmers import alphabet_of, kmer_counts

Floats = NDArray[np.float64]
_ROWS = 2048  # sequences compared at a time
_CELLS = 2e6  # of alignment tables for one sequence: how many candidates are aligned


def nearest_identity(made: Sequence[str], known: Sequence[str]) -> Floats:
    """The identity of each generated sequence with the known one nearest to it, [n], 0 to 1.

    Where all have one length: the share of places with the same symbol (a gap is one). Otherwise: identical places of
    the best global alignment over the length of the longer sequence, with those known sequences that share most k-mers.
    """
    return nearest(made, known)[0]


def nearest(made: Sequence[str], known: Sequence[str]) -> tuple[Floats, NDArray[np.intp]]:
    """Identities [n] and indices [n] of the nearest known sequences; see ``nearest_identity``."""
    if not made or not known:
        raise ValueError("nearest identity: both sets need at least one sequence")
    if len({*map(len, made), *map(len, known)}) == 1:
        return _by_places(made, known)
    return _by_alignment(made, known)


def unique(sequences: Sequence[str]) -> float:
    """The share of distinct sequences."""
    return len(set(sequences)) / max(1, len(sequences))


def novelty(made: Sequence[str], known: Sequence[str]) -> float:
    """The share of generated sequences that are not among the known ones."""
    present = set(known)
    return sum(sequence not in present for sequence in made) / max(1, len(made))


def diversity(sequences: Sequence[str], pairs: int = 2000, seed: int = 0) -> float:
    """One minus the mean identity of random pairs: 0 where all are the same sequence."""
    return float(differences(sequences, pairs, seed).mean())


def differences(sequences: Sequence[str], pairs: int = 2000, seed: int = 0) -> Floats:
    """The share of places at which the sequences of each of ``pairs`` random pairs differ, [pairs]."""
    if len(sequences) < 2:
        return np.zeros(1)
    rng = numpy_generator(seed, "diversity")
    first = rng.integers(len(sequences), size=pairs)
    second = (first + rng.integers(1, len(sequences), size=pairs)) % len(sequences)
    aligner = _aligner()
    both = [(sequences[i], sequences[j]) for i, j in zip(first.tolist(), second.tolist(), strict=True)]
    return 1 - np.array([_identity(a, b, aligner) for a, b in both])


def _by_places(made: Sequence[str], known: Sequence[str]) -> tuple[Floats, NDArray[np.intp]]:
    """One-hot rows multiplied: the products count equal places."""
    letters = sorted({letter for sequence in (*made, *known) for letter in sequence})
    best = np.zeros(len(made))
    place = np.zeros(len(made), np.intp)
    for start, block in _one_hot(known, letters):
        for row, queries in _one_hot(made, letters):
            value, index = (queries @ block.T).max(1)
            rows = slice(row, row + len(queries))
            better = value.numpy() > best[rows]
            best[rows] = np.where(better, value.numpy(), best[rows])
            place[rows] = np.where(better, start + index.numpy(), place[rows])
    return best / len(made[0]), place


def _one_hot(sequences: Sequence[str], letters: Sequence[str]) -> Iterator[tuple[int, torch.Tensor]]:
    unit = torch.eye(len(letters))
    table = np.zeros(0x110000 if max(map(ord, letters)) > 255 else 256, np.int64)
    table[[ord(letter) for letter in letters]] = np.arange(len(letters))
    for start in range(0, len(sequences), _ROWS):
        block = sequences[start : start + _ROWS]
        numbers = table[np.array([list(map(ord, sequence)) for sequence in block])]
        yield start, unit[torch.from_numpy(numbers)].flatten(1)


def _by_alignment(made: Sequence[str], known: Sequence[str]) -> tuple[Floats, NDArray[np.intp]]:
    """K-mers choose the candidates, alignments decide."""
    from scipy.sparse import csr_matrix

    alphabet = alphabet_of(made, known)
    k = 2 if alphabet is PROTEIN else 4
    length = float(np.mean([len(sequence) for sequence in known]))
    wanted = int(np.clip(_CELLS / max(1.0, length) ** 2, 2, 10))
    profiles = csr_matrix(_weighted(known, k, alphabet.letters)).T
    aligner = _aligner()
    best, place = np.zeros(len(made)), np.zeros(len(made), np.intp)
    for start in range(0, len(made), 256):
        block = made[start : start + 256]
        likeness = (csr_matrix(_weighted(block, k, alphabet.letters)) @ profiles).toarray()
        candidates = np.argsort(-likeness, axis=1, kind="stable")[:, :wanted]
        for row, choices in enumerate(candidates, start):
            values = [_identity(made[row], known[choice], aligner) for choice in choices.tolist()]
            best[row], place[row] = max(values), choices[int(np.argmax(values))]
    return best, place


def _weighted(sequences: Sequence[str], k: int, letters: str) -> NDArray[np.float32]:
    """Roots of k-mer counts, rows of unit length: their products are cosines."""
    found = np.sqrt(kmer_counts(sequences, k, letters).astype(np.float32))
    unit: NDArray[np.float32] = found / np.maximum(1e-6, np.linalg.norm(found, axis=1, keepdims=True))
    return unit


def _aligner() -> Any:
    from Bio.Align import PairwiseAligner

    # A gap costs more than a mismatch: unrelated sequences are not torn to fit, which would lift every identity.
    return PairwiseAligner(mode="global", match_score=1, mismatch_score=-1, open_gap_score=-2, extend_gap_score=-0.5)


def aligned_pair(a: str, b: str) -> tuple[str, str]:
    """Two sequences with gaps where the best global alignment has them."""
    found = _aligner().align(a, b)[0]
    return str(found[0]), str(found[1])


def _identity(a: str, b: str, aligner: Any) -> float:
    if len(a) == len(b):
        straight = sum(x == y for x, y in zip(a, b, strict=True)) / max(1, len(a))
        if straight > 0.9:
            return straight
    alignment = aligner.align(a, b)[0]
    same = 0
    for (i, j), (m, n) in pairwise(alignment.coordinates.T.tolist()):
        if m > i and n > j:
            same += sum(x == y for x, y in zip(a[i:m], b[j:n], strict=True))
    return same / max(len(a), len(b), 1)
