"""How sure a prediction is: intervals that hold the truth as often as they say, and probabilities that come true."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from vivogan.domains.tasks.targets import Floats

STEPS = 200  # scores at which the probabilities of one target are written down
SHRINK = 10.0  # penalty of the slopes of the deviation, in molecules
SCORINGS = 20
FEWEST = 30  # unseen molecules from which the slopes are learned; fewer share one deviation
CLIP = 3.0  # deviations from the mean at which a hint stops to count
FARTHEST = 30.0  # log-odds beyond which a probability does not change


@dataclass(frozen=True)
class Width:
    """exp(bias + slopes · hints), the deviation that is believed; ``factor`` of it hold the asked share of truths."""

    mean: Floats  # of the hints [h]
    spread: Floats
    slopes: Floats
    bias: float
    factor: float

    @classmethod
    def fit(cls, missed: Floats, hints: Floats, level: float) -> Self:
        """From errors [n] of unseen rows and what hints at them, [n, h].

        Split conformal prediction normalised by an estimated deviation (Lei et al. 2018, section 5.2): a regression
        of |error| with a logarithmic link, by Fisher's scoring.
        """
        mean, spread = hints.mean(0), np.maximum(hints.std(0), 1e-9)
        z = np.clip((hints - mean) / spread, -CLIP, CLIP)
        size = np.abs(missed)
        slopes, centre = np.zeros(hints.shape[1]), float(np.log(max(float(size.mean()), 1e-12)))
        if len(missed) >= FEWEST:
            gram = z.T @ z + SHRINK * np.eye(len(slopes))
            for _ in range(SCORINGS):
                ratio = size / np.exp(centre + z @ slopes)
                centre += float(np.log(ratio.mean()))
                slopes = slopes + np.linalg.solve(gram, z.T @ (ratio / ratio.mean() - 1) - SHRINK * slopes)
        believed = z @ slopes
        bias = 0.5 * float(np.log(max(np.mean((size / np.exp(believed)) ** 2), 1e-24)))
        ratio = size / np.exp(bias + believed)
        factor = float(np.quantile(ratio, min(1.0, level * (1 + 1 / len(ratio))), method="higher"))
        return cls(mean, spread, slopes, bias, factor)

    def sd(self, hints: Floats) -> Floats:
        """The deviation [n] for hints [n, h]."""
        z = np.clip((hints - self.mean) / self.spread, -CLIP, CLIP)
        return np.asarray(np.exp(self.bias + z @ self.slopes))

    def state(self) -> dict[str, Any]:
        return {name: np.asarray(value).tolist() for name, value in asdict(self).items()}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        arrays = {name: np.array(state[name]) for name in ("mean", "spread", "slopes")}
        return cls(**arrays, bias=state["bias"], factor=state["factor"])


def probability(odds: Floats) -> Floats:
    """Of log-odds."""
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -FARTHEST, FARTHEST))))


def platt(score: Floats, positive: Floats) -> tuple[float, float]:
    """Slope ≥ 0 and bias of the log-odds for a score [n] (Platt 1999), the truth drawn in as he proposes."""
    n, spread = positive.sum(), max(float(score.std()), 1e-9)
    target = np.where(positive > 0, (n + 1) / (n + 2), 1 / (len(positive) - n + 2))
    x = np.stack([score / spread, np.ones(len(score))], 1)
    found = np.array([1.0, 0.0])
    for _ in range(30):  # Newton's steps
        p = probability(x @ found)
        slope = x.T @ (p - target) + 1e-3 * found
        step = np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + 1e-3 * np.eye(2), slope)
        found = found - np.clip(step, -2, 2)
    return max(float(found[0]), 0.0) / spread, float(found[1])


@dataclass(frozen=True)
class VennAbers:
    """The lowest and the highest probability of yes at scores (Vovk and Petej 2012): isotonic fits with the new
    molecule taken for a no, and for a yes."""

    at: Floats
    low: Floats
    high: Floats

    @classmethod
    def fit(cls, score: Floats, positive: Floats) -> Self:
        """From scores [n] of unseen molecules of which some are positive [n]; at most ``STEPS`` scores are kept."""
        edges = np.unique(np.quantile(score, np.linspace(0, 1, STEPS), method="nearest"))
        place = np.searchsorted(edges, score).clip(0, len(edges) - 1)
        weight = np.bincount(place, minlength=len(edges)).astype(float)
        yes = np.bincount(place, positive, minlength=len(edges))
        kept = weight > 0
        at = edges[kept]
        bounds = []
        for new in (0.0, 1.0):
            found = np.zeros(len(at))
            for i in range(len(at)):
                more = weight[kept].copy()
                more[i] += 1
                share = yes[kept].copy()
                share[i] += new
                found[i] = isotonic(share / more, more)[i]
            bounds.append(found)
        return cls(at, bounds[0], bounds[1])

    def __call__(self, score: Floats) -> tuple[Floats, Floats]:
        """The bounds [n] at scores [n]."""
        return np.interp(score, self.at, self.low), np.interp(score, self.at, self.high)


def reached(values: Floats, level: float) -> float:
    """What ``level`` of unseen values like these do not exceed; 1 where there are none."""
    if not len(values):
        return 1.0
    return float(np.quantile(values, min(1.0, level * (1 + 1 / len(values))), method="higher"))


def isotonic(y: Floats, weight: Floats) -> Floats:
    """The nearest ascending values to y [n] by weighted squares: pooled adjacent violators (Ayer et al. 1955)."""
    values: list[float] = []
    weights: list[float] = []
    sizes: list[int] = []
    for value, own in zip(y.tolist(), weight.tolist(), strict=True):
        values.append(value)
        weights.append(own)
        sizes.append(1)
        while len(values) > 1 and values[-2] >= values[-1]:
            total = weights[-2] + weights[-1]
            values[-2:] = [(values[-2] * weights[-2] + values[-1] * weights[-1]) / total]
            weights[-2:] = [total]
            sizes[-2:] = [sizes[-2] + sizes[-1]]
    return np.repeat(values, sizes)


@dataclass(frozen=True)
class Chance:
    """The probability of yes at a score: ``slope`` and ``bias`` of Platt, Venn–Abers bounds, and which answers cannot
    be ruled out."""

    slope: float
    bias: float
    bounds: VennAbers
    least_yes: float  # a probability that ``level`` of the positive molecules reach
    most_no: float  # one that ``level`` of the negative ones do not exceed

    @classmethod
    def fit(cls, score: Floats, positive: Floats, level: float) -> Self:
        """From scores of unseen molecules."""
        slope, bias = platt(score, positive)
        p = probability(slope * score + bias)
        own, others = p[positive > 0], p[positive == 0]
        return cls(
            slope,
            bias,
            VennAbers.fit(score, positive),
            1 - reached(1 - own, level),
            reached(others, level),
        )

    def __call__(self, score: Floats) -> tuple[Floats, Floats, Floats]:
        """Probability, low and high [n]; the probability lies between the two."""
        p = probability(self.slope * score + self.bias)
        low, high = self.bounds(score)
        return p, np.minimum(low, p), np.maximum(high, p)

    def answers(self, p: Floats) -> list[str]:
        """What cannot be ruled out at a probability [n]: a Mondrian conformal set (Vovk et al. 2005), "yes", "no",
        "yes or no", or "neither" of a molecule unlike both."""
        names = {(True, True): "yes or no", (True, False): "yes", (False, True): "no", (False, False): "neither"}
        return [names[(one >= self.least_yes, one <= self.most_no)] for one in p.tolist()]

    def state(self) -> dict[str, Any]:
        return {
            "slope": self.slope,
            "bias": self.bias,
            "at": self.bounds.at.tolist(),
            "low": self.bounds.low.tolist(),
            "high": self.bounds.high.tolist(),
            "least_yes": self.least_yes,
            "most_no": self.most_no,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        bounds = VennAbers(*(np.array(state[name]) for name in ("at", "low", "high")))
        return cls(state["slope"], state["bias"], bounds, state["least_yes"], state["most_no"])
