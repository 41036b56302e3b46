"""Fréchet ChemNet distance (Preuer et al. 2018), where the package ``fcd`` that brings the network is installed."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from vivogan.metrics.frechet import frechet_distance
from vivogan.metrics.statistics import Moments

CHUNK = 1024  # molecules whose activations are held at once
BATCH = 128
LONGEST = 349  # letters that the network's input has room for
INSTALL = "needs the package fcd: pip install fcd"


def installed() -> bool:
    """Whether the network is at hand."""
    return find_spec("fcd") is not None


def moments(smiles: Sequence[str]) -> Moments | None:
    """Mean and scatter of the 512 activations of valid SMILES; None for fewer than two. Longer SMILES are cut off."""
    import fcd
    import numpy as np

    if len(smiles) < 2:
        return None
    network, found = fcd.load_ref_model(), None
    for start in range(0, len(smiles), CHUNK):
        chunk = [text[:LONGEST] for text in smiles[start : start + CHUNK]]
        part = Moments.of(fcd.get_predictions(network, chunk, BATCH, n_jobs=0).astype(np.float64))
        found = part if found is None else found + part
    return found


def fcd(real: Sequence[str], made: Sequence[str]) -> float:
    """The distance of two sets of valid SMILES, as they are written; NaN where one has fewer than two."""
    a, b = moments(real), moments(made)
    return float("nan") if a is None or b is None else frechet_distance(a, b)
