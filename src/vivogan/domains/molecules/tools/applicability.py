"""Whether a molecule is like those that a predictor learned from, and which of them it is nearest to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vivogan.domains.molecules.fingerprints import bit_fingerprints
from vivogan.domains.molecules.similarity import FingerprintIndex, most_alike
from vivogan.domains.tasks.targets import Floats

Bytes = NDArray[np.uint8]
BORDERLINE, INSIDE = 0.02, 0.1  # p-values from which on a molecule is no longer outside, and is inside
ONE_BY_ONE = 1000  # molecules up to which starting other processes takes longer


@dataclass(frozen=True)
class Where:
    """Similarity to the nearest known molecule [n], which one it is [n], the p-value of being one of them [n]."""

    similarity: Floats
    nearest: NDArray[np.intp]
    p: Floats

    @property
    def words(self) -> list[str]:
        """inside, borderline or outside, [n]."""
        return ["inside" if p >= INSIDE else "borderline" if p >= BORDERLINE else "outside" for p in self.p.tolist()]


@dataclass(frozen=True)
class Applicability:
    """``known`` molecules, packed ECFP4 bits [N, 256], and how similar each is to its own nearest, ascending [N]."""

    known: Bytes
    own: Floats

    @classmethod
    def fit(cls, smiles: Sequence[str]) -> Self:
        known = bit_fingerprints(smiles)
        return cls(known, np.sort(most_alike(known, known, np.arange(len(known)))[0]))

    @cached_property
    def _index(self) -> FingerprintIndex:
        return FingerprintIndex(self.known)

    def __call__(self, smiles: Sequence[str]) -> Where:
        """The Tanimoto similarity to the nearest known molecule, and its conformal p-value: the share of the known that
        are no nearer to their own nearest."""
        packed = bit_fingerprints(smiles)
        few = len(packed) <= ONE_BY_ONE
        similarity, nearest = self._index.nearest(packed) if few else most_alike(packed, self.known)
        p = (1 + np.searchsorted(self.own, similarity, side="right")) / (len(self.own) + 1)
        return Where(similarity, nearest, p)

    def state(self) -> dict[str, Tensor]:
        return {"known": torch.from_numpy(self.known.copy()), "own": torch.from_numpy(self.own)}

    @classmethod
    def from_state(cls, tensors: Mapping[str, Tensor]) -> Self:
        return cls(tensors["known"].numpy(), tensors["own"].numpy())
