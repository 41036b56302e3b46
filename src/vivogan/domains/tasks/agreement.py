"""How well predictions agree with measurements: correlations, errors and intervals beside simple ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from vivogan.domains.base import Score
from vivogan.domains.tasks.base import Judgement
from vivogan.domains.tasks.targets import LEVEL, Floats, Predicted, Targets
from vivogan.metrics.bootstrap import interval

NAN = float("nan")
SHARE = f"{100 * LEVEL:.0f} % intervals that hold the truth"
AREA = "area under the curve"


@dataclass(frozen=True)
class Simply:
    """What a simple way says of the judged rows, [n, t], and of all alike, [t]; ``name`` says what it is."""

    name: str
    said: Floats
    constant: Floats

    @property
    def note(self) -> str:
        return f"the simple way is {self.name}"


def spearman(a: Floats, b: Floats) -> float:
    """Correlation of the ranks; 0 where one of the two is constant."""
    from scipy.stats import rankdata

    return pearson(rankdata(a), rankdata(b))


def pearson(a: Floats, b: Floats) -> float:
    """Linear correlation; 0 where one of the two is constant."""
    if len(a) < 2 or a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def auc(score: Floats, positive: Floats) -> float:
    """Area under the ROC curve, ties counted half; .5 where one of the two kinds is missing."""
    from scipy.stats import rankdata

    n = positive.sum()
    if not 0 < n < len(positive):
        return 0.5
    ranks = rankdata(score)
    return float((ranks[positive > 0].sum() - n * (n + 1) / 2) / (n * (len(positive) - n)))


def number_scores(ids: Sequence[str], found: Predicted, targets: Targets, y: Floats, simply: Simply) -> Judgement:
    """Correlations, error and coverage of each column of y [n, t] (NaN: unknown).

    ``baseline`` is the simple way, of the error the note adds the mean.
    """
    scores: list[Score] = []
    rows: list[dict[str, Any]] = []
    for k, name in enumerate(targets.names):
        known = np.isfinite(y[:, k])
        if known.sum() < 2:
            continue
        of = f", {name}" if len(targets.names) > 1 else ""
        truth, mean, other = y[known, k], found.mean[known, k], simply.said[known, k]
        low, high = found.low[known, k], found.high[known, k]
        constant = rmse(np.full(len(truth), simply.constant[k]), truth)
        inside = ((low <= truth) & (truth <= high)).astype(float)
        note = simply.note
        scores += [
            score(f"Spearman correlation{of}", spearman, mean, truth, spearman(other, truth), "higher", note),
            score(f"Pearson correlation{of}", pearson, mean, truth, pearson(other, truth), "higher", note),
            score(
                f"root mean squared error{of}",
                rmse,
                mean,
                truth,
                rmse(other, truth),
                "lower",
                f"{note}; the mean alone has {constant:.3g}",
            ),
            score(SHARE + of, share, inside, truth, NAN, "higher", f"should be near {LEVEL:.2f}"),
        ]
        rows += [
            {"id": ids[i], "truth": float(y[i, k]), "found": float(found.mean[i, k])}
            | {"low": float(found.low[i, k]), "high": float(found.high[i, k])}
            | {"score": float(abs(found.mean[i, k] - y[i, k]))}
            | ({"class": name} if of else {})
            for i in np.flatnonzero(known).tolist()
        ]
    return Judgement(scores[0].value if scores else NAN, scores, rows)


def class_scores(ids: Sequence[str], found: Predicted, targets: Targets, y: Floats, simply: Simply) -> Judgement:
    """Area under the curve (mean over the classes where there are more than two), accuracy and calibration."""
    truth, best = y.argmax(1), found.mean.argmax(1)
    right = (best == truth).astype(float)

    def area(chances: Floats, wanted: Floats) -> float:
        own = range(1, 2) if len(targets.names) == 2 else range(len(targets.names))
        return float(np.mean([auc(chances[:, k], wanted[:, k]) for k in own]))

    sure = found.mean.max(1)
    gap = calibration_error(sure, right)
    accuracy = float((simply.said.argmax(1) == truth).mean())
    scores = [
        score(AREA, area, found.mean, y, area(simply.said, y), "higher", simply.note),
        score("accuracy", share, right, y, accuracy, "higher", simply.note),
        Score("calibration error", gap, NAN, NAN, NAN, NAN, "lower", len(y), "of the probabilities"),
    ]
    rows = [
        {"id": ids[i], "truth": targets.names[truth[i]], "found": targets.names[best[i]], "score": float(sure[i])}
        for i in range(len(y))
    ]
    matrix = np.zeros((len(targets.names),) * 2, int)
    np.add.at(matrix, (truth, best), 1)
    confusion = {"names": targets.names, "matrix": matrix.tolist()}
    return Judgement(scores[0].value, scores, rows, confusion=confusion, measure=scores[0].name)


def chance_scores(ids: Sequence[str], found: Predicted, targets: Targets, y: Floats, simply: Simply) -> Judgement:
    """Of columns of yes and no, y [n, t] (NaN: unknown): the mean area under the curve, each column's, calibration."""

    def areas(chances: Floats, wanted: Floats) -> list[float]:
        own = [np.isfinite(wanted[:, k]) for k in range(wanted.shape[1])]
        return [auc(chances[rows, k], wanted[rows, k]) for k, rows in enumerate(own)]

    def area(chances: Floats, wanted: Floats) -> float:
        return float(np.mean(areas(chances, wanted)))

    of = f", mean of {len(targets.names)}" if len(targets.names) > 1 else ""
    scores = [score(AREA + of, area, found.mean, y, area(simply.said, y), "higher", simply.note)]
    if of:
        for name, value, other in zip(targets.names, areas(found.mean, y), areas(simply.said, y), strict=True):
            n = int(np.isfinite(y[:, targets.names.index(name)]).sum())
            scores.append(Score(f"{AREA}, {name}", value, NAN, NAN, NAN, other, "higher", n, simply.note))
    known = np.isfinite(y)
    chance, truth = found.mean[known], y[known]
    sure, right = np.maximum(chance, 1 - chance), ((chance >= 0.5) == (truth > 0)).astype(float)
    gap = calibration_error(sure, right)
    scores.append(Score("calibration error", gap, NAN, NAN, NAN, NAN, "lower", len(truth), "of the probabilities"))
    rows = [
        {"id": ids[i], "truth": "yes" if y[i, k] else "no", "found": "yes" if found.mean[i, k] >= 0.5 else "no"}
        | {"score": float(max(found.mean[i, k], 1 - found.mean[i, k]))}
        | ({"class": targets.names[k]} if of else {})
        for i, k in np.argwhere(known).tolist()
    ]
    matrix = np.zeros((2, 2), int)
    np.add.at(matrix, (truth.astype(int), (chance >= 0.5).astype(int)), 1)
    confusion = {"names": ["no", "yes"], "matrix": matrix.tolist()}
    return Judgement(scores[0].value, scores, rows, confusion=confusion, measure=scores[0].name)


def score(
    name: str, measure: Any, a: Floats, b: Floats, baseline: float, better: Literal["higher", "lower"], note: str
) -> Score:
    """A measure of paired rows with its bootstrap interval; replicates are unknown, so there is no floor."""
    rows = np.arange(len(a))
    low, high = interval(lambda i: measure(a[i], b[i]), rows)
    return Score(name, measure(a, b), low, high, NAN, baseline, better, len(a), note)


def rmse(a: Floats, b: Floats) -> float:
    return float(np.sqrt(np.mean((a - b) ** 2)))


def share(inside: Floats, _: Floats) -> float:
    return float(inside.mean())


def calibration_error(sure: Floats, right: Floats, bins: int = 10) -> float:
    """Mean gap between confidence and share of right answers over equal bins (Naeini et al. 2015)."""
    place = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = [abs(sure[place == b].mean() - right[place == b].mean()) * (place == b).mean() for b in np.unique(place)]
    return float(np.sum(gaps))
