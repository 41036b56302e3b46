"""A random forest (Breiman 2001) for one target, grown by scikit-learn and written down as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from vivogan.core.configuration import Settings
from vivogan.core.seeds import derive
from vivogan.domains.molecules.tools.features import Table
from vivogan.domains.tasks.targets import Floats

ROWS = 500  # molecules that walk through all trees together
LEAF = -1


class ForestSettings(Settings):
    """How a forest grows. ``columns``: the share that each node may choose from."""

    trees: Annotated[int, Field(ge=1)] = 200
    columns: Annotated[float, Field(gt=0, le=1)] = 0.02
    least: Annotated[int, Field(ge=1)] = 1  # molecules in a leaf


@dataclass(frozen=True)
class Forest:
    """The nodes of all trees: at ``feature`` [N] (``LEAF``: none) x ≤ ``threshold`` goes to the next node in the list,
    others go to ``right``; ``value`` is that of a leaf; ``roots`` are where the trees begin, [T]."""

    roots: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: Floats
    right: NDArray[np.int32]
    value: NDArray[np.float32]

    @classmethod
    def grown(cls, x: Table, y: Floats, weight: Floats | None, settings: ForestSettings, seed: int) -> Self:
        """A forest that has learned y [n] of x [n, F]; of chances it says how many of the trees' molecules are."""
        from sklearn.ensemble import RandomForestRegressor

        model = RandomForestRegressor(
            settings.trees,
            max_features=settings.columns,
            min_samples_leaf=settings.least,
            random_state=derive(seed, "forest") % 2**32,
            n_jobs=1,
        ).fit(x, y, weight)
        trees = [each.tree_ for each in model.estimators_]
        sizes = np.array([tree.node_count for tree in trees])
        roots = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        return cls(
            roots.astype(np.int32),
            np.concatenate([np.where(tree.feature < 0, LEAF, tree.feature) for tree in trees]).astype(np.int32),
            np.concatenate([tree.threshold for tree in trees]),
            np.concatenate([tree.children_right + root for tree, root in zip(trees, roots, strict=True)]).astype(
                np.int32
            ),
            np.concatenate([tree.value[:, 0, 0] for tree in trees]).astype(np.float32),
        )

    def said(self, x: Table, odds: bool = False) -> Floats:
        """The mean of the trees, [n] of x [n, F]; as log-odds where it is a share."""
        mean = np.concatenate([np.zeros(0), *(self._walk(x[i : i + ROWS]) for i in range(0, len(x), ROWS))])
        if not odds:
            return mean
        edge = 0.5 / len(self.roots)  # half a tree
        share = np.clip(mean, edge, 1 - edge)
        return np.asarray(np.log(share / (1 - share)))

    def _walk(self, x: Table) -> Floats:
        node = np.repeat(self.roots[None], len(x), 0)  # n x T
        rows = np.arange(len(x))[:, None]
        while True:
            feature = self.feature[node]
            inner = feature != LEAF
            if not inner.any():
                return self.value[node].mean(1, dtype=np.float64)
            left = x[rows, feature] <= self.threshold[node]
            node = np.where(inner, np.where(left, node + 1, self.right[node]), node)

    def state(self) -> dict[str, Tensor]:
        return {name: torch.from_numpy(value) for name, value in vars(self).items()}

    @classmethod
    def from_state(cls, tensors: Mapping[str, Tensor]) -> Self:
        return cls(**{name: tensors[name].numpy() for name in ("roots", "feature", "threshold", "right", "value")})
