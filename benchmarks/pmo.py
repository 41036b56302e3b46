"""The goals of "practical molecular optimization" (PMO; Gao et al. 2022) that need nothing but RDKit, and its measure.

Twenty of its 23 tasks. All but QED were defined by GuacaMol (Brown et al. 2019, tables in its supplement), with the
changes that TDC (Huang et al. 2021) made to them: similarities of rediscovery are not clipped, those of "similarity"
are at .75, SMARTS goals count as 1 or 0. Each is a function of a molecule with values in 0 … 1, higher is better.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, DataStructs
from rdkit.Chem import Crippen, GraphDescriptors, rdFingerprintGenerator, rdMolDescriptors
from rdkit.Chem.QED import qed

from vivogan.domains.molecules.chemistry import molecule

Mol = Any
Goal = Callable[[Mol], float]
FREQUENCY = 100  # calls between two points of the curve

CELECOXIB = "CC1=CC=C(C=C1)C1=CC(=NN1C1=CC=C(C=C1)S(N)(=O)=O)C(F)(F)F"
TROGLITAZONE = "Cc1c(C)c2OC(C)(COc3ccc(CC4SC(=O)NC4=O)cc3)CCc2c(C)c1O"
THIOTHIXENE = "CN(C)S(=O)(=O)c1ccc2Sc3ccccc3C(=CCCN4CCN(C)CC4)c2c1"
ALBUTEROL = "CC(C)(C)NCC(O)c1ccc(O)c(CO)c1"
MESTRANOL = "COc1ccc2[C@H]3CC[C@@]4(C)[C@@H](CC[C@@]4(O)C#C)[C@@H]3CCc2c1"
CAMPHOR, MENTHOL = "CC1(C)C2CCC1(C)C(=O)C2", "CC(C)C1CCC(C)CC1O"
TADALAFIL = "O=C1N(CC(N2C1CC3=C(C2C4=CC5=C(OCO5)C=C4)NC6=C3C=CC=C6)=O)C"
SILDENAFIL = "CCCC1=NN(C2=C1N=C(NC2=O)C3=C(C=CC(=C3)S(=O)(=O)N4CCN(CC4)C)OCC)C"
OSIMERTINIB = "COc1cc(N(C)CCN(C)C)c(NC(=O)C=C)cc1Nc2nccc(n2)c3cn(C)c4ccccc34"
FEXOFENADINE = "CC(C)(C(=O)O)c1ccc(cc1)C(O)CCCN2CCC(CC2)C(O)(c3ccccc3)c4ccccc4"
RANOLAZINE = "COc1ccccc1OCC(O)CN2CCN(CC(=O)Nc3c(C)cccc3C)CC2"
PERINDOPRIL = "O=C(OCC)C(NC(C(=O)N1C(C(=O)O)CC2CCCCC12)C)CCC"
AMLODIPINE = r"Clc1ccccc1C2C(=C(/N/C(=C2/C(=O)OCC)COCCN)C)\C(=O)OC"
ZALEPLON = "O=C(C)N(CC)C1=CC=CC(C2=CC=NC3=C(C=NN23)C#N)=C1"
SITAGLIPTIN = "Fc1cc(c(F)cc1F)CC(N)CC(=O)N3Cc2nnc(n2CC3)C(F)(F)F"
VALSARTAN_PART = "CN(C=O)Cc1ccc(c2ccccc2)cc1"
HOPPED = "CCCOc1cc2ncnc(Nc3ccc4ncsc4c3)c2cc1S(=O)(=O)C(C)(C)C"
HOP_SCAFFOLD = "[#7]-c1n[c;h1]nc2[c;h1]c(-[#8])[c;h0][c;h1]c12"
HOP_SULFONE, HOP_THIAZOLE = "CS([#6])(=O)=O", "[#7]-c1ccc2ncsc2c1"
HOP_DECORATION = "[#6]-[#6]-[#6]-[#8]-[#6]~[#6]~[#6]~[#6]~[#6]-[#7]-c1ccc2ncsc2c1"


# ── fingerprints ────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def _generators() -> dict[str, Any]:
    """Unfolded count fingerprints."""
    features = rdFingerprintGenerator.GetMorganFeatureAtomInvGen()
    return {
        "ECFP4": rdFingerprintGenerator.GetMorganGenerator(radius=2),
        "ECFP6": rdFingerprintGenerator.GetMorganGenerator(radius=3),
        "FCFP4": rdFingerprintGenerator.GetMorganGenerator(radius=2, atomInvariantsGenerator=features),
        "AP": rdFingerprintGenerator.GetAtomPairGenerator(maxDistance=10),
    }


def _fingerprint(mol: Mol, kind: str) -> Any:
    if kind == "PHCO":
        from rdkit.Chem.Pharm2D import Generate, Gobbi_Pharm2D

        return Generate.Gen2DFingerprint(mol, Gobbi_Pharm2D.factory)
    return _generators()[kind].GetSparseCountFingerprint(mol)


# ── parts of goals ──────────────────────────────────────────────────────────────────────────────────────────────────


def similarity(smiles: str, kind: str) -> Goal:
    """Tanimoto similarity with a target."""
    target = _fingerprint(Chem.MolFromSmiles(smiles), kind)
    return lambda mol: float(DataStructs.TanimotoSimilarity(target, _fingerprint(mol, kind)))


def clipped(value: Goal, upper: float) -> Goal:
    """Rises linearly from 0 to 1 at ``upper``."""
    return lambda mol: min(max(value(mol) / upper, 0.0), 1.0)


def near(value: Goal, mu: float, sigma: float) -> Goal:
    """A Gaussian bell, 1 at ``mu``."""
    return lambda mol: math.exp(-0.5 * ((value(mol) - mu) / sigma) ** 2)


def at_least(value: Goal, mu: float, sigma: float) -> Goal:
    """1 from ``mu`` on, below it the bell."""
    return near(lambda mol: min(value(mol), mu), mu, sigma)


def at_most(value: Goal, mu: float, sigma: float) -> Goal:
    """1 up to ``mu``, above it the bell."""
    return near(lambda mol: max(value(mol), mu), mu, sigma)


def holds(smarts: str, wanted: bool = True) -> Goal:
    """1 where a substructure is there (or is not, where it is not wanted), else 0."""
    query = Chem.MolFromSmarts(smarts)
    return lambda mol: float(mol.HasSubstructMatch(query) == wanted)


def geometric(*goals: Goal) -> Goal:
    """The geometric mean; 0 as soon as a part is."""

    def mean(mol: Mol) -> float:
        values = [goal(mol) for goal in goals]
        return math.prod(values) ** (1 / len(values)) if min(values) > 0 else 0.0

    return mean


def arithmetic(*goals: Goal) -> Goal:
    return lambda mol: math.fsum(goal(mol) for goal in goals) / len(goals)


def isomers(formula: Mapping[str, int]) -> Goal:
    """How near the formula is: each element (σ 1) and all atoms (σ 2), geometric mean."""

    def score(mol: Mol) -> float:
        counts = dict.fromkeys(formula, 0)
        every = 0
        for atom in mol.GetAtoms():
            symbol, hydrogens = atom.GetSymbol(), atom.GetTotalNumHs()
            every += 1 + hydrogens
            if symbol in counts:
                counts[symbol] += 1
            if hydrogens and "H" in counts:
                counts["H"] += hydrogens
        squares: float = sum((counts[element] - wanted) ** 2 for element, wanted in formula.items())
        squares += ((every - sum(formula.values())) / 2.0) ** 2
        return math.exp(-0.5 * squares / (len(formula) + 1))

    return score


def fluorines(mol: Mol) -> float:
    return float(sum(atom.GetAtomicNum() == 9 for atom in mol.GetAtoms()))


logp: Goal = Crippen.MolLogP  # type: ignore[attr-defined]
tpsa: Goal = rdMolDescriptors.CalcTPSA
rings: Goal = rdMolDescriptors.CalcNumRings
aromatic_rings: Goal = rdMolDescriptors.CalcNumAromaticRings
bertz: Goal = GraphDescriptors.BertzCT


# ── tasks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _osimertinib() -> Goal:
    return geometric(
        at_least(tpsa, 100, 10),
        at_most(logp, 1, 1),
        clipped(similarity(OSIMERTINIB, "FCFP4"), 0.8),
        at_most(similarity(OSIMERTINIB, "ECFP6"), 0.85, 0.1),
    )


def _fexofenadine() -> Goal:
    return geometric(at_least(tpsa, 90, 10), at_most(logp, 4, 1), clipped(similarity(FEXOFENADINE, "AP"), 0.8))


def _ranolazine() -> Goal:
    alike = clipped(similarity(RANOLAZINE, "AP"), 0.7)
    return geometric(at_least(tpsa, 95, 20), at_least(logp, 7, 1), alike, near(fluorines, 1, 1))


def _sitagliptin() -> Goal:
    drug = Chem.MolFromSmiles(SITAGLIPTIN)
    return geometric(
        near(similarity(SITAGLIPTIN, "ECFP4"), 0, 0.1),
        near(logp, logp(drug), 0.2),
        near(tpsa, tpsa(drug), 5),
        isomers({"C": 16, "H": 15, "F": 6, "N": 5, "O": 1}),
    )


def _valsartan() -> Goal:
    drug = Chem.MolFromSmiles(SITAGLIPTIN)
    part = holds(VALSARTAN_PART)
    rest = geometric(near(logp, logp(drug), 0.2), near(tpsa, tpsa(drug), 5), near(bertz, bertz(drug), 30))
    return lambda mol: rest(mol) ** 0.75 if part(mol) else 0.0  # of four parts, one is 1 or 0


def _deco_hop() -> Goal:
    alike = clipped(similarity(HOPPED, "PHCO"), 0.85)
    return arithmetic(alike, holds(HOP_SULFONE, False), holds(HOP_THIAZOLE, False), holds(HOP_SCAFFOLD))


def _scaffold_hop() -> Goal:
    alike = clipped(similarity(HOPPED, "PHCO"), 0.75)
    return arithmetic(alike, holds(HOP_DECORATION), holds(HOP_SCAFFOLD, False))


TASKS: Mapping[str, Callable[[], Goal]] = {
    "albuterol_similarity": lambda: clipped(similarity(ALBUTEROL, "FCFP4"), 0.75),
    "amlodipine_mpo": lambda: geometric(similarity(AMLODIPINE, "ECFP4"), near(rings, 3, 0.5)),
    "celecoxib_rediscovery": lambda: similarity(CELECOXIB, "ECFP4"),
    "deco_hop": _deco_hop,
    "fexofenadine_mpo": _fexofenadine,
    "isomers_c7h8n2o2": lambda: isomers({"C": 7, "H": 8, "N": 2, "O": 2}),
    "isomers_c9h10n2o2pf2cl": lambda: isomers({"C": 9, "H": 10, "N": 2, "O": 2, "P": 1, "F": 2, "Cl": 1}),
    "median1": lambda: geometric(similarity(CAMPHOR, "ECFP4"), similarity(MENTHOL, "ECFP4")),
    "median2": lambda: geometric(similarity(TADALAFIL, "ECFP6"), similarity(SILDENAFIL, "ECFP6")),
    "mestranol_similarity": lambda: clipped(similarity(MESTRANOL, "AP"), 0.75),
    "osimertinib_mpo": _osimertinib,
    "perindopril_mpo": lambda: geometric(similarity(PERINDOPRIL, "ECFP4"), near(aromatic_rings, 2, 0.5)),
    "qed": lambda: qed,
    "ranolazine_mpo": _ranolazine,
    "scaffold_hop": _scaffold_hop,
    "sitagliptin_mpo": _sitagliptin,
    "thiothixene_rediscovery": lambda: similarity(THIOTHIXENE, "ECFP4"),
    "troglitazone_rediscovery": lambda: similarity(TROGLITAZONE, "ECFP4"),
    "valsartan_smarts": _valsartan,
    "zaleplon_mpo": lambda: geometric(similarity(ZALEPLON, "ECFP4"), isomers({"C": 19, "H": 17, "N": 3, "O": 2})),
}


class Task:
    """A goal as an oracle: ``task(smiles) -> [n]``; 0 for what is no molecule."""

    def __init__(self, name: str) -> None:
        self.name = name

    @cached_property
    def goal(self) -> Goal:
        return TASKS[self.name]()

    def __call__(self, smiles: Sequence[str]) -> NDArray[np.float64]:
        return np.array([0.0 if (mol := molecule(s)) is None else self.goal(mol) for s in smiles], np.float64)


# ── measure ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def auc_top(scores: Iterable[float], calls: int, top: int = 10) -> float:
    """PMO's area under the curve of the mean of the ``top`` best scores, over ``calls`` calls, as a share.

    ``scores`` are in the order of the calls, those of different molecules only; the curve has a point every 100 calls
    and starts at 0. A run that stopped early keeps its last mean.
    """
    values = np.array(list(scores)[:calls], np.float64)
    area = before = 0.0
    last = 0
    for end in [*range(FREQUENCY, len(values), FREQUENCY), len(values)]:
        now = float(np.sort(values[:end])[::-1][:top].mean()) if end else 0.0
        area += (end - last) * (now + before) / 2
        before, last = now, end
    return (area + (calls - last) * before) / calls
