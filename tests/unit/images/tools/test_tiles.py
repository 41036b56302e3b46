"""Tiles give what the whole image gives, and nothing outside the reach matters."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from vivogan.domains.images.tools.dense import DenseNetwork
from vivogan.domains.images.tools.tiles import apply, tiles, whole


def network(**shape: object) -> DenseNetwork:
    """Random weights, and statistics that are not those of the start."""
    torch.manual_seed(0)
    made = DenseNetwork(2, 3, **shape)  # type: ignore[arg-type]
    for module in made.modules():
        if isinstance(getattr(module, "running_mean", None), torch.Tensor):
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2)
    return made.eval().requires_grad_(False)


@pytest.mark.parametrize("shape", [{"widths": (8, 12, 16)}, {"widths": (8, 12), "shuffle": 4}])
@pytest.mark.parametrize("size", [(150, 203), (64, 64), (7, 9)])
def test_tiled_is_untiled(shape: dict[str, object], size: tuple[int, int]) -> None:
    made = network(**shape)
    image = np.random.default_rng(0).standard_normal((2, *size), np.float32)
    once = apply(made, image)
    for tile in (33, 64):
        np.testing.assert_allclose(whole(made, image, tile), once, atol=1e-5 * np.abs(once).max())


@pytest.mark.parametrize("shape", [{"widths": (8, 12, 16)}, {"widths": (8, 12), "shuffle": 4}])
def test_nothing_beyond_the_reach_is_seen(shape: dict[str, object]) -> None:
    made = network(**shape)
    image = np.random.default_rng(1).standard_normal((2, 256, 256), np.float32)
    other = image.copy()
    other[:, : 128 - made.reach] += 5
    np.testing.assert_array_equal(apply(made, image)[:, 128:], apply(made, other)[:, 128:])
    assert not np.array_equal(apply(made, image), apply(made, other))


def test_tiles_cover_the_image_once() -> None:
    made = network(widths=(4, 4))
    seen = np.zeros((50, 70), int)
    for part in tiles(made, lambda t, b, left, r: np.zeros((2, b - t, r - left), np.float32), (50, 70), 16):
        height, width = part.maps.shape[1:]
        seen[part.top : part.top + height, part.left : part.left + width] += 1
    assert (seen == 1).all()
