"""What each atom does to a prediction: it is replaced by an atom of no element, and the change is its weight."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rdkit import Chem

from vivogan.domains.molecules.chemistry import Mol, molecule
from vivogan.domains.molecules.tools.predictor import Predictor
from vivogan.domains.tasks.targets import Floats


def masked(smiles: str) -> list[str]:
    """The SMILES with each of its atoms in turn replaced by ``*``, in the order of the atoms; "" where that is no
    molecule.

    >>> masked("CO")
    ['*O', '*C']
    """
    found = []
    mol: Mol = molecule(smiles)
    for index in range(0 if mol is None else mol.GetNumAtoms()):
        changed = Chem.RWMol(mol)
        atom = changed.GetAtomWithIdx(index)
        atom.SetAtomicNum(0)
        atom.SetFormalCharge(0)
        atom.SetNumExplicitHs(0)
        atom.SetNoImplicit(True)
        atom.SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
        text = Chem.MolToSmiles(changed)
        found.append(text if molecule(text) is not None else "")
    return found


def atom_weights(model: Predictor, smiles: Sequence[str], target: int) -> list[Floats]:
    """How much each atom raises the prediction of a target (a number, or log-odds), one array [atoms] a molecule.

    Sheridan, J. Chem. Inf. Model. 59, 1324 (2019): every descriptor is computed again without the element, so every
    member of the predictor is explained in the same way; Riniker and Landrum (J. Cheminf. 5, 43, 2013) take the
    fingerprint's bits away instead.
    """
    without = [masked(text) for text in smiles]
    every = model.strengths([*smiles, *(text for own in without for text in own)])[:, target]
    weights, at = [], len(smiles)
    for i, own in enumerate(without):
        said = every[at : at + len(own)]
        weights.append(np.where([bool(text) for text in own], every[i] - said, 0.0))
        at += len(own)
    return weights
