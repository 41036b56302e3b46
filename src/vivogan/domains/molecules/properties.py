"""What a molecule is, as numbers: drug-likeness, synthetic accessibility, lipophilicity, size, polarity, shape."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors
from rdkit.Contrib.NP_Score import npscorer  # type: ignore[import-untyped]
from rdkit.Contrib.SA_Score import sascorer  # type: ignore[import-untyped]

from vivogan.domains.molecules.chemistry import Mol, molecule
from vivogan.domains.molecules.parallel import mapped
from vivogan.domains.molecules.qed import qed

Floats = NDArray[np.float64]


def accessibility(mol: Mol) -> float:
    """Synthetic accessibility (Ertl and Schuffenhauer 2009): 1 is easy to make, 10 hard."""
    found = sascorer.calculateScore(mol)
    return float("nan") if found is None else float(found)


def natural_likeness(mol: Mol) -> float:
    """Natural-product likeness (Ertl, Roggo and Schuffenhauer 2008), about -5 to 5; natural products are above 0."""
    return float(npscorer.scoreMol(mol, _natural_fragments())) if mol.GetNumAtoms() else float("nan")


@cache
def _natural_fragments() -> Any:
    with contextlib.redirect_stderr(io.StringIO()):  # it says on the terminal that it reads
        return npscorer.readNPModel()


PROPERTIES: dict[str, Callable[[Mol], float]] = {
    "qed": qed,
    "sa": accessibility,
    "logp": lambda mol: float(rdMolDescriptors.CalcCrippenDescriptors(mol)[0]),
    "weight": lambda mol: float(rdMolDescriptors._CalcMolWt(mol)),  # what RDKit's Descriptors.MolWt is
    "tpsa": lambda mol: float(rdMolDescriptors.CalcTPSA(mol)),
    "donors": lambda mol: float(rdMolDescriptors.CalcNumHBD(mol)),
    "acceptors": lambda mol: float(rdMolDescriptors.CalcNumHBA(mol)),
    "rotatable": lambda mol: float(rdMolDescriptors.CalcNumRotatableBonds(mol)),
    "rings": lambda mol: float(rdMolDescriptors.CalcNumRings(mol)),
    "aromatic_rings": lambda mol: float(rdMolDescriptors.CalcNumAromaticRings(mol)),
    "heavy_atoms": lambda mol: float(mol.GetNumHeavyAtoms()),
    "heteroatoms": lambda mol: float(rdMolDescriptors.CalcNumHeteroatoms(mol)),
    "stereocentres": lambda mol: float(len(Chem.FindMolChiralCenters(mol, includeUnassigned=True))),
    "charge": lambda mol: float(Chem.GetFormalCharge(mol)),
    "fsp3": lambda mol: float(rdMolDescriptors.CalcFractionCSP3(mol)),
    "np": natural_likeness,
}
LABELS = {
    "qed": "QED (drug-likeness)",
    "sa": "synthetic accessibility (1 easy, 10 hard)",
    "logp": "logP (Crippen)",
    "weight": "molecular weight (Da)",
    "tpsa": "polar surface area (Å²)",
    "donors": "hydrogen-bond donors",
    "acceptors": "hydrogen-bond acceptors",
    "rotatable": "rotatable bonds",
    "rings": "rings",
    "aromatic_rings": "aromatic rings",
    "heavy_atoms": "heavy atoms",
    "heteroatoms": "heteroatoms",
    "stereocentres": "stereocentres",
    "charge": "formal charge (e)",
    "fsp3": "share of sp³ carbon",
    "np": "natural-product likeness",
}


def properties(smiles: Sequence[str], names: Sequence[str] = tuple(PROPERTIES), workers: int | None = None) -> Floats:
    """The named properties [n, k] of n SMILES; a row of NaN where a SMILES is none."""
    rows = mapped(partial(_rows, names=tuple(names)), smiles, workers)
    return np.array(rows, np.float64).reshape(len(smiles), len(names))


def _rows(smiles: Sequence[str], names: tuple[str, ...]) -> list[list[float]]:
    return [described(molecule(text), names) for text in smiles]


def described(mol: Mol | None, names: Sequence[str] = tuple(PROPERTIES)) -> list[float]:
    """The named properties of a molecule; NaN where it is None or empty."""
    if mol is None or not mol.GetNumAtoms():
        return [float("nan")] * len(names)
    return [PROPERTIES[name](mol) for name in names]
