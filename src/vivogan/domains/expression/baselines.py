"""The honest samplers that a game must beat: negative binomials gene by gene, the same with a Gaussian copula, and
mixtures of neighbouring cells."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vivogan.core.seeds import numpy_generator
from vivogan.domains.base import Baseline
from vivogan.domains.expression.components import Components

Floats = NDArray[np.float64]
Labels = NDArray[np.intp]
ROUNDS = 20  # of Newton's method, or of bisections, for shapes
WIDEST, NARROWEST = 0.01, 1e4  # shapes of negative binomials
MOST = 300  # genes that a copula couples, those of most molecules
FEW = 3  # cells below which a class lends from all
SHRINK = 20.0  # cells that the pooled correlation counts for
NEIGHBOURS = 10


def baselines() -> dict[str, Baseline]:
    """Those that every data set is compared with."""
    return {
        "negative binomial": NegativeBinomial(),
        "copula": NegativeBinomial(coupled=True),
        "neighbour mixing": NeighbourMixing(),
    }


class NegativeBinomial:
    """A negative binomial for every gene of every class; ``coupled``: with a Gaussian copula over the genes of most
    molecules, as scDesign2 and 3 have it (Sun et al. 2021; Song et al. 2024).

    Correlations are those of normal scores at random places within each count's step (the distributional transform),
    drawn towards those of all classes by how few cells a class has.
    """

    def __init__(self, coupled: bool = False) -> None:
        self.coupled = coupled

    def fit(self, x: Tensor, y: Labels) -> Self:
        """Counts x [N, g] and classes y [N]."""
        counts, own = x.double().numpy(), np.asarray(y)
        self.genes = counts.shape[1]
        self.coupling = np.sort(np.argsort(-counts.mean(0), kind="stable")[: MOST if self.coupled else 0])
        self.pooled = _moments(counts)
        self.margins = {int(k): _moments(counts[own == k]) for k in np.unique(own) if (own == k).sum() >= FEW}
        if not self.coupled:
            return self
        rng = numpy_generator(0, "copula")
        scores = np.zeros((len(own), len(self.coupling)))
        for k in np.unique(own):
            rows = own == k
            scores[rows] = _scores(counts[np.ix_(rows, self.coupling)], self._margins(int(k), self.coupling), rng)
        together = _correlation(scores)
        self.roots = {-1: _root(together)}
        for k in self.margins:
            part = scores[own == k]
            share = len(part) / (len(part) + SHRINK)
            self.roots[k] = _root(share * _correlation(part) + (1 - share) * together)
        return self

    def _margins(self, k: int, genes: Labels | slice = slice(None)) -> tuple[Floats, Floats]:
        mean, shape = self.margins.get(k, self.pooled)
        return mean[genes], shape[genes]

    def sample(self, y: Labels, seed: int) -> Tensor:
        """Counts for each class number of y [n], [n, g]."""
        from scipy.special import ndtr
        from scipy.stats import nbinom

        rng, own = numpy_generator(seed, type(self).__name__, int(self.coupled)), np.asarray(y)
        found = np.zeros((len(own), self.genes), np.float32)
        for k in np.unique(own):
            rows = np.flatnonzero(own == k)
            mean, shape = self._margins(int(k))
            found[rows] = rng.poisson(rng.gamma(shape, mean / shape, (len(rows), self.genes)))
            if self.coupled:
                root = self.roots.get(int(k), self.roots[-1])
                shares = ndtr(rng.standard_normal((len(rows), len(root))) @ root.T).clip(1e-12, 1 - 1e-12)
                mean, shape = self._margins(int(k), self.coupling)
                found[np.ix_(rows, self.coupling)] = nbinom.ppf(shares, shape, shape / (shape + mean))
        return torch.from_numpy(found)


def _moments(counts: Floats) -> tuple[Floats, Floats]:
    """Means [g] and shapes [g] of counts [n, g]: shapes of greatest likelihood, by bisection in the logarithm."""
    mean = np.maximum(counts.mean(0), 1e-9)
    low, high = np.full(len(mean), np.log(WIDEST)), np.full(len(mean), np.log(NARROWEST))
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        rising = _slope(counts, mean, np.exp(middle)) > 0
        low, high = np.where(rising, middle, low), np.where(rising, high, middle)
    return mean, np.exp((low + high) / 2)


def _slope(counts: Floats, mean: Floats, shape: Floats) -> Floats:
    """The derivative [g] of the log-likelihood of counts [n, g] by the shapes [g]."""
    from scipy.special import digamma

    rows, columns = np.nonzero(counts)
    values, own = counts[rows, columns], shape[columns]
    seen = np.bincount(columns, digamma(values + own) - digamma(own), len(mean))
    return np.asarray(seen - len(counts) * np.log1p(mean / shape))  # at the mean the other terms cancel


def _scores(counts: Floats, margins: tuple[Floats, Floats], rng: np.random.Generator) -> Floats:
    """Normal scores [n, g] of counts [n, g], each at a random place of its step."""
    from scipy.special import ndtri
    from scipy.stats import nbinom

    mean, shape = margins
    share = shape / (shape + mean)
    above, below = nbinom.cdf(counts, shape, share), nbinom.cdf(counts - 1, shape, share)
    return np.asarray(ndtri((below + rng.random(counts.shape) * (above - below)).clip(1e-6, 1 - 1e-6)))


def _correlation(scores: Floats) -> Floats:
    centred = scores - scores.mean(0)
    deviation = np.maximum(centred.std(0), 1e-6)
    return np.asarray((centred / deviation).T @ (centred / deviation) / len(scores))


def _root(correlation: Floats) -> Floats:
    """A root of a correlation matrix [d, d], negative eigenvalues left out, of unit rows."""
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 1e-9))
    return np.asarray(root / np.linalg.norm(root, axis=1, keepdims=True))


class NeighbourMixing:
    """Two neighbouring cells of a class mixed: every gene's molecules are thinned from one and from the other.

    What SMOTE (Chawla et al. 2002) is for counts: of a cell and one of its ten nearest, the expected count lies at a
    random place between the two.
    """

    def fit(self, x: Tensor, y: Labels) -> Self:
        """Counts x [N, g] and classes y [N]."""
        self.counts, own = x.double().numpy(), np.asarray(y)
        places = Components.fit(x)(x).double().numpy()
        self.rows = {int(k): np.flatnonzero(own == k) for k in np.unique(own)}
        self.near = {k: _nearest(places[rows]) for k, rows in self.rows.items()}
        self.rows[-1] = np.arange(len(own))
        return self

    def sample(self, y: Labels, seed: int) -> Tensor:
        """Counts for each class number of y [n], [n, g]."""
        rng, own = numpy_generator(seed, type(self).__name__), np.asarray(y)
        found = np.zeros((len(own), self.counts.shape[1]), np.float32)
        for k in np.unique(own):
            rows = self.rows.get(int(k), self.rows[-1])
            near = self.near.get(int(k))
            first = rng.integers(len(rows), size=int((own == k).sum()))
            second = first if near is None else near[first, rng.integers(near.shape[1], size=len(first))]
            share = rng.random((len(first), 1))
            one, other = (self.counts[rows[part]].astype(np.int64) for part in (first, second))
            found[own == k] = rng.binomial(one, share) + rng.binomial(other, 1 - share)
        return torch.from_numpy(found)


def _nearest(places: Floats) -> Any:
    """The nearest others of each of places [n, d], [n, m]; of a single one itself."""
    from sklearn.neighbors import NearestNeighbors

    count = min(NEIGHBOURS, len(places) - 1)
    if count < 1:
        return np.zeros((len(places), 1), np.intp)
    return NearestNeighbors(n_neighbors=count).fit(places).kneighbors(return_distance=False)  # without itself
