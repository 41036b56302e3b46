"""Which known motif a matrix is: columns compared at every offset on both strands, with exact p-values (Tomtom).

Gupta et al. 2007: the score of an overlap is a sum over the columns of the query; its distribution by chance is that
of columns drawn from all known motifs, found by adding one query column after another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.sequences.matrices import Matrix

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
BINS = 100  # steps in which the score of a column is counted
OVERLAP = 4  # columns at least
PSEUDO = 1.0  # observations a column, shared evenly


@dataclass(frozen=True)
class Match:
    """``target`` begins ``offset`` columns after the query (before it where negative), reversed unless ``forward``.

    ``p`` is for the best of all offsets and strands, ``e`` the matches as good expected by chance, ``q`` the false
    discovery rate over all targets.
    """

    target: Matrix
    offset: int
    forward: bool
    overlap: int
    p: float
    e: float
    q: float


def compare(query: Matrix, targets: Sequence[Matrix]) -> list[Match]:
    """Every target as a match of the query, the best first."""
    columns = [_shares(target.counts) for target in targets]
    own = _shares(query.counts)
    scores = [_scores(own, table) for table in columns]  # W x w each, minus the distance
    back = [_scores(own, table[::-1, ::-1]) for table in columns]
    every = np.concatenate([*scores, *back], 1)
    low, high = float(every.min()), float(every.max())
    step = max(high - low, 1e-9) / BINS
    whole = [[np.round((s - low) / step).astype(np.int64) for s in strand] for strand in (scores, back)]
    tails = _tails(np.concatenate([s for strand in whole for s in strand], 1))
    found = [_best(target, [strand[i] for strand in whole], tails) for i, target in enumerate(targets)]
    order = sorted(range(len(found)), key=lambda i: found[i].p)
    q, least = [0.0] * len(found), 1.0
    for rank in range(len(order), 0, -1):
        least = min(least, found[order[rank - 1]].p * len(found) / rank)
        q[rank - 1] = least
    return [
        Match(m.target, m.offset, m.forward, m.overlap, m.p, m.p * len(found), value)
        for m, value in zip([found[i] for i in order], q, strict=True)
    ]


def _shares(counts: Floats) -> Floats:
    scaled = counts * np.where(counts.sum(1, keepdims=True) > 1.5, 1.0, 100.0) + PSEUDO / counts.shape[1]
    shares: Floats = scaled / scaled.sum(1, keepdims=True)
    return shares


def _scores(query: Floats, target: Floats) -> Floats:
    """Minus the Euclidean distance of each column of the query and each of the target, [W, w]."""
    found: Floats = -np.sqrt(((query[:, None] - target[None]) ** 2).sum(2))
    return found


def _tails(whole: Ints) -> dict[tuple[int, int], Floats]:
    """The probability that columns ``start`` to ``stop`` of the query score at least s by chance, for each s.

    ``whole`` [W, J] are the scores of its columns with all J known ones.
    """
    single = [np.bincount(row, minlength=BINS + 1) / len(row) for row in whole]
    tails = {}
    for start in range(len(single)):
        chance = np.ones(1)
        for stop in range(start + 1, len(single) + 1):
            chance = np.convolve(chance, single[stop - 1])
            tails[start, stop] = chance[::-1].cumsum()[::-1]
    return tails


def _best(target: Matrix, strands: Sequence[Ints], tails: dict[tuple[int, int], Floats]) -> Match:
    """The rarest overlap; its p-value corrected for their number."""
    wide, width = strands[0].shape
    least = min(OVERLAP, wide, width)
    p, tried, answer = 2.0, 0, (0, True, least)
    for forward, scores in zip((True, False), strands, strict=True):
        for offset in range(least - width, wide - least + 1):
            start, stop = max(0, offset), min(wide, offset + width)
            rows = np.arange(start, stop)
            rarity = float(tails[start, stop][scores[rows, rows - offset].sum()])
            tried += 1
            if rarity < p:
                p, answer = rarity, (offset, forward, stop - start)
    corrected = float(-np.expm1(tried * np.log1p(-min(p, 1 - 1e-16))))
    return Match(target, *answer, corrected, 0.0, 0.0)


def short_name(name: str) -> str:
    """A motif's name without the id that some files repeat.

    >>> short_name("MA0108.2_MA0108.2.TBP"), short_name("MA0139.1 CTCF")
    ('TBP (MA0108.2)', 'CTCF (MA0139.1)')
    """
    first, _, rest = name.replace("_", " ", 1).partition(" ")
    rest = rest.removeprefix(first).lstrip(". ")
    return f"{rest} ({first})" if rest else first


def meme(matrices: Sequence[Matrix], letters: str, background: Floats) -> str:
    """Matrices as a MEME motif file (version 4), which other tools read."""
    lines = ["MEME version 4", "", f"ALPHABET= {letters}", ""]
    if len(letters) == 4 and letters != "ACGU":
        lines += ["strands: + -", ""]
    shares = " ".join(f"{letter} {share:.4f}" for letter, share in zip(letters, background, strict=True))
    lines += ["Background letter frequencies", shares, ""]
    for matrix in matrices:
        table = matrix.counts / matrix.counts.sum(1, keepdims=True)
        sites = round(float(matrix.counts.sum(1).max()))
        lines += [
            f"MOTIF {matrix.name}",
            f"letter-probability matrix: alength= {len(letters)} w= {len(table)} nsites= {sites} E= 0",
            *("  ".join(f"{share:.6f}" for share in row) for row in table),
            "",
        ]
    return "\n".join(lines)
