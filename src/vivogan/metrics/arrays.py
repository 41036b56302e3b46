"""The one door through which arrays enter the metrics: checked, and turned into float64."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def feature_rows(x: ArrayLike, name: str, minimum: int = 1) -> Floats:
    """``x`` as a float64 matrix [n, d], one record a row.

    float64 because means of float32 features are wrong by about 1e-6, which a Fréchet distance shows.

    Raises:
        ValueError: not numeric, not two-dimensional, fewer than ``minimum`` rows, no columns, or a value that is not
            finite.
    """
    array = np.asarray(x)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name}: expected real numbers, got dtype {array.dtype}")
    if array.ndim != 2:
        raise ValueError(f"{name}: expected features of shape [n, d], got shape {list(array.shape)}")
    if array.shape[1] == 0:
        raise ValueError(f"{name}: the features have no columns")
    if array.shape[0] < minimum:
        raise ValueError(f"{name}: at least {minimum} rows are needed, got {array.shape[0]}")
    floats = np.ascontiguousarray(array, dtype=np.float64)
    if not np.isfinite(floats).all():
        row = int(np.flatnonzero(~np.isfinite(floats).all(axis=1))[0])
        raise ValueError(f"{name}: row {row} holds a value that is not finite (NaN or infinity)")
    return floats


def same_width(a: Floats, b: Floats, names: tuple[str, str]) -> None:
    """Raises ValueError when the two feature matrices have different numbers of columns."""
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"{names[0]} has {a.shape[1]} columns and {names[1]} has {b.shape[1]}; they must be equal")


def labels_of(y: ArrayLike, n: int, name: str) -> NDArray[np.generic]:
    """``y`` as a vector of ``n`` class labels (strings or integers).

    Raises:
        ValueError: not one label a row, or labels that are not finite.
    """
    array = np.asarray(y)
    if array.shape != (n,):
        raise ValueError(f"{name}: expected {n} labels, one a row, got shape {list(array.shape)}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{name}: a label is not finite (NaN or infinity)")
    return array
