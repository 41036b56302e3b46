"""Train, selection and test: whole scaffolds, and whole groups, lie on one side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.base import Split
from vivogan.domains.molecules.records import MoleculeRecords
from vivogan.domains.splitting import split_whole


def split(records: MoleculeRecords, seed: int) -> Split:
    """Indices of train, selection and test; scaffolds stay together unless ``records.splitting`` is "random", and each
    molecule without ring stands alone (see ``split_whole``)."""

    def alike(pool: NDArray[np.intp]) -> NDArray[np.intp]:
        if records.splitting == "random":
            return np.arange(len(pool))
        names = [records.scaffolds[i] or f"no ring {i}" for i in pool.tolist()]
        return np.unique(names, return_inverse=True)[1]

    return split_whole(
        records, alike, "molecules share a scaffold and could not be kept on one side of the split", seed
    )
