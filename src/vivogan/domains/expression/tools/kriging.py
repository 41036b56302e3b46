"""Kriging across cell types: the response of an unmeasured type, gene by gene, with its variance.

A gene's shift in mean log-normalised expression, stimulated − control, is a Gaussian process over types (Rasmussen and
Williams 2006, eq. 2.23–2.24). Two types are alike where their control profiles are and where the gene itself is
expressed alike; measurement noise is that of the cells at hand. What is kriged is shift + ``pull`` × control level:
with a pull of one, types end at alike levels (saturation); with none, they move by alike amounts.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vivogan.domains.expression.tools.normalise import Floats, moments

Rows = NDArray[np.intp]
PRIOR_CELLS = 20  # cells' worth of the pooled variance in each type's own
LEAST_NOISE = 1e-4  # squared log units
ALIKE_GENES = 1000  # genes most variable between types, in which types are compared
CHOSEN_ON = 100  # genes with the largest shifts of a type, on which settings are chosen
BLOCK = 1000  # genes that are kriged at a time
AMPLITUDES = (0.5, 4.0)  # by which predictions may be multiplied
TEMPERATURE = 0.01  # difference in correlation that counts between settings
SURE = 2.0  # standard errors that such a shift must have
LEAST_SQUARE = 0.05  # prior variance of a gene that moved in no known type, squared log units
LEAST_BETWEEN, DIFFERING = 0.1, 0.1  # what differs between types at least, also as a share of the squared mean shift
SHARED = 0.05  # share of a gene's prior variance that types have in common however unlike they are
LINEAR = 0.25  # share of the rest that is linear in the profile
REACH = 0.1  # difference in correlation over which alikeness falls by e


@dataclass(frozen=True)
class Types:
    """What was measured of T types and g genes: the ``control`` level and the ``shift`` [T, g], log-normalised means.

    ``control_noise`` and ``target_noise`` [T, g] are the squared standard errors of both means, ``cells`` [T, 2] the
    cells behind them. The target's parts are NaN where a type was measured in control alone.
    """

    names: list[str]
    control: Floats
    shift: Floats
    control_noise: Floats
    target_noise: Floats
    cells: NDArray[np.intp]
    alikeness: Floats  # the correlation of types' control profiles, T x T
    profiles: Floats  # control levels in the genes that differ most between types, T x a

    def genes(self, chosen: Rows) -> Types:
        """The same types, some genes; as alike as they are in all."""
        control, shift = self.control[:, chosen], self.shift[:, chosen]
        noise = self.control_noise[:, chosen], self.target_noise[:, chosen]
        return Types(self.names, control, shift, *noise, self.cells, self.alikeness, self.profiles)


def measured(levels: csr_matrix, types: NDArray[np.str_], stimulated: NDArray[np.bool_], names: list[str]) -> Types:
    """The means of log-normalised ``levels`` [n, g] by type and condition, with their noise."""
    sides = [_moments(levels, types, stimulated == side, names) for side in (False, True)]
    (control, control_noise, few), (target, target_noise, many) = sides
    profiles = control[:, np.argsort(-control.var(axis=0))[:ALIKE_GENES]]
    cells = np.stack([few, many], 1)
    alike = np.atleast_2d(np.corrcoef(profiles))
    return Types(names, control, target - control, control_noise, target_noise, cells, alike, profiles)


def _moments(
    levels: csr_matrix, types: NDArray[np.str_], side: NDArray[np.bool_], names: list[str]
) -> tuple[Floats, Floats, NDArray[np.intp]]:
    parts = [levels[side & (types == name)] for name in names]
    cells = np.array([part.shape[0] for part in parts], np.intp)
    nothing = np.full(levels.shape[1], np.nan)
    found = [moments(part) if part.shape[0] else (nothing, nothing) for part in parts]
    means, variances = np.stack([mean for mean, _ in found]), np.stack([variance for _, variance in found])
    weights = cells[:, None]
    pooled = np.nansum(np.where(weights > 0, variances * weights, 0), axis=0) / max(1, cells.sum())
    noise = (variances * weights + pooled * PRIOR_CELLS) / (weights + PRIOR_CELLS) / np.maximum(weights, 1)
    return means, noise + LEAST_NOISE / 2, cells


@dataclass(frozen=True)
class Kriging:
    """Prior of the shifts of one gene: the ``pull`` towards alike levels (0…1), and how much of it follows the gene's
    own control level (``slope``)."""

    pull: float = 0.25
    slope: float = 0.1

    def predict(self, types: Types, of: int, known: Rows) -> tuple[Floats, Floats]:
        """The shift of type ``of`` from those ``known``: mean and variance, [g] each. No level falls below zero."""
        near = _nearness(types, known)  # T x T
        own = types.control - types.control[known].mean(axis=0)  # T x g
        a, b = own[known].T, own[of][:, None]  # g x K, g x 1
        noise = types.target_noise[known] + (1 - self.pull) ** 2 * types.control_noise[known]
        square, between = _spreads(types, known)
        among = square[:, None, None] * near[np.ix_(known, known)] + self.slope * a[:, :, None] * a[:, None, :]
        among = among + noise.T[:, :, None] * np.eye(len(known))  # g x K x K
        towards = square[:, None] * near[of, known] + self.slope * a * b  # g x K
        held = (types.shift + self.pull * types.control)[known].T
        solved = np.linalg.solve(among, np.stack([held, towards], axis=-1))
        mean = (towards * solved[:, :, 0]).sum(1) - self.pull * types.control[of]
        prior = square * near[of, of] + self.slope * own[of] ** 2
        left = np.clip(1 - (towards * solved[:, :, 1]).sum(1) / prior, 0, 1)  # of the prior variance
        return np.maximum(mean, -types.control[of]), left * between


def _nearness(types: Types, known: Rows) -> Floats:
    """Prior covariance of types' shifts, [T, T]: alike types respond alike.

    A little of it is linear in the profile, so that a type further from the others can respond more than any of them.
    """
    near = np.exp(-(1 - types.alikeness) / REACH)
    away = types.profiles - types.profiles[known].mean(axis=0)
    linear = away @ away.T
    linear = linear / max(float(np.diag(linear)[known].mean()), 1e-12)
    return SHARED + (1 - SHARED) * ((1 - LINEAR) * near + LINEAR * linear)


def _spreads(types: Types, known: Rows) -> tuple[Floats, Floats]:
    """The mean square of each gene's shift in the known types, and how much of it differs between them, [g] each.

    Both without what is noise (the method of moments), and never nothing.
    """
    shift, noise = types.shift[known], (types.control_noise + types.target_noise)[known]
    weight = 1 / (noise + LEAST_SQUARE)
    weight = weight / weight.sum(axis=0)
    square = np.maximum((weight * (np.square(shift) - noise)).sum(axis=0), 0)
    mean = (weight * shift).sum(axis=0)
    excess = np.maximum((weight * (np.square(shift - mean) - noise)).sum(axis=0), 0)
    between = excess * len(known) / max(1, len(known) - 1) + DIFFERING * np.square(mean) + LEAST_BETWEEN
    return square + LEAST_SQUARE, between


GRID = tuple(Kriging(*values) for values in itertools.product((0.0, 0.25, 0.5, 0.75), (0.0, 0.1, 0.3)))


@dataclass(frozen=True)
class Prediction:
    """Mean and variance of a type's shift, [g] each."""

    mean: Floats
    variance: Floats


def predicted(types: Types, of: int, known: Rows, judged: Rows, grid: tuple[Kriging, ...] = GRID) -> Prediction:
    """The shift of type ``of`` as the mean over priors, those weighted more that predict ``judged`` types better.

    Each judged type is predicted from the other known ones; the score is the correlation with what was measured, over
    the genes that shift most in it. Averaging predicts better than the single best prior: few types tell them apart.
    """
    known, judged = known[known != of], judged[judged != of]
    weights = _weights(types, known, judged, grid)
    found = []
    for genes in np.array_split(np.arange(types.control.shape[1]), -(-types.control.shape[1] // BLOCK)):
        part = types.genes(genes)
        means, variances = (np.stack(side) for side in zip(*(p.predict(part, of, known) for p in grid), strict=True))
        mean = weights @ means
        found.append((mean, weights @ (variances + np.square(means - mean))))
    mean, variance = (np.concatenate(side) for side in zip(*found, strict=True))
    mean = _amplitude(types, of, known, judged, weights, grid) * mean
    return Prediction(np.maximum(mean, -types.control[of]), variance)


def _amplitude(
    types: Types, target: int, known: Rows, judged: Rows, weights: Floats, grid: tuple[Kriging, ...]
) -> float:
    """By what predictions are to be multiplied: kriging shrinks the response of types that are like no other.

    The slope of measured against predicted shift of the judged types, each predicted from the others, over the genes
    that shift most in those others; types that are like the ``target`` count for more.
    """
    along = square = 0.0
    for of in judged.tolist() if len(known) > 2 else []:
        others = known[known != of]
        part = types.genes(np.argsort(-np.abs(types.shift[others].mean(axis=0)))[:CHOSEN_ON])
        mean = weights @ np.stack([prior.predict(part, of, others)[0] for prior in grid])
        like = SHARED + float(np.exp(-(1 - types.alikeness[target, of]) / REACH))
        along, square = along + like * float(mean @ part.shift[of]), square + like * float(mean @ mean)
    return float(np.clip(along / square, *AMPLITUDES)) if square else 1.0


def _weights(types: Types, known: Rows, judged: Rows, grid: tuple[Kriging, ...]) -> Floats:
    scores = np.zeros(len(grid))
    if len(known) > 2:
        for of in judged.tolist():
            sure = np.abs(types.shift[of]) / np.sqrt(types.control_noise[of] + types.target_noise[of]) > SURE
            genes = np.argsort(-np.abs(types.shift[of]) * sure)[:CHOSEN_ON]
            part, others = types.genes(genes), known[known != of]
            scores += [_correlation(prior.predict(part, of, others)[0], part.shift[of]) for prior in grid]
    weights = np.exp((scores - scores.max()) / max(1, len(judged)) / TEMPERATURE)
    return np.asarray(weights / weights.sum())


def _correlation(a: Floats, b: Floats) -> float:
    return float(np.corrcoef(a, b)[0, 1]) if a.std() and b.std() else 0.0
