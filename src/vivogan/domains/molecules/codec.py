"""Molecules ⇄ tensors: every token is a point, a corner of a cube, so that hundreds of thousands of molecules fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vivogan.core.seeds import numpy_generator
from vivogan.domains.molecules.records import MoleculeRecords
from vivogan.domains.molecules.tokens import NOTATIONS, Vocabulary, reordered
from vivogan.errors import DamagedRun

LONGEST = 400  # tokens of a generated molecule
CORNER = 16  # numbers a token
ORDERS = 5  # of each molecule's atoms, by which the longest string is found
Order = Literal["canonical", "random"]


@dataclass(frozen=True)
class MoleculeCodec:
    """x [n, C, L] float32: a column is the code of the token at one of L places, of the end after the last token.

    Longer molecules are cut.
    """

    vocabulary: Vocabulary
    length: int
    order: Order = "canonical"  # of the atoms: the canonical one, or one at random for each molecule

    @classmethod
    def fit(
        cls,
        records: MoleculeRecords,
        train: NDArray[np.intp],
        notation: str = "selfies",
        merges: int = 0,
        also: Sequence[str] = (),
        order: Order = "canonical",
    ) -> MoleculeCodec:
        """The tokens of the training part, and a place more than its longest molecule needs.

        Args:
            also: SMILES that will be learned from as well.
        """
        own = [records.smiles[i] for i in np.asarray(train).tolist()] + list(also)
        if order == "random":
            own = [text for number in range(ORDERS) for text in reordered(own, number)]
        vocabulary = Vocabulary.fit(own, NOTATIONS[notation], merges)
        longest = max((len(row) for row in vocabulary.encode(own)), default=0)
        return cls(vocabulary, min(LONGEST, longest + 1), order)

    @property
    def symbols(self) -> list[str]:
        """What each token stands for; the first is the end."""
        return self.vocabulary.texts

    @cached_property
    def codes(self) -> Tensor:
        """The point of each token, [A, C] of ±1."""
        return corners(len(self.vocabulary))

    def encode(self, records: MoleculeRecords, indices: NDArray[np.intp]) -> Tensor:
        """The chosen molecules as x [n, C, L]; see ``Vocabulary.encode`` for symbols that training never saw."""
        return self.points(self.numbered([records.smiles[i] for i in np.asarray(indices).tolist()]))

    def numbered(self, smiles: Sequence[str], number: int = 0) -> Tensor:
        """Token numbers [n, L] int16; where the order of atoms is random, ``number`` names one of the orders."""
        if self.order == "random":
            smiles = reordered(smiles, number)
        found = np.zeros((len(smiles), self.length), np.int16)
        for row, tokens in zip(found, self.vocabulary.encode(smiles), strict=True):
            row[: len(tokens)] = tokens[: self.length]
        return torch.from_numpy(found)

    def points(self, numbers: Tensor) -> Tensor:
        """x [n, C, L] of token numbers [n, L]."""
        return self.codes[numbers.long()].transpose(1, 2).contiguous()

    def decode(self, x: Tensor) -> list[str]:
        """Canonical SMILES of x [n, C, L], each place the token that is nearest; "" where they are no molecule."""
        return self.vocabulary.decode(nearest(x.cpu(), self.codes).numpy())

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        places = torch.tensor([self.length])
        return {"length": places}, {"model": "language", "order": self.order, "vocabulary": self.vocabulary.state()}

    @classmethod
    def from_state(cls, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> MoleculeCodec:
        """The codec that gave this state. Raises ``DamagedRun`` when the state is not one."""
        try:
            return cls(Vocabulary.from_state(state["vocabulary"]), int(tensors["length"][0]), state["order"])
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise DamagedRun(
                f"the codec of the run cannot be read ({error})", "Train again, or copy the run again"
            ) from error


def corners(count: int) -> Tensor:
    """The points of ``count`` tokens, [A, C]: corners of the cube at random, no two the same.

    They are nearly orthogonal, as one-hot columns are, at a fraction of the size.
    """
    chosen = numpy_generator(0, "corners", count).choice(2**CORNER, count, replace=False)
    bits = (chosen[:, None] >> np.arange(CORNER)) & 1
    return torch.from_numpy(2.0 * bits - 1).float()


def nearest(x: Tensor, codes: Tensor) -> Tensor:
    """The numbers [n, L] of the tokens whose codes [A, C] are nearest to the columns of x [n, C, L]."""
    pieces = [torch.matmul(codes, piece.detach().float()).argmax(1) for piece in x.split(1024)]
    return torch.cat(pieces) if pieces else torch.zeros(0, x.shape[2], dtype=torch.long)
