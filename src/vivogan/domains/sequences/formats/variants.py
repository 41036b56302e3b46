"""Variants of a wild type, as mutational scans list them ("A108D,N144D"): the sequences that they stand for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from vivogan.core.limits import Limits
from vivogan.domains.columns import some
from vivogan.domains.sequences.records import Draft, Item
from vivogan.domains.source import Source
from vivogan.errors import InputError

CHANGE = re.compile(r"(?:p\.)?([A-Za-z])(\d+)([A-Za-z*])")
BETWEEN = re.compile(r"[,;:/_+\s]+")
WILD = ("", "wt", "wildtype", "wild-type", "_wt")  # what stands for no change


def changes(variant: str) -> list[tuple[str, int, str]] | None:
    """(from, place, to) of every change; None when the text is no variant.

    >>> changes("A108D,N144*")
    [('A', 108, 'D'), ('N', 144, '*')]
    """
    if variant.strip().lower() in WILD:
        return []
    found = [CHANGE.fullmatch(word) for word in BETWEEN.split(variant.strip())]
    if not all(found):
        return None
    return [(match[1].upper(), int(match[2]), match[3].upper()) for match in found if match]


def looks_like_variants(cells: list[str]) -> bool:
    """Whether nearly all cells are variants, not all the wild type."""
    found = [changes(cell) for cell in cells]
    return any(found) and sum(one is not None for one in found) >= 0.95 * len(found)


@dataclass(frozen=True)
class Wild:
    """The sequence that variants change."""

    sequence: str
    file: str

    @classmethod
    def read(cls, path: Path, limits: Limits) -> Wild:
        """The only record of a FASTA. Raises ``InputError`` when it holds none or several."""
        source = Source(Path(path), limits)
        lines = [line.strip() for line in source.lines()]
        if sum(line.startswith(">") for line in lines) > 1:
            raise InputError(path, "holds several sequences", mend="Give a FASTA of the wild type alone")
        sequence = "".join(line for line in lines if not line.startswith((">", ";"))).upper().rstrip("*")
        if not sequence or not sequence.isalpha():
            raise InputError(path, "holds no sequence of letters", mend="Give a FASTA of the wild type")
        return cls(sequence, str(path))

    def applied(self, draft: Draft, items: list[Item]) -> list[Item]:
        """The items with whole sequences for variants. What disagrees with the wild type is refused by record; stop
        codons are refused together, as scans have thousands of them."""
        found = [changes(item.sequence) for item in items]
        first = self.first_place(found)
        draft.notes.append(f"places of the variants count from {first}, by agreement with {Path(self.file).name}")
        kept: list[Item] = []
        stopped: list[Item] = []
        for item, change in zip(items, found, strict=True):
            if change is None:
                draft.refuse(item.file, item.id, f"'{item.sequence[:40]}' is no variant. Write it as A108D,N144D")
            elif any(new == "*" for _, _, new in change):
                stopped.append(item)
            elif (wrong := self.disagreement(change, first)) is not None:
                draft.refuse(item.file, item.id, wrong)
            else:
                item.sequence = self.changed(change, first)
                kept.append(item)
        if stopped:
            reason = f"{len(stopped)} variants hold a stop codon (*) and make no whole protein. Leave them out"
            draft.refuse(stopped[0].file, some([item.id for item in stopped], 3), reason)
        return kept

    def first_place(self, found: list[list[tuple[str, int, str]] | None]) -> int:
        """0 or 1: the number of the first place with which more changes agree."""
        every = [one for change in found if change for one in change]
        hits = [sum(self.at(place - first) == old for old, place, _ in every) for first in (0, 1)]
        return int(hits[1] >= hits[0])

    def at(self, index: int) -> str:
        return self.sequence[index] if 0 <= index < len(self.sequence) else ""

    def disagreement(self, change: list[tuple[str, int, str]], first: int) -> str | None:
        """Why a variant is none of this wild type; None when it is."""
        for old, place, new in change:
            if self.at(place - first) != old:
                has = self.at(place - first) or "nothing"
                return f"{old}{place}{new}: the wild type has {has} at {place}. Check the wild type or the variant"
        if len({place for _, place, _ in change}) != len(change):
            return "changes one place twice. Correct the variant"
        return None

    def changed(self, change: list[tuple[str, int, str]], first: int) -> str:
        letters = list(self.sequence)
        for _, place, new in change:
            letters[place - first] = new
        return "".join(letters)
