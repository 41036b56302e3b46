"""The filters of MOSES (Polykovskiy et al. 2020): medicinal-chemistry rules and PAINS, elements, charges, ring sizes.

MCF are the 22 rules that the benchmark defines for reactive, unstable and promiscuous groups. PAINS are the 480 of
Baell and Holloway (2010) as SMARTS by Saubern et al. (2011), which RDKit brings; RDKit has since corrected 17 of them,
and the benchmark is defined by how they were before.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from rdkit import Chem, RDConfig

from vivogan.domains.molecules.chemistry import Mol, molecule
from vivogan.domains.molecules.parallel import mapped
from vivogan.domains.molecules.screens import Screen

ELEMENTS = frozenset({1, 6, 7, 8, 9, 16, 17, 35})
LARGEST_RING = 7
MCF = {
    "MCF 1": "[#6]=&!@[#6]-[#6]#[#7]",
    "MCF 2": "[#6]=&!@[#6]-[#16](=[#8])=[#8]",
    "MCF 3": "[#6]=&!@[#6&!H0]-&!@[#6](=[#8])-&!@[#7]",
    "MCF 4": "[H]C([H])([#6])[F,Cl,Br,I]",
    "MCF 5": "[#6]1-[#8]-[#6]-1",
    "MCF 6": "[#6]-[#7]=[#6]=[#8]",
    "MCF 7": "[#6&!H0]=[#8]",
    "MCF 8": "[#6](=&!@[#7&!H0])-&!@[#6,#7,#8,#16]",
    "MCF 9": "[#6]1-[#7]-[#6]-1",
    "MCF 10": "[#6]~&!@[#7]~&!@[#7]~&!@[#6]",
    "MCF 11": "[#7]=&!@[#7]",
    "MCF 12": "[H][#6]-1=[#6]([H])-[#6]=[#6](-*)-[#8]-1",
    "MCF 13": "[H][#6]-1=[#6]([H])-[#6]=[#6](-*)-[#16]-1",
    "MCF 14": "[#17,#35,#53]-c(:*):[!#1!#6]:*",
    "MCF 15": "[H][#7]([H])-[#6]-1=[#6]-[#6]=[#6]-[#6]=[#6]-1",
    "MCF 16": "[#16]~[#16]",
    "MCF 17": "[#7]~&!@[#7]~&!@[#7]",
    "MCF 18": "[#7]-&!@[#6&!H0&!H1]-&!@[#7]",
    "MCF 19": "[#6&!H0](-&!@[#8])-&!@[#8]",
    "MCF 20": "[#35].[#35].[#35]",
    "MCF 21": "[#17].[#17].[#17].[#17]",
    "MCF 22": "[#9].[#9].[#9].[#9].[#9].[#9].[#9]",
}
AS_IN_MOSES = {
    "het_thio_666_A(13)": (
        "c:2(:c:1-[#16]-c:3:c(-[#7;!H0,$([#7]-[CH3]),$([#7]-[#6;!H0;!H1]-[#6;!H0])](-c:1:c(:c(:c:2-[#1])-[#1]"
        ")-[#1])):[c;!H0,$(c~[#7](-[#1])-[#6;X4]),$(c~[#6]:[#6])](:[c;!H0,$(c~[#6]:[#6])]:[c;!H0,$(c-[#7](-[#"
        "1])-[#1]),$(c-[#8]-[#6;X4])]:c:3-[#1]))-[#1]"
    ),
    "thiaz_ene_C(11)": "[#6]-1(=[#6](-!@[#6]=[#7])-[#16]-[#6](-[#7]-1)=[#8])-[$([F,Cl,Br,I]),$([#7+](:[#6]):[#6])]",
    "het_thio_676_A(10)": (
        "c:1:c:c-2:c(:c:c:1)-[#6]-[#6](-c:3:c(-[#16]-2):c(:c(-[#1]):[c;!H0,$(c-[#8]),$(c-[#16;X2]),$(c-[#6;X4"
        "]),$(c-[#7;H2,H3,$([#7!H0]-[#6;X4]),$([#7](-[#6;X4])-[#6;X4])])](:c:3-[#1]))-[#1])-[#7;H2,H3,$([#7;!"
        "H0]-[#6;X4]),$([#7](-[#6;X4])-[#6;X4])]"
    ),
    "het_6_imidate_A(4)": "[#7]=[#6]-1-[#7](-[#1])-[#6](=[#6](-[#7]-[#1])-[#7]=[#7]-1)-[#7]-[#1]",
    "anil_OC_alk_B(3)": (
        "c:1:3:c(:c:c:c:c:1)-[#7]-2-[#6](=[#8])-[#6](=[#6](-[F,Cl,Br,I])-[#6]-2=[#8])-[#7](-[#1])-[#6]:[#6]:["
        "#6]:[#6](-[#8]-[#6](-[#1])-[#1]):[#6]:[#6]:3"
    ),
    "quinone_C(2)": "[#8]=[#6]-3-c:1:c(:c:c:c:c:1)-[#6]-2=[#6](-[#8]-[#1])-[#6](=[#8])-[#7]-c:4:c-2:c-3:c:c:c:4",
    "thiophene_E(2)": (
        "c:1(:c(:c(:[c;!H0,$(c-[#6;!H0,!H1])](:s:1))-[#1])-[#1])-[#6;!H0,$([#6]-[#6;!H0;!H1])]-[#6](=[#8])-[#"
        "7](-[#1])-c:2:n:c:c:s:2"
    ),
    "thio_urea_K(2)": "[#6]-2(=[#16])-[#7]-1-[#6]:[#6]-[#7]=[#7]-[#6]-1=[#7]-[#7]-2-[#1]",
    "het_6_imidate_B(1)": (
        "[#7](-[#1])(-c:1:c(:c(:c(:c(:c:1-[#1])-[#1])-[#1])-[#1])-[#8]-[#1])-[#6]-2=[#6](-[#8]-[#6](-[#7]=[#7"
        "]-2)=[#7])-[#7](-[#1])-[#1]"
    ),
    "anthranil_acid_I(1)": (
        "c:1:2(:c(:c(:c(:o:1)-[#6])-[#1])-[#1])-[#6](=[#8])-[#7](-[#1])-[#6]:[#6](-[#1]):[#6](-[#1]):[#6](-[#"
        "1]):[#6](-[#1]):[#6]:2-[#6](=[#8])-[#8]-[#1]"
    ),
    "het_65_H(1)": "c2(c-1n(-[#6](-[#6]=[#6]-[#7]-1)=[#8])nc2-c3cccn3)-[#6]#[#7]",
    "colchicine_het(1)": (
        "c:1-3:c(:c:c:c:c:1)-[#16]-[#6](=[#7]-[#7]=[#6]-2-[#6]=[#6]-[#6]=[#6]-[#6]=[#6]-2)-[#7]-3-[#6](-[#1])-[#1]"
    ),
    "het_5_inium(1)": "[#7]-4(-c:1:c:c:c:c:c:1)-[#6](=[#7+](-c:2:c:c:c:c:c:2)-[#6](=[#7]-c:3:c:c:c:c:c:3)-[#7]-4)-[#1]",
    "thiaz_ene_A(128)": (
        "[#6]-1(=[#6;!H0,$([#6]-[#6;!H0;!H1]),$([#6]-[#6]=[#8])]-[#16]-[#6](-[#7;!H0,$([#7]-[#6;!H0]),$([#7]-"
        "[#6]:[#6])]-1)=[#7;!R])-[$([#6](-[#1])-[#1]),$([#6]:[#6])]"
    ),
    "hzone_enamin(30)": "[#7](-[#1])-[#7]=[#6]-[#6;!H0,$([#6]-[#6])]=[#6](-[#6])-!@[$([#7]),$([#8]-[#1])]",
    "quinone_A(370)": "[!#6&!#1]=[#6]-1-[#6]=,:[#6]-[#6](=[!#6&!#1])-[#6]=,:[#6]-1",
    "anil_di_alk_D(198)": (
        "c:1:c:c(:c:c:c:1-[#7](-[#6;X4])-[#6;X4])-[#6;X4]-[$([#8]-[#1]),$([#6]=[#6]-[#1]),$([#7]-[#6;X4])]"
    ),
}


def passes(mol: Mol) -> bool:
    """Whether a molecule passes every filter."""
    return not _outside(mol) and next(_screen().matches(mol), None) is None


def reasons(mol: Mol) -> list[str]:
    """What a molecule fails: "charged", "element", "ring size", and names of rules ("MCF 7", "quinone_A(370)")."""
    names = list(rules())
    return [*_outside(mol), *(names[k] for k in _screen().matches(mol))]


def passing(smiles: Sequence[str], workers: int | None = None) -> list[bool]:
    """Which of n SMILES pass; what cannot be read does not."""
    return mapped(_passing, smiles, workers)


def _passing(smiles: Sequence[str]) -> list[bool]:
    return [(mol := molecule(text)) is not None and mol.GetNumAtoms() > 0 and passes(mol) for text in smiles]


def _outside(mol: Mol) -> list[str]:
    atoms = {(atom.GetAtomicNum(), atom.GetFormalCharge()) for atom in mol.GetAtoms()}
    found = {
        "ring size": any(len(ring) > LARGEST_RING for ring in mol.GetRingInfo().AtomRings()),
        "charged": any(charge for _, charge in atoms),
        "element": any(number not in ELEMENTS for number, _ in atoms),
    }
    return [name for name, fails in found.items() if fails]


@cache
def rules() -> dict[str, str]:
    """SMARTS by name, MCF first; they see hydrogens as atoms."""
    path = Path(RDConfig.RDDataDir) / "Pains" / "wehi_pains.csv"
    with path.open(newline="", encoding="utf-8") as file:
        pains = {row[1].strip().removeprefix("<regId=").rstrip(">"): row[0].strip() for row in csv.reader(file) if row}
    return MCF | pains | AS_IN_MOSES


@cache
def _screen() -> Screen:
    return Screen([Chem.MolFromSmarts(smarts) for smarts in rules().values()], hydrogens=True)
