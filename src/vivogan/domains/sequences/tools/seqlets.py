"""Motifs from attributions: runs of places that matter more than in shuffled sequences, and which of them are alike.

After TF-MoDISco (Shrikumar et al. 2018) in the plainest form: windows, a false discovery rate, average linkage of the
correlation of contributions at the best shift and strand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.sequences.tools.motif import Motif, Site, of_sites

Floats = NDArray[np.float64]
CORE = {4: 8, 20: 4}  # places of a seqlet, by the number of letters
FLANK = 4  # places on either side that are compared too, and by which seqlets are shifted
FDR = 0.2  # of windows, as TF-MoDISco has it: what is no motif finds no companions
MOST = 1500  # seqlets that are compared, the strongest
ALIKE = 0.4  # mean correlation of the seqlets of one motif
FEW, SHARE = 10, 0.02  # a motif has so many sites, and such a share of the seqlets


@dataclass(frozen=True)
class Seqlet:
    """Places ``start`` to ``stop`` of sequence ``row``; ``importance`` is their sum, ``p`` how rare it is by chance."""

    row: int
    start: int
    stop: int
    importance: float
    p: float


def find(importance: Floats, chance: Floats, core: int = 8, fdr: float = FDR) -> list[Seqlet]:
    """Windows of ``core`` places whose importance is greater than that of shuffled sequences, the strongest first.

    Args:
        importance: [n, L] of the sequences; give it with the other sign for what lowers a score.
        chance: [m, L] of shuffled ones: p is the share of their windows that are as strong.
        fdr: false discovery rate among all windows (Benjamini and Hochberg 1995).

    Returns:
        Windows that do not overlap.
    """
    strength, null = _sums(importance, core), np.sort(_sums(chance, core).ravel())
    p = (1 + len(null) - np.searchsorted(null, strength - 1e-12)) / (1 + len(null))
    order = np.argsort(-strength.ravel(), kind="stable")
    found, free = list[Seqlet](), np.ones(importance.shape, bool)
    for i in order[: _significant(p.ravel()[order], fdr)].tolist():
        row, start = divmod(i, strength.shape[1])
        if free[row, start : start + core].all():
            free[row, start : start + core] = False
            found.append(Seqlet(row, start, start + core, float(strength[row, start]), float(p[row, start])))
    return found


def _sums(values: Floats, width: int) -> Floats:
    total = np.pad(values, ((0, 0), (1, 0))).cumsum(1)
    return total[:, width:] - total[:, :-width] if total.shape[1] > width else np.zeros((len(values), 0))


def _significant(p: Floats, fdr: float) -> int:
    """How many of rising p-values are significant."""
    passed = np.flatnonzero(p <= fdr * np.arange(1, len(p) + 1) / max(1, len(p)))
    return int(passed[-1]) + 1 if len(passed) else 0


def motifs(
    seqlets: Sequence[Seqlet],
    contributions: Floats,
    codes: NDArray[np.int64],
    letters: str,
    source: str,
    both_strands: bool,
    sign: int = 1,
) -> list[Motif]:
    """The motifs that seqlets make up, those with most sites first.

    Args:
        contributions: [n, A, L] of what each letter would add.
        codes: [n, L] numbers of the letters that stand there, −1 for none.
        both_strands: whether the reverse complement of a motif is that motif.
    """
    chosen = sorted(seqlets, key=lambda seqlet: -seqlet.importance)[:MOST]
    if len(chosen) < FEW:
        return []
    pieces = np.stack([_piece(seqlet, contributions, codes) for seqlet in chosen])  # k x A x W
    views = _views(pieces, both_strands)
    likeness = np.stack([_unit(pieces) @ _unit(view).T for view in views.values()])  # V x k x k
    keys, width = list(views), pieces.shape[2]
    found = []
    for members in _alike(likeness.max(0)):
        if len(members) < max(FEW, SHARE * len(chosen)):
            continue
        medoid = members[int(likeness.max(0)[np.ix_(members, members)].sum(1).argmax())]
        sites = []
        for member in members:
            shift, forward = keys[int(likeness[:, medoid, member].argmax())]
            start = chosen[member].start - FLANK + (-shift if forward else shift)
            sites.append(Site(chosen[member].row, start, forward))
        draft = Motif("", source, letters, np.zeros((0, len(letters))), sites, sign=sign)
        made = of_sites(draft, codes, width, both_strands, contributions)
        if made is not None:
            found.append(made)
    return sorted(found, key=lambda motif: -len(motif.sites))


def _piece(seqlet: Seqlet, contributions: Floats, codes: NDArray[np.int64]) -> Floats:
    """What the letters around a seqlet add, [A, W]; beyond the ends 0."""
    at = np.arange(seqlet.start - FLANK, seqlet.stop + FLANK)
    piece = np.zeros((contributions.shape[1], len(at)))
    inside = np.flatnonzero((at >= 0) & (at < codes.shape[1]))
    letters = codes[seqlet.row, at[inside]]
    inside, letters = inside[letters >= 0], letters[letters >= 0]
    piece[letters, inside] = contributions[seqlet.row, letters, at[inside]]
    return piece


def _views(pieces: Floats, both_strands: bool) -> dict[tuple[int, bool], Floats]:
    """The pieces [k, A, W] at each shift (to the right) and on each strand."""
    width, found = pieces.shape[2], {}
    for forward in (True, False) if both_strands else (True,):
        turned = pieces if forward else pieces[:, ::-1, ::-1]
        padded = np.pad(turned, ((0, 0), (0, 0), (FLANK, FLANK)))
        for shift in range(-FLANK, FLANK + 1):
            found[shift, forward] = padded[..., FLANK - shift : FLANK - shift + width]
    return found


def _unit(pieces: Floats) -> Floats:
    """Rows of mean 0 and length 1, so that products are correlations."""
    flat = pieces.reshape(len(pieces), -1)
    flat = flat - flat.mean(1, keepdims=True)
    unit: Floats = flat / np.maximum(1e-12, np.linalg.norm(flat, axis=1, keepdims=True))
    return unit


def _alike(likeness: Floats) -> list[NDArray[np.intp]]:
    """Groups of rows by average linkage."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    distance = 1 - (likeness + likeness.T) / 2
    np.fill_diagonal(distance, 0)
    groups = fcluster(linkage(squareform(distance.clip(0), checks=False), "average"), 1 - ALIKE, "distance")
    return [np.flatnonzero(groups == group) for group in np.unique(groups)]
