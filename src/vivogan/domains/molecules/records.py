"""What reading molecules gives: the records, the refusals, and the options that steer it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vivogan.core.configuration import Settings
from vivogan.core.limits import Limits


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
