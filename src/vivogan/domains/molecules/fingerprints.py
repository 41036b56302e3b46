"""Molecules as vectors: Morgan, Avalon and ErG fingerprints, 2D descriptors; and how alike fingerprints are.

An unreadable SMILES is described like a molecule without atoms: a row of zeros.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import DataStructs
from rdkit.Avalon import pyAvalonTools
from rdkit.Chem import Descriptors, rdFingerprintGenerator, rdReducedGraphs

from vivogan.domains.molecules.chemistry import Mol, molecule
from vivogan.domains.molecules.parallel import mapped
from vivogan.domains.molecules.similarity import most_alike

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
DESCRIPTORS: tuple[str, ...] = tuple(name for name, _ in Descriptors._descList)
LARGEST = 1e5  # what a descriptor is clipped to: Ipc grows exponentially with size
ERG_SIZE = 315


@cache
def morgan(radius: int, size: int) -> Any:
    """RDKit's generator of Morgan fingerprints; the same as ECFP of twice the radius (Rogers and Hahn 2010)."""
    return rdFingerprintGenerator.GetMorganGenerator(radius=radius, fpSize=size)


def count_fingerprints(
    smiles: Sequence[str], radius: int = 2, size: int = 2048, workers: int | None = None
) -> NDArray[np.uint8]:
    """How often each Morgan environment occurs, folded to [n, size]; counts above 255 are 255."""
    return _stacked(partial(_counts, radius=radius, size=size), smiles, size, np.uint8, workers)


def bit_fingerprints(smiles: Sequence[str], radius: int = 2, size: int = 2048, workers: int | None = None) -> Bytes:
    """Morgan bits, eight to a byte: [n, size / 8]; for ``similarity``."""
    return _stacked(partial(_bits, radius=radius, size=size), smiles, size // 8, np.uint8, workers)


def avalon_fingerprints(smiles: Sequence[str], size: int = 1024, workers: int | None = None) -> Bytes:
    """Counts of Avalon's features (Gedeck, Rohde and Bartels 2006), folded to [n, size]; above 255: 255."""
    return _stacked(partial(_avalon, size=size), smiles, size, np.uint8, workers)


def erg_fingerprints(smiles: Sequence[str], workers: int | None = None) -> Floats:
    """Extended reduced graphs: pairs of pharmacophores at distances (Stiefl et al. 2006), [n, 315]."""
    return _stacked(_erg, smiles, ERG_SIZE, np.float64, workers)


def descriptors(smiles: Sequence[str], workers: int | None = None) -> Floats:
    """RDKit's 2D descriptors in the order of ``DESCRIPTORS``, [n, k]; finite, clipped to ±10⁵."""
    return _stacked(_described, smiles, len(DESCRIPTORS), np.float64, workers)


def _stacked(
    function: Callable[[Sequence[str]], list[Any]], smiles: Sequence[str], width: int, kind: Any, workers: int | None
) -> Any:
    rows = mapped(function, smiles, workers)
    return np.array(rows, kind).reshape(len(smiles), width)


def bits(mol: Mol, radius: int = 2, size: int = 2048) -> Bytes:
    """Morgan bits of a molecule, packed: [size / 8]."""
    return np.frombuffer(DataStructs.BitVectToBinaryText(morgan(radius, size).GetFingerprint(mol)), np.uint8)


def _bits(smiles: Sequence[str], radius: int, size: int) -> list[Bytes]:
    empty = np.zeros(size // 8, np.uint8)
    return [empty if (mol := molecule(text)) is None else bits(mol, radius, size) for text in smiles]


def _counts(smiles: Sequence[str], radius: int, size: int) -> list[Bytes]:
    empty, generator = np.zeros(size, np.uint8), morgan(radius, size)
    return [
        empty if (mol := molecule(text)) is None else _clipped(generator.GetCountFingerprintAsNumPy(mol))
        for text in smiles
    ]


def _avalon(smiles: Sequence[str], size: int) -> list[Bytes]:
    rows = []
    for text in smiles:
        mol, row = molecule(text), np.zeros(size, np.uint8)
        if mol is not None and mol.GetNumAtoms():
            found = pyAvalonTools.GetAvalonCountFP(mol, nBits=size).GetNonzeroElements()
            row[list(found)] = np.minimum(list(found.values()), 255)
        rows.append(row)
    return rows


def _erg(smiles: Sequence[str]) -> list[Floats]:
    rows = []
    for text in smiles:
        mol = molecule(text)
        known = mol is not None and mol.GetNumAtoms()
        rows.append(rdReducedGraphs.GetErGFingerprint(mol) if known else np.zeros(ERG_SIZE))
    return rows


def _described(smiles: Sequence[str]) -> list[list[float]]:
    rows = []
    for text in smiles:
        mol = molecule(text)
        known = mol is not None and mol.GetNumAtoms()
        rows.append(
            [_value(function, mol) for _, function in Descriptors._descList] if known else [0.0] * len(DESCRIPTORS)
        )
    return rows


def _value(function: Callable[[Mol], float], mol: Mol) -> float:
    try:
        value = float(function(mol))
    except (ValueError, ZeroDivisionError, RuntimeError):  # some are not defined for some elements
        return 0.0
    return float(np.clip(value, -LARGEST, LARGEST)) if np.isfinite(value) else 0.0


def _clipped(counts: NDArray[np.uint32]) -> Bytes:
    return np.minimum(counts, 255).astype(np.uint8)


def nearest(
    smiles: Sequence[str], known: Sequence[str], radius: int = 2, size: int = 2048, workers: int | None = None
) -> tuple[Floats, NDArray[np.intp]]:
    """The Tanimoto similarity [n] with the most alike known molecule, and its index [n] (-1 where nothing is alike)."""
    made, stock = (bit_fingerprints(part, radius, size, workers) for part in (smiles, known))
    return most_alike(made, stock, workers=workers)
