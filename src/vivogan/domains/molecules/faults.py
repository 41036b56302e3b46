"""Why a SMILES stands for no molecule that can be used, in words that say where to look."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from rdkit import Chem

from vivogan.domains.molecules.chemistry import Mol
from vivogan.domains.molecules.notation import atoms, heavy_atoms

BRACKET = re.compile(r"\[[^\[\]]*\]")
REACTION = re.compile(r"(?<!-)>")  # "->" is a dative bond
RING = re.compile(r"%\(\d+\)|%\d\d|\d")
LETTERS = frozenset("BCNOPSFIHbcnopslr*()[]=#$:/\\.-~%@+<>0123456789")
SLACK = 4  # times the heavy atoms that a structure with its salts may have before it is read
LETTERS_AN_ATOM = 16  # of a line that is still read
SHOWN = 8  # atoms that a message names


def before(smiles: str, heaviest: int) -> str:
    """Why a text should not even be parsed; "" where it may be. Long texts cost time and stack."""
    if not smiles:
        return "has no structure"
    if len(smiles) > SLACK * heaviest:
        count = atoms(smiles)
        if count > SLACK * heaviest or len(smiles) > SLACK * LETTERS_AN_ATOM * heaviest:
            return too_heavy(count, heaviest)
    if ">" in smiles and REACTION.search(smiles):
        return "is a reaction, no molecule"
    if "*" in smiles:
        return "has an open place (*), so it is no whole molecule"
    return ""


def after(smiles: str, heaviest: int) -> str:
    """Why a standardised structure is too large; "" where it is not."""
    if len(smiles) <= heaviest:
        return ""
    count = heavy_atoms(smiles)
    return too_heavy(count, heaviest) if count > heaviest else ""


def too_heavy(count: int, heaviest: int) -> str:
    return f"has {count} heavy atoms, more than the {heaviest} of the option heaviest"


def of(smiles: str) -> str:
    """What is wrong with a text that RDKit does not take.

    >>> of("C1CC"), of("C(C)(C)(C)(C)C")
    ('ring bond 1 is opened and not closed', 'atom 1 (C) has 5 bonds, more than it can have')
    """
    mol = Chem.MolFromSmiles(smiles, sanitize=False)
    if mol is None:
        return spelling(smiles) or "is no SMILES"
    if not mol.GetNumAtoms():
        return "has no atoms"
    problems = Chem.DetectChemistryProblems(mol)
    return chemistry(mol, problems[0]) if problems else "is no molecule"


def spelling(smiles: str) -> str:
    """What is wrong with the writing; "" where nothing is found."""
    bare = BRACKET.sub("C", smiles)
    if strange := next((letter for letter in bare if letter not in LETTERS), ""):
        return f"{strange!r} at letter {smiles.index(strange) + 1} is no part of SMILES"
    for opening, closing in ("[]", "()"):
        if bare.count(opening) > bare.count(closing):
            return f"a '{opening}' is not closed"
        if bare.count(opening) < bare.count(closing):
            return f"a '{closing}' has no '{opening}'"
    rings = Counter(RING.findall(bare))
    if open_rings := sorted(ring for ring, count in rings.items() if count % 2):
        return f"ring bond {open_rings[0].strip('%()')} is opened and not closed"
    for bracket in BRACKET.findall(smiles):
        if Chem.MolFromSmiles(bracket, sanitize=False) is None:
            return f"{bracket} is no atom"
    return ""


def chemistry(mol: Mol, problem: Any) -> str:
    """A problem that RDKit found in a structure, atoms counted from 1."""
    kind = problem.GetType()
    if kind == "AtomValenceException":
        index = problem.GetAtomIdx()
        atom = mol.GetAtomWithIdx(index)
        bonds = re.search(r"(\d+)(?:,|\s+is)", problem.Message().partition(atom.GetSymbol())[2])
        count = f"has {bonds[1]} bonds" if bonds else "has too many bonds"
        return f"atom {index + 1} ({atom.GetSymbol()}) {count}, more than it can have"
    if kind == "KekulizeException":
        numbers = [str(index + 1) for index in problem.GetAtomIndices()]
        shown = ", ".join(numbers[:SHOWN]) + (" …" if len(numbers) > SHOWN else "")
        return (
            f"the aromatic atoms {shown} take no alternating double bonds "
            "(is an [nH] written as n, or an atom missing?)"
        )
    if kind == "AtomKekulizeException":
        return f"atom {problem.GetAtomIdx() + 1} is aromatic and in no ring"
    return " ".join(problem.Message().split())
