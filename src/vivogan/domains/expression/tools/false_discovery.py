"""False discovery control."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from vivogan.domains.expression.tools.normalise import Floats


def benjamini_hochberg(p: Floats) -> Floats:
    """The smallest false discovery rate at which each hypothesis is rejected, [m] (Benjamini and Hochberg 1995).

    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    order = np.argsort(-p)
    rates = p[order] * len(p) / np.arange(len(p), 0, -1)
    found = np.empty(len(p))
    found[order] = np.minimum(np.minimum.accumulate(rates), 1.0)
    return found


def against_null(values: Floats, null: Floats) -> Floats:
    """One-sided p-values [m]: the share of a null [k] that is as large, with one added (Phipson and Smyth 2010)."""
    ranked = np.sort(null)
    return (len(ranked) - np.searchsorted(ranked, values, side="left") + 1) / (len(ranked) + 1)


def false_signs(mean: Floats, width: Floats) -> tuple[Floats, Floats]:
    """The chance that each effect has the other sign, and the expected share of these among it and all surer ones.

    Of normal posteriors with ``mean`` and standard deviation ``width``, [m] each: the local false sign rate and its
    running mean, the s-value (Stephens 2017, section 2.3).
    """
    chance = ndtr(-np.abs(mean) / width)
    order = np.argsort(chance, kind="stable")
    share = np.empty(len(chance))
    share[order] = np.cumsum(chance[order]) / np.arange(1, len(chance) + 1)
    return chance, share
