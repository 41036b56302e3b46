"""Plays the games of ``test_parallel.py``; alone, or as one of several processes that the environment announces.

``python -m tests.unit.engine.together FOLDER`` writes each game's checkpoints to FOLDER/name (rank 0), and what every
process has at the end to FOLDER/name-RANK.safetensors.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import torch

from tests.unit.engine.toy import after, ring, settings, toy_game, trainer, weights
from vivogan.core.files import write_tensors
from vivogan.domains.images.plan import ImagePlan, networks
from vivogan.engine import parallel
from vivogan.engine.dealer import TrainingSet
from vivogan.engine.game import Game
from vivogan.engine.trainer import Trainer

STEPS = 6
TOY = settings(samples=16 * STEPS, batch=16, tick=16 * 3, r2=0.1, clip=1.0)
IMAGES = settings(samples=8 * STEPS, batch=8, tick=8 * 3, objective="relativistic", r2=0.1)
PLAN = ImagePlan(side=16, latent_dim=8, generator_width=16, discriminator_width=16, discriminator_features=16)


def toys(folder: Path, stop: Callable[[], bool] = lambda: False) -> Trainer:
    """The ring of Gaussians. Each process starts from its own weights: the first one's must win."""
    return trainer(folder, players=toy_game(TOY, seed=parallel.rank()), data=ring(64), stop=stop)


def images(folder: Path, stop: Callable[[], bool] = lambda: False) -> Trainer:
    """Networks with batch normalisation."""
    torch.manual_seed(parallel.rank())
    x = torch.rand(24, 3, 16, 16, generator=torch.Generator().manual_seed(1)) * 2 - 1
    y = torch.arange(24) % 2
    players = Game(*networks(3, 2, PLAN), IMAGES)
    return trainer(folder, players=players, data=TrainingSet(x, y, y.numpy()), stop=stop)


def play(folder: Path, name: str, playing: Trainer) -> None:
    time.sleep(0.5 * parallel.rank())  # who comes late must not find what the first has written meanwhile
    playing.run()
    write_tensors(folder / f"{name}-{parallel.rank()}.safetensors", weights(playing.game), {})


def main(folder: Path) -> None:
    """Every game whole; and the second one again, interrupted in one process alone and continued by all."""
    play(folder, "toys", toys(folder / "toys"))
    play(folder, "images", images(folder / "images"))
    last = parallel.rank() == parallel.world() - 1
    with suppress(KeyboardInterrupt):
        images(folder / "continued", stop=after(4) if last else lambda: False).run()
    parallel.wait()
    (folder / f"stopped-{parallel.rank()}").write_text(" ".join(p.name for p in (folder / "continued").rglob("step-*")))
    parallel.wait()
    play(folder, "continued", images(folder / "continued"))


if __name__ == "__main__":
    torch.set_num_threads(1)
    parallel.start("cpu")
    main(Path(sys.argv[1]))
