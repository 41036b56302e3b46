"""What images show without a label: two alterations of one image are told from all others of the batch."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Annotated, Any, cast

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from vivogan.core.checkpoints import Checkpoints
from vivogan.core.seeds import derive, torch_generator
from vivogan.domains.images.symmetry import MOVES
from vivogan.domains.images.tools.alterations import Alterations, altered
from vivogan.domains.tasks.learn import LearnSettings, learn
from vivogan.engine.batches import Batches

Count = Annotated[int, Field(ge=1)]


class ContrastSettings(LearnSettings):
    """How a trunk learns from images without labels."""

    steps: Annotated[int, Field(ge=0)] = 2500  # 0: not at all
    batch: Count = 192  # pairs
    temperature: Annotated[float, Field(gt=0)] = 0.2
    width: Count = 64  # of the projection that is compared
    alter: Alterations = Alterations(zoom_in=0.6, shift=0.2, colour=0.3)


def contrastive_loss(one: Tensor, other: Tensor, temperature: float) -> Tensor:
    """NT-Xent (Chen et al. 2020, equation 1) of the projections [B, D] of two alterations of the same images."""
    z = normalize(torch.cat([one, other]), dim=1)
    similar = z @ z.T / temperature  # 2B x 2B
    similar = similar.masked_fill(torch.eye(len(z), dtype=torch.bool), float("-inf"))
    return cross_entropy(similar, torch.arange(len(z)).roll(len(one)))


class _Contrasted(nn.Module):
    """A trunk and the projection that is thrown away after the training."""

    def __init__(self, network: nn.Module, features: int, width: int) -> None:
        super().__init__()
        self.network = network
        self.project = nn.Sequential(
            nn.Linear(features, features, bias=False), nn.BatchNorm1d(features), nn.ReLU(), nn.Linear(features, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        represent = cast(Callable[[Tensor], Tensor], self.network.represent)
        z: Tensor = self.project(represent(x))
        return z


def contrast(
    network: nn.Module,
    features: int,
    x: Tensor,
    settings: ContrastSettings,
    seed: int,
    moves: Collection[str] = tuple(MOVES),
    checkpoints: Checkpoints | None = None,
    log: Callable[[dict[str, Any]], None] = lambda record: None,
) -> nn.Module:
    """The network after SimCLR (Chen et al. 2020) on images x [n, C, H, W]; its ``represent`` gives ``features``
    numbers an image."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "projection"))
        model = _Contrasted(network, features, settings.width)
    batches = Batches(len(x), None, 0.0, derive(seed, "contrast"))
    size = min(settings.batch, len(x))

    def loss(model: nn.Module, step: int) -> Tensor:
        rng = torch_generator(seed, "contrast", step)
        batch = x[torch.from_numpy(batches.deal(step, size))].float()
        views = torch.cat([altered(batch, rng, settings.alter, moves) for _ in range(2)])
        one, other = model(views.contiguous(memory_format=torch.channels_last)).chunk(2)
        return contrastive_loss(one, other, settings.temperature)

    return cast(_Contrasted, learn(model, loss, settings, checkpoints, log)).network
