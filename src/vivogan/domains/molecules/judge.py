"""What molecules are judged by beyond what every domain is: validity, novelty, chemistry, nearness to training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.base import Codec
from vivogan.domains.molecules import metrics
from vivogan.domains.molecules.features import remembered, smiles_of
from vivogan.domains.molecules.filters import passing
from vivogan.domains.molecules.fingerprints import bit_fingerprints
from vivogan.domains.molecules.similarity import FingerprintIndex
from vivogan.domains.molecules.suites.pieces import cosine
from vivogan.domains.scores import Measure, Sample
from vivogan.metrics.bootstrap import half_sample_interval, interval

Floats = NDArray[np.float64]
Texts = tuple[str, ...]
Better = Literal["higher", "lower"]
Reading = Callable[[Sample], Texts]
MOST = 2000  # molecules that a measure looks at
REPEATS = 20  # halves of an interval
FEWEST = 4  # molecules that can be halved
LEAST_RINGED = 0.1  # share of molecules with two rings or more, from which on scaffolds are compared


def measures(train: Sample, codec: Codec) -> list[Measure]:
    """The measures of a run whose training part is ``train``; all but the first are of valid molecules."""

    def texts(sample: Sample) -> Texts:
        return remembered(sample.x, ("some", id(codec)), lambda: tuple(codec.decode(sample.x[:MOST])))

    def whole(sample: Sample) -> Texts:
        made = texts(sample)
        return remembered(sample.x, ("valid", id(codec)), lambda: _chosen(made, metrics.valid(made)))

    known = tuple(smiles_of(codec, train.x))
    found = [
        _each(texts, "valid", "higher", "share of samples that are molecules", _valid, np.mean),
        _unique(whole),
        _each(whole, "novel", "higher", "share of different molecules that are not in the training part",
              lambda made: _novel(made, known), np.mean, real=True),
        _each(whole, "IntDiv", "higher", "internal diversity: mean Tanimoto dissimilarity of pairs",
              metrics.diversity, np.mean),
        _each(whole, "filters", "higher", "share that passes the medicinal-chemistry filters of MOSES (MCF, PAINS)",
              lambda made: np.array(passing(made), np.float64), np.mean),
        _alike(whole, "fragment similarity", "cosine of the counts of BRICS fragments", metrics.fragments_of),
        _similar_to_real(whole),
        *_nearest(whole, known),
    ]  # fmt: skip
    if np.mean([one is not None for one in metrics.scaffolds_of(known[:MOST])]) > LEAST_RINGED:
        found.append(
            _alike(
                whole,
                "scaffold similarity",
                "cosine of the counts of scaffolds of two rings or more",
                lambda made: [[one] if one else [] for one in metrics.scaffolds_of(made)],
            )
        )
    return found


def _valid(made: Texts) -> Floats:
    return metrics.valid(made).astype(np.float64)


def _chosen(made: Texts, fine: NDArray[np.bool_]) -> Texts:
    return tuple(text for text, is_fine in zip(made, fine, strict=True) if is_fine)


def _novel(made: Texts, known: Texts) -> Floats:
    stock = set(known)
    return np.array([text not in stock for text in dict.fromkeys(made)], np.float64)


def _each(
    texts: Reading,
    name: str,
    better: Better,
    note: str,
    values: Callable[[Texts], Floats],
    statistic: Callable[[Floats], float],
    real: bool = False,
) -> Measure:
    """A statistic of a number that each molecule has; without molecules 0. ``real``: the floor is that of real ones,
    as the training part cannot be compared with itself."""
    kept = lru_cache(maxsize=16)(values)

    def of(sample: Sample) -> float:
        found = kept(texts(sample))
        return float(statistic(found)) if len(found) else 0.0

    def bounds(sample: Sample) -> tuple[float, float]:
        found = kept(texts(sample))
        return interval(lambda rows: float(statistic(rows)), found) if len(found) else (0.0, 0.0)

    floor = (lambda a, b: of(a)) if real else None
    return Measure(name, better, note, lambda a, b: of(b), lambda a, b, value: bounds(b), floor)


def _unique(texts: Reading) -> Measure:
    def bounds(sample: Sample, value: float) -> tuple[float, float]:
        made = np.array(texts(sample), dtype=object)
        if len(made) < FEWEST:
            return value, value
        return half_sample_interval(lambda rows: metrics.unique(rows.tolist()), made, n=REPEATS)

    return Measure(
        "unique",
        "higher",
        "share of different molecules",
        lambda a, b: metrics.unique(texts(b)),
        lambda a, b, value: bounds(b, value),
    )


def _alike(texts: Reading, name: str, note: str, pieces: Callable[[Texts], list[list[str]]]) -> Measure:
    """How alike the counts of pieces are, that each molecule has some of."""
    kept = lru_cache(maxsize=16)(pieces)

    def cosine_of(a: list[list[str]], b: list[list[str]]) -> float:
        found = cosine(*(Counter(piece for one in part for piece in one) for part in (a, b)))
        return 0.0 if np.isnan(found) else found

    def bounds(a: Sample, b: Sample, value: float) -> tuple[float, float]:
        real, made = (kept(texts(sample)) for sample in (a, b))
        if min(len(real), len(made)) < FEWEST:
            return value, value
        rows = [np.arange(len(part)) for part in (real, made)]
        return half_sample_interval(
            lambda i, j: cosine_of([real[k] for k in i], [made[k] for k in j]), *rows, n=REPEATS
        )

    return Measure(name, "higher", note, lambda a, b: cosine_of(kept(texts(a)), kept(texts(b))), bounds)


def _similar_to_real(texts: Reading) -> Measure:
    near = lru_cache(maxsize=16)(metrics.nearest_similarity)

    def bounds(values: Floats) -> tuple[float, float]:
        return interval(lambda rows: float(rows.mean()), values) if len(values) else (0.0, 0.0)

    return Measure(
        "SNN",
        "higher",
        "mean Tanimoto similarity with the nearest real molecule",
        lambda a, b: float(near(texts(b), texts(a)).mean()) if texts(b) else 0.0,
        lambda a, b, value: bounds(near(texts(b), texts(a))),
    )


def _nearest(texts: Reading, known: Texts) -> list[Measure]:
    """How near to training, beside how near real molecules come that were not trained on."""
    stock = lru_cache(maxsize=1)(lambda: FingerprintIndex(bit_fingerprints(known, size=metrics.BITS)))
    near = lru_cache(maxsize=16)(lambda made: stock().nearest(bit_fingerprints(made, size=metrics.BITS))[0])
    note = "Tanimoto similarity with the nearest training molecule"
    return [
        _each(texts, "nearest similarity, median", "lower", f"median {note}", near, np.median, real=True),
        _each(texts, "nearest similarity, max", "lower", f"largest {note} of all generated ones", near, np.max,
              real=True),
    ]  # fmt: skip
