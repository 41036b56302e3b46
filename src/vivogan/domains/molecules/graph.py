"""The graph model: molecules of up to nine heavy atoms made at once, as in MolGAN (De Cao and Kipf 2018).

The published reference, trained by today's game: a relativistic objective with both gradient penalties and a look at
the spread of the batch, against the collapse that MolGAN reports (98.1 % valid, 10.4 % unique). Its reward network,
which asks RDKit for validity, is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from vivogan.core.seeds import derive
from vivogan.domains.base import Start
from vivogan.domains.likelihood import Part, learn
from vivogan.domains.molecules.autoencoder import Standardised
from vivogan.domains.molecules.graph_codec import ATOMS, BONDS, GraphCodec, unpacked
from vivogan.domains.molecules.latent_plan import GRAPH_GAME, GRAPH_LIKELIHOOD
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
NOISE = 1.0  # of the channel between encoder and generator, in standard deviations
HELD = 4000  # molecules by which the likelihood is watched, at most
USUAL = (("C", 0), ("N", 0), ("O", 0), ("F", 0))


class GraphGenerator(nn.Module):
    """``generator(z, condition) -> x`` [n, N, T + N · B]: one-hot atoms and bonds, with the gradient of their
    probabilities (straight-through, Bengio et al. 2013).

    Bonds are symmetric, no atom is bonded to itself, and what is no atom has no bonds.

    Args:
        atoms, kinds, classes: N, T (the first is no atom), and how many classes.
        latent: numbers that a graph is made from.
        width: of the layers.
    """

    block = 512  # rows that are sampled together

    def __init__(self, atoms: int, kinds: int, classes: int, latent: int, width: int) -> None:
        super().__init__()
        self.atoms, self.kinds, self.latent_dim = atoms, kinds, latent
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

    def logits(self, z: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the kinds [n, N, T] and of the bonds of each pair [n, N (N − 1) / 2, B]."""
        h = self.deep(torch.cat([z, self.class_(condition)], 1))
        return self.nodes(h).unflatten(1, (self.atoms, self.kinds)), self.bonds(h).unflatten(1, (-1, len(BONDS)))

    def forward(self, z: Tensor, condition: Tensor) -> Tensor:
        kinds, pairs = (_hard(logits) for logits in self.logits(z, condition))
        i, j = self.pairs
        there = 1 - kinds[..., 0]
        both = (there[:, i] * there[:, j])[..., None]
        none = torch.zeros_like(pairs)
        none[..., 0] = 1
        pairs = both * pairs + (1 - both) * none
        matrix = pairs.new_zeros(len(z), self.atoms, self.atoms, len(BONDS))
        matrix[:, range(self.atoms), range(self.atoms), 0] = 1
        rows = torch.arange(len(z))[:, None]
        matrix = matrix.index_put((rows, i, j), pairs).index_put((rows, j, i), pairs)
        return torch.cat([kinds, matrix.flatten(2)], 2)


class GraphAutoencoder(nn.Module):
    """The generator as a decoder: what it learns by likelihood before the game, through a noisy channel.

    The encoder is forgotten afterwards. Both see the atoms in the order of the canonical SMILES.
    """

    def __init__(self, generator: GraphGenerator, width: int) -> None:
        super().__init__()
        self.generator = generator
        size = generator.atoms * (generator.kinds + generator.atoms * len(BONDS))
        self.encoder = nn.Sequential(
            nn.Linear(size, 2 * width),
            nn.LeakyReLU(SLOPE),
            nn.Linear(2 * width, 2 * width),
            nn.LeakyReLU(SLOPE),
            nn.Linear(2 * width, generator.latent_dim),
        )
        self.even = Standardised(generator.latent_dim)

    def anchor(self, x: Tensor, condition: Tensor) -> Tensor:
        """Mean negative log-likelihood of an atom or a bond (nats); named as ``likelihood.learn`` calls it."""
        z = self.even(self.encoder(x.float().flatten(1)))
        z = (z + NOISE * torch.randn_like(z)) / (1 + NOISE**2) ** 0.5
        kinds, pairs = self.generator.logits(z, condition)
        nodes, bonds = unpacked(x, self.generator.kinds)
        i, j = self.generator.pairs
        told = cross_entropy(kinds.flatten(0, 1), nodes.argmax(2).flatten(), reduction="sum")
        told = told + cross_entropy(pairs.flatten(0, 1), bonds.argmax(3)[:, i, j].flatten(), reduction="sum")
        return told / (len(x) * (kinds.shape[1] + pairs.shape[1]))


def _hard(logits: Tensor) -> Tensor:
    """One-hot of the largest logit on the last axis, with the gradient of the softmax."""
    shares = logits.softmax(-1)
    best = torch.zeros_like(shares).scatter_(-1, logits.argmax(-1, keepdim=True), 1.0)
    return best + shares - shares.detach()


class Graph:
    """Small molecules as graphs, all of a graph at once."""

    name = "graph"

    def adapt(self, plan: MoleculePlan, fingerprint: Mapping[str, Any]) -> MoleculePlan:
        """Raises ``UserError`` where the usual molecule is too large."""
        middle = fingerprint["heavy_atoms"]["median"]
        if middle > ATOMS:
            raise UserError(
                f"the graph model is for molecules of up to {ATOMS} heavy atoms; half of these have {middle} or more",
                "Train with --model language or --model latent",
            )
        return plan.model_copy(update={"game": GRAPH_GAME, "likelihood": GRAPH_LIKELIHOOD})

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
        """Learn to decode graphs from noisy points, so that the game begins with diverse ones."""
        own = GraphAutoencoder(cast(GraphGenerator, generator), part.plan.graph.generator_width)

        def log(record: dict[str, Any]) -> None:
            text = f"likelihood, epoch {record['epoch']}: {record['surprise']:.4f} nats an atom or bond"
            part.log({"event": "stage", "text": text})

        train, held = (
            Part(part.x, torch.from_numpy(part.y)),
            Part(part.held_x[:HELD], torch.from_numpy(part.held_y[:HELD])),
        )
        learn(own, train, held, part.plan.likelihood, derive(part.seed, "likelihood"), log, part.stop)
        return True
