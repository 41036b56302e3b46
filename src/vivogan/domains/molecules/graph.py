"""The graph model: molecules of up to nine heavy atoms made at once, as in MolGAN (De Cao and Kipf 2018).

The published reference, trained by today's game: a relativistic objective with both gradient penalties and a look at
the spread of the batch, against the collapse that MolGAN reports (98.1 % valid, 10.4 % unique). Its reward network,
which asks RDKit for validity, is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vivogan.domains.base import Start
from vivogan.domains.molecules.graph_codec import ATOMS, BONDS, GraphCodec
from vivogan.domains.molecules.latent_plan import GRAPH_GAME
from vivogan.domains.molecules.records import MoleculeRecords
from vivogan.domains.molecules.relational import GraphDiscriminator
from vivogan.engine.dealer import Symmetry
from vivogan.engine.game import Game
from vivogan.engine.speed import samples_per_second
from vivogan.errors import UserError

if TYPE_CHECKING:
    from vivogan.domains.molecules.plan import MoleculePlan

SLOPE = 0.2
CLASS = 16  # numbers that describe a class
USUAL = (("C", 0), ("N", 0), ("O", 0), ("F", 0))


class GraphGenerator(nn.Module):
    """``generator(z, condition) -> x`` [n, N, T + N · B]: one-hot atoms and bonds, with the gradient of their
    probabilities (straight-through Gumbel-softmax, Jang et al. 2017).

    Bonds are symmetric, no atom is bonded to itself, and what is no atom has no bonds.

    Args:
        latent: numbers that decide the graph as a whole; each kind and bond has noise of its own beside them.
    """

    block = 512  # rows that are sampled together

    def __init__(self, atoms: int, kinds: int, classes: int, latent: int, width: int) -> None:
        super().__init__()
        self.atoms, self.kinds, self.latent = atoms, kinds, latent
        self.pairs = torch.triu_indices(atoms, atoms, 1)
        self.class_ = nn.Embedding(classes, CLASS)
        self.deep = nn.Sequential(
            nn.Linear(latent + CLASS, width),
            nn.LeakyReLU(SLOPE),
            nn.Linear(width, 2 * width),
            nn.LeakyReLU(SLOPE),
            nn.Linear(2 * width, 2 * width),
            nn.LeakyReLU(SLOPE),
        )
        self.nodes = nn.Linear(2 * width, atoms * kinds)
        self.bonds = nn.Linear(2 * width, self.pairs.shape[1] * len(BONDS))

    @property
    def latent_dim(self) -> int:
        return self.latent + self.nodes.out_features + self.bonds.out_features

    def forward(self, z: Tensor, condition: Tensor) -> Tensor:
        own, nodes, bonds = z.split([self.latent, self.nodes.out_features, self.bonds.out_features], 1)
        h = self.deep(torch.cat([own, self.class_(condition)], 1))
        kinds = _drawn((self.nodes(h) + _gumbel(nodes)).unflatten(1, (self.atoms, self.kinds)))  # n x N x T
        pairs = _drawn((self.bonds(h) + _gumbel(bonds)).unflatten(1, (-1, len(BONDS))))  # n x P x B
        i, j = self.pairs
        there = 1 - kinds[..., 0]
        both = (there[:, i] * there[:, j])[..., None]
        none = torch.zeros_like(pairs)
        none[..., 0] = 1
        pairs = both * pairs + (1 - both) * none
        matrix = pairs.new_zeros(len(z), self.atoms, self.atoms, len(BONDS))
        matrix[:, range(self.atoms), range(self.atoms), 0] = 1
        matrix = matrix.index_put((torch.arange(len(z))[:, None], i, j), pairs)
        matrix = matrix.index_put((torch.arange(len(z))[:, None], j, i), pairs)
        return torch.cat([kinds, matrix.flatten(2)], 2)


def _gumbel(z: Tensor) -> Tensor:
    """Gumbel noise of standard normal numbers."""
    share = torch.special.ndtr(z).clamp(1e-6, 1 - 1e-6)
    return -(-share.log()).log()


def _drawn(logits: Tensor) -> Tensor:
    """One-hot of the largest logit on the last axis, with the gradient of the softmax."""
    shares = logits.softmax(-1)
    best = torch.zeros_like(shares).scatter_(-1, logits.argmax(-1, keepdim=True), 1.0)
    return best + shares - shares.detach()


class Graph:
    """Small molecules as graphs, from noise."""

    name = "graph"

    def adapt(self, plan: MoleculePlan, fingerprint: Mapping[str, Any]) -> MoleculePlan:
        """Raises ``UserError`` where the usual molecule is too large."""
        middle = fingerprint["heavy_atoms"]["median"]
        if middle > ATOMS:
            raise UserError(
                f"the graph model is for molecules of up to {ATOMS} heavy atoms; half of these have {middle} or more",
                "Train with model=language or model=latent",
            )
        learning = plan.likelihood.model_copy(update={"epochs": 0})
        return plan.model_copy(update={"game": GRAPH_GAME, "likelihood": learning})

    def fit_codec(self, records: MoleculeRecords, train: NDArray[np.intp], plan: MoleculePlan, seed: int) -> GraphCodec:
        return GraphCodec.fit(records, train)

    def load_codec(self, tensors: dict[str, Tensor], state: dict[str, Any]) -> GraphCodec:
        return GraphCodec.from_state(tensors, state)

    def networks(self, codec: GraphCodec, classes: int, plan: MoleculePlan) -> tuple[nn.Module, nn.Module]:
        own, kinds = plan.graph, len(codec.kinds) + 1
        return (
            GraphGenerator(codec.atoms, kinds, classes, own.latent, own.generator_width),
            GraphDiscriminator(codec.valences, classes, own.discriminator_width, own.layers),
        )

    def speed(self, plan: MoleculePlan, device: str) -> float:
        """Samples a second of the game on this machine."""
        codec = GraphCodec(USUAL, (4, 3, 2, 1), ATOMS)
        game = Game(*self.networks(codec, 1, plan), plan.game, device)
        nodes = torch.randint(len(USUAL) + 1, (512, ATOMS))
        x = codec.packed(nodes, torch.zeros(512, ATOMS, ATOMS, dtype=torch.long))
        return samples_per_second(game, x, torch.zeros(len(x), dtype=torch.long), 8, 2)

    def symmetry(self, plan: MoleculePlan) -> Symmetry:
        """None is needed: the discriminator sees all orders of the atoms alike, so the generator may choose its own."""
        return lambda x, rng: x

    def start(self, generator: nn.Module, part: Start) -> bool:
        """Nothing: the game is played from noise, as published."""
        return False
