"""Fidelity and diversity by nearest-neighbour balls around the records.

Precision and recall: Kynkäänniemi et al. 2019, eq. 1-2. Density and coverage: Naeem et al. 2020, eq. 3-5.
A ball reaches from a record to its k-th neighbour within its own set; its border does not belong to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from vivogan.metrics.arrays import Floats, feature_rows, same_width
from vivogan.metrics.distances import neighbours, squared_distance_blocks

BORDER = 1e-9  # of a squared radius


@dataclass(frozen=True)
class PRDC:
    """Precision, recall and coverage lie in [0, 1]; density is about 1 at its best and can exceed it."""

    precision: float
    recall: float
    density: float
    coverage: float


def precision_recall_density_coverage(real: ArrayLike, generated: ArrayLike, k: int = 5) -> PRDC:
    """All four at once, from one pass over the distances.

    Args:
        real: [n, d]. generated: [m, d]. Compare only numbers of equal n, m and k: all four depend on them.
        k: neighbours that set the radius of a ball; below both n and m.

    Returns:
        precision: share of generated records inside some real ball. recall: share of real records inside some generated
        ball. density: mean number of real balls around a generated record, over k. coverage: share of real balls that
        hold a generated record.

    Raises:
        ValueError: fewer than k + 1 rows, different widths, or values that are not finite.
    """
    x, y = _checked(real, generated, k, k + 1)
    # Borders, on which records of discrete data lie, are kept out of the ball whatever the rounding of the blocks.
    real_radius = neighbours(x, x, k, same=True)[0][:, -1] ** 2 * (1 - BORDER)  # [n]
    generated_radius = neighbours(y, y, k, same=True)[0][:, -1] ** 2 * (1 - BORDER)  # [m]
    balls = np.zeros(y.shape[0], dtype=np.int64)  # real balls around each generated record
    recalled = covered = 0
    for rows, block in squared_distance_blocks(x, y):
        inside = block < real_radius[rows, None]  # [rows, m]
        balls += inside.sum(axis=0)
        covered += int(inside.any(axis=1).sum())
        recalled += int((block < generated_radius).any(axis=1).sum())
    return PRDC(
        precision=float((balls > 0).mean()),
        recall=recalled / x.shape[0],
        density=float(balls.mean()) / k,
        coverage=covered / x.shape[0],
    )


def coverage(real: ArrayLike, generated: ArrayLike, k: int = 5) -> float:
    """The share of real balls that hold a generated record: the coverage above alone, with half the work.

    Args:
        real: [n, d] with n > k. generated: [m, d] with m ≥ 1.

    Raises:
        ValueError: too few rows, different widths, or values that are not finite.
    """
    x, y = _checked(real, generated, k, 1)
    radius = neighbours(x, x, k, same=True)[0][:, -1]
    return float((neighbours(x, y, 1)[0][:, 0] < radius).mean())


def _checked(real: ArrayLike, generated: ArrayLike, k: int, minimum: int) -> tuple[Floats, Floats]:
    if k < 1:
        raise ValueError(f"k: at least 1 neighbour is needed, got {k}")
    x, y = feature_rows(real, "real", minimum=k + 1), feature_rows(generated, "generated", minimum=minimum)
    same_width(x, y, ("real", "generated"))
    return x, y
