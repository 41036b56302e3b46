"""Screening against the user's own list of sequences of concern: windows that are nearly the same, without gaps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.sequences.alphabets import DNA, GAP, PROTEIN, Alphabet
from vivogan.domains.sequences.formats.registry import read_into
from vivogan.domains.sequences.kmers import ABSENT, codes, words
from vivogan.domains.sequences.records import Draft, ReadOptions
from vivogan.errors import InputError

Ints = NDArray[np.int64]
NUCLEIC = 0.9  # share of A, C, G, T, U and N from which an entry of the list is nucleic
SCORED = 2_000_000  # places of diagonals compared at a time


@dataclass(frozen=True)
class Verdict:
    """``judged``: the screener could say something; ``hit``: why the sequence is withheld, empty where it is not."""

    judged: bool
    hit: str = ""


@dataclass(frozen=True)
class Measure:
    """A hit is a window of ``window`` letters that an entry shares at ``identity``, place by place.

    Such a window always has a common word of ``word`` letters: its few differences cut it into pieces, of which one is
    at least so long. So no window is missed.
    """

    alphabet: Alphabet
    window: int
    identity: float
    word: int


BASES = Measure(DNA, 50, 0.9, 8)  # 5 differences, 6 pieces of 45 letters
RESIDUES = Measure(PROTEIN, 17, 0.8, 4)  # 3 differences, 4 pieces of 14 letters; 17 residues are 51 bases


class Listed:
    """Judges sequences by a FASTA of sequences of concern, nucleic and protein mixed.

    Bases are compared with bases, on both strands; what six frames of reading give with the proteins, and with the six
    frames of the nucleic entries, so that other codons for the same protein do not hide it. An entry shorter than the
    window is looked for whole. Sequences shorter than the window are not judged, although they may hit short entries.
    """

    def __init__(self, path: Path) -> None:
        self.name = f"list {path.name}"
        entries = read_list(path)
        nucleic = [(name, text) for name, text in entries if is_nucleic(text)]
        frames = [(name, text) for name, dna in nucleic for text in six_frames(dna)]
        proteins = [(name, text) for name, text in entries if not is_nucleic(text)]
        self.bases = Index([(name, as_dna(text)) for name, text in nucleic], BASES)
        self.residues = Index(
            proteins + frames, RESIDUES, [len(p) for _, p in proteins] + [RESIDUES.window] * len(frames)
        )

    def __call__(self, sequences: Sequence[str], alphabet: Alphabet) -> list[Verdict]:
        return [self.judge(sequence.replace(GAP, ""), alphabet) for sequence in sequences]

    def judge(self, sequence: str, alphabet: Alphabet) -> Verdict:
        """A verdict that names the entry; ``sequence`` has no gaps."""
        if alphabet is PROTEIN:
            hit = self.residues.hit(sequence)
            return Verdict(bool(hit) or len(sequence) >= RESIDUES.window, hit)
        dna = as_dna(sequence)
        texts = [(self.bases, dna), (self.bases, DNA.reverse_complement(dna))]
        texts += [(self.residues, frame) for frame in six_frames(dna)]
        hit = next(filter(None, (index.hit(text) for index, text in texts)), "")
        return Verdict(bool(hit) or len(dna) >= BASES.window, hit)


class Index:
    """The words of named texts, and where each stands.

    ``least`` [n] are the lengths that a window may not fall below: those of short entries, else the full window.
    """

    def __init__(self, entries: Sequence[tuple[str, str]], measure: Measure, least: Sequence[int] = ()) -> None:
        self.measure, self.names = measure, [name for name, _ in entries]
        lengths = np.array([len(text) for _, text in entries], np.int64)
        self.starts = np.cumsum(lengths + 1) - (lengths + 1)  # one separator after each
        self.stops = self.starts + lengths
        own = lengths if not len(least) else np.array(least, np.int64)
        self.windows = np.minimum(measure.window, own)
        self.codes = codes(["#".join(text for _, text in entries)], measure.alphabet.letters)[0]
        number = words(self.codes[None], measure.word, len(measure.alphabet.letters))[0]
        places = np.flatnonzero(number != ABSENT)
        order = np.argsort(number[places], kind="stable")
        self.places, self.words = places[order], number[places][order]

    def hit(self, text: str) -> str:
        """The first entry that shares a window with the text, as "name (46 of 50)"; empty where none does."""
        query = codes([text], self.measure.alphabet.letters)[0]
        shift, entry = self._diagonals(query)
        rows = max(1, SCORED // max(1, len(query)))
        for start in range(0, len(shift), rows):
            found = self._compared(query, shift[start : start + rows], entry[start : start + rows])
            if found:
                return found
        return ""

    def _diagonals(self, query: NDArray[np.int16]) -> tuple[Ints, Ints]:
        """Where the text would have to begin for a common word, and in which entry, [d] each."""
        number = words(query[None], self.measure.word, len(self.measure.alphabet.letters))[0]
        first = np.searchsorted(self.words, number, "left")
        count = np.where(number == ABSENT, 0, np.searchsorted(self.words, number, "right") - first)
        ends = np.cumsum(count)
        at = np.repeat(first - (ends - count), count) + np.arange(ends[-1] if len(ends) else 0)
        place = self.places[at]
        entry = np.searchsorted(self.starts, place, "right") - 1
        both = np.unique(np.stack([place - np.repeat(np.arange(len(number)), count), entry]), axis=1)
        return both[0], both[1]

    def _compared(self, query: NDArray[np.int16], shift: Ints, entry: Ints) -> str:
        at = shift[:, None] + np.arange(len(query))  # d x L
        inside = (at >= self.starts[entry][:, None]) & (at < self.stops[entry][:, None])
        same = inside & (query != ABSENT) & (self.codes[np.clip(at, 0, len(self.codes) - 1)] == query)
        total = np.pad(np.cumsum(same, 1), ((0, 0), (1, 0)))
        for window in np.unique(self.windows[entry]).tolist():
            if not 0 < window <= len(query):
                continue
            rows = np.flatnonzero(self.windows[entry] == window)
            best = (total[rows, window:] - total[rows, :-window]).max(1)
            if best.max() >= math.ceil(self.measure.identity * window - 1e-9):
                return f"{self.names[entry[rows[best.argmax()]]]} ({best.max()} of {window})"
        return ""


def read_list(path: Path) -> list[tuple[str, str]]:
    """Names and sequences of the list. Raises ``InputError``: a list that cannot be read whole does not screen."""
    if not path.is_file():
        raise InputError(path, "the list of sequences of concern does not exist", mend="Check the path")
    draft = Draft(str(path))
    read_into(draft, path, ReadOptions())
    if draft.refusals:
        raise InputError(path, f"the list is damaged: {draft.refusals[0].reason}", draft.refusals[0].record)
    entries = [(item.id, item.sequence.upper().replace(GAP, "").replace("*", "")) for item in draft.items]
    short = next((name for name, text in entries if len(text) < RESIDUES.word), None)
    if not entries or short is not None:
        raise InputError(
            path, "holds nothing to screen against" if short is None else "is too short to look for", short
        )
    return entries


def is_nucleic(text: str) -> bool:
    return sum(letter in "ACGTUN" for letter in text) >= NUCLEIC * len(text)


def as_dna(text: str) -> str:
    """T for U, N for whatever is no letter of DNA."""
    return "".join(letter if letter in DNA.known else "N" for letter in text.upper().replace("U", "T"))


def six_frames(dna: str) -> list[str]:
    """The proteins that three frames of each strand spell; stop codons are "*"."""
    from Bio.Seq import translate

    dna = as_dna(dna)
    strands = (dna, DNA.reverse_complement(dna))
    frames = [strand[shift : shift + (len(strand) - shift) // 3 * 3] for strand in strands for shift in range(3)]
    return [str(translate(frame)) for frame in frames if frame]
