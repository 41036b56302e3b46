"""The three alphabets, with the ambiguity letters of IUPAC (Cornish-Bowden 1985; IUPAC-IUB 1984)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

GAP = "-"


@dataclass(frozen=True)
class Alphabet:
    """``letters`` in the order of one-hot rows; ``ambiguous`` maps a letter to those that it may stand for."""

    name: str
    letters: str
    ambiguous: Mapping[str, str]
    complement: Mapping[str, str]  # empty where there is none

    @property
    def known(self) -> frozenset[str]:
        """Every letter that a sequence may hold; the gap is no letter."""
        return frozenset(self.letters) | frozenset(self.ambiguous)

    def reverse_complement(self, sequence: str) -> str:
        """The other strand, read in its own direction; ambiguity letters too."""
        return "".join(self.complement[letter] for letter in reversed(sequence))


_NUCLEIC = {
    "R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC",
    "B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG", "N": "ACGT",
}  # fmt: skip
_PAIRS = dict(zip("ACGTRYSWKMBDHVN-", "TGCAYRSWMKVHDBN-", strict=True))
_AMINO = "ACDEFGHIKLMNPQRSTVWY"

DNA = Alphabet("DNA", "ACGT", _NUCLEIC, _PAIRS)
RNA = Alphabet(
    "RNA",
    "ACGU",
    {letter: stands.replace("T", "U") for letter, stands in _NUCLEIC.items()},
    {letter.replace("T", "U"): other.replace("T", "U") for letter, other in _PAIRS.items()},
)
# U (selenocysteine) and O (pyrrolysine) are read as the amino acids that they replace.
PROTEIN = Alphabet("protein", _AMINO, {"B": "DN", "Z": "EQ", "J": "IL", "X": _AMINO, "U": "C", "O": "K"}, {})

ALPHABETS: Mapping[str, Alphabet] = {alphabet.name.lower(): alphabet for alphabet in (DNA, RNA, PROTEIN)}
