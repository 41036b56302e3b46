from __future__ import annotations

import numpy as np
import pytest

from vivogan.domains.expression.annotation import Annotator
from vivogan.domains.expression.rare import rare_types, recovered


def apart(counts: list[int], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Types around corners far from each other."""
    y = np.repeat(np.arange(len(counts)), counts)
    return 10.0 * np.eye(len(counts), 6)[y] + np.random.default_rng(seed).normal(size=(len(y), 6)), y


def test_which_types_are_rare() -> None:
    y = np.repeat([0, 1, 2, 3], [500, 8, 2, 15])
    assert rare_types(y).tolist() == [1]
    assert rare_types(y, share=0.05).tolist() == [1, 3]


def test_recovered_is_the_mean_over_types() -> None:
    x, y = apart([60, 40, 10])
    annotator = Annotator().fit(x, y)
    types = np.array([1, 2])
    assert recovered(annotator, x, y, types) == 1
    wrong = x.copy()
    wrong[y == 2] = x[0]
    assert recovered(annotator, wrong, y, types) == pytest.approx(0.5)
    assert recovered(annotator, x[y == 0], y[y == 0], types) == 0


def test_an_annotator_knows_the_types_it_learned() -> None:
    x, y = apart([30, 30, 5])
    annotator = Annotator("balanced", components=3).fit(x, y)
    other, wanted = apart([10, 10, 10], seed=1)
    assert (annotator.predict(other) == wanted).mean() > 0.95
    shares = annotator.probabilities(other)
    assert shares.shape == (30, 3)
    assert shares.sum(1) == pytest.approx(np.ones(30))


def test_weights_raise_what_is_rare() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [400, 12])
    x = rng.normal(size=(412, 4)) + 1.2 * y[:, None]
    plain, weighted = (Annotator(weights, components=None).fit(x, y) for weights in (None, "balanced"))  # type: ignore[arg-type]
    assert (weighted.predict(x) == 1).sum() > (plain.predict(x) == 1).sum()


def test_of_one_type_there_is_one_answer() -> None:
    x, y = apart([12])
    annotator = Annotator().fit(x, y + 7)
    assert set(annotator.predict(x).tolist()) == {7}
