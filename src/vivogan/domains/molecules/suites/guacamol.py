"""The distribution-learning benchmarks of GuacaMol (Brown et al., J. Chem. Inf. Model. 2019), as its code has them.

It asks a model for 10,000 samples at a time; a file gives the first that qualify. Of shorter files all are used, and
shares are of what was there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from rdkit.Chem import Descriptors

from vivogan.domains.base import Score
from vivogan.domains.molecules.chemistry import canonical, molecule
from vivogan.domains.molecules.fingerprints import bit_fingerprints
from vivogan.domains.molecules.parallel import mapped
from vivogan.domains.molecules.similarity import most_alike
from vivogan.domains.molecules.suites import chemnet
from vivogan.domains.molecules.suites.against import Against
from vivogan.domains.molecules.suites.moses import NAN, Value, share
from vivogan.domains.molecules.suites.sets import Described, flattened, hashed
from vivogan.metrics.frechet import frechet_distance
from vivogan.metrics.statistics import Moments

Floats = NDArray[np.float64]
SAMPLES = 10_000
CONTINUOUS = ("BertzCT", "MolLogP", "MolWt", "TPSA")
DISCRETE = ("NumHAcceptors", "NumHDonors", "NumRotatableBonds", "NumAliphaticRings", "NumAromaticRings")
BITS = 4096
POINTS, BINS, LEAST = 1000, 10, 1e-10  # of the densities
STEEPNESS = 0.2  # of the score of a distance
NOTES: dict[str, tuple[Literal["higher", "lower"], str]] = {
    "GuacaMol validity": ("higher", "share of the first 10,000 samples that are molecules"),
    "GuacaMol uniqueness": ("higher", "share of different molecules, without stereochemistry, of 10,000 valid ones"),
    "GuacaMol novelty": ("higher", "share of 10,000 different molecules that are not in the training set"),
    "GuacaMol KL": ("higher", "mean of exp(-KL divergence) of nine descriptors and the internal similarity"),
    "GuacaMol FCD": ("higher", "exp(-0.2 FCD) of 10,000 valid molecules"),
}


def scores(against: Against) -> list[Score]:
    """Every benchmark of the generated set beside its floor: real molecules that are not for training."""
    networked = against.reference.moments is not None
    values, floors = (
        benchmarks(made, baseline, against.train, networked, against.workers)
        for made, baseline in ((against.made, against.baseline), (against.held, against.floor_baseline))
    )
    found = []
    for name, (value, low, high, n) in values.items():
        better, note = NOTES[name]
        if name.endswith("FCD") and not chemnet.installed():
            note = f"{note}; {chemnet.INSTALL}"
        found.append(Score(name, value, low, high, floors[name].value, NAN, better, n, note))
    return found


def benchmarks(
    made: Described, baseline: Sequence[str], train: Described | None, networked: bool, workers: int | None = None
) -> dict[str, Value]:
    """The benchmarks by name; novelty only where there is a training set, FCD (else NaN) only where it is asked for."""
    n = min(SAMPLES, len(made.fine))
    valid, different = made.first[:SAMPLES], list(dict.fromkeys(made.first))[:SAMPLES]
    flat = list(dict.fromkeys(flattened(different)))
    found = {
        "GuacaMol validity": share(int(made.fine[:n].sum()), n),
        "GuacaMol uniqueness": share(len(np.unique(made.flat[: len(valid)])), len(valid)),
    }
    if train is not None:
        found["GuacaMol novelty"] = share(int((~np.isin(hashed(flat), train.flat)).sum()), len(different))
    known = list(dict.fromkeys(flattened(baseline)))
    found["GuacaMol KL"] = Value(divergence_score(known, flat, workers), n=len(flat))
    found["GuacaMol FCD"] = Value(NAN, n=len(valid))
    if networked:
        moments = made.moments if made.moments and len(made) == len(valid) else chemnet.moments(valid)
        found["GuacaMol FCD"] = Value(distance_score(moments, chemnet.moments(_whole(baseline))), n=len(valid))
    return found


def _whole(smiles: Sequence[str]) -> list[str]:
    """Canonical SMILES, with stereochemistry, of those that are molecules."""
    return [canonical(mol) for text in smiles if (mol := molecule(text)) is not None and mol.GetNumAtoms()]


def distance_score(made: Moments | None, known: Moments | None) -> float:
    """exp(-0.2 FCD); NaN where one is missing."""
    return NAN if made is None or known is None else float(np.exp(-STEEPNESS * frechet_distance(made, known)))


def divergence_score(known: Sequence[str], made: Sequence[str], workers: int | None = None) -> float:
    """The mean of exp(-KL) over the descriptors and the similarity of each molecule with the nearest of its own set."""
    if min(len(known), len(made)) < 2:
        return NAN
    a, b = (np.array(mapped(_descriptors, part, workers), np.float64) for part in (known, made))
    gaps = [continuous_divergence(a[:, i], b[:, i]) for i in range(len(CONTINUOUS))]
    gaps += [discrete_divergence(a[:, i], b[:, i]) for i in range(len(CONTINUOUS), a.shape[1])]
    gaps.append(continuous_divergence(_nearest(known, workers), _nearest(made, workers)))
    return float(np.mean(np.exp(-np.array(gaps))))


def _descriptors(smiles: Sequence[str]) -> list[list[float]]:
    functions = [getattr(Descriptors, name) for name in CONTINUOUS + DISCRETE]
    rows = [[float(function(molecule(text))) for function in functions] for text in smiles]
    return [[value if np.isfinite(value) else 0.0 for value in row] for row in rows]


def _nearest(smiles: Sequence[str], workers: int | None) -> Floats:
    packed = bit_fingerprints(smiles, size=BITS, workers=workers)
    return most_alike(packed, packed, but=np.arange(len(packed)), workers=workers)[0]


def continuous_divergence(known: Floats, made: Floats) -> float:
    """KL(known ‖ made) of Gaussian kernel densities at 1,000 points from the least to the largest value."""
    from scipy.stats import entropy, gaussian_kde

    if np.ptp(known) == 0 or np.ptp(made) == 0:  # no density
        return 0.0 if np.ptp(np.concatenate([known, made])) == 0 else float("inf")
    both = np.concatenate([known, made])
    points = np.linspace(both.min(), both.max(), POINTS)
    return float(entropy(*(gaussian_kde(part)(points) + LEAST for part in (known, made))))


def discrete_divergence(known: Floats, made: Floats) -> float:
    """KL(known ‖ made) of histograms in ten bins of the known values."""
    from scipy.stats import entropy

    shares, bins = np.histogram(known, bins=BINS, density=True)
    inside = np.histogram(made, bins=bins)[0].sum()
    if inside == 0:
        return float("inf")
    return float(entropy(shares + LEAST, np.histogram(made, bins=bins, density=True)[0] + LEAST))
