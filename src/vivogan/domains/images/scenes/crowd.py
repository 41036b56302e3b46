"""How lone objects stand together is played for: crowds of harvested objects against real crops.

The light is the images' own, so what a discriminator can still tell real crops from composed ones by is how many there
are, how close, and how their light adds up. These few numbers are the particles of the game of ``fit``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.core.seeds import derive, numpy_generator
from vivogan.domains.images.scenes.fit import HELD_OUT, Population, play
from vivogan.domains.images.scenes.harvest import Harvest, scene
from vivogan.domains.images.scenes.parameters import Parameter, Space
from vivogan.domains.images.scenes.settings import SceneSettings
from vivogan.domains.images.tools.pairs import Pair

Watch = Callable[[dict[str, Any]], None]
Images = Sequence[NDArray[np.float32]]

CROWD = Space(
    (
        Parameter("crowded", 0.0, 0.9),  # share of the objects that are set beside another one
        Parameter("nearest", 0.15, 1.0),  # radii between such neighbours at least
        Parameter("alike", 0.02, 0.5, log=True),  # spread of the sharpness of neighbours
        Parameter("adding", 0.0, 1.0),  # 0: the brighter one hides the other; 1: light adds up
        Parameter("numbers", 0.6, 1.5, log=True),  # over the estimated ones
    )
)


@dataclass(frozen=True)
class Crowd:
    """A vector [5] in the unit cube → a scene of harvested objects."""

    harvest: Harvest
    settings: SceneSettings
    space: Space = CROWD

    def __call__(self, unit: NDArray[np.float64], size: tuple[int, int], seed: int, cut: bool = True) -> Pair:
        values = self.space.values(unit)
        farthest = self.settings.harvest.nearest[1]
        changes = {
            "crowded": (values["crowded"], values["crowded"]),
            "nearest": (values["nearest"], max(farthest, values["nearest"])),
            "alike": values["alike"],
            "adding": values["adding"],
        }
        chosen = self.settings.harvest.model_copy(update=changes)
        return scene(self.harvest, size, chosen, numpy_generator(seed, "crowd"), cut, values["numbers"])


def gathered(harvest: Harvest, real: Images, settings: SceneSettings, seed: int, log: Watch) -> Population:
    """The population of crowds that the real images [C, H, W] draw out of all crowds."""
    crowd = Crowd(harvest, settings)
    size = tuple(min(settings.crop, *(image.shape[axis] for image in real)) for axis in (1, 2))
    held = list(real[::HELD_OUT]) if len(real) >= 2 * HELD_OUT else list(real)
    seen = [image for i, image in enumerate(real) if i % HELD_OUT] if len(held) < len(real) else held
    crops = [_crops(part, n, size, seed, i) for i, (part, n) in enumerate(((seen, 2), (held, 1)))]
    particles = numpy_generator(seed, "crowds").random((settings.particles, len(CROWD)))
    return play(crowd, particles, (crops[0], crops[1]), settings, derive(seed, "crowd"), log)


def _crops(images: Images, rounds: int, size: tuple[int, ...], seed: int, part: int) -> list[NDArray[np.float32]]:
    """About ``120 · rounds`` crops [C, *size], the images in turn."""
    rng = numpy_generator(seed, "crowd crops", part)
    made = []
    for i in range(120 * rounds):
        image = images[i % len(images)]
        top, left = (int(rng.integers(have - want + 1)) for have, want in zip(image.shape[1:], size, strict=True))
        made.append(np.ascontiguousarray(image[:, top : top + size[0], left : left + size[1]]))
    return made
