from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import adapted_rand_error

from vivogan.metrics.instances import (
    Matches,
    average_precision,
    box_f1,
    box_iou,
    box_matches,
    count_error,
    f1,
    foreground_restricted_rand,
    matches,
)

maps = st.integers(0, 10**9).map(lambda seed: np.random.default_rng(seed).integers(0, 5, (2, 6, 7)))


def strip(*lengths: tuple[int, int]) -> np.ndarray:
    """A row of labels: (label, length), …"""
    return np.repeat([label for label, _ in lengths], [length for _, length in lengths])[None]


def test_matches_by_hand() -> None:
    true = strip((1, 4), (0, 1), (2, 4), (0, 1), (3, 4))
    found = strip((7, 3), (0, 2), (9, 4), (4, 5))  # IoU 3/4, 1, 4/5
    assert matches(true, found, 0.5) == Matches(3, 0, 0)
    assert matches(true, found, 0.8) == Matches(2, 1, 1)  # the border itself counts
    assert matches(true, found, 0.9) == Matches(1, 2, 2)
    assert average_precision(true, found, 0.9) == pytest.approx(1 / 5)
    assert f1(true, found, 0.9) == pytest.approx(2 / 6)


def test_below_a_half_the_matching_is_the_largest() -> None:
    # Object 1 overlaps a by .40 and b by .43, object 2 only b, by .33: the best pair first would leave 2 and a alone.
    true = strip((1, 10), (2, 6))
    found = strip((1, 4), (2, 10), (0, 2))
    assert matches(true, found, 0.3) == Matches(2, 0, 0)
    assert matches(true, found, 0.42) == Matches(1, 1, 1)


def test_nothing_and_nothing_agree() -> None:
    empty, one = np.zeros((3, 3), int), np.ones((3, 3), int)
    assert average_precision(empty, empty) == f1(empty, empty) == foreground_restricted_rand(empty, empty) == 1
    assert matches(empty, one) == Matches(0, 1, 0)
    assert matches(one, empty) == Matches(0, 0, 1)
    assert average_precision(one, empty) == average_precision(empty, one) == 0


def test_shares() -> None:
    found = Matches(6, 2, 4)
    assert (found.precision, found.recall) == (0.75, 0.6)
    assert found.f1 == pytest.approx(2 * 0.75 * 0.6 / 1.35)
    assert found.average_precision == 0.5


def test_rand_by_hand() -> None:
    true = strip((1, 4), (2, 4))
    assert foreground_restricted_rand(true, strip((1, 8))) == pytest.approx(32 / (0.5 * 64 + 0.5 * 32))
    assert foreground_restricted_rand(true, strip((1, 4), (2, 2), (3, 2))) == pytest.approx(24 / (0.5 * 24 + 0.5 * 32))
    # A border of the prediction: three pixels of the truth's foreground, each alone when it is not thinned.
    broad = strip((1, 3), (0, 3), (2, 2))
    assert foreground_restricted_rand(true, broad, thin=False) == pytest.approx(16 / (0.5 * 16 + 0.5 * 32))
    assert foreground_restricted_rand(strip((1, 4), (0, 1), (2, 4)), strip((1, 3), (0, 3), (2, 3))) == 1


@settings(max_examples=40, deadline=None)
@given(maps)
def test_rand_is_that_of_scikit_image(pair: np.ndarray) -> None:
    true, found = pair[0], pair[1] + 1
    if not (true > 0).any():
        return
    error, _, _ = adapted_rand_error(true, found)  # its F-score has no (α = ½) and pairs instead of shares
    inside = true > 0
    table = np.array([[((true == j) & (found == i) & inside).sum() for j in range(1, 5)] for i in range(1, 6)], float)
    both, s, t = (table**2).sum(), (table.sum(1) ** 2).sum(), (table.sum(0) ** 2).sum()
    assert foreground_restricted_rand(true, found) == pytest.approx(2 * both / (s + t))
    n = inside.sum()
    if s > n and t > n:  # pairs: the same without each pixel's pair with itself
        precision, recall = (both - n) / (s - n), (both - n) / (t - n)
        if precision + recall > 0:
            assert 1 - error == pytest.approx(2 * precision * recall / (precision + recall))


@settings(max_examples=60, deadline=None)
@given(maps, st.floats(0.05, 1))
def test_matches_are_a_matching(pair: np.ndarray, iou: float) -> None:
    true, found = pair
    n, m = (len(np.unique(part[part > 0])) for part in pair)
    got = matches(true, found, iou)
    assert got.true_positives + got.false_negatives == n
    assert got.true_positives + got.false_positives == m
    back = matches(found, true, iou)
    assert (back.true_positives, back.false_positives) == (got.true_positives, got.false_negatives)
    assert matches(true, true, iou).average_precision == 1
    assert foreground_restricted_rand(true, true) == 1
    shuffled = np.array([0, 30, 10, 40, 20])[found]  # other names of the same objects
    assert matches(true, shuffled, iou) == got
    assert foreground_restricted_rand(true, shuffled) == pytest.approx(foreground_restricted_rand(true, found))
    assert 0 <= foreground_restricted_rand(true, found) <= 1
    assert matches(true, found, min(1.0, iou + 0.1)).true_positives <= got.true_positives


def test_boxes_by_hand() -> None:
    truth, kinds = [[0, 0, 10, 10], [20, 20, 30, 30], [40, 40, 50, 50]], [0, 1, 0]
    found = [[0, 0, 10, 9], [0, 0, 10, 10], [20, 20, 30, 30], [40, 40, 50, 46]]
    got = box_matches(truth, kinds, found, [0, 0, 0, 0], [0.9, 0.8, 0.7, 0.6])
    assert got == Matches(2, 2, 1)  # the second finds its box taken, the third has the wrong class
    assert box_f1(truth, kinds, found, [0, 0, 1, 0], [0.9, 0.8, 0.7, 0.6]) == pytest.approx(6 / 7)
    assert box_iou([[0, 0, 1, 1]], [[0.5, 0, 1.5, 1]])[0, 0] == pytest.approx(1 / 3)


def test_no_boxes() -> None:
    assert box_f1([], [], [], [], []) == 1
    assert box_matches([], [], [[0, 0, 1, 1]], [0], [1.0]) == Matches(0, 1, 0)
    assert box_matches([[0, 0, 1, 1]], [0], [], [], []) == Matches(0, 0, 1)
    assert box_iou([[0, 0, 0, 0]], [[0, 0, 0, 0]])[0, 0] == 0


@pytest.mark.parametrize(
    ("true", "found"),
    [(np.zeros((2, 2), int), np.zeros((2, 3), int)), (np.zeros((2, 2)), np.zeros((2, 2), int)), ([[-1]], [[0]])],
)
def test_what_is_no_pair_of_label_maps_is_refused(true: np.ndarray, found: np.ndarray) -> None:
    with pytest.raises(ValueError):
        matches(true, found)


def test_other_refusals() -> None:
    with pytest.raises(ValueError, match="iou"):
        matches([[1]], [[1]], 0)
    with pytest.raises(ValueError, match="scores"):
        box_matches([], [], [[0, 0, 1, 1]], [0], [])
    with pytest.raises(ValueError, match="counts"):
        count_error([1, 2], [1])
    assert count_error([1, 2, 3], [1, 4, 2]) == 1
