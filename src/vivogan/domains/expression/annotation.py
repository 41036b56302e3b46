"""The standard classifier of cell types: logistic regression on principal components of log-normalised counts."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
COMPONENTS = 50
STEPS = 3000  # of the solver, at most


class Annotator:
    """Types of log-normalised cells [n, g]: 50 principal components of the cells it learns from, then multinomial
    logistic regression with scikit-learn's own penalty.

    ``weights`` "balanced" makes every type count alike; ``components`` None takes the columns as they are.
    """

    def __init__(
        self, weights: Literal["balanced"] | None = None, components: int | None = COMPONENTS, seed: int = 0
    ) -> None:
        self.weights, self.components, self.seed = weights, components, seed
        self.pca: Any = None
        self.model: Any = None

    def fit(self, x: Floats, y: NDArray[np.intp]) -> Self:
        """Learn the types y [n] of cells x [n, g]; of one type alone, that is the only answer."""
        from sklearn.decomposition import PCA
        from sklearn.dummy import DummyClassifier
        from sklearn.linear_model import LogisticRegression

        if self.components is not None:
            count = max(1, min(self.components, len(x) - 1, x.shape[1]))
            self.pca = PCA(count, svd_solver="randomized", random_state=self.seed).fit(x)
        several = len(np.unique(y)) > 1
        self.model = LogisticRegression(max_iter=STEPS, class_weight=self.weights) if several else DummyClassifier()
        self.model.fit(self._seen(x), y)
        return self

    def _seen(self, x: Floats) -> Floats:
        return x if self.pca is None else np.asarray(self.pca.transform(x), np.float64)

    def predict(self, x: Floats) -> NDArray[np.intp]:
        """The most likely type of each cell of x [n, g]: [n]."""
        return np.asarray(self.model.predict(self._seen(x)), np.intp)

    def probabilities(self, x: Floats) -> Floats:
        """How likely each of the types it learned is, in the order of their numbers: [n, types]."""
        return np.asarray(self.model.predict_proba(self._seen(x)), np.float64)
