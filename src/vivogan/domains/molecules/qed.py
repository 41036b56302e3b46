"""Quantitative estimate of drug-likeness (Bickerton et al. 2012): RDKit's numbers exactly, in less time."""

from __future__ import annotations

from functools import cache

from rdkit import Chem
from rdkit.Chem import QED, rdMolDescriptors

from vivogan.domains.molecules.chemistry import Mol
from vivogan.domains.molecules.screens import Screen


def qed(mol: Mol) -> float:
    """Drug-likeness from 0 to 1; equal to ``rdkit.Chem.QED.qed``. NaN for a molecule without atoms."""
    if not mol.GetNumAtoms():
        return float("nan")
    if mol.GetNumAtoms() > mol.GetNumHeavyAtoms():  # hydrogens among the atoms, which RDKit takes away first
        return float(QED.qed(mol))
    parts = QED.QEDproperties(
        MW=rdMolDescriptors._CalcMolWt(mol),
        ALOGP=rdMolDescriptors.CalcCrippenDescriptors(mol)[0],
        HBA=sum(len(mol.GetSubstructMatches(pattern)) for pattern in QED.Acceptors),
        HBD=rdMolDescriptors.CalcNumHBD(mol),
        PSA=rdMolDescriptors.CalcTPSA(mol),
        ROTB=rdMolDescriptors.CalcNumRotatableBonds(mol, rdMolDescriptors.NumRotatableBondsOptions.Strict),
        AROM=len(Chem.GetSSSR(Chem.DeleteSubstructs(Chem.Mol(mol), QED.AliphaticRings))),
        ALERTS=sum(1 for _ in _alerts().matches(mol)),
    )
    return float(QED.qed(mol, qedProperties=parts))


@cache
def _alerts() -> Screen:
    """Its 116 structural alerts, of which a molecule has few."""
    return Screen(QED.StructuralAlerts)
