"""Symmetries: measured on data, harmless where they hold."""

from __future__ import annotations

import torch

from vivogan.domains.images.symmetry import MOVES, disturb, measured, symmetrise


def blobs(count: int, lean: float) -> torch.Tensor:
    """Round spots [n, 1, 16, 16]; ``lean`` moves all of them towards one corner."""
    rng = torch.Generator().manual_seed(0)
    place = torch.rand(count, 2, generator=rng) * 2 - 1
    place = torch.clamp(place * (1 - lean) + torch.tensor([0.6, -0.2]) * lean, -1, 1)
    axis = torch.linspace(-1, 1, 16)
    away = (axis[None, :, None] - place[:, :1, None]) ** 2 + (axis[None, None, :] - place[:, 1:, None]) ** 2
    return torch.exp(-away * 8)[:, None] * 2 - 1


def test_data_without_an_up_allow_every_move() -> None:
    assert measured(blobs(400, 0.0)) == list(MOVES)


def test_data_with_an_up_do_not() -> None:
    found = measured(blobs(400, 0.9))
    assert "flip" not in found
    assert "turn" not in found


def test_moves_are_those_that_are_allowed() -> None:
    x = torch.randn(8, 1, 6, 6)
    rng = torch.Generator().manual_seed(1)
    assert torch.equal(symmetrise(x, rng, ()), x)
    drawn = torch.cat([symmetrise(x, rng, ("mirror",)) for _ in range(8)])
    still, mirrored = x.repeat(8, 1, 1, 1), x.flip(-1).repeat(8, 1, 1, 1)
    same = [torch.equal(d, s) for d, s in zip(drawn, still, strict=True)]
    other = [torch.equal(d, m) for d, m in zip(drawn, mirrored, strict=True)]
    assert all(a or b for a, b in zip(same, other, strict=True))
    assert any(same)
    assert any(other)


def test_disturbance_of_strength_zero_changes_nothing() -> None:
    x = torch.randn(8, 3, 16, 16)
    assert torch.equal(disturb(x, 0.0, torch.Generator().manual_seed(0)), x)
