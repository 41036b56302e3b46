"""What molecules are made of, as the suites count it: BRICS fragments and scaffolds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors, rdmolops
from rdkit.Chem.Scaffolds import MurckoScaffold

from vivogan.domains.molecules.chemistry import Mol

LEAST_RINGS = 2  # of a scaffold that counts


def fragments(mol: Mol) -> list[str]:
    """The SMILES of the fragments that BRICS cuts a molecule into (Degen et al. 2008), each as often as it occurs."""
    return Chem.MolToSmiles(rdmolops.FragmentOnBRICSBonds(mol)).split(".")


def scaffold(mol: Mol) -> str | None:
    """The SMILES of the Bemis–Murcko scaffold; None where it has fewer than two rings."""
    if rdMolDescriptors.CalcNumRings(mol) < LEAST_RINGS:
        return None
    try:
        found = MurckoScaffold.GetScaffoldForMol(mol)
    except (ValueError, RuntimeError):  # it cannot be sanitised without its side chains
        return None
    rings = found.GetRingInfo().NumRings()
    return (Chem.MolToSmiles(found) or None) if rings >= LEAST_RINGS else None


def cosine(a: Mapping[str, int], b: Mapping[str, int]) -> float:
    """The cosine of the angle between two tables of counts; NaN where one is empty."""
    if not a or not b:
        return float("nan")
    shared = sum(count * b[name] for name, count in a.items() if name in b)
    lengths = [np.sqrt(float(sum(count * count for count in counts.values()))) for counts in (a, b)]
    return float(shared / (lengths[0] * lengths[1]))
