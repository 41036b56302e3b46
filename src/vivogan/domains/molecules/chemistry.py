"""SMILES ⇄ RDKit molecules, without its log on the user's terminal."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from rdkit import Chem, RDLogger

RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]

Mol = Any  # rdkit.Chem.Mol, which has no types


@lru_cache(maxsize=8192)
def molecule(smiles: str) -> Mol | None:
    """The molecule that a SMILES stands for; None where it stands for none. It is shared: do not change it."""
    return Chem.MolFromSmiles(smiles) if smiles else None


def canonical(mol: Mol) -> str:
    """The canonical isomeric SMILES."""
    found: str = Chem.MolToSmiles(mol)
    return found
