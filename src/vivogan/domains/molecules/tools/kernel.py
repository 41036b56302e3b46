"""How alike molecules are by what they count: MinMax kernels over unfolded fingerprints, and ridges upon them.

Ralaivola, Swamidass, Saigo and Baldi (2005), Graph kernels for chemical informatics: k(a, b) = Σ min(aᵢ, bᵢ) / Σ
max(aᵢ, bᵢ). A count c is written as c bits, (feature, 1) … (feature, c): the sum of minima is then a product.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rdkit.Chem import rdFingerprintGenerator as generators
from torch import Tensor

from vivogan.domains.molecules.chemistry import molecule
from vivogan.domains.molecules.parallel import mapped
from vivogan.domains.tasks.targets import Floats

Keys = NDArray[np.int64]
LEVELS = 16  # counts above are taken for this one
ROWS = 2048  # molecules compared at once
LEAST = 1e-6  # added to the kernel of landmarks, which may hold the same one twice
FEW = 1500  # molecules that choose a penalty


def _features() -> Any:
    return generators.GetMorganFeatureAtomInvGen()


# What is counted: environments of an atom by its elements or by what it can do (Rogers and Hahn 2010), pairs of atoms
# at a distance (Carhart, Smith and Venkataraghavan 1985), paths of four atoms (Nilakantan et al. 1987).
COUNTED: Mapping[str, Callable[[], Any]] = {
    "ecfp4": lambda: generators.GetMorganGenerator(radius=2),
    "ecfp6": lambda: generators.GetMorganGenerator(radius=3),
    "fcfp4": lambda: generators.GetMorganGenerator(radius=2, atomInvariantsGenerator=_features()),
    "fcfp6": lambda: generators.GetMorganGenerator(radius=3, atomInvariantsGenerator=_features()),
    "pairs": generators.GetAtomPairGenerator,
    "torsions": generators.GetTopologicalTorsionGenerator,
}


@cache
def generator(kind: str) -> Any:
    return COUNTED[kind]()


def keys(smiles: Sequence[str], kind: str) -> list[Keys]:
    """The bits of each molecule, one array each; none for a SMILES that cannot be read."""
    found, own = [], generator(kind)
    for text in smiles:
        mol = molecule(text)
        counted = {} if mol is None else own.GetSparseCountFingerprint(mol).GetNonzeroElements()
        features = np.fromiter(counted.keys(), np.int64, len(counted))
        counts = np.minimum(np.fromiter(counted.values(), np.int64, len(counted)), LEVELS)
        ends = np.cumsum(counts)
        level = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts)
        found.append(np.repeat(features, counts) * LEVELS + level)
    return found


@dataclass(frozen=True)
class Stock:
    """Known molecules by one fingerprint: ``rows`` [n, V] over a vocabulary of bits [V], and how many bits each has."""

    kind: str
    vocabulary: Keys
    rows: Any  # scipy.sparse.csr_matrix
    size: Floats

    @classmethod
    def fit(cls, kind: str, found: list[Keys]) -> Stock:
        vocabulary = np.unique(np.concatenate([np.zeros(0, np.int64), *found]))
        stock = cls(kind, vocabulary, None, np.zeros(0))
        rows, size = stock.looked_up(found)
        return cls(kind, vocabulary, rows, size)

    def looked_up(self, found: list[Keys]) -> tuple[Any, Floats]:
        """Rows of other molecules over this vocabulary, and how many bits each has in all."""
        from scipy.sparse import csr_matrix

        size = np.array([len(own) for own in found], float)
        every = np.concatenate([np.zeros(0, np.int64), *found])
        place = np.searchsorted(self.vocabulary, every)
        known = place < len(self.vocabulary)
        known[known] = self.vocabulary[place[known]] == every[known]
        row = np.repeat(np.arange(len(found)), size.astype(int))
        bits = np.ones(int(known.sum()), np.float32)
        return csr_matrix((bits, (row[known], place[known])), (len(found), len(self.vocabulary))), size

    def alike(self, found: list[Keys]) -> Floats:
        """The kernel between others and the known molecules, [m, n]."""
        rows, size = self.looked_up(found)
        shared = np.asarray((rows @ self.rows.T).todense(), np.float64)
        return shared / np.maximum(size[:, None] + self.size - shared, 1.0)


class CountKernel:
    """The mean of the MinMax kernels of several fingerprints, between any molecules and the known ones."""

    def __init__(self, stocks: list[Stock]) -> None:
        self.stocks = stocks

    @classmethod
    def fit(cls, smiles: Sequence[str], kinds: Sequence[str]) -> CountKernel:
        return cls([Stock.fit(kind, mapped(partial(keys, kind=kind), smiles)) for kind in kinds])

    def __call__(self, smiles: Sequence[str]) -> Floats:
        """[m, n], each between 0 and 1."""
        total = np.zeros((len(smiles), len(self.stocks[0].size)))
        for stock in self.stocks:
            found = mapped(partial(keys, kind=stock.kind), smiles)
            for i in range(0, len(smiles), ROWS):
                total[i : i + ROWS] += stock.alike(found[i : i + ROWS])
        return total / len(self.stocks)

    def state(self) -> tuple[dict[str, Tensor], list[str]]:
        tensors = {}
        for stock in self.stocks:
            numbers = {"vocabulary": stock.vocabulary, "columns": stock.rows.indices, "ends": stock.rows.indptr}
            for name, value in (numbers | {"size": stock.size}).items():
                tensors[f"{stock.kind}.{name}"] = torch.from_numpy(np.ascontiguousarray(value))
        return tensors, [stock.kind for stock in self.stocks]

    @classmethod
    def from_state(cls, tensors: Mapping[str, Tensor], kinds: Sequence[str]) -> CountKernel:
        from scipy.sparse import csr_matrix

        stocks = []
        for kind in kinds:
            vocabulary, columns, ends, size = (
                tensors[f"{kind}.{name}"].numpy() for name in ("vocabulary", "columns", "ends", "size")
            )
            bits = np.ones(len(columns), np.float32)
            rows = csr_matrix((bits, columns, ends), (len(size), len(vocabulary)))
            stocks.append(Stock(kind, vocabulary, rows, size))
        return cls(stocks)


def fold_out(inverse: Floats, weights: Floats, folds: NDArray[np.intp]) -> Floats:
    """What a kernel ridge errs by in each fold when it learns from the others, [n]: r_f = (A⁻¹_ff)⁻¹ (A⁻¹ y)_f.

    Args:
        inverse: A⁻¹ = (K + αI)⁻¹, [n, n]. weights: A⁻¹ y, [n].
    """
    missed = np.zeros(len(folds))
    for fold in np.unique(folds):
        own = np.flatnonzero(folds == fold)
        missed[own] = np.linalg.solve(inverse[np.ix_(own, own)], weights[own])
    return missed


@dataclass(frozen=True)
class Ridge:
    """Weights [n] of a kernel ridge with an offset, its penalty, and what it says of rows that it did not see."""

    weights: Floats
    offset: float
    penalty: float
    unseen: Floats


def kernel_ridge(kernel: Floats, y: Floats, folds: NDArray[np.intp], penalties: Sequence[float]) -> Ridge:
    """Ridge of y [n] on a kernel [n, n], with the greatest penalty that errs on the folds left out by no more than one
    standard error above the best (Breiman et al. 1984): what is new is farther away than a fold.

    The folds are left out exactly and at once (``fold_out``), so a penalty costs one inverse; of more than ``FEW``
    molecules so many choose it.
    """
    if len(y) > FEW and len(penalties) > 1:
        few = np.linspace(0, len(y) - 1, FEW).astype(np.intp)
        chosen = kernel_ridge(kernel[np.ix_(few, few)], y[few], folds[few], penalties)
        return kernel_ridge(kernel, y, folds, [chosen.penalty])
    offset, found = float(y.mean()), []
    for penalty in sorted(penalties):
        inverse = np.asarray(np.linalg.inv(kernel + penalty * np.eye(len(y))), np.float64)
        weights = inverse @ (y - offset)
        found.append(Ridge(weights, offset, penalty, y - fold_out(inverse, weights, folds)))
    errors = np.array([(own.unseen - y) ** 2 for own in found])
    more = errors - errors[errors.mean(1).argmin()]
    close = more.mean(1) <= more.std(1) / np.sqrt(len(y))
    return found[int(np.flatnonzero(close)[-1])]


def landmark_ridge(rows: Floats, stock: Floats, y: Floats, folds: NDArray[np.intp], penalty: float) -> Ridge:
    """The same ridge with weights for landmarks only (subset of regressors; Rasmussen and Williams 2006, section 8.3).

    Args:
        rows: kernel of the molecules with the landmarks, [n, m]. stock: of the landmarks with each other, [m, m].
    """
    offset, unseen = float(y.mean()), np.zeros(len(y))
    known = [folds == fold for fold in np.unique(folds)]
    grams = [rows[own].T @ rows[own] + LEAST * np.eye(len(stock)) for own in known]
    rights = [rows[own].T @ (y[own] - offset) for own in known]
    gram, right = np.sum(grams, 0) + penalty * stock, np.sum(rights, 0)
    for own, own_gram, own_right in zip(known, grams, rights, strict=True):
        unseen[own] = rows[own] @ np.linalg.solve(gram - own_gram, right - own_right) + offset
    return Ridge(np.linalg.solve(gram, right), offset, penalty, unseen)
