"""How lone objects stand together is told by the images: first by their peaks and light, then by a discriminator.

Four numbers arrange a crowd of harvested objects. Crowds drawn from wide ranges show how each of them moves the
peaks, the light and the distances of a picture; a quadratic emulator of that gives the likelihood of the real images'
means (synthetic likelihood, Wood 2010; Price et al. 2018), and particles drawn from it begin the game of ``fit``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from vivogan.core.seeds import derive, numpy_generator
from vivogan.domains.images.scenes.crowd import ARRANGEMENT, Crowd
from vivogan.domains.images.scenes.fit import HELD_OUT, Population, play, resampling
from vivogan.domains.images.scenes.harvest import Harvest, ground_of, sharpened, tops
from vivogan.domains.images.scenes.parameters import Space
from vivogan.domains.images.scenes.settings import SceneSettings

Floats = NDArray[np.float64]
Watch = Callable[[dict[str, Any]], None]
Images = Sequence[NDArray[np.float32]]
STAGES = (
    0.2,
    0.05,
    0.01,
)  # least effective share of the candidates after each drawing of crowds: not too sure too soon
CANDIDATES = 20_000
CROPS = 240  # of the real images
UNSURE = 0.1  # what the emulator and lone objects may be wrong by, in deviations of a single crop
HEIGHTS, LIGHTS, NEAR = (10, 50, 90, 99), (50, 80, 90, 95, 99), (1.0, 1.5, 2.0, 3.0)


def gathered(harvest: Harvest, real: Images, settings: SceneSettings, seed: int, log: Watch) -> Population:
    """The population of crowds that the real images [C, H, W] draw out of all crowds."""
    crowd = Crowd(harvest, _known(harvest))
    size = tuple(min(settings.crop, *(image.shape[axis] for image in real)) for axis in (1, 2))
    held = list(real[::HELD_OUT]) if len(real) >= 2 * HELD_OUT else list(real)
    seen = [image for i, image in enumerate(real) if i % HELD_OUT] if len(held) < len(real) else held
    crops = [_crops(part, n, size, seed, i) for i, (part, n) in enumerate(((seen, CROPS), (held, CROPS // 2)))]
    particles = likely(crowd, [*crops[0], *crops[1]], len(real), settings, derive(seed, "likely"))
    values = [crowd.space.values(unit) for unit in particles]
    log({name: float(np.mean([v[name] for v in values])) for name in values[0]})
    game = settings.model_copy(update={"rounds": settings.harvest.rounds})
    return play(crowd, particles, (crops[0], crops[1]), game, derive(seed, "crowd"), log)


def likely(crowd: Crowd, crops: Images, images: int, settings: SceneSettings, seed: int) -> Floats:
    """Particles [n, P] of arrangements under which composed crops look, on average, like the real ``crops``.

    Args:
        images: from how many the crops were cut; crops of one image say the same thing.
    """
    rng = numpy_generator(seed, "likely")
    size = crops[0].shape[1], crops[0].shape[2]
    wanted = np.mean([signature(crop, crowd.harvest) for crop in crops], 0)
    units = rng.random((CANDIDATES, len(crowd.space)))
    tried, seen = np.empty((0, len(crowd.space))), np.empty((0, len(wanted)))
    for stage, share in enumerate(STAGES):
        drawn = units[rng.choice(len(units), settings.harvest.tried // len(STAGES))]
        made = (crowd(unit, size, derive(seed, "tried", stage, i)).image for i, unit in enumerate(drawn))
        looks = np.stack([signature(image, crowd.harvest) for image in made])
        last = len(drawn)  # the drawing before this one is near enough to be of use, earlier ones are not
        tried, seen = np.concatenate([tried[-last:], drawn]), np.concatenate([seen[-last:], looks])
        terms = quadratic(tried)
        weights, *_ = np.linalg.lstsq(terms, seen, rcond=None)
        spread = np.cov((seen - terms @ weights).T)
        doubt = spread * (1 / images + terms.shape[1] / len(tried)) + UNSURE**2 * np.diag(np.diag(spread) + 1e-9)
        away = quadratic(units) @ weights - wanted
        logits = -0.5 * np.einsum("ij,ij->i", away @ np.linalg.inv(doubt), away)
        units = units[resampling(logits, 1.0, share, rng)]
        units = np.clip(units + 0.02 * rng.standard_normal(units.shape), 0, 1)
    return units[rng.choice(len(units), settings.particles, replace=False)]


def signature(image: NDArray[np.float32], harvest: Harvest) -> Floats:
    """[S]: number of peaks, light, their heights and distances, of a picture [C, H, W]; in units of a lone object."""
    radius = harvest.radius
    area = image[0].size / radius**2
    light = image - ground_of(image, radius)
    grey = light.mean(0)
    places = tops(sharpened(light, radius), radius, harvest.faint)
    unit = float(np.mean([blob.sum() for blob in harvest.blobs])) / len(image)
    heights = np.percentile(grey[tuple(places.T)], HEIGHTS) if len(places) else np.zeros(len(HEIGHTS))
    away = cKDTree(places).query(places, 2)[0][:, 1] / radius if len(places) > 1 else np.full(1, np.inf)
    return np.concatenate(
        [
            np.sqrt([len(places) / area, max(float(grey.sum()), 0.0) / unit / area]),
            heights,
            np.percentile(grey, LIGHTS),
            [(away < far).mean() for far in NEAR],
        ]
    )


def quadratic(x: Floats) -> Floats:
    """[n, P] → [n, 1 + P + P (P + 1) / 2]: constant, linear and squared terms."""
    pairs = combinations_with_replacement(range(x.shape[1]), 2)
    return np.concatenate([np.ones((len(x), 1)), x, np.stack([x[:, i] * x[:, j] for i, j in pairs], 1)], 1)


def _known(harvest: Harvest) -> Space:
    """The space of arrangements; where somebody counted, the numbers are known."""
    if harvest.hidden is None:
        return ARRANGEMENT
    return ARRANGEMENT.narrowed({"numbers": (0.95 * harvest.hidden, 1.05 * harvest.hidden)})


def _crops(images: Images, n: int, size: tuple[int, ...], seed: int, part: int) -> list[NDArray[np.float32]]:
    """``n`` crops [C, *size], the images in turn."""
    rng = numpy_generator(seed, "crowd crops", part)
    made = []
    for i in range(n):
        image = images[i % len(images)]
        top, left = (int(rng.integers(have - want + 1)) for have, want in zip(image.shape[1:], size, strict=True))
        made.append(np.ascontiguousarray(image[:, top : top + size[0], left : left + size[1]]))
    return made
