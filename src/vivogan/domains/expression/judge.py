"""What generated cells are judged by beyond what every domain is: mixing with real ones, genes, types, rare types."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.expression import metrics
from vivogan.domains.expression.annotation import Annotator
from vivogan.domains.expression.neighbours import milisi
from vivogan.domains.expression.ranking import marker_overlap
from vivogan.domains.expression.rare import rare_types, recovered
from vivogan.domains.scores import Measure, Sample, auc_interval
from vivogan.metrics.bootstrap import half_sample_interval
from vivogan.metrics.kernel import mmd

Floats = NDArray[np.float64]
Labels = NDArray[np.intp]
Better = Literal["higher", "lower"]
MOST = 1500  # cells of each side that a measure looks at
REPEATS = 20  # halves of an interval
FEWEST = 4  # cells that can be halved


def measures(train: Sample, codec: Any) -> list[Measure]:
    """The measures of a run whose training part is ``train``; those of types only where there are several."""
    reading = Reading()
    found = [
        _telling(reading.pooled, "forest AUC, 50 PCs", "how well a random forest tells real from generated cells by 50"
                 " principal components of both: 0.5 cannot"),
        _telling(lambda a, b: (reading.logged(a), reading.logged(b)), "forest AUC, genes",
                 "how well a random forest tells real from generated cells by their genes: 0.5 cannot"),
        _between(reading.pooled, "MMD², 50 PCs", "lower", "maximum mean discrepancy in those components", mmd),
        _between(reading.pooled, "miLISI", "higher", "how well both mix among nearest neighbours: 1 to 2", milisi),
        *(_curve(reading, name) for name in ("mean", "variance", "zero share")),
        _genes(reading, "gene W1", "lower", "Wasserstein distance of log-normalised values, mean over genes",
               metrics.gene_w1),
        _genes(reading, "gene-gene correlation r", "higher", "correlation of the correlations between variable genes",
               metrics.correlation_agreement),
    ]  # fmt: skip
    return [*found, *_of_types(reading, train)] if len(np.unique(train.y)) > 1 else found


class Reading:
    """Log-normalised cells of samples and their common components, each worked out once."""

    def __init__(self) -> None:
        self._logged = lru_cache(maxsize=8)(lambda key: metrics.log_normalised(key.sample.x.numpy()[key.rows]))
        self._pooled = lru_cache(maxsize=24)(lambda a, b: metrics.pooled_components(self._logged(a), self._logged(b)))

    def logged(self, sample: Sample) -> Floats:
        """Log-normalised counts [n, g] of the cells that are looked at."""
        found: Floats = self._logged(_Key(sample))
        return found

    def pooled(self, a: Sample, b: Sample) -> tuple[Floats, Floats]:
        """Both on the principal components of the two together."""
        found: tuple[Floats, Floats] = self._pooled(_Key(a), _Key(b))
        return found

    def types(self, sample: Sample) -> Labels:
        """The class numbers of the cells that are looked at."""
        return np.asarray(sample.y[_Key(sample).rows], np.intp)


Pair = Callable[[Sample, Sample], tuple[Floats, Floats]]


def _telling(pair: Pair, name: str, note: str) -> Measure:
    return Measure(
        name,
        "lower",
        note,
        lambda a, b: metrics.forest_auc(*pair(a, b)),
        lambda a, b, auc: auc_interval(auc, *(min(MOST, len(sample.y)) for sample in (a, b))),
    )


def _between(pair: Pair, name: str, better: Better, note: str, of: Callable[[Floats, Floats], float]) -> Measure:
    """One number of two sets. Its interval is of halves: rows drawn twice would be copies, and shift it."""

    def bounds(a: Sample, b: Sample, value: float) -> tuple[float, float]:
        one, other = pair(a, b)
        if min(len(one), len(other)) < FEWEST:
            return value, value
        return half_sample_interval(of, one, other, n=REPEATS)

    return Measure(name, better, note, lambda a, b: of(*pair(a, b)), bounds)


def _genes(reading: Reading, name: str, better: Better, note: str, of: Callable[[Floats, Floats], float]) -> Measure:
    return _between(lambda a, b: (reading.logged(a), reading.logged(b)), name, better, note, of)


def _curve(reading: Reading, name: str) -> Measure:
    """How far the curve of a gene's statistic over all genes is from the real one."""

    def error(a: Floats, b: Floats) -> float:
        return float(np.abs(metrics.gene_curves(a)[name] - metrics.gene_curves(b)[name]).mean())

    return _genes(reading, f"gene {name} error", "lower", f"mean absolute difference of a gene's {name}", error)


def _of_types(reading: Reading, train: Sample) -> list[Measure]:
    """Whether generated cells of a type are of that type: utility, markers, rare types."""
    found = [
        _labelled(reading, "TSTR accuracy", "types of real cells told by a classifier that learned from generated ones",
                  lambda a, u, b, v: metrics.tstr_accuracy(b, v, a, u)),
        _labelled(reading, "marker overlap", "share of a type's 20 top genes (Wilcoxon) that real and generated share",
                  marker_overlap),
    ]  # fmt: skip
    rare = rare_types(train.y)
    return [*found, *_of_rare(reading, train, rare)] if len(rare) else found


def _labelled(reading: Reading, name: str, note: str, of: Callable[[Floats, Labels, Floats, Labels], float]) -> Measure:
    """One number of two labelled sets."""

    def value(a: Sample, b: Sample) -> float:
        return of(reading.logged(a), reading.types(a), reading.logged(b), reading.types(b))

    def bounds(a: Sample, b: Sample, found: float) -> tuple[float, float]:
        one, other = reading.logged(a), reading.logged(b)
        if min(len(one), len(other)) < FEWEST:
            return found, found
        rows = [np.arange(len(part)) for part in (one, other)]
        u, v = reading.types(a), reading.types(b)
        return half_sample_interval(lambda i, j: of(one[i], u[i], other[j], v[j]), *rows, n=REPEATS)

    return Measure(name, "higher", note, value, bounds)


def _of_rare(reading: Reading, train: Sample, rare: Labels) -> list[Measure]:
    """All cells of the rare types are looked at: they are few."""
    chosen = lru_cache(maxsize=1)(lambda: _teacher(train, rare))
    real = lru_cache(maxsize=1)(lambda: Annotator("balanced").fit(*_cells(chosen())))
    names = f"{len(rare)} rare types"

    def recognised(sample: Sample) -> float:
        return recovered(real(), *_cells(_of(sample, rare)), rare)

    def learned(a: Sample, b: Sample) -> float:
        return recovered(Annotator("balanced").fit(*_cells(_teacher(b, rare))), *_cells(_of(a, rare)), rare)

    def bounds(sample: Sample, value: float) -> tuple[float, float]:
        return _share_interval(value, int(np.isin(sample.y, rare).sum()))

    return [
        Measure("rare types recognised", "higher", f"share of generated cells of {names} that a classifier of real"
                " training cells takes for them", lambda a, b: recognised(b), lambda a, b, value: bounds(b, value),
                lambda a, b: recognised(a)),
        Measure("rare types learned", "higher", f"share of real cells of {names} found by a classifier that learned"
                " from generated ones", learned, lambda a, b, value: bounds(a, value)),
    ]  # fmt: skip


def _cells(sample: Sample) -> tuple[Floats, Labels]:
    return metrics.log_normalised(sample.x.numpy()), sample.y


def _of(sample: Sample, types: Labels) -> Sample:
    return sample.rows(np.flatnonzero(np.isin(sample.y, types)))


def _teacher(sample: Sample, rare: Labels) -> Sample:
    """All cells of the rare types, and of the others as many as a measure looks at."""
    common = np.flatnonzero(~np.isin(sample.y, rare))
    kept = common[_evenly(len(common))]
    return sample.rows(np.sort(np.concatenate([kept, np.flatnonzero(np.isin(sample.y, rare))])))


def _share_interval(value: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a share of n cells (Agresti and Coull 1998)."""
    if n < 1:
        return 0.0, 1.0
    size = n + 4
    middle = (value * n + 2) / size
    half = 1.96 * float(np.sqrt(middle * (1 - middle) / size))
    return min(value, max(0.0, middle - half)), max(value, min(1.0, middle + half))


def _evenly(n: int) -> NDArray[np.intp]:
    """Evenly spaced rows, ``MOST`` at most: cells may be sorted by type."""
    return np.unique(np.linspace(0, max(0, n - 1), min(MOST, n)).round().astype(np.intp))


class _Key:
    """A sample as a key of the memory: the same tensor, the same cells."""

    def __init__(self, sample: Sample) -> None:
        self.sample, self.rows = sample, _evenly(len(sample.y))

    def __hash__(self) -> int:
        return id(self.sample.x)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.sample.x is self.sample.x
