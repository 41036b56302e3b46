"""How well predictions agree with measurements: correlations, errors and intervals beside simple ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.base import Score
from vivogan.domains.sequences.alphabets import PROTEIN
from vivogan.domains.sequences.codec import SequenceCodec
from vivogan.domains.sequences.kmers import kmer_counts
from vivogan.domains.sequences.tools.predictor import LEVEL, Predicted, Targets
from vivogan.domains.tasks.base import Judgement
from vivogan.metrics.bootstrap import interval

Floats = NDArray[np.float64]
NAN = float("nan")
SHARE = f"{100 * LEVEL:.0f} % intervals that hold the truth"


@dataclass(frozen=True)
class Known:
    """Sequences with what was measured of them, y [n, t]; NaN where nothing was."""

    sequences: Sequence[str]
    y: Floats


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


def number_scores(
    ids: Sequence[str], found: Predicted, targets: Targets, codec: SequenceCodec, learned: Known, judged: Known
) -> Judgement:
    """Correlations, error and coverage of each column; ``baseline`` is a ridge on words, of the error also the mean."""
    simple, y = simply(codec, learned, judged.sequences), judged.y
    scores: list[Score] = []
    rows: list[dict[str, Any]] = []
    for k, name in enumerate(targets.names):
        known = np.isfinite(y[:, k])
        if known.sum() < 2:
            continue
        of = f", {name}" if len(targets.names) > 1 else ""
        truth, mean, other = y[known, k], found.mean[known, k], simple[known, k]
        low, high = found.low[known, k], found.high[known, k]
        constant = float(np.sqrt(np.mean((truth - np.nanmean(learned.y[:, k])) ** 2)))
        inside = ((low <= truth) & (truth <= high)).astype(float)
        note = "the simple way is a ridge regression on words"
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


def class_scores(
    ids: Sequence[str], found: Predicted, targets: Targets, codec: SequenceCodec, learned: Known, judged: Known
) -> Judgement:
    """Area under the curve (mean over the classes where there are more than two), accuracy and calibration."""
    simple, y = simply(codec, learned, judged.sequences), judged.y
    truth, best = y.argmax(1), found.mean.argmax(1)
    right = (best == truth).astype(float)
    note = "the simple way is a ridge regression on words"

    def area(chances: Floats, wanted: Floats) -> float:
        own = range(1, 2) if len(targets.names) == 2 else range(len(targets.names))
        return float(np.mean([auc(chances[:, k], wanted[:, k]) for k in own]))

    sure = found.mean.max(1)
    gap = calibration_error(sure, right)
    accuracy = float((simple.argmax(1) == truth).mean())
    scores = [
        score("area under the curve", area, found.mean, y, area(simple, y), "higher", note),
        score("accuracy", share, right, y, accuracy, "higher", note),
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


def simply(codec: SequenceCodec, learned: Known, judged: Sequence[str]) -> Floats:
    """What a ridge regression on counts of words says of ``judged``, [n, t]."""
    from sklearn.linear_model import RidgeCV
    from sklearn.preprocessing import StandardScaler

    letters = codec.alphabet.letters
    ks = (1, 2) if codec.alphabet is PROTEIN else (1, 2, 3, 4)

    def words(chosen: Sequence[str]) -> Floats:
        return np.sqrt(np.concatenate([kmer_counts(chosen, k, letters) for k in ks], 1).astype(float))

    scaler = StandardScaler()
    known_words, new_words = scaler.fit_transform(words(learned.sequences)), scaler.transform(words(judged))
    y = learned.y
    found = np.zeros((len(judged), y.shape[1]))
    for k in range(y.shape[1]):
        known = np.isfinite(y[:, k])
        if not known.any():
            continue
        found[:, k] = y[known, k].mean()
        if known.sum() > 2:
            model = RidgeCV(np.logspace(0, 5, 6)).fit(known_words[known], y[known, k])
            found[:, k] = model.predict(new_words)
    return found
