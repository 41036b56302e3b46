"""Which molecules are worth asking a supplier or a chemist for: simple rules, each of which says why not.

Rules of oral drugs (Lipinski et al. 1997: at most one of four broken; Veber et al. 2002), elements that common building
blocks have, neither dust nor giants, synthetic accessibility (Ertl and Schuffenhauer 2009), and nothing known to
disturb assays (PAINS).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from vivogan.core.configuration import Settings
from vivogan.domains.molecules.alerts import Alert, alerts
from vivogan.domains.molecules.chemistry import molecule
from vivogan.domains.molecules.properties import properties

GOOD = "yes"
NAMES = ("weight", "logp", "donors", "acceptors", "rotatable", "tpsa", "sa", "heavy_atoms")


class OrderRules(Settings):
    """What a molecule must keep to be worth ordering."""

    elements: tuple[str, ...] = ("H", "B", "C", "N", "O", "F", "P", "S", "Cl", "Br", "I")
    smallest: Annotated[int, Field(ge=1)] = 8  # heavy atoms
    largest: Annotated[int, Field(ge=1)] = 50
    lipinski: Annotated[int, Field(ge=0)] = 1  # of the four that may be broken
    rotatable: Annotated[int, Field(ge=0)] = 10
    polar: float = 140.0  # Å²
    accessible: float = 4.5  # 1 easy, 10 hard
    catalogues: tuple[str, ...] = ("PAINS",)  # half of all approved drugs have an alert of the others


def orderable(
    smiles: Sequence[str], rules: OrderRules | None = None, warned: Sequence[Sequence[Alert]] | None = None
) -> list[str]:
    """The word "yes", or why not, for each of n molecules: "no: 14 rotatable bonds; PAINS: azo A".

    ``warned`` are their alerts where they are known already; else those of the rules' catalogues are looked for.
    """
    rules = rules or OrderRules()
    values = properties(smiles, NAMES)
    warned = alerts(smiles, rules.catalogues) if warned is None else warned
    verdicts = []
    for text, row, found in zip(smiles, values, warned, strict=True):
        mol = molecule(text)
        if mol is None or not mol.GetNumAtoms():
            verdicts.append("no: not a molecule")
            continue
        strange = sorted({atom.GetSymbol() for atom in mol.GetAtoms()} - set(rules.elements))
        against = [f"contains {', '.join(strange)}"] if strange else []
        against += _broken(dict(zip(NAMES, row.tolist(), strict=True)), rules)
        against += list(dict.fromkeys(str(alert) for alert in found if alert.catalogue in rules.catalogues))
        verdicts.append(f"no: {'; '.join(against)}" if against else GOOD)
    return verdicts


def _broken(values: Mapping[str, float], rules: OrderRules) -> list[str]:
    """The rules of size, oral availability and making that a molecule breaks, in words."""
    said = []
    if not rules.smallest <= values["heavy_atoms"] <= rules.largest:
        said.append(f"{values['heavy_atoms']:.0f} heavy atoms")
    lipinski = {
        f"weight {values['weight']:.0f}": values["weight"] > 500,
        f"logP {values['logp']:.1f}": values["logp"] > 5,
        f"{values['donors']:.0f} donors": values["donors"] > 5,
        f"{values['acceptors']:.0f} acceptors": values["acceptors"] > 10,
    }
    broken = [name for name, is_broken in lipinski.items() if is_broken]
    if len(broken) > rules.lipinski:
        said.append(f"Lipinski ({', '.join(broken)})")
    if values["rotatable"] > rules.rotatable:
        said.append(f"{values['rotatable']:.0f} rotatable bonds")
    if values["tpsa"] > rules.polar:
        said.append(f"polar surface {values['tpsa']:.0f} Å²")
    if not np.isfinite(values["sa"]) or values["sa"] > rules.accessible:
        said.append(f"hard to make (SA {values['sa']:.1f})")
    return said
