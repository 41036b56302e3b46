"""The latent model: an autoencoder makes molecules points, and the game is played among the points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from vivogan.core.seeds import derive, numpy_generator
from vivogan.domains.base import Start
from vivogan.domains.likelihood import Part, learn
from vivogan.domains.molecules.autoencoder import Autoencoder
from vivogan.domains.molecules.codec import MoleculeCodec
from vivogan.domains.molecules.language import alike
from vivogan.domains.molecules.latent_plan import LATENT_GAME, LATENT_LIKELIHOOD, LatentSettings
from vivogan.domains.molecules.mixture import Mixture
from vivogan.domains.molecules.records import MoleculeRecords
from vivogan.domains.molecules.tokens import Vocabulary
from vivogan.engine.dealer import Symmetry
from vivogan.engine.game import Game
from vivogan.engine.speed import samples_per_second
from vivogan.errors import DamagedRun

if TYPE_CHECKING:
    from vivogan.domains.molecules.plan import MoleculePlan

HELD = 2000  # molecules by which the autoencoder is watched, at most
SMALL = 5000  # molecules below which they would be learned by heart
FEW, UPDATES = 64, 2000  # then: molecules a batch, and how often the autoencoder is updated
LIGHT = 12  # heavy atoms of a molecule that few numbers describe
SLOPE = 0.2
CLASS = 16  # numbers that describe a class
LENGTH = 20  # tokens of a usual molecule


@dataclass(frozen=True)
class LatentCodec:
    """x [n, d + L] float32: the latent of a molecule, without noise, and what it leaves open (see ``Autoencoder``).

    ``spelling`` turns molecules to tokens, ``autoencoder`` tokens to points. Every molecule that can be spelt is
    decoded as it was encoded; equal points are equal molecules.
    """

    spelling: MoleculeCodec
    autoencoder: Autoencoder

    @classmethod
    def fit(cls, records: MoleculeRecords, train: NDArray[np.intp], plan: MoleculePlan, seed: int) -> LatentCodec:
        """Learn the autoencoder on the training part, some of which says when it has learned enough."""
        own = plan.latent
        spelling = MoleculeCodec.fit(records, train, own.notation, own.merges)
        torch.manual_seed(derive(seed, "autoencoder"))
        autoencoder = _autoencoder(spelling, own)
        numbers = spelling.numbered([records.smiles[i] for i in np.asarray(train).tolist()])
        everything = Part(numbers, torch.zeros(len(numbers), dtype=torch.long))
        order = numpy_generator(seed, "held").permutation(len(numbers))
        held = max(1, min(HELD, len(numbers) // 10))
        known = everything.rows(order[held:])
        deal = partial(alike, (known.x != 0).sum(1).numpy())
        learn(autoencoder, known, everything.rows(order[:held]), plan.likelihood, seed, deal=deal)
        return cls(spelling, autoencoder.requires_grad_(False).eval())

    @property
    def symbols(self) -> list[str]:
        """What each token stands for; the first is the end."""
        return self.spelling.symbols

    @property
    def size(self) -> int:
        """d, numbers of a latent."""
        return self.autoencoder.size

    def filled(self, z: Tensor) -> Tensor:
        """x of latents z [n, d] that leave nothing open: the likeliest token at each place."""
        return torch.cat([z, z.new_zeros(len(z), self.spelling.length)], 1)

    def encode(self, records: MoleculeRecords, indices: NDArray[np.intp]) -> Tensor:
        """The points of the chosen molecules, [n, d + L]."""
        return self.encoded([records.smiles[i] for i in np.asarray(indices).tolist()])

    def encoded(self, smiles: Sequence[str]) -> Tensor:
        """The points of SMILES, [n, d + L]."""
        return self.autoencoder.points(self.spelling.numbered(smiles))

    def decode(self, x: Tensor) -> list[str]:
        """Canonical SMILES of points [n, d + L]; "" where they are no molecule."""
        return self.spelling.vocabulary.decode(self.autoencoder.read(x.detach().cpu()).numpy())

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        a = self.autoencoder
        return a.state_dict(), {
            "model": "latent",
            "vocabulary": self.spelling.vocabulary.state(),
            "length": self.spelling.length,
            "size": a.size,
            "noise": a.noise,
            "width": a.memory.hidden_size,
        }

    @classmethod
    def from_state(cls, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> LatentCodec:
        """The codec that gave this state. Raises ``DamagedRun`` when the state is not one."""
        try:
            spelling = MoleculeCodec(Vocabulary.from_state(state["vocabulary"]), int(state["length"]))
            autoencoder = Autoencoder(
                len(spelling.symbols), spelling.length, int(state["size"]), float(state["noise"]), int(state["width"])
            )
            autoencoder.load_state_dict(dict(tensors))
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise DamagedRun(
                f"the codec of the run cannot be read ({error})", "Train again, or copy the run again"
            ) from error
        return cls(spelling, autoencoder.requires_grad_(False).eval())


def _autoencoder(spelling: MoleculeCodec, own: LatentSettings) -> Autoencoder:
    return Autoencoder(len(spelling.symbols), spelling.length, own.size, own.noise, own.width, own.hidden)


class LatentGenerator(nn.Module):
    """``generator(z, condition) -> x`` [n, d + L], a noisy latent that leaves nothing open: a mixture of Gaussians,
    moved by what the game learns.

    Before the game the mixture alone speaks: the last layer of the rest begins at zero.
    """

    block = 512  # rows that are sampled together

    def __init__(self, size: int, length: int, classes: int, components: int, width: int) -> None:
        super().__init__()
        self.length = length
        self.mixture = Mixture(size, classes, components)
        self.class_ = nn.Embedding(classes, CLASS)
        self.enter = nn.Linear(size + CLASS, width)
        self.deeper = nn.Linear(width, width)
        self.leave = nn.Linear(width, size)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    @property
    def latent_dim(self) -> int:
        return self.mixture.latent_dim

    def forward(self, z: Tensor, condition: Tensor) -> Tensor:
        x: Tensor = self.mixture(z, condition)
        h = leaky_relu(self.enter(torch.cat([x, self.class_(condition)], 1)), SLOPE)
        h = h + leaky_relu(self.deeper(h), SLOPE)
        moved: Tensor = x + self.leave(h)
        return torch.cat([moved, moved.new_zeros(len(moved), self.length)], 1)


class LatentDiscriminator(nn.Module):
    """x [B, d + L], class [B] → logits [B], with the projection of Miyato and Koyama 2018. It sees the latent alone."""

    def __init__(self, size: int, classes: int, width: int) -> None:
        super().__init__()
        self.size = size
        self.enter = nn.Linear(size, width)
        self.deeper = nn.ModuleList(nn.Linear(width, width) for _ in range(2))
        self.out = nn.Linear(width, 1)
        self.embedding = nn.Embedding(classes, width)

    def represent(self, x: Tensor) -> Tensor:
        """The features [B, F] that the logit is a linear function of."""
        h = leaky_relu(self.enter(x[:, : self.size]), SLOPE)
        for layer in self.deeper:
            h = h + leaky_relu(layer(h), SLOPE)
        return h

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        h = self.represent(x)
        projection: Tensor = (self.embedding(condition) * h).sum(1) / h.shape[1] ** 0.5
        logit: Tensor = self.out(h)[:, 0]
        return logit + projection


class Latent:
    """Points of an autoencoder: a mixture of Gaussians first, then the game among them."""

    name = "latent"

    def adapt(self, plan: MoleculePlan, fingerprint: Mapping[str, Any]) -> MoleculePlan:
        """More numbers for larger molecules, which have more to say; for few molecules a smaller decoder, that sees
        them more often."""
        own, learning = plan.latent, LATENT_LIKELIHOOD
        if fingerprint["heavy_atoms"]["median"] > LIGHT:
            own = own.model_copy(update={"size": 3 * own.size})
        if fingerprint["count"] <= SMALL:
            own = own.model_copy(update={"merges": 0, "width": 256})
            epochs = max(learning.epochs, UPDATES * FEW // fingerprint["count"])
            learning = learning.model_copy(update={"batch": FEW, "epochs": epochs})
        return plan.model_copy(update={"latent": own, "likelihood": learning, "game": LATENT_GAME})

    def fit_codec(
        self, records: MoleculeRecords, train: NDArray[np.intp], plan: MoleculePlan, seed: int
    ) -> LatentCodec:
        return LatentCodec.fit(records, train, plan, seed)

    def load_codec(self, tensors: dict[str, Tensor], state: dict[str, Any]) -> LatentCodec:
        return LatentCodec.from_state(tensors, state)

    def networks(self, codec: LatentCodec, classes: int, plan: MoleculePlan) -> tuple[nn.Module, nn.Module]:
        return _networks(codec.size, codec.spelling.length, classes, plan.latent)

    def speed(self, plan: MoleculePlan, device: str) -> float:
        """Samples a second of the game on this machine."""
        game = Game(*_networks(plan.latent.size, LENGTH, 1, plan.latent), plan.game, device)
        x = torch.randn(512, plan.latent.size + LENGTH)
        return samples_per_second(game, x, torch.zeros(len(x), dtype=torch.long), 8, 2)

    def symmetry(self, plan: MoleculePlan) -> Symmetry:
        """Noise: the game is about a cloud around each point, not the points, so nothing is gained by hitting them.

        There is less of it than the decoder has learned to see through, so it reads surely what the generator makes.
        """
        size, noise = plan.latent.size, plan.latent.played

        def through(x: Tensor, rng: torch.Generator) -> Tensor:
            z = x[:, :size]
            z = z + noise * torch.randn(z.shape, generator=rng, device=x.device)
            return torch.cat([z, torch.zeros_like(x[:, size:])], 1)

        return through

    def start(self, generator: nn.Module, part: Start) -> bool:
        """Fit the mixture to noisy points."""
        rng = torch.Generator().manual_seed(derive(part.seed, "noise"))
        noisy = self.symmetry(part.plan)(part.x.float(), rng)[:, : part.plan.latent.size]
        cast(LatentGenerator, generator).mixture.fit(noisy, part.y, derive(part.seed, "mixture"))
        return True


def _networks(size: int, length: int, classes: int, own: LatentSettings) -> tuple[LatentGenerator, LatentDiscriminator]:
    return (
        LatentGenerator(size, length, classes, own.mixture, own.generator_width),
        LatentDiscriminator(size, classes, own.discriminator_width),
    )
