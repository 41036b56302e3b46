"""The space in which sequences are compared: words and where they stand, or the columns of an alignment, in their
principal components; named after what it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool1d

from vivogan.domains.sequences.alphabets import DNA, PROTEIN
from vivogan.errors import DamagedRun

Floats = NDArray[np.float64]
Kind = Literal["kmers", "columns"]
COMPONENTS = 32  # with more, two real halves are told apart by what only the fitted one has
BINS = 10  # parts of a sequence in which letters and short words are counted apart
NUCLEIC = 5  # symbols at most: four letters and an end
CODONS = 65


class SequenceExtractor:
    """Encoded sequences [n, A, L] → features [n, d], d ≤ 32.

    ``kmers``: the roots of the shares of words and of the composition of ten parts of the sequence (Hellinger's
    scaling: rare words neither drown nor shout); ``columns``: the one-hot columns of an alignment. Each group of them
    has the same variance on the training part; then principal components, not whitened. ``name`` tells the score it is
    used in what it was: ``kmers32-1a2b3c4d`` ends in the first digits of a hash of what was fitted.
    """

    def __init__(
        self, kind: Kind, shape: tuple[int, int], mean: Tensor, scale: Tensor, axes: Tensor, seed: int
    ) -> None:
        self.kind, self.shape, self.seed = kind, shape, seed
        self.mean, self.scale, self.axes = mean, scale, axes  # D, D, D x d
        self.name = f"{kind}{axes.shape[1]}-{_digest(seed, mean, scale, axes)}"

    @torch.no_grad()
    def __call__(self, x: Tensor) -> Floats:
        """Features [n, d] of encoded sequences x [n, A, L]."""
        pieces = [
            ((torch.cat(described(piece, self.kind), 1).double() - self.mean) * self.scale) @ self.axes
            for piece in x.split(256)
            if len(piece)
        ]
        return torch.cat(pieces).numpy() if pieces else np.empty((0, self.axes.shape[1]))

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Mean, scale and axes, and what they belong to."""
        tensors = {"mean": self.mean, "scale": self.scale, "axes": self.axes}
        return tensors, {"kind": self.kind, "shape": list(self.shape), "seed": self.seed}

    @classmethod
    def from_state(cls, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> SequenceExtractor:
        """The extractor that gave this state. Raises ``DamagedRun`` when the state is not one."""
        try:
            symbols, length = state["shape"]
            fitted = (tensors["mean"], tensors["scale"], tensors["axes"])
            return cls(state["kind"], (int(symbols), int(length)), *fitted, int(state["seed"]))
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedRun(
                f"the features of the run cannot be read ({error})", "Train again, or copy the run again"
            ) from error


@torch.no_grad()
def fit_extractor(x: Tensor, y: NDArray[np.intp], seed: int, aligned: bool = False) -> SequenceExtractor:
    """Fit the features on encoded sequences x [n, A, L]; classes y are not looked at.

    The axes are found by random projection (Halko et al. 2011), hence the seed. ``aligned``: places mean the same in
    every sequence, and the last symbol is a gap instead of an end.
    """
    from sklearn.utils.extmath import randomized_svd

    kind: Kind = "columns" if aligned else "kmers"
    parts = [torch.cat(column).double() for column in zip(*(described(p, kind) for p in x.split(256)), strict=True)]
    scale = torch.cat([torch.full(part.shape[1:], 1.0).double() / _spread(part) for part in parts])
    table = torch.cat(parts, 1)
    mean = table.mean(0)
    centred = ((table - mean) * scale).numpy()
    count = min(COMPONENTS, centred.shape[0] - 1, centred.shape[1])
    axes = randomized_svd(centred, max(1, count), n_iter=4, random_state=seed % 2**32)[2]
    return SequenceExtractor(kind, (x.shape[1], x.shape[2]), mean, scale, torch.from_numpy(axes.T.copy()), seed)


def described(x: Tensor, kind: Kind) -> list[Tensor]:
    """Groups of features, each [n, D_g], of x [n, A, L]: soft counts, which for one-hot columns are exact."""
    x = x.float()
    if kind == "columns":
        return [x.flatten(1)]
    ends = x.shape[1] in (NUCLEIC, len(PROTEIN.letters) + 1, CODONS)
    letters = x[:, :-1] if ends else x
    groups = [_rooted(x.mean(2)), _rooted(_placed(x))]
    if letters.shape[1] == len(DNA.letters):
        pairs = _words(letters, letters)
        triples = _words(pairs, letters, 2)
        groups += [_shares(pairs), _shares(triples), _shares(_words(pairs, pairs, 2))]
        return [*groups, _rooted(_placed(pairs)), _rooted(_placed(triples))]
    if letters.shape[1] > len(PROTEIN.letters):
        letters = torch.einsum("ca,ncl->nal", _translation(), letters)
        groups.append(_rooted(letters.mean(2)))
    return [*groups, _shares(_words(letters, letters))]


def _words(first: Tensor, second: Tensor, gap: int = 1) -> Tensor:
    """The soft presence of every word at its place, [n, A B, L - gap], from words [n, A, L] and those that follow."""
    places = min(first.shape[2] - gap, second.shape[2] - gap)
    if places < 1:  # too short for such a word
        return first.new_zeros(len(first), first.shape[1] * second.shape[1], 1)
    return (first[:, :, None, :places] * second[:, None, :, gap : gap + places]).flatten(1, 2)


def _shares(words: Tensor) -> Tensor:
    """The share of each word among the words of its sequence, rooted."""
    counts = words.clamp(min=0).sum(2)
    return (counts / counts.sum(1, keepdim=True).clamp(min=1e-6)).sqrt()


def _placed(words: Tensor) -> Tensor:
    """Means in ``BINS`` parts of the sequence, [n, D BINS]."""
    return adaptive_avg_pool1d(words, min(BINS, words.shape[2])).flatten(1)


def _rooted(shares: Tensor) -> Tensor:
    return shares.clamp(min=0).sqrt()


def _spread(part: Tensor) -> Tensor:
    """The root of the summed variance of a group."""
    return part.var(0).nan_to_num().sum().sqrt().clamp(min=1e-6)


def _translation() -> Tensor:
    """[64, 20]: the amino acid of each codon; stop codons have none."""
    from itertools import product

    from vivogan.domains.sequences.metrics import translated

    table = torch.zeros(CODONS - 1, len(PROTEIN.letters))
    for i, codon in enumerate(product("ACGT", repeat=3)):
        letter = translated("".join(codon))
        if letter:
            table[i, PROTEIN.letters.index(letter)] = 1
    return table


def _digest(seed: int, *tensors: Tensor) -> str:
    import hashlib

    digest = hashlib.sha256(str(seed).encode())
    for tensor in tensors:
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()[:8]
