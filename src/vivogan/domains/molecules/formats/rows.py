"""What every reader gives, one molecule at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from vivogan.domains.molecules import faults
from vivogan.domains.molecules.chemistry import molecule
from vivogan.domains.molecules.records import Draft, ReadOptions
from vivogan.domains.source import Source

# Names of columns by which structures are known; the others must also hold some.
SMILES_NAMES = ("isomeric_smiles", "smiles", "canonical_smiles", "smiles_string", "smi", "cxsmiles", "structure_smiles")
LIKELY_NAMES = ("structure", "mol", "molecule", "compound_smiles", "ligand", "drug", "compound")
LONGEST = 2000  # letters of a cell that is looked at as a structure
WRITTEN = re.compile(r"[A-Za-z0-9@+\-\[\]()=#$:/\\.%*~<>]+")
OUTSIDE = re.compile(r"\[[^\]]*\]|Cl|Br")  # what may hold other letters
OTHER = re.compile(r"[^BCNOPSFIHbcnops0-9@+\-()=#$:/\\.%*~<>\[\]]")


class Row(NamedTuple):
    """One molecule as a file has it: where it stands (``row 17``), its number in the file, its structure, its name
    ("" for none), and its other columns by name."""

    place: str
    number: int
    smiles: str
    name: str
    said: Mapping[str, str]


Reader = Callable[[Source, Draft, ReadOptions], Iterator[Row]]


def known(name: str) -> str:
    """A name of a column as it is compared: ``" Canonical SMILES"`` is ``canonical_smiles``."""
    return re.sub(r"[\s_-]+", "_", name.strip().strip("#").strip().lower())


def is_structure(cell: str) -> bool:
    """Whether a cell is a SMILES that can be read.

    >>> is_structure("CCO"), is_structure("ethanol"), is_structure("")
    (True, False, False)
    """
    if not 0 < len(cell) <= LONGEST or WRITTEN.fullmatch(cell) is None:
        return False
    return not faults.before(cell, LONGEST) and molecule(cell) is not None


def is_attempt(cell: str) -> bool:
    """Whether a cell is written with the letters of SMILES alone, right or wrong.

    >>> is_attempt("C1CC"), is_attempt("compound")
    (True, False)
    """
    return bool(cell) and OTHER.search(OUTSIDE.sub("", cell)) is None and any(map(str.isalpha, cell))
