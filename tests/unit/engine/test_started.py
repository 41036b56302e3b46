"""Generators that have learned before the game: the discriminator leads, an anchor holds, the first look counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tests.unit.engine.toy import ToyDiscriminator, ToyGenerator, ring, settings, toy_game
from vivogan.core.checkpoints import Checkpoints
from vivogan.engine.game import Game
from vivogan.engine.hooks import Hooks
from vivogan.engine.trainer import Trainer


class Anchored(ToyGenerator):
    """Its anchor draws all it makes to one place."""

    def anchor(self, x: Tensor, condition: Tensor | None) -> Tensor:
        z = torch.randn(len(x), self.latent_dim, generator=torch.Generator().manual_seed(0))
        return (self(z, condition) - 3.0).square().mean()


def played(folder: Path, game: Game, **hooks: Any) -> list[dict[str, Any]]:
    log: list[dict[str, Any]] = []
    Trainer(game, ring(), 0, Checkpoints(folder), Hooks(log=log.append, **hooks)).run()
    return log


def test_while_the_discriminator_leads_the_generator_waits(tmp_path: Path) -> None:
    game = toy_game(settings(lead=1.0))
    before = [p.clone() for p in game.generator.parameters()]
    judged = [p.clone() for p in game.discriminator.parameters()]
    played(tmp_path, game)
    assert all(torch.equal(a, b) for a, b in zip(before, game.generator.parameters(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(judged, game.discriminator.parameters(), strict=True))


def test_the_generator_plays_after_the_lead(tmp_path: Path) -> None:
    log = played(tmp_path, toy_game(settings(lead=0.5)))
    assert ["loss_generator" in line for line in log] == [False, False, True, True]


def test_an_anchor_holds_the_generator(tmp_path: Path) -> None:
    made = {}
    for anchor in (0.0, 20.0):
        torch.manual_seed(0)
        game = Game(Anchored(), ToyDiscriminator(), settings(anchor=anchor))
        log = played(tmp_path / str(anchor), game)
        assert ("anchor" in log[-1]) == (anchor > 0)
        with torch.no_grad():
            made[anchor] = game.generator(torch.randn(200, 4), torch.zeros(200, dtype=torch.long)).mean()
    assert made[20.0] > made[0.0] + 1


def test_the_first_look_counts_where_the_generator_has_learned_before(tmp_path: Path) -> None:
    looks = iter([0.1, 0.5, 0.4, 0.3, 0.2])
    game = toy_game()
    log = played(tmp_path, game, evaluate=lambda generator: {"frechet": next(looks)}, started=True)
    assert [line["samples"] for line in log] == [0, 320, 640, 960, 1280]
    best = Checkpoints(tmp_path).best()
    assert best is not None
    assert best.samples == 0


def test_without_it_the_first_look_is_not_taken(tmp_path: Path) -> None:
    log = played(tmp_path, toy_game(), evaluate=lambda generator: {"frechet": 1.0})
    assert [line["samples"] for line in log] == [320, 640, 960, 1280]
