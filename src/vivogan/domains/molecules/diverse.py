"""Picks that differ: the best first, none too similar to one picked before; or the most different."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from rdkit import DataStructs
from rdkit.Chem import rdFingerprintGenerator

from vivogan.domains.molecules.chemistry import molecule

RADIUS, SIZE = 2, 2048


def apart(smiles: Sequence[str], count: int, similarity: float) -> list[int]:
    """Sphere exclusion: of molecules in order of merit, at most ``count`` places of which no two are more similar.

    ``similarity`` is that of Tanimoto on Morgan fingerprints (radius 2, 2,048 bits).
    """
    kept: list[int] = []
    prints: list[Any] = []
    for i, fingerprint in enumerate(_fingerprints(smiles)):
        if len(kept) == count:
            break
        if not prints or max(DataStructs.BulkTanimotoSimilarity(fingerprint, prints)) <= similarity:
            kept.append(i)
            prints.append(fingerprint)
    return kept


def spread(smiles: Sequence[str], count: int) -> list[int]:
    """MaxMin (Ashton et al. 2002): the first molecule, then always the one least similar to all picked before."""
    prints = _fingerprints(smiles)
    if not prints:
        return []
    kept = [0]
    closest = np.array(DataStructs.BulkTanimotoSimilarity(prints[0], prints))
    while len(kept) < min(count, len(prints)):
        closest[kept] = np.inf
        kept.append(int(np.argmin(closest)))
        closest = np.maximum(closest, DataStructs.BulkTanimotoSimilarity(prints[kept[-1]], prints))
    return kept


def _fingerprints(smiles: Sequence[str]) -> list[Any]:
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=SIZE)
    return [generator.GetFingerprint(molecule(text)) for text in smiles]
