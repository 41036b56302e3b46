"""Bright field: objects take light away (Beer and Lambert), with rims, halos, cores and the colours of stains."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.images.scenes.optics import Canvas, Floats, camera, cloud, slope, smooth
from vivogan.domains.images.scenes.parameters import Space, Values, space
from vivogan.domains.images.scenes.scene import Scene

SPACE = space(
    [
        ("pallor", 0.0, 0.8),  # how much less the middle takes, as in red blood cells
        ("edge", 0.0, 1.0),  # how much more the outline takes
        ("halo", 0.0, 0.2),  # brightening around objects
        ("core", 0.0, 1.0),  # how much darker the inner part is, as a nucleus
        ("core_size", 0.3, 0.8),  # in radii
        ("texture", 0.0, 0.7),
        ("texture_grain", 0.08, 0.6, True),
        ("brightness_spread", 0.0, 0.6),
        ("ground_texture", 0.0, 0.4),  # of what lies between the objects, in colour
        ("ground_grain", 2.0, 40.0, True),  # px
        ("vignette", 0.0, 0.4),
        ("psf", 0.4, 2.5, True),
        ("read", 0.002, 0.06, True),
        ("noise_grain", 0.0, 0.9),
    ]
)


def channels_space(channels: int, classes: int) -> Space:
    """What the ground and each class take of each channel's light."""
    rows: list[tuple[str, float, float] | tuple[str, float, float, bool]]
    rows = [(f"ground_{c}", 0.0, 0.5) for c in range(channels)]
    rows += [(f"ink_{k}_{c}", 0.05, 2.0, True) for k in range(classes) for c in range(channels)]
    return SPACE + space(rows)


def render(scene: Scene, values: Values, channels: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """The picture [C, H, W] of a scene; 1 is the lamp, 0 is darkness."""
    groups = scene.stamps
    gain = np.exp(np.clip(scene.brightness, -2.5, 2.5) * values["brightness_spread"]).astype(np.float32)
    canvases = {int(k): Canvas(scene.size, groups) for k in np.unique(scene.classes)}
    glow = Canvas(scene.size, groups)
    for group in groups:
        taken = gain[group.index, None, None] * _profile(group.place, group.cover, values)
        around = np.exp(-(((group.place - 1.1) / 0.05) ** 2))
        glow.paint(group, around, "most", np.ones(len(group.index), bool))
        for k, canvas in canvases.items():
            canvas.paint(group, taken, "add", scene.classes[group.index] == k)
    grain = max(1.0, values["texture_grain"] * values["diameter"])
    lumps = np.exp(values["texture"] * cloud(scene.size, grain, rng) - values["texture"] ** 2 / 2)
    ground = cloud(scene.size, values["ground_grain"], rng)
    shade = 1 - values["vignette"] * (1 - slope(scene.size, rng))
    thickness = {k: canvas.image * lumps for k, canvas in canvases.items()}
    free = np.exp(-2 * sum(thickness.values(), np.zeros(scene.size, np.float32)))  # where no object lies: 1
    out = np.empty((channels, *scene.size), np.float32)
    for c in range(channels):
        depth = values[f"ground_{c}"] * np.maximum(1 + values["ground_texture"] * 2 * ground, 0) * free
        for k, thick in thickness.items():
            depth = depth + values[f"ink_{k}_{c}"] * thick
        light = np.exp(-depth) * shade * (1 + values["halo"] * glow.image)
        out[c] = camera(
            smooth(light.astype(np.float32), values["psf"]), 0.0, values["read"], values["noise_grain"], rng
        )
    return np.maximum(out, 0)


def _profile(place: Floats, cover: Floats, values: Values) -> Floats:
    inner = np.clip((values["core_size"] - place) * 6 + 0.5, 0, 1)
    taken = 1 - values["pallor"] * np.maximum(1 - (place / 0.8) ** 2, 0) * (1 - values["core"])
    taken = taken + values["edge"] * np.exp(-(((1 - place) / 0.12) ** 2)) + 2 * values["core"] * inner
    profile: Floats = (taken * cover).astype(np.float32)
    return profile
