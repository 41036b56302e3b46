"""Does the generator repeat its training records?

Two questions, each with a distribution-free answer, so that a generator is not accused of copying because it is merely
poor:

- *Copies.* A generated record is called a copy when it lies both unusually near to a training record and unusually much
  nearer to it than to any other (the ratio of the two nearest distances). "Unusually" is measured on real records:
  held-out ones, and every training record against the others; and in any case the second must be half as far again,
  since in many dimensions all ratios crowd near 1. Blurred or average records are near to everything, so their ratio
  is near 1 and they are no copies. The excess over the real records is tested with Fisher's exact test.
- *Membership.* Are training records nearer to the generated set than held-out records are? If the generator knows
  the distribution alone, the two are exchangeable and the area under the curve is 1/2, however good or bad its output
  (the distance attack of Chen et al. 2020, "GAN-Leaks"). Tested with Mann and Whitney's U.

Adversarial accuracies and privacy loss: Yale et al. 2020, section 3; the two halves apart, as in Yelmen et al. 2021.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vivogan.metrics.arrays import Floats, feature_rows, same_width
from vivogan.metrics.bootstrap import interval
from vivogan.metrics.distances import nearest, neighbours

__all__ = ["Memorisation", "adversarial_accuracy", "memorisation", "nearest"]

ALPHA = 1e-3  # each of the two tests; a false alarm costs a user a training run
COPY_QUANTILE = 0.05  # how near, and how much nearer than to the second, counts as unusual
COPY_RATIO = 2 / 3  # the largest ratio of the two nearest distances that a copy may have
COPY_EXCESS = 0.02  # share of copies above the share among real records that matters at all
MEMBERSHIP_AUC = 0.6  # with many records a harmless .52 is already significant
SUBSAMPLES = 5  # draws of the larger set when adversarial accuracies compare sets of different size


@dataclass(frozen=True)
class Memorisation:
    """What ``memorisation`` found. Distances are Euclidean, in the units of the features.

    Attributes:
        distance_ratio: median nearest distance generated → train over that of held-out → train; about 1 is right, near
            0 is copying, far above 1 means that the generated records are unlike the data (infinite when half the
            held-out records are in the training set and the generated ones are not).
        too_close: share of generated records nearer to train than the 1 % quantile of held-out → train (.01 expected).
        exact_copies: share of generated records at distance 0 from a training record; ``exact_copies_expected``: the
            same share of held-out records.
        copies: share of generated records that are copies (see above); ``copies_expected``: the same share of real
            records.
        aa_truth_train, aa_syn_train: the halves of the adversarial accuracy against train; .5 is right, near 0 copying.
        aa_truth_held_out, aa_syn_held_out: the same against held-out records.
        privacy_loss: mean of the halves on held-out minus that on train; about 0 is right, up to .5 is leaking.
        membership_auc: how well the distance to the generated set tells train from held-out; .5 is right, 1 is leaking.
        membership_low, membership_high: its 95 % bootstrap interval.
        n_train, n_held_out, n_generated: numbers of records.
        flagged: whether the evidence for memorisation is strong. reason: one plain sentence that says why, or why not.
    """

    distance_ratio: float
    too_close: float
    exact_copies: float
    exact_copies_expected: float
    copies: float
    copies_expected: float
    aa_truth_train: float
    aa_syn_train: float
    aa_truth_held_out: float
    aa_syn_held_out: float
    privacy_loss: float
    membership_auc: float
    membership_low: float
    membership_high: float
    n_train: int
    n_held_out: int
    n_generated: int
    flagged: bool
    reason: str


def adversarial_accuracy(real: ArrayLike, generated: ArrayLike, seed: int = 0) -> tuple[float, float]:
    """The two halves of the nearest-neighbour adversarial accuracy; both are .5 for a perfect generator.

    Args:
        real: [n, d]. generated: [m, d]. When n ≠ m the larger set is drawn down to the smaller, five times, and the
            mean is given: a nearest distance depends on the number of records there are to choose from.
        seed: of those draws.

    Returns:
        aa_truth: share of real records whose nearest other real record is nearer than the nearest generated one (near
        1: the generator misses the data; near 0: it copies them). aa_syn: share of generated records whose nearest
        other generated record is nearer than the nearest real one (near 1: off the data or collapsed; near 0: copies).
        Ties, which discrete data have, count one half. Never average the two: .999 and .125 would look like .56.

    Raises:
        ValueError: fewer than 2 rows, different widths, or values that are not finite.
    """
    x, y = feature_rows(real, "real", minimum=2), feature_rows(generated, "generated", minimum=2)
    same_width(x, y, ("real", "generated"))
    size = min(len(x), len(y))
    rng = np.random.default_rng(seed)
    halves = []
    for _ in range(1 if len(x) == len(y) else SUBSAMPLES):
        a = x if len(x) == size else x[rng.permutation(len(x))[:size]]
        b = y if len(y) == size else y[rng.permutation(len(y))[:size]]
        within_a, within_b = (neighbours(s, s, 1, same=True)[0][:, 0] for s in (a, b))
        halves.append((_share_greater(nearest(a, b)[0], within_a), _share_greater(nearest(b, a)[0], within_b)))
    truth, syn = np.mean(halves, axis=0)
    return float(truth), float(syn)


def memorisation(train: ArrayLike, held_out: ArrayLike, generated: ArrayLike, seed: int = 0) -> Memorisation:
    """Compare generated records with those the generator was trained on and with real ones that it never saw.

    Args:
        train: [n, d]. held_out: [m, d] from the same source, by a split that leaves no duplicates on both sides.
        generated: [g, d]. All are features in the same units; a copy must be near to its original in them. A few
            hundred generated records see rare copies better than fifty; with few held-out ones only strong copying can
            be shown.
        seed: of the bootstrap and of the draws in ``adversarial_accuracy``.

    Raises:
        ValueError: fewer than 3 different training records, fewer than 2 others, different widths, or values not
            finite.
    """
    x = feature_rows(train, "train", minimum=3)
    h, g = feature_rows(held_out, "held_out", minimum=2), feature_rows(generated, "generated", minimum=2)
    same_width(x, h, ("train", "held_out"))
    same_width(x, g, ("train", "generated"))
    # A record that is there twice would hide its copies, since the second neighbour is as near as the first.
    distinct, origin, times = np.unique(x, axis=0, return_inverse=True, return_counts=True)
    if len(distinct) < 3:
        raise ValueError(f"train: at least 3 different records are needed, got {len(distinct)}")

    held_pair = neighbours(h, distinct, 2)[0]  # [m, 2]
    made_pair, made_index = neighbours(g, distinct, 2)  # [g, 2] each
    own_pair = neighbours(distinct, distinct, 2, same=True)[0]
    # Its twin counts as its copy, for an honest generator of discrete data makes common records again, too.
    own_pair = np.where(times[:, None] > 1, np.column_stack([np.zeros(len(distinct)), own_pair[:, 0]]), own_pair)
    own_pair = own_pair[origin.reshape(-1)]  # [n, 2]
    copies, expected, copying = _copies(made_pair, made_index[:, 0], np.concatenate([held_pair, own_pair]))
    auc, low, high, auc_p = _membership(distinct, h, g, seed)
    truth_train, syn_train = adversarial_accuracy(x, g, seed)
    truth_held, syn_held = adversarial_accuracy(h, g, seed)

    leaking = auc_p < ALPHA and auc > MEMBERSHIP_AUC
    held_near, made_near = held_pair[:, 0], made_pair[:, 0]
    return Memorisation(
        distance_ratio=_ratio(float(np.median(made_near)), float(np.median(held_near))),
        too_close=float((made_near < np.quantile(held_near, 0.01)).mean()),
        exact_copies=float((made_near == 0).mean()),
        exact_copies_expected=float((held_near == 0).mean()),
        copies=copies,
        copies_expected=expected,
        aa_truth_train=truth_train,
        aa_syn_train=syn_train,
        aa_truth_held_out=truth_held,
        aa_syn_held_out=syn_held,
        privacy_loss=(truth_held + syn_held) / 2 - (truth_train + syn_train) / 2,
        membership_auc=auc,
        membership_low=low,
        membership_high=high,
        n_train=len(x),
        n_held_out=len(h),
        n_generated=len(g),
        flagged=copying or leaking,
        reason=_reason(copying, leaking, copies, expected, auc, len(x), len(h)),
    )


def _copies(made: Floats, original: NDArray[np.intp], real: Floats) -> tuple[float, float, bool]:
    """Shares of copies among generated and real records, and whether the excess is beyond chance.

    Args:
        made, real: the two nearest distances to the training records, [g, 2] and [r, 2]. original: [g], which is
            nearest.
    """
    from scipy.stats import fisher_exact

    near_limit = np.quantile(real[:, 0], COPY_QUANTILE, method="lower")
    made_ratio, real_ratio = made[:, 0] / made[:, 1], real[:, 0] / real[:, 1]  # training records differ: no 0 / 0
    ratio_limit = min(float(np.quantile(real_ratio, COPY_QUANTILE, method="lower")), COPY_RATIO)
    made_copy = (made[:, 0] <= near_limit) & (made_ratio <= ratio_limit)
    real_copy = (real[:, 0] <= near_limit) & (real_ratio <= ratio_limit)
    share, expected = float(made_copy.mean()), float(real_copy.mean())
    if share - expected <= COPY_EXCESS:
        return share, expected, False
    # A collapsed generator repeats one output; if that is near to a training record by chance, it is so once.
    originals, others = int(np.unique(original[made_copy]).size), int((~made_copy).sum())
    table = [[originals, others], [int(real_copy.sum()), int((~real_copy).sum())]]
    if float(fisher_exact(table, alternative="greater")[1]) < ALPHA:
        return share, expected, True
    # One training record repeated is still a copy when it is hit too closely for chance: in D dimensions the ratio
    # falls below r with probability r^D, and real ratios tell D (Facco et al. 2017, eq. 3, by the mean logarithm).
    logs = np.log(real_ratio[real_ratio > 0])
    dimension = -1 / logs.mean() if logs.size and logs.mean() < 0 else 0.0
    closest = (ALPHA / len(made)) ** (1 / dimension) if dimension else 0.0
    hit = made_copy & (made_ratio <= closest)
    return share, expected, bool(hit.mean() > COPY_EXCESS and real_ratio.min() > closest)


def _membership(train: Floats, held_out: Floats, generated: Floats, seed: int) -> tuple[float, float, float, float]:
    """AUC, its 95 % interval and the p-value of AUC > 1/2, for telling train from held-out by nearness to generated."""
    from scipy.stats import mannwhitneyu

    members, others = -nearest(train, generated)[0], -nearest(held_out, generated)[0]
    low, high = interval(_auc, members, others, seed=seed)
    p = float(mannwhitneyu(members, others, alternative="greater").pvalue)
    return _auc(members, others), low, high, p


def _auc(positives: Floats, negatives: Floats) -> float:
    """P(positive > negative), ties one half."""
    ordered = np.sort(negatives)
    below = np.searchsorted(ordered, positives, side="left")
    up_to = np.searchsorted(ordered, positives, side="right")
    return float((below + up_to).mean() / (2 * len(negatives)))


def _share_greater(a: Floats, b: Floats) -> float:
    return float((a > b).mean() + (a == b).mean() / 2)


def _ratio(numerator: float, denominator: float) -> float:
    if denominator > 0:
        return numerator / denominator
    return 1.0 if numerator == 0 else float("inf")


def _reason(copying: bool, leaking: bool, copies: float, expected: float, auc: float, n: int, held: int) -> str:
    copied = (
        f"{_percent(copies)} of the generated records are near-copies of a training record "
        f"(real records are that close to one another in {_percent(expected)} of cases)"
    )
    leaked = (
        "the generated records give away which records the model was trained on: a training record is nearer to them "
        f"than an unseen one in {_percent(auc)} of comparisons (50 % would be chance)"
    )
    if copying and leaking:
        return f"The model has memorised training records: {copied}, and {leaked}."
    if copying:
        return f"The model has memorised training records: {copied}."
    if leaking:
        return f"The model is fitted too closely to its training records: {leaked}."
    text = "No sign of copying: generated records are no nearer to the training records than unseen real records are"
    chance = np.sqrt((n + held + 1) / (12 * n * held))  # standard deviation of the area under the curve by chance
    if 3 * chance > 0.25:
        text += f", though with {held} unseen records only strong copying would show"
    return text + "."


def _percent(share: float) -> str:
    return "under 1 %" if 0 < share < 0.005 else f"{share:.0%}".replace("%", " %")
