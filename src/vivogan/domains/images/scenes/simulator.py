"""A simulator: one vector in the unit cube and a seed → a picture with its exact annotation."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vivogan.core.seeds import derive, numpy_generator
from vivogan.domains.images.scenes import brightfield, fluorescence
from vivogan.domains.images.scenes.parameters import Space, Values
from vivogan.domains.images.scenes.scene import SPACE as SCENE
from vivogan.domains.images.scenes.scene import Scene, SceneSampler, described
from vivogan.domains.images.scenes.settings import Kind, SceneDescription
from vivogan.domains.images.tools.pairs import HIGH, LOW, Pair

LEAST = {"fluorescence": 0.25, "brightfield": 0.1}  # contrast below which a picture is not stretched
# What `simulate` draws from: pictures that a person would call typical, so that every object can be made out.
TYPICAL: dict[str, dict[str, tuple[float, float]]] = {
    "fluorescence": {
        "diameter": (9, 26),
        "density": (4, 20),
        "overlap": (-0.05, 0.2),
        "crowding": (0, 0.2),
        "psf": (0.5, 1.3),
        "defocus": (0, 0.15),
        "brightness_spread": (0, 0.5),
        "background": (0, 0.3),
        "haze": (0, 0.2),
        "read": (0.005, 0.03),
        "shot": (1e-5, 2e-3),
        "texture": (0, 0.4),
        "elongation": (1, 1.6),
        "irregularity": (0, 0.12),
        "patchiness": (0, 0.4),
    },
    "brightfield": {
        "diameter": (10, 30),
        "density": (4, 16),
        "overlap": (-0.05, 0.15),
        "crowding": (0, 0.1),
        "ground_texture": (0, 0.15),
        "vignette": (0, 0.2),
        "elongation": (1, 1.5),
        "irregularity": (0, 0.12),
        "patchiness": (0, 0.4),
        "read": (0.003, 0.02),
    },
}


@dataclass(frozen=True)
class Simulator:
    """Scenes and the light that falls on them.

    ``least`` is the smallest contrast that is stretched to the range of normalised images (``tools.pairs.Normaliser``).
    """

    kind: Kind
    channels: int = 1
    sampler: SceneSampler = field(default_factory=SceneSampler)
    scene_space: Space = SCENE

    @property
    def space(self) -> Space:
        """All parameters: of the scene, then of the light."""
        return self.scene_space + self.light_space

    @property
    def light_space(self) -> Space:
        """Parameters of the light."""
        if self.kind == "fluorescence":
            return fluorescence.channels_space(self.channels)
        return brightfield.channels_space(self.channels, len(self.sampler.classes))

    def scene(self, values: Values, size: tuple[int, int], rng: np.random.Generator) -> Scene:
        """A scene of named values."""
        return self.sampler(values, size, rng)

    def render(self, scene: Scene, values: Values, rng: np.random.Generator) -> NDArray[np.float32]:
        """The normalised picture [C, H, W] of a scene."""
        paint = fluorescence.render if self.kind == "fluorescence" else brightfield.render
        return normalised(paint(scene, values, self.channels, rng), LEAST[self.kind])

    def __call__(self, unit: NDArray[np.float64], size: tuple[int, int], seed: int, cut: bool = True) -> Pair:
        """The picture of a vector [P] in the unit cube; ``cut`` as in ``Scene.objects``."""
        values = self.space.values(unit)
        scene = self.scene(values, size, numpy_generator(seed, "scene"))
        return Pair(self.render(scene, values, numpy_generator(seed, "light")), scene.objects(cut))


def normalised(image: NDArray[np.float32], least: float) -> NDArray[np.float32]:
    """[C, H, W] with its percentiles at 0 and 1, as ``tools.pairs.Normaliser`` does it."""
    low, high = np.percentile(image.reshape(len(image), -1), [LOW, HIGH], axis=1)[..., None, None]
    scaled: NDArray[np.float32] = ((image - low) / np.maximum(high - low, least)).astype(np.float32)
    return scaled


def build(kind: Kind, channels: int, size: tuple[int, int], description: SceneDescription | None = None) -> Simulator:
    """The simulator of a description, with wide ranges for all that it leaves open."""
    sampler, scene_space = described(description or SceneDescription(), size)
    return Simulator(kind, channels, sampler, scene_space)


def simulate(
    kind: Kind,
    n: int,
    size: tuple[int, int],
    seed: int,
    channels: int | None = None,
    description: SceneDescription | None = None,
) -> list[Pair]:
    """``n`` typical pictures with their exact annotations, each of parameters of its own.

    Args:
        size: height and width in pixels.
        channels: 1 for fluorescence and 3 for bright field when None.

    >>> pair = simulate("fluorescence", 1, (64, 96), seed=0)[0]
    >>> pair.image.shape, bool(len(pair.objects) == pair.objects.labels.max())
    ((1, 64, 96), True)
    """
    channels = channels or (1 if kind == "fluorescence" else 3)
    simulator = build(kind, channels, size, description)
    space = simulator.space
    pairs = []
    for i in range(n):
        rng = numpy_generator(seed, "simulate", i)
        values = {p.name: p.value(rng.random()) for p in space.parameters}
        for name, (low, high) in TYPICAL[kind].items():
            if space[name] == (SCENE + simulator.light_space)[name]:  # not described by the user
                values[name] = low + (high - low) * rng.random()
        pairs.append(simulator(space.unit(values), size, derive(seed, "simulate", i)))
    return pairs
