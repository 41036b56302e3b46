"""Alignments: which symbols stand where, and which places change together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.sequences.alphabets import GAP
from vivogan.domains.sequences.kmers import alphabet_of

Floats = NDArray[np.float64]


def one_hot(aligned: Sequence[str], symbols: str) -> NDArray[np.float32]:
    """[n, L, A]: which of ``symbols`` stands at each place; a symbol that is none of them is a row of zeros."""
    table = np.full(256, len(symbols), np.intp)
    table[np.frombuffer(symbols.encode(), np.uint8)] = np.arange(len(symbols))
    lengths = {len(sequence) for sequence in aligned}
    if len(lengths) != 1:
        raise ValueError(f"aligned sequences must have one length, got {sorted(lengths)[:5]}")
    numbers = table[np.frombuffer("".join(aligned).encode(), np.uint8)].reshape(len(aligned), lengths.pop())
    unit = np.vstack([np.eye(len(symbols), dtype=np.float32), np.zeros((1, len(symbols)), np.float32)])
    return unit[numbers]


def site_frequencies(aligned: Sequence[str], symbols: str, weights: Floats | None = None) -> Floats:
    """f_i(a), [L, A]."""
    return np.tensordot(_normal(weights, len(aligned)), one_hot(aligned, symbols), 1).astype(np.float64)


def connected_pairs(aligned: Sequence[str], symbols: str, weights: Floats | None = None) -> Floats:
    """C_ij(a, b) = f_ij(a, b) - f_i(a) f_j(b) for every pair of places i < j, [L (L - 1) / 2, A, A]."""
    x = one_hot(aligned, symbols)  # n x L x A
    length, count = x.shape[1:]
    flat = x.reshape(len(x), -1)
    share = _normal(weights, len(aligned)).astype(np.float32)
    joint = ((flat * share[:, None]).T @ flat).astype(np.float64)
    single = (share @ flat).astype(np.float64)
    blocks = (joint - np.outer(single, single)).reshape(length, count, length, count)
    i, j = np.triu_indices(length, 1)
    found: Floats = blocks[i, :, j, :]
    return found


def pair_scores(
    real: Sequence[str], made: Sequence[str], threshold: float = 0.01, made_weights: Floats | None = None
) -> tuple[float, float]:
    """Pearson's r and the least-squares slope of generated on real connected pair frequencies, over the entries with
    \\|C_real\\| above ``threshold``; the gap is a symbol.

    r says whether the pattern is right, the slope whether its strength is: 1 is perfect, 0 independent places. Both are
    0 where nothing is coupled. Rows count alike unless the caller weights the generated ones.
    """
    symbols = alphabet_of(real, made).letters + GAP
    a, b = connected_pairs(real, symbols), connected_pairs(made, symbols, made_weights)
    kept = np.abs(a) > threshold
    x, y = a[kept] - (a[kept].mean() if kept.any() else 0.0), b[kept] - (b[kept].mean() if kept.any() else 0.0)
    spread, other = float(x @ x), float(y @ y)
    if spread == 0 or other == 0:
        return 0.0, 0.0
    return float(x @ y / np.sqrt(spread * other)), float(x @ y / spread)


def conserved(aligned: Sequence[str], least: float = 0.8) -> dict[int, tuple[str, float]]:
    """The places at which one letter stands in at least ``least`` of the sequences: letter and share, by place."""
    letters = alphabet_of(aligned).letters
    shares = site_frequencies(aligned, letters)
    best = shares.argmax(1)
    return {
        int(i): (letters[best[i]], float(shares[i, best[i]])) for i in range(len(shares)) if shares[i, best[i]] >= least
    }


def kept_shares(aligned: Sequence[str], places: dict[int, tuple[str, float]]) -> dict[int, float]:
    """The share of sequences that have the conserved letter, by place of ``conserved``."""
    return {i: float(np.mean([sequence[i] == letter for sequence in aligned])) for i, (letter, _) in places.items()}


def _normal(weights: Floats | None, count: int) -> Floats:
    return np.full(count, 1 / count) if weights is None else np.asarray(weights, np.float64) / np.sum(weights)
