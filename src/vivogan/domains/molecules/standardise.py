"""One structure, one SMILES: salts, charges, ways of drawing a group, tautomers and stereo, by RDKit's MolStandardize.

The steps are those of the ChEMBL curation pipeline (Bento et al., J. Cheminform. 12, 51, 2020): alkali metals are
cut off, groups are drawn in one way (nitro charge-separated, sulfoxide as S=O), charges sit on the strongest acids,
the largest organic fragment stays, and charges that protons can take away go. Covalent complexes of other metals stay
as they are drawn.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Literal, NamedTuple

from rdkit import Chem
from rdkit.Chem.MolStandardize import rdMolStandardize

from vivogan.domains.molecules import faults
from vivogan.domains.molecules.chemistry import Mol, canonical
from vivogan.domains.molecules.parallel import mapped
from vivogan.domains.molecules.records import ReadOptions

# What stays as it is: neutral atoms of ordinary valence, in one piece. Phosphorus, [SH] and charges may be redrawn.
NITRO = re.compile(r"\[N\+\]\(=O\)\[O-\]|O=\[N\+\]\(?\[O-\]\)?")
PLAIN = re.compile(
    r"(?:Cl|Br|[BCNOFSIcnos]|\[\d*(?:[Cc]@{0,2}H?\d?|N@{0,2}H?|nH?|S@{0,2}|Si@{0,2}H?\d?|H)\]|%\d\d|[-=#/\\()\d])+"
)
SULFOXIDE = "Sulfoxide to S=O\t[!O:1][S+;X3:2]([O-:3])[!O:4]>>[*:1][S+0:2](=[O-0:3])[*:4]"
SALTS = "[Li,Na,K,Rb,Cs,Mg,Ca,Sr,Ba;!$(*~[#6])]~[F,Cl,Br,I,N,O,S]"  # bonds that are ionic in truth
UNCLEAR = "is no molecule any more without its salts and charges"
NEGATIVE = re.compile(r"-\d*\]")
METAL = re.compile(r"\[\d*(?:Li|Na|K|Rb|Cs|Mg|Ca|Sr|Ba)")


class Standard(NamedTuple):
    """What became of a structure: its SMILES, or "" and the ``fault``; ``changed`` says what was done, in the words
    "fragments", "charges" and "redrawn"."""

    smiles: str
    fault: str = ""
    changed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rules:
    """How structures are standardised; see ``ReadOptions``."""

    fragments: Literal["largest", "keep"] = "largest"
    charges: Literal["neutral", "keep"] = "neutral"
    tautomers: Literal["keep", "canonical"] = "keep"
    stereo: Literal["keep", "drop"] = "keep"
    heaviest: int = 150  # heavy atoms

    @classmethod
    def of(cls, options: ReadOptions) -> Rules:
        return cls(options.fragments, options.charges, options.tautomers, options.stereo, options.heaviest)


def standardised(smiles: Sequence[str], rules: Rules, workers: int | None = None) -> list[Standard]:
    """Each of n structures, on every free core."""
    return mapped(partial(each, rules=rules), list(smiles), workers)


def each(smiles: Sequence[str], rules: Rules) -> list[Standard]:
    return [standard(one, rules) for one in smiles]


def standard(smiles: str, rules: Rules) -> Standard:
    """One structure, standardised; what cannot be read comes back with its fault.

    >>> standard("CC(=O)[O-].[Na+]", Rules()).smiles
    'CC(=O)O'
    >>> standard("c1ccccc", Rules()).fault
    'ring bond 1 is opened and not closed'
    """
    return with_molecule(smiles, rules)[0]


def with_molecule(smiles: str, rules: Rules) -> tuple[Standard, Mol]:
    """The same, and the molecule (None where there is a fault)."""
    if wrong := faults.before(smiles, rules.heaviest):
        return Standard("", wrong), None
    mol = Chem.MolFromSmiles(smiles)
    if mol is None or not mol.GetNumAtoms():
        return Standard("", faults.of(smiles)), None
    if ":" in smiles:
        for atom in mol.GetAtoms():
            atom.SetAtomMapNum(0)  # the number of an atom in a reaction
    if rules.stereo == "drop":
        Chem.RemoveStereochemistry(mol)
    written = canonical(mol)
    found = Standard(written)
    if rules.tautomers != "keep" or not is_plain(written):
        found, mol = redrawn(mol, written, rules)
    if found.smiles and (wrong := faults.after(found.smiles, rules.heaviest)):
        return Standard("", wrong), None
    return found, mol


def is_plain(written: str) -> bool:
    """Whether no step can change a canonical SMILES (tautomers aside).

    >>> is_plain("CC(=O)Nc1ccc([N+](=O)[O-])cc1"), is_plain("CC(=O)[O-]"), is_plain("CCO.Cl")
    (True, False, False)
    """
    return PLAIN.fullmatch(NITRO.sub("N", written) if "+" in written else written) is not None


def redrawn(mol: Mol, written: str, rules: Rules) -> tuple[Standard, Mol]:
    """Every step that may apply."""
    steps = tools()
    changed: list[str] = []
    try:
        mol = steps.metals.Disconnect(mol) if METAL.search(written) else mol
        mol = steps.normalizer.normalize(mol)
        if movable(written):
            mol = steps.reionizer.reionize(mol)
        if rules.fragments == "largest" and len(Chem.GetMolFrags(mol)) > 1:
            mol = steps.chooser.choose(mol)
            changed.append("fragments")
        if rules.charges == "neutral":
            before = charges(mol)
            mol = steps.uncharger.uncharge(mol)
            if movable(written):
                mol = steps.reionizer.reionize(mol)
            if charges(mol) != before:
                changed.append("charges")
        if rules.tautomers == "canonical":
            mol = steps.tautomers.Canonicalize(mol)
        final = Chem.MolFromSmiles(canonical(mol))  # rings may have become aromatic, or stopped to be
    except (RuntimeError, ValueError):
        final = None
    if final is None or not final.GetNumAtoms():
        return Standard("", UNCLEAR), None
    found = canonical(final)
    if not changed and found != written:
        changed.append("redrawn")
    return Standard(found, "", tuple(changed)), final


def movable(written: str) -> bool:
    """Whether there are charges that another acid may take: negative ones, or atoms that stand alone."""
    return "." in written or NEGATIVE.search(NITRO.sub("N", written)) is not None or METAL.search(written) is not None


def charges(mol: Mol) -> list[int]:
    return [atom.GetFormalCharge() for atom in mol.GetAtoms()]


class Tools(NamedTuple):
    """RDKit's steps, which are costly to make and cheap to use."""

    metals: Mol
    normalizer: Mol
    reionizer: Mol
    chooser: Mol
    uncharger: Mol
    tautomers: Mol


@lru_cache(maxsize=1)
def tools() -> Tools:
    metals = rdMolStandardize.MetalDisconnector()
    metals.SetMetalNof(Chem.MolFromSmarts(SALTS))
    metals.SetMetalNon(Chem.MolFromSmarts("[#0;!#0]"))  # nothing
    rewritings = f"{rdMolStandardize.PipelineOptions().normalizerData.rstrip()}\n{SULFOXIDE}\n"
    parameters = rdMolStandardize.CleanupParameters()
    return Tools(
        metals,
        rdMolStandardize.NormalizerFromData(rewritings, parameters),
        rdMolStandardize.Reionizer(),
        rdMolStandardize.LargestFragmentChooser(preferOrganic=True),
        rdMolStandardize.Uncharger(),
        rdMolStandardize.TautomerEnumerator(),
    )
