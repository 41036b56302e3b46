"""Train, selection and test: whole donors or batches lie on one side, else every class is shared out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.base import Split
from vivogan.domains.expression.records import ExpressionRecords
from vivogan.domains.splitting import split_whole


def split(records: ExpressionRecords, seed: int) -> Split:
    """Indices of train, selection and test (see ``split_whole``); ``records.group`` ties cells."""

    def alike(pool: NDArray[np.intp]) -> NDArray[np.intp]:
        return np.arange(len(pool))

    return split_whole(records, alike, "cells are alike", seed)
