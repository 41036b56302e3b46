"""What a sequence is made of: GC content, charge, hydrophobicity, complexity; one number a sequence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.sequences.alphabets import GAP, PROTEIN
from vivogan.domains.sequences.kmers import ABSENT, codes, kmer_counts

Floats = NDArray[np.float64]

# Kyte and Doolittle 1982, table 2.
HYDROPATHY = dict(
    zip(
        "ARNDCQEGHILKMFPSTWYV",
        [
            1.8,
            -4.5,
            -3.5,
            -3.5,
            2.5,
            -3.5,
            -3.5,
            -0.4,
            -3.2,
            4.5,
            3.8,
            -3.9,
            1.9,
            2.8,
            -1.6,
            -0.8,
            -0.7,
            -0.9,
            -1.3,
            4.2,
        ],
        strict=True,
    )
)
# pKa of side chains and termini (Bjellqvist et al. 1993, as in ExPASy), and the sign of the charged form.
_PKA = {
    "K": (10.0, 1),
    "R": (12.0, 1),
    "H": (5.98, 1),
    "D": (4.05, -1),
    "E": (4.45, -1),
    "C": (9.0, -1),
    "Y": (10.0, -1),
}
_AMINO_END, _CARBOXYL_END = (7.5, 1), (3.55, -1)


def gc_content(sequences: Sequence[str]) -> Floats:
    """The share of G and C among the letters A, C, G, T and U, [n]; 0 for a sequence without any."""
    shares = _shares([sequence.replace("U", "T") for sequence in sequences], "ACGT")
    return shares[:, 1] + shares[:, 2]


def gc_distance(real: Sequence[str], made: Sequence[str]) -> float:
    """The first Wasserstein distance between the two distributions of GC content."""
    from scipy.stats import wasserstein_distance

    return float(wasserstein_distance(gc_content(real), gc_content(made)))


def hydrophobicity(sequences: Sequence[str]) -> Floats:
    """The mean hydropathy of Kyte and Doolittle (1982), [n], from -4.5 to 4.5 (GRAVY)."""
    return _shares(sequences, PROTEIN.letters) @ np.array([HYDROPATHY[letter] for letter in PROTEIN.letters])


def net_charge(sequences: Sequence[str], ph: float = 7.0) -> Floats:
    """The net charge in elementary charges, [n], by Henderson and Hasselbalch with free ends."""
    counts = kmer_counts(sequences, 1, PROTEIN.letters)
    sides = np.array([_charge(*_PKA[letter], ph) if letter in _PKA else 0.0 for letter in PROTEIN.letters])
    found: Floats = counts @ sides + _charge(*_AMINO_END, ph) + _charge(*_CARBOXYL_END, ph)
    return found


def _charge(pka: float, sign: int, ph: float) -> float:
    return sign / (1 + 10.0 ** (sign * (ph - pka)))


def complexity(sequences: Sequence[str], letters: str, k: int = 3) -> Floats:
    """The entropy of the k-mers of each sequence in bits, [n]; low in repeats."""
    counts = kmer_counts(sequences, k, letters).astype(np.float64)
    shares = counts / np.maximum(1, counts.sum(1, keepdims=True))
    return -np.sum(shares * np.log2(np.maximum(shares, 1e-300)), axis=1)


def longest_run(sequences: Sequence[str], letters: str) -> Floats:
    """The length of the longest run of one letter, [n]; gaps are taken out first."""
    coded = codes([sequence.replace(GAP, "") for sequence in sequences], letters)
    run = np.zeros(len(coded), np.int64)
    best = run.copy()
    for place in range(coded.shape[1]):
        same = coded[:, place] == coded[:, place - 1] if place else np.zeros(len(coded), bool)
        run = np.where(coded[:, place] == ABSENT, 0, np.where(same, run + 1, 1))
        best = np.maximum(best, run)
    return best.astype(np.float64)


def gap_share(sequences: Sequence[str]) -> Floats:
    """The share of gaps in each aligned sequence, [n]."""
    return np.array([sequence.count(GAP) / max(1, len(sequence)) for sequence in sequences], np.float64)


def _shares(sequences: Sequence[str], letters: str) -> Floats:
    counts = kmer_counts(sequences, 1, letters).astype(np.float64)
    return counts / np.maximum(1, counts.sum(1, keepdims=True))
