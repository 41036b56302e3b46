"""Position weight matrices: read, scanned with exact p-values on both strands, compared between two sets."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from vivogan.domains.sequences.kmers import codes
from vivogan.errors import InputError

Floats = NDArray[np.float64]
STEPS = 100  # parts of a bit in which scores are counted for p-values
PSEUDOCOUNT = 0.8  # in each matrix column, shared by the background (Nishida et al. 2009)
_NUMBER = re.compile(r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?")


@dataclass(frozen=True)
class Matrix:
    """Counts or shares [w, 4] of A, C, G and T at each place of a motif."""

    name: str
    counts: Floats

    def log_odds(self, background: Floats) -> Floats:
        """Scores [w, 4] in bits against a background [4], rounded to parts of a bit so that p-values are exact."""
        total = self.counts.sum(1, keepdims=True)
        scale = np.where(total > 1.5, 1.0, 100.0)  # shares are read as of a hundred sites
        counts = self.counts * scale + PSEUDOCOUNT * background
        odds = np.log2(counts / counts.sum(1, keepdims=True) / background)
        return np.round(odds * STEPS) / STEPS


@dataclass(frozen=True)
class HitRates:
    """Shares of sequences with at least one hit, [m] each, by motif; ``r`` is their correlation."""

    names: tuple[str, ...]
    real: Floats
    made: Floats

    @property
    def r(self) -> float:
        if self.real.std() == 0 or self.made.std() == 0:
            return 0.0
        return float(np.corrcoef(self.real, self.made)[0, 1])

    @property
    def error(self) -> float:
        """The mean absolute difference."""
        return float(np.abs(self.real - self.made).mean())

    def largest(self, count: int = 10) -> list[tuple[str, float, float]]:
        """The motifs whose rates differ most: name, real, generated."""
        order = np.argsort(-np.abs(self.real - self.made), kind="stable")[:count]
        return [(self.names[i], float(self.real[i]), float(self.made[i])) for i in order]


def read_matrices(path: Path) -> list[Matrix]:
    """Motifs of a file, plain or .gz: JASPAR (four rows, ``A [ 4 19 … ]``), the transposed form (``>id_name``, then one
    row of A C G T a place) or MEME (``MOTIF``, ``letter-probability matrix``).

    Raises:
        InputError: not such a file, or a motif that is not of four numbers a place.
    """
    try:
        with gzip.open(path, "rt") if path.suffix == ".gz" else open(path) as stream:
            lines = [line.strip() for line in stream]
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(path, f"cannot be read ({error})", mend="Give a JASPAR or MEME motif file") from error
    found = [Matrix(name, _counts(path, name, rows)) for name, rows in _motifs(lines)]
    if not found:
        raise InputError(path, "holds no motif", mend="Give a JASPAR or MEME motif file")
    return found


def _motifs(lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """The name and the lines of numbers of each motif."""
    meme = any(line.startswith("MEME version") for line in lines)
    begins = "MOTIF" if meme else ">"
    name, rows = None, list[str]()
    for line in lines:
        if line.startswith(begins):
            if name is not None:
                yield name, rows
            name, rows = " ".join(line[len(begins) :].split()), []
        elif name is not None and (_NUMBER.match(line) or re.match(r"[ACGTU]\s*[\[\d]", line)):
            rows.append(line)
    if name is not None:
        yield name, rows


def _counts(path: Path, name: str, lines: Sequence[str]) -> Floats:
    rows = [[float(number) for number in _NUMBER.findall(line)] for line in lines]
    lettered = {line[0]: row for line, row in zip(lines, rows, strict=True) if line[0] in "ACGTU"}
    if lettered:
        rows = [lettered.get(letter, lettered.get("U", [])) for letter in "ACGT"]
    if not rows or len({len(row) for row in rows}) != 1:
        raise InputError(path, "rows of unequal length, or none", record=f"motif {name}", mend="Download it again")
    table = np.array(rows, np.float64)
    table = table.T if lettered or (len(table) == 4 and table.shape[1] != 4) else table
    if table.shape[1] != 4 or (table < 0).any() or (table.sum(1) <= 0).any():
        reason = f"{table.shape[1]} numbers a place instead of four, or a place without counts"
        raise InputError(path, reason, record=f"motif {name}", mend="Give counts of A, C, G and T")
    return table


def threshold(scores: Floats, background: Floats, p: float = 1e-4) -> float:
    """The least score that background sequence reaches with at most probability ``p`` at one place; the highest score
    where none is so rare (short motifs). Exact, by adding places one after another (Staden 1989)."""
    whole = np.round(scores * STEPS).astype(np.int64)
    low = whole.min(1)
    chance = np.ones(1)
    for row, least in zip(whole, low, strict=True):
        wider = np.zeros(len(chance) + int(row.max() - least))
        for value, share in zip(row.tolist(), background.tolist(), strict=True):
            wider[value - least : value - least + len(chance)] += share * chance
        chance = wider
    tail = chance[::-1].cumsum()[::-1]  # probability of at least this score
    rare = np.flatnonzero((tail <= p * (1 + 1e-9)) & (tail > 0))
    place = rare[0] if len(rare) else np.flatnonzero(chance)[-1]
    return float((place + low.sum()) / STEPS)


def background_of(sequences: Sequence[str]) -> Floats:
    """The shares [4] of A, C, G and T, made equal on both strands."""
    coded = codes([sequence.replace("U", "T") for sequence in sequences], "ACGT")
    counts = np.bincount(coded[coded >= 0], minlength=4) + 1.0
    both = counts + counts[::-1]
    return both / both.sum()


def hits(
    sequences: Sequence[str], matrices: Sequence[Matrix], p: float = 1e-4, background: Floats | None = None
) -> NDArray[np.bool_]:
    """Whether each sequence has each motif on either strand, [n, m]; a place with an unknown letter is no hit."""
    shares = background_of(sequences) if background is None else background
    scores = [matrix.log_odds(shares) for matrix in matrices]
    least = torch.tensor([threshold(score, shares, p) for score in scores], dtype=torch.float32) - 0.5 / STEPS
    widest = max(len(score) for score in scores)
    widths = torch.tensor([len(score) for score in scores])
    filters = torch.zeros(2, len(scores), 4, widest)
    for i, score in enumerate(scores):
        filters[0, i, :, : len(score)] = torch.from_numpy(score.T)
        filters[1, i, :, : len(score)] = torch.from_numpy(score[::-1, ::-1].T.copy())
    coded = codes([sequence.replace("U", "T") for sequence in sequences], "ACGT").astype(np.int64)
    unit = torch.vstack([torch.eye(4), torch.zeros(1, 4)])  # ABSENT = -1 is the last row
    found = np.zeros((len(sequences), len(scores)), bool)
    for start in range(0, len(sequences), 64):
        x = unit[torch.from_numpy(coded[start : start + 64])].transpose(1, 2)  # b x 4 x L
        x = torch.nn.functional.pad(x, (0, widest))
        for strand in filters:
            found[start : start + 64] |= (_scanned(x, strand, widths) >= least).numpy()
    return found


def _scanned(x: torch.Tensor, filters: torch.Tensor, widths: torch.Tensor) -> torch.Tensor:
    """The best score [b, m] of each motif where it lies on known letters alone, minus infinity where nowhere."""
    scores = torch.nn.functional.conv1d(x, filters)  # b x m x places
    known = torch.nn.functional.pad(x.sum(1).cumsum(1), (1, 0))  # b x L + 1: known letters before each place
    places = torch.arange(scores.shape[2])
    covered = known[:, places[None] + widths[:, None]] - known[:, places][:, None]  # b x m x places
    return scores.masked_fill(covered < widths[:, None], -torch.inf).amax(2)


def hit_rates(real: Sequence[str], made: Sequence[str], matrices: Sequence[Matrix], p: float = 1e-4) -> HitRates:
    """How often each motif is found in real and in generated sequences, at thresholds of the real background."""
    background = background_of(real)
    a, b = (hits(sequences, matrices, p, background).mean(0) for sequences in (real, made))
    return HitRates(tuple(matrix.name for matrix in matrices), a, b)
