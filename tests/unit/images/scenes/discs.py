"""Pictures whose truth is known: soft bright discs anywhere on an uneven dark ground."""

from __future__ import annotations

import numpy as np

from vivogan.domains.images.annotations.objects import Objects
from vivogan.domains.images.tools.pairs import Pair


def discs(seed: int, n: int = 25, size: int = 128, radius: float = 5.0) -> Pair:
    """Soft bright discs anywhere on an uneven dark ground."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, size, (n, 2))
    y, x = np.mgrid[:size, :size]
    light = np.zeros((size, size))
    for cy, cx in centres:
        light = np.maximum(light, 0.8 / (1 + np.exp((np.hypot(y - cy, x - cx) - radius) / 0.8)))
    image = 0.1 + 0.1 * x / size + light + 0.01 * rng.standard_normal((size, size))
    return Pair(image[None].astype(np.float32), Objects(centres.astype(np.float32), np.zeros(n, np.intp)))
