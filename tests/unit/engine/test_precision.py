from __future__ import annotations

import pytest
import torch

from tests.unit.engine.toy import settings, toy_game
from vivogan.engine import precision
from vivogan.engine.dealer import Hand
from vivogan.engine.step import Penalties


def dtype_of_a_product(kind: str) -> torch.dtype:
    with precision.autocast(kind, "cpu"):
        return (torch.ones(2, 2) @ torch.ones(2, 2)).dtype


def test_asked_for_it_is_given() -> None:
    assert dtype_of_a_product("bfloat16") == torch.bfloat16
    assert dtype_of_a_product("float32") == torch.float32


@pytest.mark.parametrize(("fast", "expected"), [(True, torch.bfloat16), (False, torch.float32)])
def test_auto_follows_the_hardware(monkeypatch: pytest.MonkeyPatch, fast: bool, expected: torch.dtype) -> None:
    monkeypatch.setattr(precision, "bf16_is_fast", lambda device: fast)
    assert dtype_of_a_product("auto") == expected


def test_weights_and_losses_stay_float32_and_penalties_are_whole() -> None:
    whole, half = toy_game(settings(precision="float32")), toy_game(settings(precision="bfloat16"))
    x, z = torch.randn(32, 2), torch.randn(32, 4)
    found = []
    for game in (whole, half):
        hand = Hand(x, game.generator(z, None), None)
        rng = torch.Generator().manual_seed(0)
        watched = game.discriminator_turn([hand], Penalties(r1=1.0), rng)
        found.append(watched)
        assert {p.dtype for p in game.discriminator.parameters()} == {torch.float32}
        assert all(value.dtype == torch.float32 for value in watched.values())
    assert torch.equal(found[0]["penalty"], found[1]["penalty"])
    seen = [g.discriminator_turn([Hand(x, g.generator(z, None), None)], Penalties(), rng) for g in (whole, half)]
    assert seen[0]["real_logit"] != seen[1]["real_logit"]  # a turn without penalties is in bfloat16
    assert seen[0]["real_logit"].item() == pytest.approx(seen[1]["real_logit"].item(), abs=0.02)
