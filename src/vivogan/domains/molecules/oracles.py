"""Oracles of molecules: a predictor, a property, a similarity, novelty, a Python function, or a command."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from rdkit import Chem, DataStructs, rdBase
from rdkit.Chem import rdFingerprintGenerator

from vivogan.domains.molecules.chemistry import Mol, molecule
from vivogan.domains.molecules.properties import PROPERTIES
from vivogan.domains.oracles import Floats, Oracle, Values, Words, command, function, independent
from vivogan.errors import UserError

__all__ = ["WORDS", "Oracle", "independent", "oracle"]

WORDS = Words("--objective", "molecules")
CALLED = re.compile(r"(?P<name>similar|novel)\((?P<argument>.*)\)")
SHARES = frozenset({"qed", "fsp3"})  # properties that lie between 0 and 1, like similarity and novelty


def oracle(body: str, sign: float = 1.0) -> Oracle:
    """The oracle that ``body`` names:

    * ``runs/activity`` or ``runs/activity:column``, a trained predictor; with ``@lcb`` at the end one standard
      deviation is taken off (added where ``sign`` is negative: it is to be low), for caution;
    * a property: ``qed``, ``sa``, ``logp``, ``weight`` … (``properties.PROPERTIES``);
    * ``similar(SMILES)``, the Tanimoto similarity of Morgan fingerprints (radius 2, 2,048 bits) with a molecule;
    * ``novel(FILE)``, 1 − the same with the most similar molecule of a file;
    * ``module:function``, a Python function from a list of n SMILES to n numbers, also of the current folder;
    * ``command --with options {}``, run without a shell: reads SMILES one a line, from the file that stands for ``{}``
      or else from its input, and prints one number a line.

    Raises ``UserError`` when there is no such thing.
    """
    for reads in KINDS:
        found = reads(body, sign)
        if found is not None:
            return found
    raise UserError(
        f"{WORDS.option} {body}: no property, run folder, function or command of this name",
        f"Give a property ({', '.join(PROPERTIES)}), similar(SMILES), novel(FILE), a run folder, module:function, "
        "or a command that is installed",
    )


def unit_range(body: str) -> bool:
    """Whether the values of an oracle lie between 0 and 1 by definition."""
    return body in SHARES or CALLED.fullmatch(body) is not None


def of_each(value: Callable[[Mol], float]) -> Values:
    """The values of a function of one molecule; NaN for what is no molecule."""

    def values(smiles: list[str]) -> Floats:
        mols = [molecule(text) for text in smiles]
        return np.array([np.nan if mol is None else value(mol) for mol in mols], np.float64)

    return values


def _property(body: str, sign: float) -> Oracle | None:
    return Oracle(body, of_each(PROPERTIES[body])) if body in PROPERTIES else None


def _called(body: str, sign: float) -> Oracle | None:
    match = CALLED.fullmatch(body)
    return None if match is None else Oracle(body, NAMED[match["name"]](match["argument"].strip()))


def _similar(smiles: str) -> Values:
    return alike([readable(smiles, "similar")])


def _novel(path: str) -> Values:
    from vivogan.domains.molecules.data import read
    from vivogan.domains.molecules.records import ReadOptions

    known = alike(read(Path(path), ReadOptions()).smiles)
    return lambda smiles: 1 - known(smiles)


def alike(known: Sequence[str]) -> Values:
    """The greatest Tanimoto similarity with known molecules."""
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    stock = [generator.GetFingerprint(mol) for text in known if (mol := molecule(text)) is not None]
    return of_each(
        lambda mol: max(DataStructs.BulkTanimotoSimilarity(generator.GetFingerprint(mol), stock), default=0.0)
    )


def _predictor(body: str, sign: float) -> Oracle | None:
    from vivogan.domains.molecules.tools.learned import learned

    found = learned(body, sign)
    return None if found is None else Oracle(body, found.values(), learned=found)


def _function(body: str, sign: float) -> Oracle | None:
    values = function(body, WORDS)
    return None if values is None else Oracle(body, values)


def _command(body: str, sign: float) -> Oracle | None:
    values = command(body, WORDS)
    return None if values is None else Oracle(body, values)


NAMED: dict[str, Callable[[str], Values]] = {"similar": _similar, "novel": _novel}
KINDS: tuple[Callable[[str, float], Oracle | None], ...] = (_property, _called, _predictor, _function, _command)


def readable(smiles: str, what: str) -> str:
    """A SMILES that the user gave. Raises ``UserError`` when it is none."""
    with rdBase.BlockLogs():
        if molecule(smiles) is None or not smiles:
            raise UserError(f"{what}({smiles}): is not a SMILES", "Give a molecule such as CC(=O)Oc1ccccc1C(=O)O")
    return smiles


def pattern(smarts: str, option: str) -> Mol:
    """A substructure that the user gave. Raises ``UserError`` when it is none."""
    with rdBase.BlockLogs():
        query = Chem.MolFromSmarts(smarts) if smarts else None
    if query is None:
        raise UserError(f"{option} {smarts}: is not a SMARTS", "Give a substructure such as c1ccccc1C(=O)N")
    return query
