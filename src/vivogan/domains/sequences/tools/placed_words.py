"""The plain way to find motifs: words that begin at one place more often than their evenly spread beginnings would."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.sequences.kmers import ABSENT, codes, words
from vivogan.domains.sequences.tools.motif import Motif, Site, of_sites

SOURCE = "words"
LEAST = 6.0  # z from which a word is bound to its place
SIMILAR = 3.0  # z from which a word with one other letter, at the same place, is a site of the same motif
FLANK = 4


def placed_words(
    sequences: Sequence[str], letters: str, k: int = 6, tolerance: int = 5, most: int = 8, few: int = 10
) -> list[Motif]:
    """At most ``most`` motifs: a word bound to one place, with the words one letter from it that are bound there too.

    z = (a − e) / √e of the a beginnings in a window of 2 ``tolerance`` + 1 places, of which e would be there were the
    word's beginnings spread evenly. The sites of a motif are taken out before the next one is looked for.
    """
    coded = codes(sequences, letters)
    found = words(coded, k, len(letters))  # n x places
    window = 2 * tolerance + 1
    motifs = list[Motif]()
    for _ in range(most if found.shape[1] >= 2 * window else 0):
        best = _best(found, window, few)
        if best is None:
            break
        word, start = best
        sites = _sites(found, word, start, window, k, len(letters))
        wide = [Site(site.row, site.start - FLANK) for site in sites]
        draft = Motif("", SOURCE, letters, np.zeros((0, len(letters))), wide, placed=True)
        motif = of_sites(draft, coded.astype(np.int64), k + 2 * FLANK, False)
        if motif is not None and len(sites) >= few:
            motifs.append(motif)
        for site in sites:
            found[site.row, max(0, site.start - k + 1) : site.start + k] = ABSENT
    return motifs


def _best(found: NDArray[np.int64], window: int, few: int) -> tuple[int, int] | None:
    """The word most bound to a window, and where the window begins."""
    places = found.shape[1]
    common, index, total = np.unique(found, return_inverse=True, return_counts=True)
    flat = index.reshape(found.shape) * places + np.arange(places)
    at = np.bincount(flat.ravel(), minlength=len(common) * places).reshape(-1, places)
    chosen = (total >= few) & (common != ABSENT)
    if not chosen.any():
        return None
    common, at = common[chosen], at[chosen]
    sums = np.pad(at, ((0, 0), (1, 0))).cumsum(1)
    expected = at.sum(1) * window / places
    score = ((sums[:, window:] - sums[:, :-window]).max(1) - expected) / np.sqrt(expected)
    best = int(score.argmax())
    start = int((sums[best, window:] - sums[best, :-window]).argmax())
    return (int(common[best]), start) if score[best] > LEAST else None


def _sites(found: NDArray[np.int64], word: int, start: int, window: int, k: int, count: int) -> list[Site]:
    """The first site of each sequence in the window: the word itself before words like it."""
    digits = word // count ** np.arange(k) % count
    near = [word + (other - int(digits[i])) * count**i for i in range(k) for other in range(count)]
    piece = found[:, start : start + window]
    taken, sites = np.zeros(len(found), bool), list[Site]()
    for candidate in [word, *(w for w in near if w != word)]:
        hit = piece == candidate
        expected = (found == candidate).sum() * window / found.shape[1]
        if candidate != word and hit.sum() - expected < SIMILAR * np.sqrt(max(expected, 1e-9)):
            continue
        for row in np.flatnonzero(hit.any(1) & ~taken).tolist():
            sites.append(Site(row, start + int(hit[row].argmax())))
            taken[row] = True
    return sites
