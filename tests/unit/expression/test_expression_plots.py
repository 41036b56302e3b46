from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from vivogan.domains.expression import plots
from vivogan.domains.expression.canvas import TYPES, type_colours
from vivogan.domains.expression.records import Cells

GENES = [f"gene{i}" for i in range(12)]


def cells(y: np.ndarray, seed: int) -> Cells:
    rng = np.random.default_rng(seed)
    means = np.full((len(y), 12), 0.4)
    for i, k in enumerate(y):
        means[i, 3 * k : 3 * k + 3] = 6
    return Cells(csr_matrix(rng.poisson(means).astype(np.int32)), GENES)


def gallery(y: np.ndarray, classes: list[str]) -> dict[str, Any]:
    real, made = cells(y, 0), cells(y, 1)
    few = min(4, len(y))
    return {
        "classes": classes, "real": real, "made": made, "train": real, "y": y,
        "closest_made": made[:few], "closest_train": real[:few], "walk": [made[:3], made[1:4]],
    }  # fmt: skip


def test_every_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plots, "embedded", lambda pooled: pooled[:, :2])
    found = plots.figures(gallery(np.repeat([0, 1, 2], 10), ["T", "B", "NK"]))
    names = ["real", "generated", "nearest", "umap", "markers", "curves", "library", "interpolation"]
    assert [figure.name for figure in found] == names
    for figure in found:
        assert figure.title
        assert figure.caption
        assert figure.image.dtype == np.uint8
        assert figure.image.shape[2] == 3
        assert figure.image.std() > 5


def test_few_cells_of_one_type_without_walk() -> None:
    shown = gallery(np.zeros(5, np.intp), ["all"]) | {"walk": []}
    assert [figure.name for figure in plots.figures(shown)] == ["real", "generated", "nearest", "curves", "library"]


def test_a_type_of_one_cell_is_drawn_but_has_no_markers() -> None:
    y = np.array([0, 0, 0, 1, 1, 1, 2])
    assert "markers" in {figure.name for figure in plots.figures(gallery(y, ["T", "B", "NK"]))}


def test_colours_of_types_stay_apart() -> None:
    assert len(set(type_colours(20))) == 20
    assert type_colours(21)[20] == TYPES[0]
