"""The distribution-learning metrics of MOSES (Polykovskiy et al., Frontiers in Pharmacology 2020), as its code has
them: all of the valid molecules in canonical form, with repetitions."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.base import Score
from vivogan.domains.molecules.similarity import mean_alike, most_alike
from vivogan.domains.molecules.suites import chemnet
from vivogan.domains.molecules.suites.against import Against
from vivogan.domains.molecules.suites.pieces import cosine
from vivogan.domains.molecules.suites.sets import PROPERTIES, Described
from vivogan.metrics.frechet import frechet_distance

Floats = NDArray[np.float64]
NAN = float("nan")
MOST = 30_000  # molecules whose pairs are compared, evenly spaced: what MOSES generates
FLOOR_MOST = 5000  # of real ones, for the similarity with the nearest: it does not depend on their number
UNIQUE = {"unique@1k": 1000, "unique@10k": 10_000}
NAMES = {"logp": "logP", "sa": "SA", "qed": "QED", "weight": "weight"}
Z = 1.96


class Value(NamedTuple):
    """A number with the ends of its 95 % interval (NaN: not estimated) and what it is of."""

    value: float
    low: float = NAN
    high: float = NAN
    n: int = 0


NOTES: dict[str, tuple[Literal["higher", "lower"], str]] = {
    "valid": ("higher", "share that RDKit can read"),
    "unique@1k": ("higher", "share of different molecules among the first 1,000 valid ones"),
    "unique@10k": ("higher", "share of different molecules among the first 10,000 valid ones"),
    "FCD/Test": ("lower", "Fréchet ChemNet distance to the reference; depends on both sizes"),
    "SNN/Test": ("higher", "mean Tanimoto similarity with the nearest reference molecule"),
    "Frag/Test": ("higher", "cosine of the counts of BRICS fragments"),
    "Scaf/Test": ("higher", "cosine of the counts of scaffolds with two rings or more"),
    "FCD/TestSF": ("lower", "Fréchet ChemNet distance to the scaffold reference"),
    "SNN/TestSF": ("higher", "mean similarity with the nearest of the scaffold reference"),
    "Frag/TestSF": ("higher", "cosine of the counts of fragments with the scaffold reference"),
    "Scaf/TestSF": ("higher", "cosine of the counts of scaffolds with the scaffold reference"),
    "IntDiv": ("higher", "internal diversity: mean Tanimoto dissimilarity of all pairs"),
    "IntDiv2": ("higher", "internal diversity with squared similarities"),
    "Filters": ("higher", "share that passes MCF and PAINS, elements, charges and ring sizes"),
    "logP": ("lower", "Wasserstein distance of logP"),
    "SA": ("lower", "Wasserstein distance of synthetic accessibility"),
    "QED": ("lower", "Wasserstein distance of drug-likeness"),
    "weight": ("lower", "Wasserstein distance of molecular weight (Da)"),
    "Novelty": ("higher", "share of different molecules that are not in the training set"),
}


def scores(against: Against) -> list[Score]:
    """Every metric of the generated set beside its floor, real molecules as many."""
    made, floor = against.made, against.floor
    values = alone(made, against.workers) | compared(made, against.reference, "Test", against.workers, MOST)
    floors = alone(floor, against.workers) | compared(
        floor, against.floor_reference, "Test", against.workers, FLOOR_MOST
    )
    if against.scaffolds is not None:
        values |= compared(made, against.scaffolds, "TestSF", against.workers, MOST)
        floors |= compared(floor, against.scaffolds, "TestSF", against.workers, FLOOR_MOST)
    if against.train is not None:
        values["Novelty"] = novelty(made, against.train.codes)
        floors["Novelty"] = novelty(against.held, against.train.codes)
    found = []
    for name, (better, note) in NOTES.items():
        if name in values:
            value, low, high, n = values[name]
            if name.startswith("FCD") and not chemnet.installed():
                note = f"{note}; {chemnet.INSTALL}"
            found.append(Score(name, value, low, high, floors[name].value, NAN, better, n, note))
    return found


def alone(made: Described, workers: int | None = None) -> dict[str, Value]:
    """The metrics that need no reference: validity, uniqueness, internal diversity, filters."""
    found = {"valid": share(int(made.fine.sum()), len(made.fine))}
    for name, most in UNIQUE.items():
        part = made.codes[:most]
        found[name] = share(len(np.unique(part)), len(part))
    some = spaced(made.bits, MOST)
    alike = mean_alike(some, some, (1, 2), workers)  # n x 2
    found["IntDiv"] = mean_of(1 - alike[:, 0], pairs=True)
    found["IntDiv2"] = mean_of(1 - np.sqrt(alike[:, 1]), pairs=True)
    if len(made.passed) == len(made):
        found["Filters"] = share(int(made.passed.sum()), len(made))
    return found


def compared(
    made: Described, reference: Described, name: str, workers: int | None = None, most: int = MOST
) -> dict[str, Value]:
    """The metrics of two sets; ``name`` tells which reference it is: Test or TestSF."""
    from scipy.stats import wasserstein_distance

    n = len(made)
    distance = NAN
    if made.moments is not None and reference.moments is not None:
        distance = frechet_distance(made.moments, reference.moments)
    found = {
        f"FCD/{name}": Value(distance, n=n),
        f"SNN/{name}": mean_of(most_alike(spaced(made.bits, most), reference.bits, workers=workers)[0]),
        f"Frag/{name}": Value(cosine(made.fragments, reference.fragments), n=n),
        f"Scaf/{name}": Value(cosine(made.scaffolds, reference.scaffolds), n=n),
    }
    if len(made.properties) and len(reference.properties):
        for i, key in enumerate(PROPERTIES):
            gap = wasserstein_distance(made.properties[:, i], reference.properties[:, i])
            found[NAMES[key]] = Value(float(gap), n=n)
    return found


def novelty(made: Described, known: NDArray[np.uint64]) -> Value:
    """The share of the different valid molecules that are not known."""
    different = np.unique(made.codes)
    return share(int((~np.isin(different, known)).sum()), len(different))


def spaced(rows: NDArray[np.uint8], most: int) -> NDArray[np.uint8]:
    """At most so many rows, evenly spaced."""
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).round().astype(np.intp)]


def share(count: int, n: int) -> Value:
    """A share with Wilson's interval (1927)."""
    if n == 0:
        return Value(NAN)
    p = count / n
    middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * float(np.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n)))
    return Value(p, min(p, max(0.0, middle - half)), max(p, min(1.0, middle + half)), n)


def mean_of(values: Floats, pairs: bool = False) -> Value:
    """A mean with the interval of its standard error; of the means over ``pairs`` of all (Hoeffding 1948), twice."""
    n = len(values)
    if n == 0:
        return Value(NAN)
    half = (2 if pairs else 1) * Z * float(values.std()) / np.sqrt(n)
    return Value(float(values.mean()), float(values.mean() - half), float(values.mean() + half), n)
