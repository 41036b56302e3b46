"""How well found objects agree with drawn ones: matched one to one, as partitions of the plane, as boxes, as counts.

Label maps are integer arrays of equal shape in which 0 is background and every other number is one object. A score over
several images is the mean of the images' scores (per image) or that of their summed ``Matches`` (pooled); say which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage
from scipy.optimize import linear_sum_assignment

from vivogan.metrics.arrays import Floats

Ints = NDArray[np.intp]


@dataclass(frozen=True)
class Matches:
    """Counts of objects; ``a + b`` pools two images.

    >>> Matches(8, 1, 1).average_precision
    0.8
    """

    true_positives: int
    false_positives: int
    false_negatives: int

    def __add__(self, other: Matches) -> Matches:
        return Matches(
            self.true_positives + other.true_positives,
            self.false_positives + other.false_positives,
            self.false_negatives + other.false_negatives,
        )

    @property
    def precision(self) -> float:
        """Share of the found objects that are there; 1 where nothing was found."""
        return _share(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float:
        """Share of the objects that were found; 1 where there are none."""
        return _share(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def f1(self) -> float:
        """2 TP / (2 TP + FP + FN); 1 where there is nothing and nothing was found."""
        wrong = self.false_positives + self.false_negatives
        return _share(2 * self.true_positives, 2 * self.true_positives + wrong)

    @property
    def average_precision(self) -> float:
        """TP / (TP + FP + FN), so named by the 2018 Data Science Bowl and StarDist (Schmidt et al. 2018); 1 where there
        is nothing and nothing was found."""
        return _share(self.true_positives, self.true_positives + self.false_positives + self.false_negatives)


def matches(true: ArrayLike, predicted: ArrayLike, iou: float = 0.5) -> Matches:
    """Objects of two label maps, matched one to one where their intersection over union is at least ``iou``.

    As many pairs as possible are matched; among such matchings the one with the largest summed IoU counts.

    Args:
        true: [H, W] (or any shape) integers. predicted: the same shape.
        iou: in (0, 1].

    Raises:
        ValueError: different shapes, numbers that are no integers, negative labels, or ``iou`` outside (0, 1].
    """
    return matches_at(true, predicted, (iou,))[0]


def matches_at(true: ArrayLike, predicted: ArrayLike, ious: Sequence[float]) -> list[Matches]:
    """``matches`` at several thresholds, from one look at the maps."""
    for iou in ious:
        _threshold(iou)
    overlaps = _overlaps(*_checked(true, predicted))
    n, m = overlaps.shape[0] - 1, overlaps.shape[1] - 1
    if n == 0 or m == 0:
        return [Matches(0, m, n) for _ in ious]
    shared = overlaps[1:, 1:]
    union = overlaps[1:].sum(1)[:, None] + overlaps[:, 1:].sum(0)[None] - shared
    return [_matched(shared / union, iou) for iou in ious]


def average_precision(true: ArrayLike, predicted: ArrayLike, iou: float = 0.5) -> float:
    """TP / (TP + FP + FN) of one image: ``matches(…).average_precision``. Two empty maps agree: 1."""
    return matches(true, predicted, iou).average_precision


def f1(true: ArrayLike, predicted: ArrayLike, iou: float = 0.5) -> float:
    """2 TP / (2 TP + FP + FN) of one image: ``matches(…).f1``. Two empty maps agree: 1."""
    return matches(true, predicted, iou).f1


def foreground_restricted_rand(true: ArrayLike, predicted: ArrayLike, thin: bool = True) -> float:
    """V^Rand F-score of the ISBI 2012 challenge (Arganda-Carreras et al. 2015, Front. Neuroanat. 9:142; α = ½).

    Only pixels that belong to a true object count. With p_ij the share of them that lies in predicted object i and true
    object j, s_i = Σ_j p_ij and t_j = Σ_i p_ij: V = Σ p_ij² / (½ Σ s_i² + ½ Σ t_j²). 1 is perfect; merged objects lower
    Σ p_ij² / Σ s_i², split ones Σ p_ij² / Σ t_j².

    Args:
        true: [H, W] integers, 0 is border. predicted: the same shape.
        thin: borders of the prediction are thinned to nothing first (each pixel of them goes to the nearest predicted
            object), as the challenge did from its second edition on. Otherwise each is an object of its own.

    Returns:
        A number in [0, 1]; 1 where there is no true object.

    Raises:
        ValueError: different shapes, numbers that are no integers, or negative labels.
    """
    t, p = _checked(true, predicted)
    if thin and p.any() and not p.all():
        nearest = ndimage.distance_transform_edt(p == 0, return_distances=False, return_indices=True)
        p = p[tuple(nearest)]
    inside = t > 0
    n = int(inside.sum())
    if n == 0:
        return 1.0
    overlaps = _overlaps(t[inside], p[inside]).astype(np.float64)
    alone = float(overlaps[:, 0].sum())  # border pixels, each an object of one pixel
    both = float(np.square(overlaps[:, 1:]).sum()) + alone
    by_predicted = float(np.square(overlaps[:, 1:].sum(0)).sum()) + alone
    by_true = float(np.square(overlaps.sum(1)).sum())
    return both / (0.5 * by_predicted + 0.5 * by_true)


def box_matches(
    true_boxes: ArrayLike,
    true_classes: ArrayLike,
    boxes: ArrayLike,
    classes: ArrayLike,
    scores: ArrayLike,
    iou: float = 0.5,
) -> Matches:
    """Detections against drawn boxes: by falling score, each takes the free box of its class that it overlaps most
    (Everingham et al. 2010, PASCAL VOC), if by at least ``iou``.

    Args:
        true_boxes: [n, 4], (top, left, bottom, right). true_classes: [n].
        boxes: [m, 4]. classes: [m]. scores: [m], higher is surer.

    Raises:
        ValueError: numbers of boxes, classes and scores that do not agree, or ``iou`` outside (0, 1].
    """
    _threshold(iou)
    truth, found = _boxes(true_boxes, "true_boxes"), _boxes(boxes, "boxes")
    kinds, guesses, sure = np.asarray(true_classes), np.asarray(classes), np.asarray(scores)
    for array, rows, name in ((kinds, truth, "true_classes"), (guesses, found, "classes"), (sure, found, "scores")):
        if array.shape != (len(rows),):
            raise ValueError(f"{name}: expected {len(rows)} values, one a box, got shape {list(array.shape)}")
    overlap = box_iou(truth, found)
    overlap[kinds[:, None] != guesses[None]] = 0
    taken = 0
    for j in np.argsort(-sure, kind="stable"):
        if len(truth) and overlap[:, j].max() >= iou:
            overlap[int(overlap[:, j].argmax())] = 0
            taken += 1
    return Matches(taken, len(found) - taken, len(truth) - taken)


def box_f1(
    true_boxes: ArrayLike,
    true_classes: ArrayLike,
    boxes: ArrayLike,
    classes: ArrayLike,
    scores: ArrayLike,
    iou: float = 0.5,
) -> float:
    """2 TP / (2 TP + FP + FN) of the detections of one image: ``box_matches(…).f1``."""
    return box_matches(true_boxes, true_classes, boxes, classes, scores, iou).f1


def box_iou(a: ArrayLike, b: ArrayLike) -> Floats:
    """Intersection over union [n, m] of boxes [n, 4] and [m, 4], (top, left, bottom, right).

    >>> box_iou([[0, 0, 2, 2]], [[0, 0, 2, 1], [5, 5, 6, 6]]).tolist()
    [[0.5, 0.0]]
    """
    x, y = _boxes(a, "a")[:, None], _boxes(b, "b")[None]
    sides = np.minimum(x[..., 2:], y[..., 2:]) - np.maximum(x[..., :2], y[..., :2])  # n x m x 2
    shared = np.clip(sides, 0, None).prod(-1)
    union = (x[..., 2:] - x[..., :2]).prod(-1) + (y[..., 2:] - y[..., :2]).prod(-1) - shared
    shares: Floats = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return shares


def count_error(true: ArrayLike, predicted: ArrayLike) -> float:
    """Mean absolute error of counts [n] (or [n, classes]).

    >>> count_error([3, 5], [4, 5])
    0.5
    """
    a, b = np.asarray(true, np.float64), np.asarray(predicted, np.float64)
    if a.shape != b.shape or a.size == 0:
        raise ValueError(f"expected as many counts as truths, got {list(b.shape)} and {list(a.shape)}")
    return float(np.abs(a - b).mean())


def _threshold(iou: float) -> None:
    if not 0 < iou <= 1:
        raise ValueError(f"iou: expected a number in (0, 1], got {iou}")


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _matched(overlap: Floats, iou: float) -> Matches:
    """The largest matching of pairs [n, m] of at least ``iou``."""
    n, m = overlap.shape
    good = overlap >= iou
    # One more pair is worth more than any sum of IoUs: these add up to less than min(n, m) + 1.
    worth = good + good * overlap / (min(n, m) + 1)
    rows, columns = linear_sum_assignment(worth, maximize=True)
    taken = int(good[rows, columns].sum())
    return Matches(taken, m - taken, n - taken)


def _checked(true: ArrayLike, predicted: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    t, p = np.asarray(true), np.asarray(predicted)
    for array, name in ((t, "true"), (p, "predicted")):
        if array.dtype.kind not in "iub":
            raise ValueError(f"{name}: expected integer labels, got dtype {array.dtype}")
        if array.size and array.min() < 0:
            raise ValueError(f"{name}: labels must not be negative")
    if t.shape != p.shape:
        raise ValueError(f"label maps of different shapes: {list(t.shape)} and {list(p.shape)}")
    return t, p


def _overlaps(true: NDArray[Any], predicted: NDArray[Any]) -> Ints:
    """Pixels [1 + n, 1 + m] that objects share; row and column 0 are the background, also where there is none."""
    t, n = _dense(true)
    p, m = _dense(predicted)
    return np.bincount(t * (m + 1) + p, minlength=(n + 1) * (m + 1)).reshape(n + 1, m + 1)


def _dense(labels: NDArray[Any]) -> tuple[Ints, int]:
    """Labels [N] as 0…n with 0 for background, and n."""
    flat = labels.reshape(-1).astype(np.int64)
    if flat.size and flat.max() <= flat.size:  # counting is several times faster than sorting
        there = np.bincount(flat) > 0
        there[0] = False
        numbers: Ints = (np.cumsum(there) * there).astype(np.intp)
        return numbers[flat], int(there.sum())
    ids, dense = np.unique(flat, return_inverse=True)
    start = 0 if len(ids) and ids[0] == 0 else 1
    return dense.reshape(-1).astype(np.intp) + start, len(ids) - 1 + start


def _boxes(boxes: ArrayLike, name: str) -> Floats:
    array = np.asarray(boxes, np.float64)
    if array.size == 0:
        return np.zeros((0, 4))
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f"{name}: expected boxes [n, 4], got shape {list(array.shape)}")
    return array
