"""The inception score: sharp predictions, spread over many classes (Salimans et al. 2016, section 4)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vivogan.metrics.arrays import feature_rows


def inception_score(probabilities: ArrayLike, splits: int = 10) -> tuple[float, float]:
    """exp of the mean KL divergence of p(y|x) from p(y), over ``splits`` equal parts.

    Args:
        probabilities: [n, classes], a softmax in each row. Rows are split in the order given: shuffle them when they
            are sorted by class (torch-fidelity shuffles). The score grows with n / splits; compare equal sizes only.
        splits: number of parts, at most n.

    Returns:
        (mean, sd) over the parts; between 1 and the number of classes. The sd has n in the denominator
        (torch-fidelity's).

    Raises:
        ValueError: fewer rows than splits, splits < 1, or rows that are not probabilities.

    >>> inception_score([[1.0, 0.0], [0.0, 1.0]], splits=1)
    (2.0, 0.0)
    """
    if splits < 1:
        raise ValueError(f"inception score: at least 1 split is needed, got {splits}")
    p = feature_rows(probabilities, "probabilities", minimum=splits)
    if p.min() < 0:
        raise ValueError(f"probabilities: row {int(np.argmin(p.min(axis=1)))} holds a negative value")
    off = np.abs(p.sum(axis=1) - 1)
    if off.max() > 1e-3:  # what a float16 softmax may miss by
        row = int(np.argmax(off))
        raise ValueError(f"probabilities: row {row} does not sum to 1; give softmax outputs, not logits")
    scores = []
    for i in range(splits):
        part = p[i * len(p) // splits : (i + 1) * len(p) // splits]  # [n / splits, classes]
        marginal = part.mean(axis=0)
        ratio = np.divide(part, marginal, out=np.ones_like(part), where=part > 0)  # 0 log 0 = 0
        scores.append(float(np.exp((part * np.log(ratio)).sum(axis=1).mean())))
    return float(np.mean(scores)), float(np.std(scores))
