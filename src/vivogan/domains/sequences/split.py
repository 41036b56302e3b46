"""Train, selection and test: whole clusters of alike sequences, and whole groups, lie on one side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.base import Split
from vivogan.domains.sequences.clusters import clusters
from vivogan.domains.sequences.records import SequenceRecords
from vivogan.domains.splitting import split_whole


def split(records: SequenceRecords, seed: int) -> Split:
    """Indices of train, selection and test; clusters at ``records.identity`` stay together (see ``split_whole``)."""

    def alike(pool: NDArray[np.intp]) -> NDArray[np.intp]:
        return clusters([records.sequences[i] for i in pool.tolist()], records.identity, records.aligned)

    told = f"records are over {records.identity:.0%} alike and could not be kept on one side of the split"
    return split_whole(records, alike, told, seed)
