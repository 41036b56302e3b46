"""A motif that was found: its letters, where its sites stand, and what it adds to the score that it was found by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.sequences.matrices import Matrix

Floats = NDArray[np.float64]
TRIM = 0.05  # bits: the ends of a motif say at least so much; weak flanks help to know a motif again
CHANCE = 1e-3  # and are so rare where letters are drawn evenly
LEAST_WIDTH, LEAST_BITS = 4, 5.0


@dataclass(frozen=True)
class Site:
    """The motif of sequence ``row`` begins at ``start`` of the strand as written; ``forward``: and is read there."""

    row: int
    start: int
    forward: bool = True


@dataclass(frozen=True)
class Motif:
    """``counts`` [w, A] of the letters of its sites; ``added`` [w, A]: what these letters add to the score, the mean
    of the sites; None without a score.

    ``source``: what it was found in. ``sign``: +1 where it raises the score, −1 where it lowers it. ``placed``: it is
    bound to the places where its sites begin.
    """

    name: str
    source: str
    letters: str
    counts: Floats
    sites: Sequence[Site]
    added: Floats | None = None
    sign: int = 1
    placed: bool = False

    @property
    def within(self) -> tuple[int, int] | None:
        """The first and the last place at which it begins, where it is bound to them."""
        starts = [site.start for site in self.sites]
        return (min(starts), max(starts)) if self.placed else None

    @property
    def matrix(self) -> Matrix:
        return Matrix(self.name, self.counts)

    @property
    def shares(self) -> Floats:
        return self.counts / np.maximum(1e-9, self.counts.sum(1, keepdims=True))

    @property
    def consensus(self) -> str:
        """The commonest letter of each place; lower case where it is rarer than half."""
        best = self.shares.argmax(1)
        words = [self.letters[i] for i in best]
        return "".join(w if s >= 0.5 else w.lower() for w, s in zip(words, self.shares.max(1), strict=True))

    @property
    def forward(self) -> float:
        """The share of sites on the strand as written."""
        return float(np.mean([site.forward for site in self.sites]))


def bits(counts: Floats) -> Floats:
    """The information of each place [w] of counts [w, A], with the correction for few sites (Schneider et al. 1986)."""
    total = counts.sum(1)
    shares = counts / np.maximum(1e-9, total)[:, None]
    entropy = -(shares * np.log2(np.maximum(shares, 1e-300))).sum(1)
    size = counts.shape[1]
    return np.maximum(0, np.log2(size) - entropy - (size - 1) / (2 * np.log(2) * np.maximum(1, total)))


def _by_chance(total: Floats, letters: int) -> Floats:
    """The information [w] that ``total`` [w] evenly drawn letters exceed with probability ``CHANCE``.

    By the likelihood ratio test: 2 ln 2 · N · bits is χ² with A − 1 degrees of freedom; its mean is what ``bits`` takes
    off.
    """
    from scipy.stats import chi2

    found: Floats = (chi2.isf(CHANCE, letters - 1) - (letters - 1)) / (2 * np.log(2) * np.maximum(1, total))
    return found


def counted(
    sites: Sequence[Site],
    codes: NDArray[np.int64],
    width: int,
    letters: int,
    both_strands: bool,
    added: Floats | None = None,
) -> tuple[Floats, Floats]:
    """The letters of sites of ``width`` places in letter numbers ``codes`` [n, L] (−1: none), and what they add.

    Returns counts [w, A], and the sums [w, A] of contributions ``added`` [n, A, L], where given.
    """
    counts, sums = np.zeros((width, letters)), np.zeros((width, letters))
    for site in sites:
        at = np.arange(site.start, site.start + width)
        held = np.where((at >= 0) & (at < codes.shape[1]), codes[site.row, at.clip(0, codes.shape[1] - 1)], -1)
        known = np.flatnonzero(held >= 0)
        places, symbols = (known, held[known])
        worth = 0.0 if added is None else added[site.row, symbols, at[known]]
        if both_strands and not site.forward:
            places, symbols = width - 1 - places, letters - 1 - symbols
        counts[places, symbols] += 1
        sums[places, symbols] += worth
    return counts, sums


def of_sites(
    motif: Motif, codes: NDArray[np.int64], width: int, both_strands: bool, added: Floats | None = None
) -> Motif | None:
    """The motif of its sites of ``width`` places, its ends trimmed; None where too little is left to be a motif."""
    counts, sums = counted(motif.sites, codes, width, len(motif.letters), both_strands, added)
    total = counts.sum(1)
    told = bits(counts) * (total >= 0.5 * len(motif.sites))
    strong = np.flatnonzero(told >= np.maximum(TRIM, _by_chance(total, len(motif.letters))))
    if not len(strong) or strong[-1] - strong[0] + 1 < LEAST_WIDTH or told.sum() < LEAST_BITS:
        return None
    first, stop = int(strong[0]), int(strong[-1]) + 1
    sites = [replace(site, start=site.start + (first if site.forward else width - stop)) for site in motif.sites]
    mean = None if added is None else sums[first:stop] / len(sites)
    return replace(motif, counts=counts[first:stop], sites=sites, added=mean)
