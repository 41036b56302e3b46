"""What reading molecules gives: the records, the refusals, and the options that steer it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vivogan.core.configuration import Settings
from vivogan.core.limits import Limits, check_records


@dataclass(frozen=True)
class Refusal:
    """One file, or one record of it, that cannot be used; ``reason`` also says how to mend it."""

    file: str
    record: str | None
    reason: str


@dataclass(frozen=True)
class MoleculeRecords:
    """Molecules with their names and labels.

    ``smiles`` are n canonical isomeric SMILES (RDKit) of the standardised molecules, each molecule once. ``labels``
    maps a column to n strings (empty: unlabelled; numbers in the unit that ``units`` names, say "pIC50").
    ``ids`` are unique and stable. ``part`` is "train", "selection" or "test" where the source gives a split, ``group``
    what must stay on one side. ``remarks`` are written beside each molecule.
    """

    smiles: list[str]
    labels: dict[str, NDArray[np.str_]]
    ids: list[str]
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    part: NDArray[np.str_] | None = None
    group: NDArray[np.str_] | None = None
    units: dict[str, str] = field(default_factory=dict)
    splitting: Literal["scaffold", "random"] = "scaffold"
    source: str = ""
    remarks: list[str] | None = None

    def __len__(self) -> int:
        return len(self.smiles)

    @property
    def items(self) -> list[str]:
        """The SMILES."""
        return self.smiles

    @property
    def classes(self) -> NDArray[np.str_]:
        """The first label column, [n]; empty strings when nothing is labelled."""
        return next(iter(self.labels.values()), np.full(len(self), "", dtype=np.str_))

    @cached_property
    def scaffolds(self) -> list[str]:
        """The Bemis–Murcko scaffold of each molecule; "" where it has no ring."""
        from vivogan.domains.molecules.scaffolds import scaffolds

        return scaffolds(self.smiles)


class ReadOptions(Settings):
    """How to read molecules.

    ``labels`` is a column (or several, separated by commas) of a table, or a property of an SDF; ``smiles`` the column
    that holds the structures, ``name`` that of their names, ``split`` and ``group`` columns. ``charges``,
    ``fragments``, ``tautomers`` and ``stereo`` say how structures are standardised. ``units`` is the unit of the labels
    where no column or header says so ("nM", "uM"); what is measured as a concentration is kept as its p-value
    (−log₁₀ of mol/l). ``splitting`` is how parts are cut where the source gives none: whole scaffolds, or at random.
    """

    labels: str | None = None
    smiles: str | None = None
    name: str | None = None
    split: str | None = None
    group: str | None = None
    units: str | None = None
    fragments: Literal["largest", "keep"] = "largest"
    charges: Literal["neutral", "keep"] = "neutral"
    tautomers: Literal["keep", "canonical"] = "keep"
    stereo: Literal["keep", "drop"] = "keep"
    splitting: Literal["scaffold", "random"] = "scaffold"
    heaviest: Annotated[int, Field(ge=1)] = 150  # heavy atoms
    limits: Limits = Field(default_factory=Limits)


@dataclass(slots=True)
class Item:
    """One molecule as it was written, on its way to becoming a record. ``row`` is its place in the file."""

    smiles: str
    id: str
    file: str
    row: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    part: str = ""
    group: str = ""

    @property
    def place(self) -> str:
        """How a message names it: ``row 17 (aspirin)``."""
        return f"{self.row} ({self.id})" if self.row and self.id else self.row or self.id


@dataclass
class Draft:
    """What a reader has found so far; refusals never stop it. ``computed`` are labels that the options name and that no
    file has as a column: properties."""

    source: str
    limits: Limits = field(default_factory=Limits)
    items: list[Item] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    computed: list[str] = field(default_factory=list)

    def add(self, item: Item) -> None:
        """Raises ``InputError`` beyond ``limits.records``."""
        self.items.append(item)
        check_records(self.source, len(self.items), self.limits)

    def refuse(self, file: str, record: str | None, reason: str) -> None:
        self.refusals.append(Refusal(file, record, reason))
