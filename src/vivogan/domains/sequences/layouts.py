"""What sequences are, by looking: their alphabet, and whether they are the rows of an alignment."""

from __future__ import annotations

from collections import Counter

from vivogan.domains.sequences.alphabets import DNA, GAP, PROTEIN, RNA, Alphabet

NUCLEIC = 0.95  # the share of letters ACGTUN (M: a mask) from where sequences are DNA or RNA
LOOKED_AT = 5000  # sequences by whose letters the alphabet is found
LOWER = str.maketrans("", "", "abcdefghijklmnopqrstuvwxyz.")


def found_alphabet(sequences: list[str]) -> Alphabet:
    """DNA, RNA or protein, by the letters of sequences spread over the whole."""
    step = max(1, len(sequences) // LOOKED_AT)
    sample = "".join(sequence[:2000] for sequence in sequences[::step]).upper()
    counts = Counter({letter: sample.count(letter) for letter in set(sample) if letter.isalpha()})
    nucleic = sum(counts[letter] for letter in "ACGTUNM")
    if nucleic < NUCLEIC * counts.total():
        return PROTEIN
    return RNA if counts["U"] > counts["T"] else DNA


def majority(lengths: list[int]) -> int:
    """The commonest length; of equals the longest."""
    counts = Counter(lengths)
    return max(counts, key=lambda length: (counts[length], length))


def agreement(rows: list[str]) -> int:
    """How many rows have the commonest length."""
    return max(Counter(map(len, rows)).values(), default=0)


def has_insertions(sequences: list[str]) -> bool:
    """Whether lower case and "." stand outside the alignment (A2M, A3M; SAM manual, Hughey and Krogh 1996).

    They do when more rows agree in length without them; of equals when "." stands beside lower-case letters, as a
    soft-masked alignment has no need of ".".
    """
    if not any(sequence != sequence.upper() for sequence in sequences):
        return False
    without, whole = agreement([sequence.translate(LOWER) for sequence in sequences]), agreement(sequences)
    return without > whole or (without == whole and any("." in sequence for sequence in sequences))


def aligned_rows(sequences: list[str], insertions: bool = False) -> tuple[list[str], int]:
    """The rows of an alignment of match columns, and how many rows had insertions.

    ``insertions`` says that the format is A2M or A3M; else it is found out. "." is a gap where it is no insertion.
    """
    if insertions or has_insertions(sequences):
        rows = [sequence.translate(LOWER) for sequence in sequences]
        return rows, sum(row != sequence for row, sequence in zip(rows, sequences, strict=True))
    return [sequence.replace(".", GAP) for sequence in sequences], 0


def is_alignment(sequences: list[str]) -> bool:
    """Whether gaps occur and most rows agree in length."""
    if not any(GAP in sequence or "." in sequence for sequence in sequences):
        return False
    return agreement(aligned_rows(sequences)[0]) > len(sequences) / 2
