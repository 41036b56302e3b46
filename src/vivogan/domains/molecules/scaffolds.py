"""Scaffolds: the ring systems of a molecule with what links them (Bemis and Murcko, J. Med. Chem. 39, 2887, 1996)."""

from __future__ import annotations

from collections.abc import Sequence

from rdkit import Chem

from vivogan.domains.molecules.chemistry import molecule
from vivogan.domains.molecules.parallel import mapped


def scaffold(smiles: str) -> str:
    """The canonical SMILES of the scaffold, without stereochemistry; "" where there is no ring, or no molecule.

    >>> scaffold("CCc1ccccc1"), scaffold("CCO")
    ('c1ccccc1', '')
    """
    mol = molecule(smiles)
    if mol is None or not mol.GetRingInfo().NumRings():
        return ""
    found: str = Chem.MolToSmiles(Chem.MurckoDecompose(mol), isomericSmiles=False)
    return found


def scaffolds(smiles: Sequence[str], workers: int | None = None) -> list[str]:
    """The scaffold of each of n molecules, on every free core."""
    return mapped(_scaffolds, list(smiles), workers)


def _scaffolds(smiles: Sequence[str]) -> list[str]:
    return [scaffold(one) for one in smiles]


def scaffold_order(found: Sequence[str]) -> list[list[int]]:
    """Positions by scaffold: the sets from the largest on; of equal ones the set that ends up later in the file first.

    Wu et al., MoleculeNet, Chem. Sci. 9, 513 (2018). Molecules without ring are one set.
    """
    sets: dict[str, list[int]] = {}
    for position, one in enumerate(found):
        sets.setdefault(one, []).append(position)
    return sorted(sets.values(), key=lambda members: (len(members), members[0]), reverse=True)


def scaffold_split(
    smiles: Sequence[str], fractions: tuple[float, float, float] = (0.8, 0.1, 0.1)
) -> tuple[list[int], list[int], list[int]]:
    """Train, valid and test positions of MoleculeNet's scaffold split: frequent scaffolds teach, rare ones test.

    Nothing is random. Each set goes to train while it fits within its fraction, else to valid, else to test.
    """
    ends = len(smiles) * fractions[0], len(smiles) * (fractions[0] + fractions[1])
    train: list[int] = []
    valid: list[int] = []
    test: list[int] = []
    for members in scaffold_order(scaffolds(smiles)):
        if len(train) + len(members) <= ends[0]:
            train += members
        elif len(train) + len(valid) + len(members) <= ends[1]:
            valid += members
        else:
            test += members
    return train, valid, test
