"""Mutual information against scikit-learn, and trees that are known."""

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from vivogan.domains.sequences.mutual import mutual_information, tree


def chain(rng: np.random.Generator, count: int = 600, keep: float = 0.8) -> np.ndarray:
    """Places 3 → 0 → 2 → 1, each mostly a copy of the one before it."""
    s = rng.integers(0, 4, (count, 4))
    for before, after in ((3, 0), (0, 2), (2, 1)):
        s[:, after] = np.where(rng.random(count) < keep, s[:, before], s[:, after])
    return s


def test_information_agrees_with_scikit_learn_but_for_chance() -> None:
    s = chain(np.random.default_rng(0))
    found = mutual_information(s, 4)
    for i in range(4):
        for j in range(4):
            assert found[i, j] + 9 / (2 * len(s)) == pytest.approx(mutual_info_score(s[:, i], s[:, j]), abs=1e-5)


def test_the_tree_is_that_of_the_data() -> None:
    order, parent = tree(chain(np.random.default_rng(1)), 4, forwards=False)
    assert {frozenset((i, int(p))) for i, p in enumerate(parent) if p >= 0} == {
        frozenset(e) for e in ((3, 0), (0, 2), (2, 1))
    }
    assert all(p < 0 or list(order).index(p) < list(order).index(i) for i, p in enumerate(parent))


def test_forwards_every_place_hangs_on_an_earlier_one() -> None:
    order, parent = tree(chain(np.random.default_rng(2)), 4, forwards=True)
    assert order.tolist() == [0, 1, 2, 3]
    assert parent.tolist() == [-1, 0, 0, 0]
