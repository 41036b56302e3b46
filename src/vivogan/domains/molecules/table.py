"""What stands beside each molecule that is written: properties, alerts, what is known like it, and a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.molecules.alerts import alerts
from vivogan.domains.molecules.fingerprints import bit_fingerprints
from vivogan.domains.molecules.ordering import orderable
from vivogan.domains.molecules.properties import properties
from vivogan.domains.molecules.records import MoleculeRecords
from vivogan.domains.molecules.similarity import most_alike

COLUMNS = ("qed", "sa", "logp", "weight", "tpsa", "donors", "acceptors", "rotatable")
DECIMALS = {"qed": 3, "sa": 2, "logp": 2, "weight": 1, "tpsa": 1}  # the others are counts


@dataclass(frozen=True)
class Known:
    """Molecules that others are compared with: SMILES [m] and their names [m]."""

    smiles: Sequence[str]
    ids: Sequence[str]

    def nearest(self, smiles: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """How alike (Tanimoto, Morgan bits of radius 2) each of n is to the most alike known one [n], and which [n]."""
        return most_alike(bit_fingerprints(smiles), bit_fingerprints(self.smiles))


def described(records: MoleculeRecords, known: Known | None = None) -> MoleculeRecords:
    """The records with columns beside their labels.

    ``qed`` … ``rotatable`` as in ``properties.py``; ``alerts`` by name; ``order``: "yes", or why not; and where there
    are known molecules ``nearest`` (its name), ``nearest_smiles`` and ``similarity``.
    """
    smiles = records.smiles
    values = properties(smiles, COLUMNS)
    found = alerts(smiles)
    columns = {
        name: np.array([f"{value:.{DECIMALS.get(name, 0)}f}" for value in column], dtype=np.str_)
        for name, column in zip(COLUMNS, values.T.tolist(), strict=True)
    }
    columns["alerts"] = np.array(["; ".join(dict.fromkeys(map(str, each))) for each in found], dtype=np.str_)
    columns["order"] = np.array(orderable(smiles, warned=found), dtype=np.str_)
    if known is not None and len(known.smiles):
        alike, place = known.nearest(smiles)
        columns["nearest"] = np.array([known.ids[i] for i in place], dtype=np.str_)
        columns["nearest_smiles"] = np.array([known.smiles[i] for i in place], dtype=np.str_)
        columns["similarity"] = np.array([f"{value:.3f}" for value in alike.tolist()], dtype=np.str_)
    return replace(records, labels={**columns, **records.labels})
