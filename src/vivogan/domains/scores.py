"""The scores of every domain: one measure each, applied alike to generated, simple and real samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vivogan.domains.base import Score
from vivogan.metrics.bootstrap import half_sample_interval, interval
from vivogan.metrics.frechet import frechet_distance
from vivogan.metrics.kernel import kernel_distance
from vivogan.metrics.manifold import precision_recall_density_coverage
from vivogan.metrics.utility import classifier_two_sample, train_synthetic_test_real

Floats = NDArray[np.float64]
Interval = Callable[["Sample", "Sample", float], tuple[float, float]]
# Samples of scores that look at all pairs and are repeated for an interval.
MOST_PAIRWISE = 1500


@dataclass(frozen=True)
class Sample:
    """A set of records as the scores see it: features [n, d], summaries [n, k] by name, class numbers [n], and the
    encoded records x [n, …]."""

    features: Floats
    summaries: Mapping[str, Floats]
    y: NDArray[np.intp]
    x: Tensor

    def rows(self, chosen: NDArray[np.intp]) -> Sample:
        return Sample(
            self.features[chosen],
            {k: v[chosen] for k, v in self.summaries.items()},
            self.y[chosen],
            self.x[torch.from_numpy(chosen)],
        )


@dataclass(frozen=True)
class Measure:
    """One score: ``of(real, other)`` compares two samples; ``interval(real, other, value)`` bounds it.

    ``floor(real, training)`` is real against real where that is not ``of``: the nearest training record to a training
    record is itself.
    """

    name: str
    better: Literal["higher", "lower"]
    note: str
    of: Callable[[Sample, Sample], float]
    interval: Interval
    floor: Callable[[Sample, Sample], float] | None = None


def measures(extractor: str, train: Sample, real: Sample) -> list[Measure]:
    """What a run is judged by; ``extractor`` names the features, ``train`` is what a real classifier learns from."""
    found = [
        Measure(
            f"FD-{extractor}",
            "lower",
            "Fréchet distance of features: overall closeness",
            lambda a, b: frechet_distance(a.features, b.features),
            _halves(frechet_distance),
        ),
        Measure(
            f"KD-{extractor}",
            "lower",
            "kernel distance of features (x 1000): closeness, unbiased in small sets",
            lambda a, b: _kernel(a.features, b.features),
            _halves(_kernel),
        ),
        _manifold("precision", "share of generated samples that look real"),
        _manifold("recall", "share of real samples within reach of generated ones"),
        _manifold("density", "how deep inside the real samples generated ones lie"),
        _manifold("coverage", "share of real samples with a generated one as near as their neighbours"),
        Measure(
            "forest AUC",
            "lower",
            "how well a random forest tells real from generated: 0.5 cannot, 1.0 always",
            lambda a, b: _forest(a.features[:MOST_PAIRWISE], b.features[:MOST_PAIRWISE]),
            lambda a, b, auc: auc_interval(auc, min(MOST_PAIRWISE, len(a.y)), min(MOST_PAIRWISE, len(b.y))),
        ),
        *(_summary(name, values) for name, values in real.summaries.items()),
    ]
    classes = min(len(np.unique(real.y)), len(np.unique(train.y)))
    return [*found, _utility(train)] if classes > 1 else found


def _manifold(key: str, note: str) -> Measure:
    def of(a: Sample, b: Sample) -> float:
        k = max(1, min(5, len(a.features) - 1, len(b.features) - 1))
        return float(getattr(precision_recall_density_coverage(a.features, b.features, k), key))

    return Measure(key, "higher", note, of, lambda a, b, v: _share_interval(v, len(a.features)))


def _kernel(a: Floats, b: Floats) -> float:
    return 1000 * kernel_distance(a, b, subsets=20, size=min(1000, len(a), len(b)))[0]


def _forest(a: Floats, b: Floats) -> float:
    return classifier_two_sample(a, b, folds=min(5, len(a), len(b)))


def _halves(function: Callable[[Floats, Floats], float]) -> Interval:
    return lambda a, b, v: half_sample_interval(function, a.features, b.features, n=50)


def _summary(name: str, real: Floats) -> Measure:
    spread = real.std(0) + 1e-9

    def distance(a: Floats, b: Floats) -> float:
        from scipy.stats import wasserstein_distance

        return float(np.mean([wasserstein_distance(a[:, j], b[:, j]) / spread[j] for j in range(a.shape[1])]))

    return Measure(
        f"{name} W1",
        "lower",
        f"Wasserstein distance of {name}, in standard deviations of the real data",
        lambda a, b: distance(a.summaries[name], b.summaries[name]),
        lambda a, b, value: interval(distance, a.summaries[name], b.summaries[name], n=50),
    )


def _utility(train: Sample) -> Measure:
    def accuracy(a: Sample, b: Sample) -> float:
        result = train_synthetic_test_real(b.features, b.y, train.features, train.y, a.features, a.y, seed=0)
        return float(result.synthetic_balanced_accuracy)

    return Measure(
        "TSTR balanced accuracy",
        "higher",
        "classifier trained on generated samples, tested on real ones",
        accuracy,
        lambda a, b, share: _share_interval(share, len(a.y)),
    )


def _share_interval(value: float, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share; for density, which may pass 1, the same width around it."""
    z, p = 1.96, min(1.0, max(0.0, value))
    middle, half = (
        (p + z * z / (2 * n)) / (1 + z * z / n),
        z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)),
    )
    shift = value - p
    return float(middle - half + shift), float(middle + half + shift)


def auc_interval(auc: float, m: int, n: int) -> tuple[float, float]:
    """95 % interval of an AUC of m records against n (Hanley and McNeil 1982)."""
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = (auc * (1 - auc) + (m - 1) * (q1 - auc**2) + (n - 1) * (q2 - auc**2)) / (m * n)
    half = 1.96 * float(np.sqrt(max(0.0, variance)))
    return max(0.0, auc - half), min(1.0, auc + half)


def score(
    measure: Measure, real: Sample, made: Sample, floor: Sample, others: Mapping[str, Sample], start: Sample | None
) -> Score:
    """One measure applied to all; ``start`` are samples of the generator before the game."""
    value = measure.of(real, made)
    low, high = measure.interval(real, made, value)
    rivals = {name: measure.of(real, other) for name, other in others.items()}
    best = (min if measure.better == "lower" else max)(rivals, key=lambda name: rivals[name])
    note = f"{measure.note}; best baseline: {best}"
    if start is not None:
        note += f"; before the game: {measure.of(real, start):.4g}"
    best_of_real = (measure.floor or measure.of)(real, floor)
    return Score(measure.name, value, low, high, best_of_real, rivals[best], measure.better, len(made.features), note)


def by_class(names: Sequence[str], real: Sample, made: Sample, floor: Sample) -> list[dict[str, Any]]:
    rows = []
    for k, name in enumerate(names):
        a, b, c = (np.flatnonzero(s.y == k) for s in (real, made, floor))
        if min(len(a), len(b)) < 3:
            continue
        neighbours = min(5, len(a) - 1, len(b) - 1)
        shape = precision_recall_density_coverage(real.features[a], made.features[b], neighbours)
        rows.append(
            {
                "class": name or "(unlabelled)",
                "n_real": len(a),
                "frechet": frechet_distance(real.features[a], made.features[b]),
                "floor": frechet_distance(real.features[a], floor.features[c]) if len(c) >= 3 else float("nan"),
                "coverage": shape.coverage,
                "precision": shape.precision,
            }
        )
    return rows
