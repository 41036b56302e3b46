"""Generated images of the classes that are rare: the game of ``images train``, played on the labelled images alone."""

from __future__ import annotations

import tempfile

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vivogan.core.checkpoints import Checkpoints
from vivogan.core.seeds import derive
from vivogan.domains.images.networks import nearest_side
from vivogan.domains.images.plan import networks, recipe
from vivogan.domains.images.symmetry import MOVES, symmetrise
from vivogan.domains.tasks.base import Watch
from vivogan.engine.dealer import TrainingSet
from vivogan.engine.game import Game
from vivogan.engine.hooks import Hooks
from vivogan.engine.sampler import sample
from vivogan.engine.trainer import Trainer


def balanced(
    x: Tensor, y: NDArray[np.intp], n: int, samples: int, seed: int, log: Watch
) -> tuple[Tensor, NDArray[np.intp]]:
    """``n`` generated images with their classes, most of the rarest: as many as bring the classes nearest to equal.

    Args:
        x: encoded images [m, C, H, H] in (−1, 1) of classes ``y`` [m]; H is one that the networks draw.
        samples: length of the game, in real images shown to the discriminator.
    """
    side, classes = x.shape[-1], int(y.max()) + 1
    if nearest_side(side) != side:
        raise ValueError(f"the networks draw no image of {side}²")
    plan = recipe(side)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "networks"))
        players = networks(x.shape[1], classes, plan)
    settings = plan.game.model_copy(update={"samples": samples, "tick": max(1, samples // 4), "balance": 1.0})
    game = Game(*players, settings)
    hooks = Hooks(log=log, symmetry=lambda batch, rng: symmetrise(batch, rng, MOVES))
    with tempfile.TemporaryDirectory() as folder:
        Trainer(game, TrainingSet(x, torch.from_numpy(y), y), derive(seed, "game"), Checkpoints(folder), hooks).run()
    wanted = filled(np.bincount(y, minlength=classes), n)
    return sample(game.average, seed, np.arange(n), lambda i: torch.from_numpy(wanted[i % n])), wanted


def filled(counts: NDArray[np.intp], n: int) -> NDArray[np.intp]:
    """The classes [n] that bring ``counts`` [K] nearest to equal, one after the other the rarest.

    >>> filled(np.array([5, 1, 3]), 4).tolist()
    [1, 1, 1, 2]
    """
    have, chosen = counts.copy(), np.zeros(n, np.intp)
    for i in range(n):
        chosen[i] = int(np.argmin(have))
        have[chosen[i]] += 1
    return np.sort(chosen)
