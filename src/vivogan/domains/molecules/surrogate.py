"""What a molecule would score, learned while optimising: a Gaussian process on count fingerprints and descriptors.

Bayesian optimisation of molecules commonly uses a Tanimoto kernel (GP BO in Gao et al. 2022); here it is a sum of
Tanimoto kernels of two fingerprints and a Gaussian kernel of simple descriptors, whose shares, like the noise, are
those of the highest marginal likelihood (Rasmussen and Williams 2006, eq. 5.8) among a few.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator, rdMolDescriptors
from scipy.linalg import cho_solve, cholesky, solve_triangular

from vivogan.domains.molecules.chemistry import Mol

Floats = NDArray[np.float64]
Single = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Roots = tuple[Single, ...]  # square roots of the counts of each block, and scaled descriptors
SIZES = (2048, 2048)  # of Morgan and atom-pair fingerprints
ELEMENTS = ("H", "C", "N", "O", "F", "P", "S", "Cl", "Br")
ATOMS = re.compile(r"([A-Z][a-z]?)(\d*)")  # of a molecular formula
PLAIN = len(ELEMENTS) + 5  # descriptors
WIDTH = 1.5  # of the Gaussian kernel, in standard deviations of the descriptors
# Shares of the three kernels, of which the likeliest is taken.
SHARES = (
    (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.5, 0.5, 0.0), (0.5, 0.0, 0.5), (0.0, 0.5, 0.5),
    (0.35, 0.35, 0.3),
)  # fmt: skip
NOISES = (1e-3, 1e-2, 1e-1)  # variances, of values of variance 1
JITTER = 1e-5  # so that rounding leaves kernels positive


@cache
def _generators() -> tuple[Any, ...]:
    return (
        rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=SIZES[0]),
        rdFingerprintGenerator.GetAtomPairGenerator(maxDistance=10, fpSize=SIZES[1]),
    )


@dataclass(frozen=True)
class Features:
    """Of n molecules: counts of fragments, one block [n, size] a fingerprint, and descriptors [n, 14]."""

    blocks: tuple[Bytes, ...]
    plain: Single

    def __len__(self) -> int:
        return len(self.plain)

    def rows(self, chosen: NDArray[np.intp]) -> Features:
        return Features(tuple(block[chosen] for block in self.blocks), self.plain[chosen])

    def joined(self, other: Features) -> Features:
        blocks = tuple(np.concatenate(pair) for pair in zip(self.blocks, other.blocks, strict=True))
        return Features(blocks, np.concatenate([self.plain, other.plain]))


def features(mols: Sequence[Mol]) -> Features:
    """The features of molecules."""
    blocks = []
    for generator, size in zip(_generators(), SIZES, strict=True):
        counts = np.zeros((len(mols), size), np.uint8)
        for row, mol in zip(counts, mols, strict=True):
            row[:] = np.minimum(generator.GetCountFingerprintAsNumPy(mol), 255)
        blocks.append(counts)
    plain = np.array([_descriptors(mol) for mol in mols], np.float32).reshape(-1, PLAIN)
    return Features(tuple(blocks), plain)


def _descriptors(mol: Mol) -> list[float]:
    """How many atoms of each element, the charge, rings, aromatic rings, polar surface (10 Å²) and logP."""
    formula = rdMolDescriptors.CalcMolFormula(mol)
    counts = {symbol: float(count or 1) for symbol, count in ATOMS.findall(formula)}
    return [
        *(counts.get(symbol, 0.0) for symbol in ELEMENTS),
        float(Chem.GetFormalCharge(mol)),
        float(rdMolDescriptors.CalcNumRings(mol)),
        float(rdMolDescriptors.CalcNumAromaticRings(mol)),
        rdMolDescriptors.CalcTPSA(mol) / 10,
        rdMolDescriptors.CalcCrippenDescriptors(mol)[0],
    ]


def tanimoto(x: Single, y: Single) -> Single:
    """The Tanimoto kernel x·y / (x·x + y·y − x·y) [n, m] of non-negative rows [n, d] and [m, d].

    Of the square roots of counts it says about what the ratio of minima and maxima of the counts says, at the cost of a
    matrix product.
    """
    dot = x @ y.T
    whole = (x * x).sum(1)[:, None] + (y * y).sum(1)[None] - dot
    found: Single = dot / np.maximum(whole, 1e-9)
    return found


class Surrogate:
    """A Gaussian process: ``fit`` to features of n molecules and their scores, then ``predict``."""

    def __init__(self) -> None:
        self.shares: tuple[float, ...] = SHARES[-1]
        self.noise = NOISES[1]
        self._scale = np.ones(PLAIN, np.float32)

    def choose(self, x: Features, y: Floats) -> None:
        """Take the shares and the noise that make scores [n] likeliest."""
        values = _standard(y)[0]
        self._rescale(x)
        roots = self._roots(x)
        kernels = np.stack([_kernel(i, roots, roots) for i in range(len(roots))])
        best = -np.inf
        for shares in SHARES:
            kernel = np.tensordot(shares, kernels, 1).astype(np.float64)
            for noise in NOISES:
                factor = cholesky(kernel + (noise + JITTER) * np.eye(len(y)), lower=True, check_finite=False)
                half = solve_triangular(factor, values, lower=True, check_finite=False)
                likelihood = -0.5 * half @ half - np.log(np.diag(factor)).sum()
                if likelihood > best:
                    best, self.shares, self.noise = likelihood, shares, noise

    def fit(self, x: Features, y: Floats) -> None:
        """Learn scores [n] of molecules."""
        values, self._mean, self._sd = _standard(y)
        self._rescale(x)
        self._x = self._roots(x)
        kernel = self._sum(self._x, self._x).astype(np.float64)
        kernel[np.diag_indices_from(kernel)] += self.noise + JITTER
        factor = cholesky(kernel, lower=True, check_finite=False, overwrite_a=True)
        self._alpha = cho_solve((factor, True), values, check_finite=False)
        self._factor = factor.astype(np.float32)

    def predict(self, x: Features) -> tuple[Floats, Floats]:
        """Means and standard deviations [n], in the unit of the scores."""
        cross = self._sum(self._roots(x), self._x)
        mean = cross @ self._alpha
        half = solve_triangular(self._factor, cross.T, lower=True, check_finite=False)
        variance = sum(self.shares) - np.einsum("ij,ij->j", half, half)
        return self._mean + self._sd * mean, self._sd * np.sqrt(np.maximum(variance, 1e-8)).astype(np.float64)

    def _sum(self, x: Roots, y: Roots) -> Single:
        """The weighted sum [n, m] of the kernels."""
        found = np.zeros((len(x[0]), len(y[0])), np.float32)
        for i, share in enumerate(self.shares):
            if share:
                found += np.float32(share) * _kernel(i, x, y)
        return found

    def _roots(self, x: Features) -> Roots:
        return (*(np.sqrt(block, dtype=np.float32) for block in x.blocks), x.plain / self._scale)

    def _rescale(self, x: Features) -> None:
        # √(2 d) widths: the exponent is half the mean square over d descriptors, in units of their deviations.
        self._scale = (np.maximum(x.plain.std(0), 0.25) * WIDTH * np.sqrt(2.0 * PLAIN)).astype(np.float32)


def _kernel(number: int, x: Roots, y: Roots) -> Single:
    """Tanimoto of a fingerprint, or (the last) Gaussian of the descriptors."""
    a, b = x[number], y[number]
    if number < len(SIZES):
        return tanimoto(a, b)
    squares = (a * a).sum(1)[:, None] + (b * b).sum(1)[None] - 2 * (a @ b.T)
    found: Single = np.exp(-np.maximum(squares, 0))
    return found


def _standard(y: Floats) -> tuple[Floats, float, float]:
    mean, sd = float(y.mean()), float(max(y.std(), 1e-9))
    return (y - mean) / sd, mean, sd
