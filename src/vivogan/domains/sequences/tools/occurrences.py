"""Where motifs are found in sequences, and how often in real beside generated ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from vivogan.domains.sequences.kmers import codes
from vivogan.domains.sequences.matrices import STEPS, Matrix, threshold
from vivogan.domains.sequences.tools.motif import Motif, Site

Floats = NDArray[np.float64]
P = 1e-4  # of a hit at one place by chance
PLACED = 0.01  # of one at any of the few places that a motif is bound to
Z = 1.96
ROWS = 64


@dataclass(frozen=True)
class Rate:
    """The share of sequences with a motif: ``real`` and ``made`` of ``n_real`` and ``n_made``, and made − real with
    its 95 % interval (Newcombe 1998, method 10)."""

    real: float
    made: float
    n_real: int
    n_made: int

    @property
    def difference(self) -> tuple[float, float, float]:
        (a, a_low, a_high), (b, b_low, b_high) = wilson(self.made, self.n_made), wilson(self.real, self.n_real)
        low = a - b - float(np.hypot(a - a_low, b_high - b))
        return a - b, low, a - b + float(np.hypot(a_high - a, b - b_low))


def wilson(share: float, n: int) -> tuple[float, float, float]:
    """A share of n, and its 95 % interval (Wilson 1927)."""
    middle, half = share + Z**2 / (2 * n), Z * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    scale = 1 + Z**2 / n
    return share, float((middle - half) / scale), float((middle + half) / scale)


def background(sequences: Sequence[str], letters: str, both_strands: bool) -> Floats:
    """The shares [A] of the letters."""
    coded = codes(sequences, letters)
    counts = np.bincount(coded[coded >= 0], minlength=len(letters)) + 1.0
    counts = counts + counts[::-1] if both_strands else counts
    shares: Floats = counts / counts.sum()
    return shares


def sites(
    sequences: Sequence[str],
    matrix: Matrix,
    letters: str,
    shares: Floats,
    both_strands: bool,
    p: float = P,
    within: tuple[int, int] | None = None,
) -> list[Site]:
    """The best site of each sequence that has one; a place with an unknown letter or a gap is none.

    A hit scores what background sequence of ``shares`` [A] reaches at one place with at most probability ``p``.
    ``within``: the first and the last place at which it may begin.
    """
    scores = matrix.log_odds(shares)
    least = threshold(scores, shares, p) - 0.5 / STEPS
    strands = [scores, scores[::-1, ::-1]] if both_strands else [scores]
    filters = torch.stack([torch.from_numpy(strand.T.copy()).float() for strand in strands])  # S x A x w
    coded = codes(sequences, letters).astype(np.int64)
    if coded.shape[1] < len(scores):
        return []
    unit = torch.vstack([torch.eye(len(letters)), torch.full((1, len(letters)), -1e6)])
    found = []
    for first in range(0, len(coded), ROWS):
        x = unit[torch.from_numpy(coded[first : first + ROWS])].transpose(1, 2)  # b x A x L
        unknown = (x[:, :1] < 0).float()
        x = x.clamp_min(0)
        said = torch.nn.functional.conv1d(x, filters)  # b x S x places
        covered = torch.nn.functional.conv1d(unknown, torch.ones(1, 1, len(scores)))
        said = said.masked_fill(covered > 0, -torch.inf)
        if within is not None:
            said[..., : max(0, within[0])] = -torch.inf
            said[..., within[1] + 1 :] = -torch.inf
        best, at = said.flatten(1).max(1)
        for row in torch.nonzero(best >= least)[:, 0].tolist():
            strand, start = divmod(int(at[row]), said.shape[2])
            found.append(Site(first + row, start, strand == 0))
    return found


def placed(sequences: Sequence[str], motif: Motif, shares: Floats) -> list[Site]:
    """The best site of each sequence that has one where the motif is bound to, on the strand as written."""
    first, last = motif.within or (0, max(map(len, sequences)))
    p = PLACED / (last - first + 1)
    return sites(sequences, motif.matrix, motif.letters, shares, False, p, (first, last))
