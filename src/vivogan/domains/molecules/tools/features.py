"""Molecules as one table for trees: counts of environments, Avalon and ErG counts, descriptors.

The four of MapLight (Notwell and Wood 2023, arXiv:2310.00174), which on the ADMET benchmarks of TDC is hard to beat.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.molecules import fingerprints
from vivogan.domains.molecules.properties import properties

Table = NDArray[np.float32]
CHEAP = (
    "logp", "weight", "tpsa", "donors", "acceptors", "rotatable", "rings", "aromatic_rings", "heavy_atoms",
    "heteroatoms", "charge", "fsp3",
)  # fmt: skip
BLOCKS: Mapping[str, Callable[[Sequence[str]], NDArray[np.generic]]] = {
    "ecfp": partial(fingerprints.count_fingerprints, radius=2, size=2048),
    "avalon": fingerprints.avalon_fingerprints,
    "erg": fingerprints.erg_fingerprints,
    "descriptors": fingerprints.descriptors,
    "properties": partial(properties, names=CHEAP),  # the descriptors that take no time
}
LEAST = 3  # molecules in which a column must differ from its commonest value


class Described:
    """Molecules by their blocks, each computed when it is first asked for."""

    def __init__(self, smiles: Sequence[str]) -> None:
        self.smiles = smiles
        self._blocks: dict[str, Table] = {}

    def table(self, blocks: Sequence[str]) -> Table:
        """The blocks beside each other, [n, F]; what is not defined is 0."""
        for name in blocks:
            if name not in self._blocks:
                found = np.asarray(BLOCKS[name](self.smiles), np.float32)
                self._blocks[name] = np.nan_to_num(found, posinf=0, neginf=0)
        return np.concatenate([np.zeros((len(self.smiles), 0), np.float32), *(self._blocks[b] for b in blocks)], 1)


def telling(x: Table) -> NDArray[np.int64]:
    """The columns of [n, F] that say something: those in which ``LEAST`` molecules or more differ from the median."""
    return np.flatnonzero((x != np.median(x, axis=0)).sum(0) >= LEAST)
