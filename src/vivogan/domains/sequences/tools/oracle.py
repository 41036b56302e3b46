"""What a predictor computes: an ensemble of networks and a kernel ridge, stacked; one differentiable function of x."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from vivogan.domains.sequences.alphabets import PROTEIN, Alphabet
from vivogan.domains.sequences.codec import STOPS, SequenceCodec
from vivogan.domains.sequences.tools.descriptors import Descriptors
from vivogan.domains.sequences.tools.reader import Ensemble, trimmed
from vivogan.domains.sequences.tools.simple import Kernel

CODONS = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"  # of TTT, TTC, … GGG (NCBI table 1)
BASES = "TCAG"


class Front(nn.Module):
    """x as the codec gives it → x [n, A, L] as it is read: codons as the amino acids that they spell, else as is."""

    matrix: Tensor | None

    def __init__(self, codec: SequenceCodec) -> None:
        super().__init__()
        self.alphabet: Alphabet = PROTEIN if codec.coding else codec.alphabet
        self.ends, self.length = codec.ends, codec.length
        matrix = translation(codec) if codec.coding else None
        self.symbols = len(codec.symbols) if matrix is None else len(matrix)
        self.register_buffer("matrix", matrix, persistent=False)

    def read(self, x: Tensor) -> Tensor:
        """x [n, A, L] of whole length."""
        return x if self.matrix is None else torch.einsum("pa,nal->npl", self.matrix, x)

    def forward(self, x: Tensor) -> Tensor:
        return trimmed(self.read(x)) if self.ends else self.read(x)


def other_strand(x: Tensor) -> Tensor:
    """The reverse complement of x [n, 4, L]: the rows are A, C, G and T (U)."""
    return x.flip(1, 2)


def translation(codec: SequenceCodec) -> Tensor:
    """[21, 65]: which codon spells which amino acid; stop codons and the end are the end."""
    matrix = torch.zeros(len(PROTEIN.letters) + 1, len(codec.symbols))
    for row, codon in enumerate(codec.symbols):
        place = -1
        if codon and codon not in STOPS:
            place = PROTEIN.letters.index(CODONS[sum(BASES.index(b) * 4 ** (2 - i) for i, b in enumerate(codon))])
        matrix[place, row] = 1
    return matrix


class Simple(nn.Module):
    """Kernel ridge over descriptors: x [n, A, L] → [n, t]."""

    weights: Tensor
    offset: Tensor

    def __init__(self, descriptors: Descriptors, kernel: Kernel, weights: Tensor, offset: Tensor) -> None:
        super().__init__()
        self.descriptors, self.kernel = descriptors, kernel
        self.register_buffer("weights", weights)
        self.register_buffer("offset", offset)

    @classmethod
    def from_state(cls, tensors: Mapping[str, Tensor], front: Front) -> Simple:
        kernel = Kernel.from_state({name.removeprefix("kernel."): part for name, part in tensors.items()})
        return cls(Descriptors(front.alphabet, front.ends), kernel, tensors["weights"], tensors["offset"])

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.kernel(self.descriptors(x)) @ self.weights + self.offset
        return found


class Oracle(nn.Module):
    """x [n, A, L] → mean [n, t]: numbers in their own unit, or the probability of each class.

    ``stack``: the weights of ensemble and ridge; ``shift`` [t] and ``unit`` [t] lead from what they say to numbers
    (shift + unit · said), or to the logits of classes (shift + said).
    """

    stack: Tensor
    shift: Tensor
    unit: Tensor

    def __init__(
        self,
        front: Front,
        ensemble: Ensemble | None,
        simple: Simple | None,
        stack: Tensor,
        shift: Tensor,
        unit: Tensor,
        classes: bool,
        both_strands: bool = False,
    ) -> None:
        super().__init__()
        self.front, self.ensemble, self.simple = front, ensemble, simple
        self.classes, self.both_strands = classes, both_strands
        for name, value in {"stack": stack, "shift": shift, "unit": unit}.items():
            self.register_buffer(name, value)

    def members(self, x: Tensor) -> Tensor:
        """What each member of the ensemble says, together with the ridge, [M, n, t]."""
        x = self.front(x)
        said = self.stacked(x)
        if self.both_strands:
            said = (said + self.stacked(other_strand(x))) / 2
        found: Tensor = self.shift + self.unit * said
        return found.softmax(-1) if self.classes else found

    def stacked(self, x: Tensor) -> Tensor:
        said = x.new_zeros(())
        if self.simple is not None:
            said = said + self.stack[1] * self.simple(x)[None]
        return said if self.ensemble is None else said + self.stack[0] * self.ensemble(x)

    def forward(self, x: Tensor) -> Tensor:
        return self.members(x).mean(0)
