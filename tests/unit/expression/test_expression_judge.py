from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from vivogan.domains.expression import metrics
from vivogan.domains.expression.judge import measures
from vivogan.domains.scores import Measure, Sample

GENES = 40
CODEC = SimpleNamespace(genes=[f"g{i}" for i in range(GENES)])
SIZES = [90, 80, 3]  # the last type is rare


def sample(seed: int, wrong: bool = False, types: int = 3) -> Sample:
    """Cells of a few types with ten genes each; ``wrong`` ones have the genes of another type, and too few."""
    y = np.repeat(np.arange(types), SIZES[:types])
    rng = np.random.default_rng(seed)
    means = np.full((types, GENES), 0.7)
    for k in range(types):
        means[k, 10 * k : 10 * k + 10] = 5
    shown = (y + 1) % types if wrong else y
    counts = rng.poisson(means[shown] * rng.lognormal(0, 0.3, (len(y), 1)) * (0.4 if wrong else 1))
    x = torch.from_numpy(counts.astype(np.float32))
    return Sample(np.zeros((len(y), 2)), metrics.summaries(x, CODEC), y, x)


@pytest.fixture(scope="module")
def found() -> list[Measure]:
    return measures(sample(9), CODEC)


def test_the_names(found: list[Measure]) -> None:
    assert [measure.name for measure in found] == [
        "forest AUC, 50 PCs", "forest AUC, genes", "MMD², 50 PCs", "miLISI", "gene mean error", "gene variance error",
        "gene zero share error", "gene W1", "gene-gene correlation r", "TSTR accuracy", "marker overlap",
        "rare types recognised", "rare types learned",
    ]  # fmt: skip


def test_real_cells_score_better_than_wrong_ones(found: list[Measure]) -> None:
    real, same, wrong = sample(0), sample(1), sample(2, wrong=True)
    for measure in found:
        good, bad = measure.of(real, same), measure.of(real, wrong)
        assert np.isfinite([good, bad]).all()
        assert (good > bad) == (measure.better == "higher"), measure.name


def test_intervals_hold_the_value(found: list[Measure]) -> None:
    real, same = sample(0), sample(1)
    for measure in found:
        value = measure.of(real, same)
        low, high = measure.interval(real, same, value)
        assert low <= value + 1e-9, measure.name
        assert high >= value - 1e-9, measure.name


def test_the_floor_of_recognition_is_that_of_real_cells(found: list[Measure]) -> None:
    measure = next(measure for measure in found if measure.name == "rare types recognised")
    assert measure.floor is not None
    assert measure.floor(sample(0), sample(9)) == 1


def test_without_types_nothing_of_types_is_asked() -> None:
    names = {measure.name for measure in measures(sample(9, types=1), CODEC)}
    assert not names & {"TSTR accuracy", "marker overlap", "rare types recognised"}


def test_very_few_cells() -> None:
    few = sample(0).rows(np.array([0, 1, 100]))
    for measure in measures(sample(9), CODEC):
        value = measure.of(few, few)
        low, high = measure.interval(few, few, value)
        assert np.isfinite([value, low, high]).all(), measure.name
