"""Screening: what was made is compared with scheduled and known hazardous substances before anything is written.

Families and substances come with vivogan (``scheduled.py``); whoever has a list of their own names it by ``--screen``
or ``VIVOGAN_SCREEN_MOLECULES``: its molecules and their close analogues are withheld too. A molecule that is withheld
is counted and its reason is named, its structure is not. Passing is no proof of safety.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.core.configuration import Settings
from vivogan.domains.molecules.chemistry import molecule
from vivogan.domains.molecules.parallel import mapped
from vivogan.domains.molecules.records import MoleculeRecords, ReadOptions
from vivogan.domains.molecules.scheduled import FAMILIES, SUBSTANCES, Action, Family
from vivogan.domains.molecules.screens import Screen
from vivogan.errors import UserError

LIST = "VIVOGAN_SCREEN_MOLECULES"
ANALOGUE = 0.85  # Tanimoto similarity of Morgan fingerprints (radius 2) from which two molecules are close analogues
SKELETON = 14  # letters of an InChIKey that stand for the structure without stereochemistry
KEY = re.compile(r"[A-Z]{14}(-[A-Z]{10}-[A-Z])?")
UNREADABLE = "cannot be read, and so not be screened"


class ScreenSettings(Settings):
    """``listed``: a file of molecules of concern: SMILES, a table, an SDF, or InChIKeys one a line."""

    listed: Path | None = None

    @classmethod
    def given(cls, listed: Path | str | None = None) -> ScreenSettings:
        """What was asked for, else what ``VIVOGAN_SCREEN_MOLECULES`` names."""
        return cls(listed=Path(found) if (found := listed or os.environ.get(LIST)) else None)


@dataclass(frozen=True)
class Listed:
    """The molecules of concern of a user's own list: InChIKey skeletons, and fingerprints [m, bytes] of structures."""

    name: str
    keys: frozenset[str]
    fingerprints: NDArray[np.uint8]

    @classmethod
    def read(cls, path: Path) -> Listed:
        """Raises ``UserError`` when the file is absent or holds nothing to screen with."""
        from vivogan.domains.molecules.fingerprints import bit_fingerprints

        if not path.is_file():
            raise UserError(f"{path}: the list to screen with is not there", f"Name a file by --screen or {LIST}")
        keys = _keys_of(path)
        smiles = [] if keys else _structures(path)
        return cls(path.name, frozenset(keys or skeletons(smiles)), bit_fingerprints(smiles))

    def reasons(self, smiles: Sequence[str], keys: Sequence[str]) -> list[str | None]:
        """Why each of n molecules is of concern, or None."""
        from vivogan.domains.molecules.fingerprints import bit_fingerprints
        from vivogan.domains.molecules.similarity import most_alike

        alike, _ = most_alike(bit_fingerprints(smiles), self.fingerprints)
        same = [not self.keys.isdisjoint(key.split(".")) for key in keys]
        analogue = f"close analogue of what {self.name} lists"
        return [
            f"listed in {self.name}" if known else analogue if near >= ANALOGUE else None
            for known, near in zip(same, alike.tolist(), strict=True)
        ]


@dataclass(frozen=True)
class Screening:
    """What screening found of n molecules.

    ``kept`` [n]; ``reasons`` [n], why a molecule is withheld; ``cautions`` [n], what is written beside one that is not.
    """

    kept: NDArray[np.bool_]
    reasons: list[str | None]
    cautions: list[str]
    against: str

    @property
    def withheld(self) -> dict[str, int]:
        """How many molecules each reason withheld, the most frequent first."""
        return dict(Counter(reason for reason in self.reasons if reason).most_common())

    @property
    def line(self) -> str:
        """One line for people: "2 of 100 molecules withheld (fentanyls: 2); screened against …"."""
        warned = Counter(caution for text in self.cautions for caution in text.split("; ") if caution)
        parts = [f"screened against {self.against}: nothing withheld"]
        if not self.kept.all():
            named = "; ".join(f"{reason}: {count}" for reason, count in self.withheld.items())
            parts = [f"{(~self.kept).sum()} of {len(self.kept)} molecules withheld by screening ({named})"]
        if warned:
            parts.append("with a caution: " + ", ".join(f"{count} {what}" for what, count in warned.most_common()))
        return "; ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """For machines; no structure is in it."""
        return {
            "screened": len(self.kept),
            "kept": int(self.kept.sum()),
            "withheld": self.withheld,
            "line": self.line,
        }


def screen(smiles: Sequence[str], settings: ScreenSettings | None = None) -> Screening:
    """Screen molecules against the families, the substances and the user's list; one hit is enough to be withheld.

    ``settings`` None: as the environment says. Raises ``UserError`` when the list that was named cannot be read: what
    could not be screened as asked is not written.
    """
    settings = ScreenSettings.given() if settings is None else settings
    listed = None if settings.listed is None else Listed.read(settings.listed)
    found = mapped(_families, smiles)
    keys = skeletons(smiles)
    named = [None] * len(smiles) if listed is None else listed.reasons(smiles, keys)
    reasons: list[str | None] = []
    for key, families, own in zip(keys, found, named, strict=True):
        held = next((family.name for family in families or () if family.action is Action.withhold), None)
        known = next((SUBSTANCES[part] for part in key.split(".") if part in SUBSTANCES), None)
        reasons.append(UNREADABLE if families is None else held or known or own)
    cautions = [
        "" if reason else "; ".join(family.name for family in families or ())
        for reason, families in zip(reasons, found, strict=True)
    ]
    kinds = len({family.name for family in FAMILIES if family.action is Action.withhold})
    own = "" if listed is None else f", and {listed.name}"
    against = f"{kinds} families and {len(SUBSTANCES)} substances of concern{own}"
    return Screening(np.array([reason is None for reason in reasons], bool), reasons, cautions, against)


def screened(records: MoleculeRecords, settings: ScreenSettings | None = None) -> tuple[MoleculeRecords, Screening]:
    """The records that may be written, each with its cautions among its remarks, and what screening found."""
    found = screen(records.smiles, settings)
    rows = np.flatnonzero(found.kept).tolist()
    before = records.remarks or [""] * len(records)

    kept = replace(
        records,
        smiles=[records.smiles[i] for i in rows],
        ids=[records.ids[i] for i in rows],
        labels={name: values[rows] for name, values in records.labels.items()},
        part=None if records.part is None else records.part[rows],
        group=None if records.group is None else records.group[rows],
        remarks=["; ".join(part for part in (before[i], found.cautions[i]) if part) for i in rows],
    )
    return kept, found


def skeletons(smiles: Sequence[str]) -> list[str]:
    """First blocks of InChIKeys, those of the parts of a salt with a point between; "" where there is no molecule."""
    return mapped(_skeletons, smiles)


def _skeletons(smiles: Sequence[str]) -> list[str]:
    from rdkit.Chem import GetMolFrags, inchi

    found = []
    for text in smiles:
        mol = molecule(text)
        parts = () if mol is None else GetMolFrags(mol, asMols=True, sanitizeFrags=False)
        found.append(".".join(inchi.MolToInchiKey(part)[:SKELETON] for part in parts))
    return found


@cache
def _patterns() -> Screen:
    from rdkit.Chem import MolFromSmarts

    return Screen([MolFromSmarts(family.smarts) for family in FAMILIES])


def _families(smiles: Sequence[str]) -> list[list[Family] | None]:
    """The families of each of n molecules, in the order of ``FAMILIES``; None where it cannot be read."""
    mols = map(molecule, smiles)
    return [None if mol is None else [FAMILIES[i] for i in sorted(_patterns().matches(mol))] for mol in mols]


def _structures(path: Path) -> list[str]:
    from vivogan.domains.molecules import data

    return data.read(path, ReadOptions()).smiles


def _keys_of(path: Path) -> set[str]:
    """The skeletons in a file that has an InChIKey at the beginning of every line; none of another file."""
    from vivogan.core.limits import Limits, check_file

    check_file(path, Limits())
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError:
        return set()
    first = [re.split(r"[\s,;]", line.strip(), maxsplit=1)[0] for line in lines if line.strip()]
    return {word[:SKELETON] for word in first} if first and all(map(KEY.fullmatch, first)) else set()
