"""The language model as a model of the registry: likelihood first, on more molecules where the user gives them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vivogan.core.seeds import derive, numpy_generator
from vivogan.domains.base import Start
from vivogan.domains.likelihood import LikelihoodSettings, Part, learn
from vivogan.domains.molecules.codec import MoleculeCodec, nearest
from vivogan.domains.molecules.discriminator import MoleculeDiscriminator
from vivogan.domains.molecules.generator import MoleculeGenerator
from vivogan.domains.molecules.records import MoleculeRecords, ReadOptions
from vivogan.domains.molecules.tokens import SELFIES, Vocabulary
from vivogan.engine.dealer import Symmetry
from vivogan.engine.game import Game
from vivogan.engine.speed import samples_per_second

if TYPE_CHECKING:
    from vivogan.domains.molecules.plan import MoleculePlan

HELD = 4000  # molecules by which the likelihood is watched, at most
SMALL = 5000  # molecules below which they would be learned by heart
POOL = 16  # batches' worth of molecules that are sorted by length together


class Language:
    """Tokens by a recurrent language model, fine-tuned by the game."""

    name = "language"

    def adapt(self, plan: MoleculePlan, fingerprint: Mapping[str, Any]) -> MoleculePlan:
        """Few molecules: gently after many others where the user gave such; else a smaller network, strings that are
        always molecules, and every molecule in many orders of its atoms."""
        if fingerprint["count"] > SMALL:
            return plan
        own: dict[str, Any]
        learning: dict[str, Any]
        if plan.language.pretrain:
            own, learning = {"dropout": 0.1}, {"batch": 32, "rate": 1e-3, "epochs": 12}  # more: copies of one's own
        else:
            own = {"notation": "selfies", "merges": 0, "width": 256, "dropout": 0.2, "order": "random", "variants": 20}
            learning = {"batch": 64}
        return plan.model_copy(
            update={
                "language": plan.language.model_copy(update=own),
                "likelihood": plan.likelihood.model_copy(update=learning),
            }
        )

    def fit_codec(
        self, records: MoleculeRecords, train: NDArray[np.intp], plan: MoleculePlan, seed: int
    ) -> MoleculeCodec:
        own = plan.language
        return MoleculeCodec.fit(records, train, own.notation, own.merges, more(own.pretrain), own.order)

    def load_codec(self, tensors: dict[str, Tensor], state: dict[str, Any]) -> MoleculeCodec:
        return MoleculeCodec.from_state(tensors, state)

    def networks(self, codec: MoleculeCodec, classes: int, plan: MoleculePlan) -> tuple[nn.Module, nn.Module]:
        own = plan.language
        return (
            MoleculeGenerator(codec, classes, own.width, own.layers, own.dropout, own.temperature),
            MoleculeDiscriminator(codec.codes.shape[1], codec.length, classes, own.discriminator_width),
        )

    def speed(self, plan: MoleculePlan, device: str) -> float:
        """Samples a second of the game on this machine, of molecules of a usual length."""
        codec = MoleculeCodec(Vocabulary(SELFIES, tuple(f"[{i}]" for i in range(30 + plan.language.merges))), 20)
        game = Game(*self.networks(codec, 1, plan), plan.game, device)
        x = codec.points(torch.arange(256 * codec.length).view(256, -1) % (len(codec.symbols) - 1) + 1)
        return samples_per_second(game, x, torch.zeros(len(x), dtype=torch.long), 4, 1)

    def symmetry(self, plan: MoleculePlan) -> Symmetry:
        """None: each molecule has one string here."""
        return lambda x, rng: x

    def start(self, generator: nn.Module, part: Start) -> bool:
        """Learn many other molecules where the user gave them, then one's own."""
        model, plan = cast(MoleculeGenerator, generator), cast("MoleculePlan", part.plan)
        own, schedule = plan.language, plan.likelihood
        others = more(own.pretrain)
        if others:
            rng = numpy_generator(part.seed, "others")
            order, y = rng.permutation(len(others)), torch.from_numpy(rng.integers(model.classes, size=len(others)))
            everything = Part(model.codec.numbered(others), y)
            held = max(1, min(HELD, len(others) // 10))
            seconds = schedule.seconds and schedule.seconds / 2
            schedule = schedule.model_copy(update={"seconds": seconds})
            first = LikelihoodSettings(
                epochs=own.pretrain_epochs, batch=128, rate=3e-3, average=0.2, seconds=schedule.seconds
            )
            _learn(model, everything.rows(order[held:]), everything.rows(order[:held]), first, part, "other molecules")
        train = Part(nearest(part.x, model.codes.cpu()), torch.from_numpy(part.y))
        held_out = Part(nearest(part.held_x[:HELD], model.codes.cpu()), torch.from_numpy(part.held_y[:HELD]))
        if own.variants > 1:
            smiles = model.codec.decode(part.x)
            again = [model.codec.numbered(smiles, number).long() for number in range(1, own.variants)]
            train = Part(torch.cat([train.x, *again]), train.y.repeat(own.variants))
        _learn(model, train, held_out, schedule, part, "likelihood")
        return True


def _learn(
    generator: MoleculeGenerator, train: Part, held: Part, schedule: LikelihoodSettings, part: Start, what: str
) -> None:
    def log(record: dict[str, Any]) -> None:
        text = f"{what}, epoch {record['epoch']}: {record['surprise']:.4f} nats a token"
        part.log({"event": "stage", "text": text})

    lengths = (train.x != 0).sum(1).numpy()
    learn(generator, train, held, schedule, derive(part.seed, what), log, part.stop, partial(alike, lengths))


def alike(lengths: NDArray[np.intp], order: NDArray[np.intp], count: int) -> list[NDArray[np.intp]]:
    """Rows in random order, cut into ``count`` batches of molecules alike in length: they are padded least."""
    size = -(-len(order) // count) * POOL
    pools = [order[i : i + size] for i in range(0, len(order), size)]
    batches = np.array_split(np.concatenate([pool[np.argsort(lengths[pool], kind="stable")] for pool in pools]), count)
    return [batches[i] for i in np.argsort(order[:count], kind="stable")]


@lru_cache(maxsize=1)
def more(path: str | None) -> tuple[str, ...]:
    """The molecules of another file, standardised as one's own are; none without a file."""
    if path is None:
        return ()
    from vivogan.domains.molecules import data

    return tuple(data.read(Path(path), ReadOptions()).smiles)
