"""Fluorescence: objects shine on dark ground, out of focus where they lie too deep (after SIMCEP, Lehmussola 2007)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.images.scenes.optics import Canvas, Floats, camera, cloud, slope, smooth
from vivogan.domains.images.scenes.parameters import Space, Values, space
from vivogan.domains.images.scenes.scene import Scene

LEVELS = 5  # blurs that are told apart in one picture

SPACE = space(
    [
        ("dome", 0.0, 1.5),  # profile (1 − ρ²)^dome: 0 flat, ½ a ball, above a soft blob
        ("edge", 0.0, 0.4),  # a ring of light along the outline
        ("texture", 0.0, 0.7),  # standard deviation of the log of the light inside
        ("texture_grain", 0.08, 0.6, True),  # width of its lumps, in diameters
        ("brightness_spread", 0.0, 0.9),  # standard deviation of the log of the objects' light
        ("stacking", 0.0, 1.0),  # where objects overlap: 0 the brightest shows, 1 the light adds up
        ("psf", 0.4, 3.0, True),  # px, blur of what is in focus
        ("defocus", 0.0, 0.35),  # standard deviation of the further blur, in diameters
        ("defocus_exponent", 0.5, 3.0),  # above 1 most are sharp and few are very blurred
        ("haze", 0.0, 0.5),  # share of the light that is spread over a few diameters
        ("background", 0.0, 0.6),
        ("unevenness", 0.0, 1.0),  # of the background
        ("vignette", 0.0, 0.6),  # unevenness of all light
        ("shot", 1e-5, 0.02, True),  # variance of the noise, of the light
        ("read", 0.002, 0.08, True),  # standard deviation of the noise in the dark
        ("noise_grain", 0.0, 0.9),  # px
        ("ceiling", 0.7, 4.0, True),  # saturation, in units of an object's light
        ("gamma", 0.6, 1.6),
    ]
)


def channels_space(channels: int) -> Space:
    """How strongly the further channels see the objects, beside the first."""
    rows = [(f"tint_{c}", 0.02, 1.0, True) for c in range(1, channels)]
    return SPACE + space(rows)


def render(scene: Scene, values: Values, channels: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """The picture [C, H, W] of a scene; an object's light is about 1, the camera's black 0."""
    light = _light(scene, values, rng)
    diameter = max(values["diameter"], 2.0)
    if values["haze"] > 0.01:
        far = smooth(light.pixels, 1.2 * diameter)
        light.pixels = (1 - values["haze"]) * light.pixels + values["haze"] * 2 * far
    objects = light.image
    uneven = values["unevenness"]
    ground = 1 + uneven * (slope(scene.size, rng) - 0.5) + 0.35 * uneven * cloud(scene.size, max(scene.size) / 3, rng)
    shade = 1 - values["vignette"] * (1 - slope(scene.size, rng))
    out = np.empty((channels, *scene.size), np.float32)
    for c in range(channels):
        tint = 1.0 if c == 0 else values[f"tint_{c}"]
        total = (tint * objects + values["background"] * np.maximum(ground, 0.05)) * shade
        seen = camera(total, values["shot"], values["read"], values["noise_grain"], rng, values["ceiling"])
        out[c] = np.maximum(seen, 0) ** values["gamma"]
    return out


def _light(scene: Scene, values: Values, rng: np.random.Generator) -> Canvas:
    """What the objects shine, blurred by the lens and by their depth."""
    groups = scene.stamps
    diameters = scene.diameters
    sigma = values["defocus"] * diameters * np.abs(scene.focus) ** values["defocus_exponent"]
    sigma = np.minimum(sigma, 0.6 * diameters)
    order = np.argsort(np.argsort(sigma, kind="stable"), kind="stable")
    level = order * LEVELS // max(len(order), 1)
    spread = values["brightness_spread"]
    gain = np.exp(np.clip(scene.brightness, -2.5, 2.5) * spread).astype(np.float32)
    total = Canvas(scene.size, groups)
    texture = _texture(total.pixels.shape, values, rng)
    profiles = [gain[group.index, None, None] * _profile(group.place, group.cover, values) for group in groups]
    for k in range(LEVELS):
        if not (level == k).any():
            continue
        summed, most = Canvas(scene.size, groups), Canvas(scene.size, groups)
        for group, pictures in zip(groups, profiles, strict=True):
            chosen = level[group.index] == k
            if chosen.any():
                summed.paint(group, pictures, "add", chosen)
                most.paint(group, pictures, "most", chosen)
        mixed = values["stacking"] * summed.pixels + (1 - values["stacking"]) * most.pixels
        blur = float(np.hypot(sigma[level == k].mean(), values["psf"]))
        blurred = smooth((mixed * texture).astype(np.float32), blur)
        add = total.pixels + blurred
        total.pixels = values["stacking"] * add + (1 - values["stacking"]) * np.maximum(total.pixels, blurred)
    return total


def _profile(place: Floats, cover: Floats, values: Values) -> Floats:
    depth = np.maximum(1 - place * place, 0)
    shine = depth ** np.float32(values["dome"]) if values["dome"] > 0.02 else np.ones_like(depth)
    if values["edge"] > 0.01:
        shine = shine + np.float32(values["edge"]) * np.exp(-(((1 - place) / 0.15) ** 2))
    profile: Floats = shine * cover
    return profile


def _texture(shape: tuple[int, ...], values: Values, rng: np.random.Generator) -> Floats:
    amount = values["texture"]
    if amount < 0.01:
        return np.ones(shape, np.float32)
    lumps = cloud((shape[0], shape[1]), max(1.0, values["texture_grain"] * values["diameter"]), rng)
    bumpy: Floats = np.exp(np.float32(amount) * lumps - np.float32(amount**2 / 2))
    return bumpy
