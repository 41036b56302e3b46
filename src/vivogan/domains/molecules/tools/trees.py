"""Gradient boosted trees for one target (Friedman 2001), grown by LightGBM and written down as text."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vivogan.core.configuration import Settings
from vivogan.core.seeds import derive
from vivogan.domains.molecules.tools.features import Table
from vivogan.domains.tasks.targets import Floats


class TreeSettings(Settings):
    """How trees grow. ``columns`` and ``rows``: the share that each tree is shown."""

    rounds: Annotated[int, Field(ge=1)] = 300
    learning_rate: Annotated[float, Field(gt=0)] = 0.05
    leaves: Annotated[int, Field(ge=2)] = 31
    least: Annotated[int, Field(ge=1)] = 5  # molecules in a leaf
    columns: Annotated[float, Field(gt=0, le=1)] = 0.2
    rows: Annotated[float, Field(gt=0, lt=1)] = 0.8
    random: bool = True  # thresholds are drawn, not sought (Geurts et al. 2006)
    penalty: Annotated[float, Field(ge=0)] = 1.0  # of the squares of the leaves' values
    bins: Annotated[int, Field(ge=2, le=255)] = 63


class Trees:
    """Grown trees; ``said`` gives numbers, or log-odds."""

    def __init__(self, text: str) -> None:
        import lightgbm

        self.text = text
        self._booster = lightgbm.Booster(model_str=text)

    def state(self) -> dict[str, Any]:
        return {"text": self.text}

    def said(self, x: Table) -> Floats:
        """[n] of x [n, F]."""
        if not len(x):
            return np.zeros(0)
        return np.asarray(self._booster.predict(x, raw_score=True, num_threads=1), np.float64)


def binned(x: Table, settings: TreeSettings) -> Any:
    """Columns in bins, once for all targets and folds."""
    import lightgbm

    given = {
        "max_bin": settings.bins,
        "verbose": -1,
        "num_threads": 1,
        "min_data_in_bin": 1,
        "feature_pre_filter": False,
    }
    return lightgbm.Dataset(x, params=given, free_raw_data=False).construct()


def grown(
    data: Any,
    rows: NDArray[np.intp],
    y: Floats,
    weight: Floats | None,
    settings: TreeSettings,
    chances: bool,
    seed: int,
) -> Trees:
    """Trees that have learned y [n] of ``rows`` [n] of ``binned`` data, each with its weight [n]."""
    import lightgbm

    own = data.subset(np.sort(rows)).construct()
    order = np.argsort(rows, kind="stable")
    own.set_label(y[order])
    if weight is not None:
        own.set_weight(weight[order])
    given = {
        "objective": "cross_entropy" if chances else "regression",  # soft labels are allowed
        "extra_trees": settings.random,
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.leaves,
        "min_data_in_leaf": settings.least,
        "feature_fraction": settings.columns,
        "bagging_fraction": settings.rows,
        "bagging_freq": 1,
        "lambda_l2": settings.penalty,
        "max_bin": settings.bins,
        "min_data_in_bin": 1,
        "feature_pre_filter": False,
        "seed": derive(seed, "trees") % 2**31,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbose": -1,
    }
    booster = lightgbm.train(given, own, settings.rounds)
    return Trees(booster.model_to_string())
