from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from vivogan.metrics.utility import classifier_two_sample, few_label_gain, train_synthetic_test_real


def two_classes(rng: np.random.Generator, n: int, gap: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    y = np.where(rng.random(n) < 0.5, "lymphocyte", "monocyte")
    return rng.normal(size=(n, 4)) + gap * (y == "monocyte")[:, None], y


def small_forest(seed: int) -> RandomForestClassifier:
    return RandomForestClassifier(n_estimators=20, random_state=seed)


class Constant:
    """Answers one class, whatever it is trained on."""

    def fit(self, x: np.ndarray, y: np.ndarray) -> Constant:
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        return np.zeros(len(x), dtype=int)


class Centroids:
    """The nearest class mean: fast."""

    def fit(self, x: np.ndarray, y: np.ndarray) -> Centroids:
        self.classes = np.unique(y)
        self.means = np.stack([x[y == c].mean(axis=0) for c in self.classes])
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(self.classes[np.linalg.norm(x[:, None] - self.means, axis=2).argmin(axis=1)])


def test_good_generated_records_train_as_well_as_real_ones_and_wrong_labels_do_not() -> None:
    rng = np.random.default_rng(0)
    made, real, test = two_classes(rng, 120), two_classes(rng, 120), two_classes(rng, 200)
    good = train_synthetic_test_real(*made, *real, *test, classifier=small_forest)
    assert good.synthetic_accuracy > 0.94
    assert good.retained == pytest.approx(1, abs=0.05)
    assert good.both_balanced_accuracy > 0.97
    assert good == train_synthetic_test_real(*made, *real, *test, classifier=small_forest)
    swapped = np.where(made[1] == "monocyte", "lymphocyte", "monocyte")
    assert train_synthetic_test_real(made[0], swapped, *real, *test).synthetic_balanced_accuracy < 0.1


def test_accuracy_and_balanced_accuracy_by_hand() -> None:
    x, y = np.zeros((10, 1)), np.array([0] * 8 + [1] * 2)
    found = train_synthetic_test_real(x, y, x, y, x, y, classifier=lambda seed: Constant())
    assert found.real_accuracy == 0.8
    assert found.real_balanced_accuracy == 0.5
    assert found.chance == 0.8


def test_a_generator_of_one_class_is_scored_not_refused() -> None:
    rng = np.random.default_rng(1)
    real, test = two_classes(rng, 40), two_classes(rng, 100)
    found = train_synthetic_test_real(np.zeros((5, 4)), ["monocyte"] * 5, *real, *test)
    assert found.synthetic_balanced_accuracy == 0.5


def test_few_label_gain_sees_help_and_harm() -> None:
    rng = np.random.default_rng(2)
    made, real, test = two_classes(rng, 400, 1.0), two_classes(rng, 200, 1.0), two_classes(rng, 500, 1.0)

    def gain(y: np.ndarray) -> float:
        found = few_label_gain(made[0], y, *real, *test, 2, repeats=6, classifier=lambda seed: Centroids())
        assert found.gain == pytest.approx(np.mean(found.gains))
        assert found.gain == pytest.approx(found.with_synthetic - found.real_alone)
        assert found.gain_sd == pytest.approx(np.std(found.gains, ddof=1))
        return found.gain

    assert gain(made[1]) > 0.02
    assert gain(rng.permutation(made[1])) < 0.01


def test_two_samples() -> None:
    rng = np.random.default_rng(3)
    a = rng.normal(size=(100, 3))
    assert classifier_two_sample(a, rng.normal(size=(100, 3))) == pytest.approx(0.5, abs=0.12)
    assert classifier_two_sample(a, rng.normal(size=(100, 3)) + 5) == 1
    assert classifier_two_sample(a, a[:60] + 1, 4, folds=2) == classifier_two_sample(a, a[:60] + 1, 4, folds=2)


@pytest.mark.parametrize(
    ("y_made", "y_real", "y_test", "said"),
    [
        ([0, 1, 0], [0, 1, 0, 1], [0, 1, 0, 1], "synthetic labels"),
        ([0, 1, 0, 1], [0, 0, 0, 0], [0, 1, 0, 1], "real_train"),
        ([0, 1, 0, 1], [0, 1, 0, 1], [1, 1, 1, 1], "test"),
        ([0, 1, 0, np.nan], [0, 1, 0, 1], [0, 1, 0, 1], "not finite"),
    ],
)
def test_refusals(y_made: list[float], y_real: list[int], y_test: list[int], said: str) -> None:
    x = np.arange(8.0).reshape(4, 2)
    with pytest.raises(ValueError, match=said):
        train_synthetic_test_real(x, y_made, x, y_real, x, y_test)


def test_few_labels_need_at_least_one() -> None:
    x, y = np.arange(8.0).reshape(4, 2), [0, 1, 0, 1]
    with pytest.raises(ValueError, match="per_class"):
        few_label_gain(x, y, x, y, x, y, 0)
