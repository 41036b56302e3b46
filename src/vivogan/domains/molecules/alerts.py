"""Structural alerts: substructures that disturb assays or that chemists would not keep, and where they are.

PAINS (Baell and Holloway 2010, families A to C) disturb assays of any target; Brenk et al. (2008) and NIH (Jadhav et
al. 2010) list functional groups that are reactive, unstable or toxic. An alert is a hint to look, not a verdict.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from rdkit import Chem, RDConfig
from rdkit.Chem import FilterCatalog

from vivogan.domains.molecules.chemistry import Mol, molecule
from vivogan.domains.molecules.parallel import mapped
from vivogan.domains.molecules.screens import Screen
from vivogan.errors import UserError

USUAL = ("PAINS", "Brenk")


@dataclass(frozen=True)
class Alert:
    """One alert of one molecule: ``name`` as its catalogue calls it, ``atoms`` where it is (all occurrences)."""

    catalogue: str
    name: str
    atoms: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.catalogue}: {self.name}"


def alerts(smiles: Sequence[str], catalogues: Sequence[str] = USUAL) -> list[list[Alert]]:
    """The alerts of each of n molecules; none where a SMILES cannot be read.

    Raises ``UserError`` for a catalogue that there is not.
    """
    for name in catalogues:
        if name not in CATALOGUES:
            raise UserError(f"{name}: no catalogue of alerts", f"There are {', '.join(CATALOGUES)}")
    return mapped(partial(_of_each, catalogues=tuple(catalogues)), smiles)


def counted(found: Sequence[Sequence[Alert]]) -> dict[str, int]:
    """How many molecules have each alert, the most frequent first."""
    counts: dict[str, int] = {}
    for each in found:
        for alert in dict.fromkeys(map(str, each)):
            counts[alert] = counts.get(alert, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _of_each(smiles: Sequence[str], catalogues: tuple[str, ...]) -> list[list[Alert]]:
    mols = map(molecule, smiles)
    return [[] if mol is None else [alert for name in catalogues for alert in CATALOGUES[name](mol)] for mol in mols]


def _pains(mol: Mol) -> list[Alert]:
    """PAINS by RDKit's own file of them: its catalogue finds the same, seven times slower."""
    names, screen = _pains_patterns()
    found = sorted(screen.matches(mol))
    return [Alert("PAINS", names[i], _everywhere(mol.GetSubstructMatches(screen.queries[i]))) for i in found]


@cache
def _pains_patterns() -> tuple[list[str], Screen]:
    with (Path(RDConfig.RDDataDir) / "Pains" / "wehi_pains.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file))
    names = [_words(name.removeprefix("<regId=").removesuffix(">")) for _, name in rows]
    return names, Screen([Chem.MergeQueryHs(Chem.MolFromSmarts(smarts)) for smarts, _ in rows])


def _published(mol: Mol, name: str) -> list[Alert]:
    """The alerts of a catalogue that comes with RDKit."""
    found = _catalogue(name.upper()).GetMatches(mol)
    return [Alert(name, _words(entry.GetDescription()), _atoms(entry, mol)) for entry in found]


@cache
def _catalogue(name: str) -> Any:
    wanted = FilterCatalog.FilterCatalogParams()
    wanted.AddCatalog(getattr(FilterCatalog.FilterCatalogParams.FilterCatalogs, name))
    return FilterCatalog.FilterCatalog(wanted)


CATALOGUES: Mapping[str, Callable[[Mol], list[Alert]]] = {
    "PAINS": _pains,
    "Brenk": partial(_published, name="Brenk"),
    "NIH": partial(_published, name="NIH"),
}


def _words(name: str) -> str:
    """``>_2_ester_groups`` as "> 2 ester groups", ``ene_six_het_A(483)`` as "ene six het A"."""
    return (name.split("(")[0] if name.endswith(")") else name).replace("_", " ").strip()


def _atoms(entry: Any, mol: Mol) -> tuple[int, ...]:
    """Where an entry of a catalogue matches; RDKit itself tells of one place only."""
    patterns = [match.filterMatch.GetPattern() for match in entry.GetFilterMatches(mol)]
    return _everywhere([found for pattern in patterns for found in mol.GetSubstructMatches(pattern)])


def _everywhere(matches: Sequence[Sequence[int]]) -> tuple[int, ...]:
    return tuple(sorted({atom for match in matches for atom in match}))
