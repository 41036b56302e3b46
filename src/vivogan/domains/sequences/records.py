"""What reading sequences gives: the records, the refusals, and the options that steer it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vivogan.core.configuration import Settings
from vivogan.core.limits import Limits
from vivogan.domains.sequences.alphabets import DNA, Alphabet

TRAIN, SELECTION, TEST = "train", "selection", "test"


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
    found out by looking when "auto".
    """

    labels: str | None = None
    sequence: str | None = None
    split: str | None = None
    group: str | None = None
    alphabet: Literal["auto", "dna", "rna", "protein"] = "auto"
    layout: Literal["auto", "free", "aligned", "coding"] = "auto"
    identity: Annotated[float, Field(gt=0, le=1)] = 0.8  # at which sequences are kept on one side of the split
    limits: Limits = Field(default_factory=Limits)
