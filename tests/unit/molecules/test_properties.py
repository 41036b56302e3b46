"""Properties are RDKit's own, found faster."""

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import QED, Descriptors
from rdkit.Contrib.SA_Score import sascorer

from vivogan.domains.molecules import qed
from vivogan.domains.molecules.properties import LABELS, PROPERTIES, properties

# Drugs, alerts, charges, isotopes, explicit hydrogens, metals, salts, macrocycles, a dummy atom.
VARIED = [
    "CC(=O)Oc1ccccc1C(=O)O", "CN1CCC[C@H]1c1cccnc1", "O=[N+]([O-])c1ccccc1", "C#CC(=O)OC", "CC(=O)[O-].[Na+]",
    "[2H]C([2H])O", "[13CH4]", "C1CCCCCCCCCCC1", "N=C(CCSCc1csc(N=C(N)N)n1)NS(N)(=O)=O", "CNC(=NCCSCc1nc[nH]c1C)NC#N",
    "C=CC=CC=O", "ClCCl", "c1ccc2ccccc2c1", "O=C1C=CC(=O)C=C1", "OO", "NN", "[H][H]", "*CC", "N#N",
    "CC12CC3CC(C1)CC(C3)C2", "F[Si](C)(C)C", "O=S(=O)(O)C(F)(F)F", "CCN=[N+]=[N-]", "C[Hg]C",
    "CC(C)C1=CC2=C(C)C=CC2=C(C)C=C1", "N1C2=CC=CC=C2SC3=C1C=CC4=C3C=CC=C4", "COP(=O)(OC)OC=C(Cl)Cl", "S=C=NCc1ccccc1",
    "CCCCCNC(=N)NN=Cc1c[nH]c2ccc(CO)cc12", "O=C(O)c1cc(N=Nc2ccc(S(=O)(=O)Nc3ccccn3)cc2)ccc1O",
]  # fmt: skip


@pytest.mark.parametrize("smiles", VARIED)
def test_drug_likeness_is_that_of_rdkit(smiles):
    mol = Chem.MolFromSmiles(smiles)
    assert qed.qed(mol) == QED.qed(Chem.Mol(mol))


def test_values_are_those_of_rdkit():
    names = [
        "qed",
        "sa",
        "logp",
        "weight",
        "tpsa",
        "donors",
        "acceptors",
        "rotatable",
        "rings",
        "aromatic_rings",
        "fsp3",
    ]
    functions = [
        Descriptors.qed, sascorer.calculateScore, Descriptors.MolLogP, Descriptors.MolWt, Descriptors.TPSA,
        Descriptors.NumHDonors, Descriptors.NumHAcceptors, Descriptors.NumRotatableBonds, Descriptors.RingCount,
        Descriptors.NumAromaticRings, Descriptors.FractionCSP3,
    ]  # fmt: skip
    expected = [[function(Chem.MolFromSmiles(smiles)) for function in functions] for smiles in VARIED]
    np.testing.assert_allclose(properties(VARIED, names), expected, rtol=1e-12)


def test_what_is_no_molecule_has_no_properties():
    table = properties(["", "C1CC", "CCO"], ("weight", "np", "charge"))
    assert np.isnan(table[:2]).all()
    assert np.isfinite(table[2]).all()


def test_every_property_has_a_label_and_is_finite():
    assert list(LABELS) == list(PROPERTIES)
    assert np.isfinite(properties(["CCO", "c1ccccc1", "[Na+].[Cl-]"])).all()


def test_nothing_is_a_table_too():
    assert properties([], ("logp", "qed")).shape == (0, 2)


def test_natural_products_are_like_natural_products():
    """Morphine and a sulfonamide library member."""
    natural, made = "CN1CC[C@]23c4c5ccc(O)c4O[C@H]2[C@@H](O)C=C[C@H]3[C@H]1C5", "Cc1ccc(S(=O)(=O)Nc2ccc(F)cc2)cc1"
    a, b = properties([natural, made], ("np",)).ravel()
    assert a > 1 > -0.5 > b
