"""Is it useful? Classifiers trained on generated records and tested on real ones, and classifiers that tell the two
apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vivogan.metrics.arrays import Floats, feature_rows, labels_of, same_width

Labels = NDArray[np.generic]


class Classifier(Protocol):
    """What is asked of a classifier: scikit-learn's own names."""

    def fit(self, x: Any, y: Any) -> Any: ...

    def predict(self, x: Any) -> Any: ...


def forest(seed: int) -> Classifier:
    """A random forest of 200 trees: no scaling, no tuning, good on few records. One process, so that runs are equal."""
    from sklearn.ensemble import RandomForestClassifier

    model: Classifier = RandomForestClassifier(n_estimators=200, random_state=seed, n_jobs=1)
    return model


@dataclass(frozen=True)
class Utility:
    """Test results, each in [0, 1], of one classifier trained on generated, on real and on both.

    ``chance`` is what always guessing the most frequent class of the test set scores in accuracy (1 / classes in
    balanced accuracy). ``retained`` is synthetic_accuracy / real_accuracy.
    """

    synthetic_accuracy: float
    synthetic_balanced_accuracy: float
    real_accuracy: float
    real_balanced_accuracy: float
    both_accuracy: float
    both_balanced_accuracy: float
    chance: float
    retained: float


@dataclass(frozen=True)
class FewLabelGain:
    """Balanced accuracies with ``per_class`` real labels a class, means over draws of those labels.

    ``gain`` is the mean of the differences draw by draw, ``gain_sd`` their standard deviation (n - 1), ``gains`` the
    differences themselves.
    """

    per_class: int
    real_alone: float
    with_synthetic: float
    gain: float
    gain_sd: float
    gains: tuple[float, ...]


def train_synthetic_test_real(
    x_synthetic: ArrayLike,
    y_synthetic: ArrayLike,
    x_real_train: ArrayLike,
    y_real_train: ArrayLike,
    x_test: ArrayLike,
    y_test: ArrayLike,
    seed: int = 0,
    classifier: Callable[[int], Classifier] = forest,
) -> Utility:
    """Train on generated records, test on real ones (TSTR: Esteban et al. 2017), beside training on real and on both.

    Args:
        x_...: features [n, d], each part with its own n. y_...: labels [n] (strings or integers).
        seed: of the classifier. classifier: seed → an untrained classifier.

    Raises:
        ValueError: wrong shapes, values not finite, or fewer than 2 classes in the real training or the test part.
    """
    test_x, test_y = _labelled(x_test, y_test, "test")
    made_x, made_y = _labelled(x_synthetic, y_synthetic, "synthetic")
    real_x, real_y = _labelled(x_real_train, y_real_train, "real_train")
    same_width(made_x, test_x, ("synthetic", "test"))
    same_width(real_x, test_x, ("real_train", "test"))
    for name, labels in (("real_train", real_y), ("test", test_y)):
        if np.unique(labels).size < 2:
            raise ValueError(f"{name}: at least 2 classes are needed")

    def scores(x: Floats, y: Labels) -> tuple[float, float]:
        return _accuracies(classifier(seed), x, y, test_x, test_y)

    made, real = scores(made_x, made_y), scores(real_x, real_y)
    both = scores(np.concatenate([real_x, made_x]), np.concatenate([real_y, made_y]))
    counts = np.unique(test_y, return_counts=True)[1]
    return Utility(
        *made, *real, *both, chance=float(counts.max() / counts.sum()), retained=made[0] / real[0] if real[0] else 0.0
    )


def few_label_gain(
    x_synthetic: ArrayLike,
    y_synthetic: ArrayLike,
    x_real_train: ArrayLike,
    y_real_train: ArrayLike,
    x_test: ArrayLike,
    y_test: ArrayLike,
    per_class: int,
    seed: int = 0,
    repeats: int = 5,
    classifier: Callable[[int], Classifier] = forest,
) -> FewLabelGain:
    """What generated records add to ``per_class`` real labels a class, on the same real test part.

    The generator must not have seen labels beyond those few, or the gain is that of the labels, not of the generator. A
    class with fewer records gives all it has.

    Args:
        as in ``train_synthetic_test_real``; repeats: draws of the few labels, each with its own classifier seed.

    Raises:
        ValueError: as there, or per_class or repeats below 1.
    """
    if per_class < 1 or repeats < 1:
        raise ValueError(f"few labels: per_class and repeats must be at least 1, got {per_class} and {repeats}")
    test_x, test_y = _labelled(x_test, y_test, "test")
    made_x, made_y = _labelled(x_synthetic, y_synthetic, "synthetic")
    real_x, real_y = _labelled(x_real_train, y_real_train, "real_train")
    same_width(made_x, test_x, ("synthetic", "test"))
    same_width(real_x, test_x, ("real_train", "test"))
    classes = np.unique(real_y)
    if classes.size < 2:
        raise ValueError("real_train: at least 2 classes are needed")
    alone, joined = [], []
    for repeat in range(repeats):
        rng = np.random.default_rng([seed, repeat])
        few = np.concatenate([rng.permutation(np.flatnonzero(real_y == c))[:per_class] for c in classes])
        x, y = real_x[few], real_y[few]
        model_seed = int(rng.integers(2**31))
        alone.append(_accuracies(classifier(model_seed), x, y, test_x, test_y)[1])
        more_x, more_y = np.concatenate([x, made_x]), np.concatenate([y, made_y])
        joined.append(_accuracies(classifier(model_seed), more_x, more_y, test_x, test_y)[1])
    gains = np.subtract(joined, alone)
    return FewLabelGain(
        per_class=per_class,
        real_alone=float(np.mean(alone)),
        with_synthetic=float(np.mean(joined)),
        gain=float(gains.mean()),
        gain_sd=float(gains.std(ddof=1)) if repeats > 1 else 0.0,
        gains=tuple(float(g) for g in gains),
    )


def classifier_two_sample(a: ArrayLike, b: ArrayLike, seed: int = 0, folds: int = 5) -> float:
    """How well a random forest tells two sets apart: its cross-validated AUC; .5 cannot, 1 always (Lopez-Paz and Oquab
    2017).

    Args:
        a, b: features [n, d] and [m, d], each with at least ``folds`` rows. Sets of equal size are easiest to compare.
        seed: of the folds and the forest.

    Returns:
        The mean over folds of the area under the ROC curve, on records that the forest has not seen.

    Raises:
        ValueError: too few rows, folds < 2, different widths, or values that are not finite.
    """
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold

    if folds < 2:
        raise ValueError(f"two samples: at least 2 folds are needed, got {folds}")
    x, y = feature_rows(a, "a", minimum=folds), feature_rows(b, "b", minimum=folds)
    same_width(x, y, ("a", "b"))
    rows = np.concatenate([x, y])
    which = np.concatenate([np.zeros(len(x), dtype=np.int64), np.ones(len(y), dtype=np.int64)])
    aucs = []
    for train, test in StratifiedKFold(folds, shuffle=True, random_state=seed).split(rows, which):
        model = RandomForestClassifier(n_estimators=200, min_samples_leaf=2, random_state=seed, n_jobs=1)
        model.fit(rows[train], which[train])
        aucs.append(roc_auc_score(which[test], model.predict_proba(rows[test])[:, 1]))
    return float(np.mean(aucs))


def _accuracies(model: Classifier, x: Floats, y: Labels, test_x: Floats, test_y: Labels) -> tuple[float, float]:
    """Accuracy and balanced accuracy (the mean recall over the classes of the test part)."""
    if np.unique(y).size < 2:  # a generator that knows one class alone: its only possible answer
        predicted = np.full(test_y.shape, y[0])
    else:
        predicted = np.asarray(model.fit(x, y).predict(test_x))
    right = predicted == test_y
    recalls = [right[test_y == c].mean() for c in np.unique(test_y)]
    return float(right.mean()), float(np.mean(recalls))


def _labelled(x: ArrayLike, y: ArrayLike, name: str) -> tuple[Floats, Labels]:
    rows = feature_rows(x, name)
    return rows, labels_of(y, len(rows), f"{name} labels")
