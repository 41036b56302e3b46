"""Molecules with measured numbers, yes or no, or a class, as the task reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.core.configuration import validated
from vivogan.domains.columns import is_measured, some
from vivogan.domains.molecules import data as molecules
from vivogan.domains.molecules.records import MoleculeRecords, ReadOptions
from vivogan.domains.molecules.tools.recipes import RECIPES
from vivogan.domains.tasks.labelled import Labelled, is_yes_or_no
from vivogan.domains.tasks.targets import Targets
from vivogan.errors import InputError, UserError


@dataclass(frozen=True)
class ActivityData(Labelled):
    """``MoleculeRecords`` of which some have a label; ``generator`` is the run folder of one that knows such molecules,
    or ""."""

    records: MoleculeRecords
    generator: str = ""

    @cached_property
    def targets(self) -> Targets:
        """Every column that is measured, or that says yes or no, as the first does; else the classes of the first."""
        columns = {name: values.tolist() for name, values in self.records.labels.items()}
        first = next(iter(columns))
        measured = [name for name, own in columns.items() if name in self.records.units or is_measured(own)]
        if first in measured:
            return Targets(measured)
        if is_yes_or_no(columns[first]):
            return Targets([name for name, own in columns.items() if is_yes_or_no(own)], chances=True)
        return Targets(sorted({value for value in columns[first] if value}), first)

    def groups(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """What of the rows is dealt to folds together: groups of the source, else whole scaffolds, else each alone."""
        if self.records.group is not None:
            return np.unique(self.records.group[rows], return_inverse=True)[1]
        if self.records.splitting == "random":
            return np.arange(len(rows))
        names = [self.records.scaffolds[i] or f"no ring {i}" for i in rows.tolist()]
        return np.unique(names, return_inverse=True)[1]

    def fingerprint(self) -> dict[str, Any]:
        return molecules.fingerprint(self.records)

    def digest(self) -> str:
        return molecules.content_hash(self.records)


def read(source: Path, options: Mapping[str, str]) -> ActivityData:
    """Read molecules with labels; ``recipe`` names their columns, ``generator`` a run of molecules like them.

    Raises ``InputError``, and ``UserError`` when there is no such recipe.
    """
    chosen = {name: value for name, value in options.items() if name in ReadOptions.model_fields}
    recipe = options.get("recipe")
    records = cooked(source, chosen, recipe) if recipe else molecules.read(source, validated(ReadOptions, chosen))
    return ActivityData(records, options.get("generator", ""))


def cooked(source: Path, chosen: Mapping[str, str], name: str) -> MoleculeRecords:
    """Read by a recipe: the first of its sets of columns that the file has."""
    if name not in RECIPES:
        raise UserError(f"recipe {name}: there is none of this name", f"Known: {', '.join(RECIPES)}")
    if "labels" in chosen:
        raise UserError(f"recipe {name}: it names the columns, and so do the labels", "Give one of the two")
    failed: InputError | None = None
    for columns in RECIPES[name].labels:
        try:
            return molecules.read(source, validated(ReadOptions, dict(chosen) | {"labels": ",".join(columns)}))
        except InputError as error:
            failed = failed or error
    assert failed is not None
    if len(RECIPES[name].labels) == 1:
        raise failed
    known = some([" and ".join(columns) for columns in RECIPES[name].labels], 9)
    raise InputError(
        source, f"has none of the columns of '{name}' ({known})", mend="Name yours with --labels"
    ) from failed
