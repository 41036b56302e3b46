"""What reading sequences gives: the records, the refusals, and the options that steer it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vivogan.core.configuration import Settings
from vivogan.core.limits import Limits, check_records
from vivogan.domains.sequences.alphabets import DNA, Alphabet


@dataclass(frozen=True)
class Refusal:
    """One file, or one record of it, that cannot be used; ``reason`` also says how to mend it."""

    file: str
    record: str | None
    reason: str


@dataclass(frozen=True)
class SequenceRecords:
    """Sequences with their names and labels.

    ``sequences`` are n strings in upper case, of the letters and ambiguity letters of ``alphabet``; where ``aligned``
    all have one length and "-" is a gap. ``coding``: DNA of whole codons (one reading frame from start to end).
    ``labels`` maps a column to n strings (empty: unlabelled; numbers as they were written). ``ids`` are unique and
    stable. ``part`` is "train", "selection" or "test" where the source gives a split, ``group`` what must stay on one
    side.
    """

    sequences: list[str]
    labels: dict[str, NDArray[np.str_]]
    ids: list[str]
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    part: NDArray[np.str_] | None = None
    group: NDArray[np.str_] | None = None
    source: str = ""
    alphabet: Alphabet = DNA
    aligned: bool = False
    coding: bool = False
    identity: float = 0.8  # records at least this alike stay on one side of the split
    remarks: list[str] | None = None  # one a record, written after its name ("not screened")

    def __len__(self) -> int:
        return len(self.sequences)

    @property
    def items(self) -> list[str]:
        """The sequences."""
        return self.sequences

    @property
    def classes(self) -> NDArray[np.str_]:
        """The first label column, [n]; empty strings when nothing is labelled."""
        return next(iter(self.labels.values()), np.full(len(self), "", dtype=np.str_))


class ReadOptions(Settings):
    """How to read sequences.

    ``labels`` is a column (or several, separated by commas) of a table, or a key of FASTA headers (``>id expr=3.2``);
    ``sequence`` the column that holds the sequences; ``split`` and ``group`` columns. ``alphabet`` and ``layout`` are
    found out by looking when "auto". ``reference`` is a FASTA of the wild type, where the sequence column holds
    variants of it ("A108D,N144D"). Sequences ``identity`` alike stay on one side of the split.
    """

    labels: str | None = None
    sequence: str | None = None
    split: str | None = None
    group: str | None = None
    reference: Path | None = None
    alphabet: Literal["auto", "dna", "rna", "protein"] = "auto"
    layout: Literal["auto", "free", "aligned", "coding"] = "auto"
    identity: Annotated[float, Field(gt=0, le=1)] = 0.8
    limits: Limits = Field(default_factory=Limits)


@dataclass(slots=True)
class Item:
    """One sequence as it was written, on its way to becoming a record."""

    sequence: str
    id: str
    file: str
    labels: dict[str, str] = field(default_factory=dict)
    part: str = ""
    group: str = ""


@dataclass
class Draft:
    """What a reader has found so far; refusals never stop it.

    ``insertions``: the source says that lower-case letters and "." stand outside the alignment (A2M, A3M);
    ``aligned``: the source is an alignment, whatever its letters.
    """

    source: str
    limits: Limits = field(default_factory=Limits)
    items: list[Item] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    aligned: bool = False
    insertions: bool = False

    def add(self, item: Item) -> None:
        """Raises ``InputError`` beyond ``limits.records``."""
        self.items.append(item)
        check_records(self.source, len(self.items), self.limits)

    def refuse(self, file: str, record: str | None, reason: str) -> None:
        self.refusals.append(Refusal(file, record, reason))
