"""The simulator moves towards real images: a population of parameter vectors plays against a discriminator.

The generator of this game is a distribution over parameters. Its particles begin where summary statistics say (nearest
neighbours of the real crops among crops from the prior, Beaumont et al. 2009). In every round each particle renders a
fresh crop, the discriminator of the rounds before rates it, and particles are drawn anew in proportion to the density
ratio exp(logit) and moved a little (population Monte Carlo, Cappé et al. 2004), so that several sub-populations of
real images are followed at once. Contents stay exact: only parameters move, never pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vivogan.core.seeds import derive, numpy_generator, torch_generator
from vivogan.domains.images.scenes.settings import SceneSettings
from vivogan.domains.images.scenes.simulator import LEAST, Simulator, normalised
from vivogan.domains.images.scenes.statistics import table
from vivogan.domains.images.tools.pairs import Pair
from vivogan.engine.losses import OBJECTIVES
from vivogan.engine.step import Penalties, discriminator_loss

Watch = Callable[[dict[str, Any]], None]
Images = Sequence[NDArray[np.float32]]
HELD_OUT = 5  # every fifth real image measures the discriminator and teaches it nothing
GENERATIONS = 6  # of the search by statistics, the first of them from the prior


class CropDiscriminator(nn.Module):
    """Crops [B, C, H, W] → logits [B] of being real; it averages over places, as contents may lie anywhere."""

    def __init__(self, channels: int, widths: Sequence[int] = (24, 48, 64, 64)) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for a, b in zip((channels, *widths[:-1]), widths, strict=True):
            layers += [nn.Conv2d(a, b, 4, 2, 1), nn.LeakyReLU(0.2)]
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Linear(2 * widths[-1], 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        places = self.features(x).flatten(2)  # B x D x P
        spread = (places.var(2) + 1e-4).sqrt()
        logits: Tensor = self.head(torch.cat([places.mean(2), spread], 1))[:, 0]
        return logits


class Draws(Protocol):
    """Makes an annotated picture of a vector in the unit cube; same arguments, same picture."""

    def __call__(self, unit: NDArray[np.float64], size: tuple[int, int], seed: int, cut: bool = True) -> Pair: ...


@dataclass(frozen=True)
class Population:
    """A simulator with the particles [n, P] that stand for its parameters, and the story of the game."""

    simulator: Draws
    particles: NDArray[np.float64]
    spread: float = 0.0  # standard deviation of what is drawn about a particle
    rounds: list[dict[str, float]] = field(default_factory=list)

    def draw(self, n: int, size: tuple[int, int], seed: int, cut: bool = True) -> list[Pair]:
        """``n`` annotated pictures."""
        rng = numpy_generator(seed, "draw")
        order = np.concatenate([rng.permutation(len(self.particles)) for _ in range(-(-n // len(self.particles)))])[:n]
        units = jittered(self.particles[order], self.spread, rng)
        return [self.simulator(unit, size, derive(seed, "draw", i), cut) for i, unit in enumerate(units)]


def fit(
    simulator: Simulator,
    real: Images,
    settings: SceneSettings,
    seed: int,
    log: Watch = lambda record: None,
) -> Population:
    """The population that the real images [C, H, W] draw out of the simulator's prior.

    ``log`` gets a record a round: "told_apart" is the AUC with which the discriminator tells fresh crops of the
    population from crops of real images that it has not learnt from, where there are enough (.5: it cannot).
    """
    size, least = _crop_size(real, settings.crop), LEAST[simulator.kind]
    held = list(real[::HELD_OUT]) if len(real) >= 2 * HELD_OUT else []
    seen = [image for i, image in enumerate(real) if i % HELD_OUT or not held]
    crops = random_crops(seen, max(settings.particles, len(seen)), size, least, numpy_generator(seed, "crops"))
    unseen = random_crops(held, settings.particles // 2, size, least, numpy_generator(seed, "held")) if held else crops
    particles = nearest(simulator, crops, settings, seed, log)
    return play(simulator, particles, (crops, unseen), settings, seed, log)


def nearest(
    simulator: Simulator,
    crops: Images,
    settings: SceneSettings,
    seed: int,
    log: Watch = lambda record: None,
) -> NDArray[np.float64]:
    """Particles [n, P] whose crops have the statistics of the real ``crops``, each of them followed on its own.

    Generations of nearest neighbours among all that was rendered so far, each generation about the last's and nearer
    to it (sequential approximate Bayesian computation, Beaumont et al. 2009).
    """
    size = crops[0].shape[1:]
    rng = numpy_generator(seed, "prior")
    wanted = table(crops)
    units = rng.random((settings.prior, len(simulator.space)))
    seen = table(_rendered(simulator, units, size, derive(seed, "prior", 0)))
    scale = np.hypot(wanted.std(0), 0.1 * seen.std(0)) + 1e-6
    best = np.zeros(len(wanted), np.intp)
    for generation in range(1, GENERATIONS + 1):
        near = _distance(wanted, seen, scale).argsort(1)[:, :4]  # a real crop's nearest
        best = near[np.arange(len(near)), rng.integers(near.shape[1], size=len(near))]
        if generation == GENERATIONS:
            break
        rows = rng.permutation(np.resize(np.arange(len(near)), settings.prior // 3))
        parents = near[rows, rng.integers(near.shape[1], size=len(rows))]
        more = jittered(units[parents], settings.search / generation**0.7, rng)
        units = np.concatenate([units, more])
        rendered = _rendered(simulator, more, size, derive(seed, "prior", generation))
        seen = np.concatenate([seen, table(rendered)])
        log({"generation": generation, "distance": float(_distance(wanted, seen, scale).min(1).mean())})
    return units[best[rng.permutation(np.resize(np.arange(len(best)), settings.particles))]]


def _distance(
    wanted: NDArray[np.float64], seen: NDArray[np.float64], scale: NDArray[np.float64]
) -> NDArray[np.float64]:
    """[n, m] mean squared differences of statistics, in units of ``scale``, none of them beyond all measure."""
    return np.stack([(((row - seen) / scale).clip(-5, 5) ** 2).mean(1) for row in wanted])


def play(
    simulator: Draws,
    particles: NDArray[np.float64],
    crops: tuple[Images, Images],
    settings: SceneSettings,
    seed: int,
    log: Watch,
) -> Population:
    """The game on ``crops``: those that the discriminator learns from, and those that it is measured on."""
    rng = numpy_generator(seed, "game")
    real, unseen = (torch.from_numpy(np.stack(part)) for part in crops)
    size = real.shape[2:]
    torch.manual_seed(derive(seed, "discriminator") % 2**31)
    discriminator = CropDiscriminator(real.shape[1])
    optimizer = torch.optim.Adam(discriminator.parameters(), settings.learning_rate, (0.5, 0.99))
    rounds: list[dict[str, float]] = []
    for turn in range(settings.rounds + 1):
        images = _rendered(simulator, particles, size, derive(seed, "render", turn))
        fake = torch.from_numpy(np.stack(images))
        if turn > 0:
            told = rated(discriminator, unseen), rated(discriminator, fake)
            rounds.append({"round": turn, "rounds": settings.rounds, "told_apart": ranked(*told)})
            log(dict(rounds[-1]))
            if turn == settings.rounds:
                break
            chosen = resampling(told[1], settings.temperature, settings.survivors, rng)
        if settings.rounds:
            _learn(discriminator, optimizer, real, fake, settings, derive(seed, "learn", turn))
        if turn > 0:
            particles = moved(particles[chosen], settings.stride, rng)
    return Population(simulator, particles, settings.jitter, rounds)


def _learn(
    discriminator: nn.Module,
    optimizer: torch.optim.Optimizer,
    real: Tensor,
    fake: Tensor,
    settings: SceneSettings,
    seed: int,
) -> None:
    rng = torch_generator(seed)
    for step in range(settings.discriminator_steps):
        a, b = (turned(x[torch.randint(len(x), (settings.batch,), generator=rng)], rng) for x in (real, fake))
        penalties = Penalties(r1=4 * settings.r1 if step % 4 == 0 else 0.0)  # lazily (Karras et al. 2020)
        optimizer.zero_grad()
        loss, _ = discriminator_loss(discriminator, OBJECTIVES["non-saturating"], penalties, a, b, None, rng)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()


def turned(x: Tensor, rng: torch.Generator) -> Tensor:
    """Crops [B, C, H, W] under one random flip and quarter turn."""
    flip, side, quarter = torch.randint(2, (3,), generator=rng).tolist()
    x = x.flip(-1) if flip else x
    x = x.flip(-2) if side else x
    return x.transpose(-1, -2) if quarter and x.shape[-1] == x.shape[-2] else x


def resampling(
    logits: NDArray[np.float64], temperature: float, survivors: float, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Indices [n] drawn in proportion to exp(logit / temperature), systematically (Carpenter et al. 1999).

    The temperature rises until the effective number of particles is at least ``survivors`` of all: a discriminator
    that is sure of itself would leave one lineage, and the sub-populations that it stands for.
    """
    n = len(logits)
    while True:
        weights = np.exp(np.maximum((logits - logits.max()) / temperature, -50))
        weights /= weights.sum()
        if 1 / (weights**2).sum() >= survivors * n:
            break
        temperature *= 1.3
    steps = (np.arange(n) + rng.random()) / n
    return np.minimum(np.searchsorted(np.cumsum(weights), steps), n - 1)


@torch.no_grad()
def rated(discriminator: nn.Module, x: Tensor) -> NDArray[np.float64]:
    """Logits [n]."""
    return np.concatenate([discriminator(part, None).double().numpy() for part in x.split(32)])


def ranked(real: NDArray[np.float64], fake: NDArray[np.float64]) -> float:
    """AUC: how often a real one is rated above a simulated one."""
    above = real[:, None] > fake[None]
    return float((above + 0.5 * (real[:, None] == fake[None])).mean())


def moved(units: NDArray[np.float64], stride: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Normal steps of ``stride`` times the population's own deviation in each parameter (Liu and West 2001).

    Parameters that the pictures have settled stay settled, where steps of one length in some thirty directions would
    undo every selection.
    """
    return jittered(units, 1.0, rng, stride * units.std(0) + 0.003)


def jittered(
    units: NDArray[np.float64],
    spread: float,
    rng: np.random.Generator,
    scale: NDArray[np.float64] | float = 1.0,
) -> NDArray[np.float64]:
    """Moved by normal steps, ``scale`` [P] by parameter, reflected at the walls of the unit cube."""
    outside = np.abs(units + spread * scale * rng.normal(size=units.shape))
    reflected: NDArray[np.float64] = np.clip(1 - np.abs(1 - outside), 0, 1)
    return reflected


def random_crops(
    images: Images, n: int, size: tuple[int, int], least: float, rng: np.random.Generator
) -> list[NDArray[np.float32]]:
    """``n`` crops [C, *size], the images in turn, each normalised by itself, as what is simulated at that size is."""
    crops: list[NDArray[np.float32]] = []
    for i in range(n):
        image = images[i % len(images)]
        top, left = (int(rng.integers(have - want + 1)) for have, want in zip(image.shape[1:], size, strict=True))
        crop = image[:, top : top + size[0], left : left + size[1]]
        crops.append(np.ascontiguousarray(normalised(crop, least), np.float32))
    return crops


def _crop_size(images: Images, most: int) -> tuple[int, int]:
    height, width = (min(most, *(image.shape[axis] for image in images), most) for axis in (1, 2))
    return height, width


def _rendered(
    simulator: Draws, units: NDArray[np.float64], size: tuple[int, ...], seed: int
) -> list[NDArray[np.float32]]:
    shape = size[0], size[1]
    return [simulator(unit, shape, derive(seed, i)).image for i, unit in enumerate(units)]
