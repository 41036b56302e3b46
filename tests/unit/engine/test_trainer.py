"""The loop: it trains, it resumes to the same bits from anywhere, and it gets up again when it falls."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.unit.engine.toy import (
    after,
    assert_same_bits,
    largest_difference,
    ring,
    settings,
    toy_game,
    trainer,
    twin,
    weights,
)
from vivogan.core.checkpoints import Checkpoints
from vivogan.domains.images.plan import ImagePlan, networks
from vivogan.engine.dealer import TrainingSet
from vivogan.engine.game import Game
from vivogan.engine.losses import OBJECTIVES
from vivogan.engine.settings import GameSettings
from vivogan.engine.step import Penalties
from vivogan.engine.trainer import Trainer
from vivogan.errors import TrainingStopped, UserError
from vivogan.metrics.frechet import frechet_distance

Log = list[dict[str, Any]]


def louder(x: Tensor, p: float, rng: torch.Generator) -> Tensor:
    return x * (1 + p * torch.rand(len(x), 1, generator=rng))


def turned(x: Tensor, rng: torch.Generator) -> Tensor:
    return -x if torch.rand((), generator=rng) < 0.5 else x


HOOKS = {"symmetry": turned, "augment": louder}


def timeless(log: Log) -> Log:
    return [{k: v for k, v in line.items() if k != "seconds"} for line in log]


def ticks(log: Log) -> list[int]:
    return [line["samples"] for line in log if "event" not in line]


# ── it trains ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_brings_the_samples_to_the_data(tmp_path: Path, objective: str) -> None:
    data = ring(1024)
    penalty = {"gradient_penalty": 1.0, "r1": 0.0} if objective == "wasserstein" else {"r1": 0.1, "r2": 0.1}
    played = settings(objective=objective, samples=12_800, batch=64, tick=6400, learning_rate=4e-3, **penalty)
    z = torch.randn(1000, 4, generator=torch.Generator().manual_seed(1))
    real, y = data.x[:1000].numpy(), data.condition[:1000]  # type: ignore[index]

    def distance(generator: nn.Module) -> dict[str, float]:
        with torch.no_grad():
            return {"frechet": frechet_distance(real, generator(z, y).numpy())}

    log: Log = []
    trainer(tmp_path, played, data=data, evaluate=distance, log=log).run()
    assert ticks(log) == [6400, 12_800]
    untrained = distance(toy_game().generator)["frechet"]
    assert log[-1]["frechet"] < 0.15 * untrained


def test_the_log_of_a_tick_says_what_was_watched(tmp_path: Path) -> None:
    log: Log = []
    trainer(tmp_path, log=log, evaluate=lambda generator: {"frechet": 3.0}).run()
    assert ticks(log) == [320, 640, 960, 1280]
    watched = {"loss_discriminator", "loss_generator", "real_logit", "fake_logit", "lead", "penalty", "signal"}
    for line in log:
        assert set(line) == watched | {"samples", "total_samples", "seconds", "augment_p", "frechet"}
        assert all(math.isfinite(value) for value in line.values())
        assert line["total_samples"] == 1280


@pytest.mark.parametrize(("batch", "tick", "samples"), [(32, 100, 330), (7, 10, 50), (64, 10, 200), (10, 10, 30)])
def test_ticks_come_once_each_whatever_the_batch(tmp_path: Path, batch: int, tick: int, samples: int) -> None:
    log: Log = []
    playing = trainer(tmp_path, settings(batch=batch, tick=tick, samples=samples), log=log)
    playing.run()
    steps = -(-samples // batch)
    crossed = [s * batch for s in range(1, steps + 1) if s * batch // tick > (s - 1) * batch // tick]
    assert ticks(log) == sorted({*crossed, steps * batch})
    assert playing.checkpoints.names()[-1] == f"step-{steps * batch:08d}"


def test_best_is_the_checkpoint_of_the_smallest_distance(tmp_path: Path) -> None:
    distances = iter([5.0, 3.0, 4.0, 6.0])
    playing = trainer(tmp_path, evaluate=lambda generator: {"frechet": next(distances)})
    playing.run()
    best = playing.checkpoints.best()
    assert best is not None
    assert best.samples == 640
    assert "step-00001280" in playing.checkpoints.names()


def test_the_average_follows_the_generator_slowly() -> None:
    game = toy_game()
    before = weights(game)
    with torch.no_grad():
        for p in game.generator.parameters():
            p.add_(1.0)
    game.update_average(0.75)
    for name, value in weights(game).items():
        if name.startswith("ema."):
            torch.testing.assert_close(value, before[name] + 0.25)
    game.update_average(0.0)
    assert_same_bits(game.generator.state_dict(), game.average.state_dict())  # type: ignore[arg-type]


def test_a_turn_moves_its_own_player_alone() -> None:
    game = toy_game()
    dealt = trainer(Path("unused")).dealer.deal(game.generator, "cpu", 0, 0, 0.0, True)
    start = weights(game)
    game.discriminator_turn(dealt, Penalties(r1=1.0), torch.Generator())
    middle = weights(game)
    game.generator_turn(dealt)
    end = weights(game)

    def moved(one: dict[str, Tensor], other: dict[str, Tensor]) -> set[str]:
        return {n.split(".")[0] for n in other if n not in one or not torch.equal(one[n], other[n])}

    assert moved(start, middle) == {"discriminator", "optimizer_discriminator"}
    assert moved(middle, end) == {"generator", "optimizer_generator"}


def test_micro_batches_add_up_to_the_batch(tmp_path: Path) -> None:
    """Their gradients do; weights after Adam's first steps, which take the sign of a gradient, need not to the bit."""
    found = []
    for accumulate in (1, 2, 4):
        playing = trainer(tmp_path / str(accumulate), settings(accumulate=accumulate, r2=0.1))
        game = playing.game
        hands = playing.dealer.deal(game.generator, "cpu", 0, 0, 0.0, True)
        assert len(hands) == accumulate
        game.discriminator_turn(hands, Penalties(r1=0.4, r2=0.4), torch.Generator())
        gradients = {f"discriminator {n}": p.grad.clone() for n, p in game.discriminator.named_parameters()}  # type: ignore[union-attr]
        game.generator_turn(hands)
        found.append(gradients | {n: p.grad.clone() for n, p in game.generator.named_parameters()})  # type: ignore[union-attr]
    assert max(float(g.abs().max()) for g in found[0].values()) > 0.01
    assert largest_difference(found[0], found[1]) < 1e-5
    assert largest_difference(found[0], found[2]) < 1e-5


def test_the_gradient_is_clipped_to_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = {}
    for clip in (0.0, 0.01, 1e6):
        game = toy_game(settings(clip=clip))
        seen: list[float] = []
        monkeypatch.setattr(
            game.generator_optimizer,
            "step",
            lambda game=game, seen=seen: seen.append(
                math.sqrt(sum(float(p.grad.square().sum()) for p in game.generator.parameters() if p.grad is not None))
            ),
        )
        dealt = trainer(Path("unused")).dealer.deal(game.generator, "cpu", 0, 0, 0.0, True)
        signal = game.generator_turn(dealt)["signal"].item()
        lengths[clip] = seen[0]
        assert signal == pytest.approx(lengths[0.0], rel=1e-5)  # what is watched is the length before
    assert lengths[0.01] == pytest.approx(0.01, rel=1e-3)
    assert lengths[1e6] == pytest.approx(lengths[0.0])
    assert lengths[0.0] > 0.02


def test_the_rate_is_that_of_each_player_times_the_schedule() -> None:
    game = toy_game(settings(learning_rate=1e-3, learning_rate_discriminator=4e-3))
    game.set_rate(0.5)
    assert game.generator_optimizer.param_groups[0]["lr"] == pytest.approx(5e-4)
    assert game.discriminator_optimizer.param_groups[0]["lr"] == pytest.approx(2e-3)
    assert toy_game(settings(learning_rate=1e-3)).rates == (1e-3, 1e-3)


def test_the_discriminator_may_have_more_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    playing = trainer(tmp_path, settings(discriminator_steps=3, samples=320))
    turns: list[str] = []
    for name in ("discriminator_turn", "generator_turn"):
        real = getattr(playing.game, name)
        monkeypatch.setattr(playing.game, name, lambda *a, real=real, name=name: (turns.append(name), real(*a))[1])
    playing.run()
    assert turns == (["discriminator_turn"] * 3 + ["generator_turn"]) * 10


def test_the_augmentation_is_turned_up_as_the_discriminator_leads(tmp_path: Path) -> None:
    log: Log = []
    changes = {"augment": "adaptive", "augment_samples": 1000, "augment_target": 0.0, "learning_rate": 1e-9}
    trainer(tmp_path, settings(**changes, learning_rate_discriminator=0.01), log=log, hooks=HOOKS).run()
    assert 0 < log[0]["augment_p"] < log[1]["augment_p"] < log[-1]["augment_p"]
    assert log[-1]["augment_p"] > 0.5
    fixed: Log = []
    trainer(tmp_path / "fixed", settings(augment="fixed", augment_p=0.3), log=fixed, hooks=HOOKS).run()
    assert {line["augment_p"] for line in fixed} == {0.3}


# ── it resumes ───────────────────────────────────────────────────────────────────────────────────────────────────────

RESUMED = settings(augment="adaptive", augment_p=0.2, augment_samples=2000, r2=0.1, balance=0.5, warmup=0.1)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Tensor], Log]:
    log: Log = []
    playing = trainer(tmp_path_factory.mktemp("whole"), RESUMED, log=log, hooks=HOOKS, evaluate=spread)
    playing.run()
    return weights(playing.game), log


def spread(generator: nn.Module) -> dict[str, float]:
    with torch.no_grad():
        made = generator(torch.ones(16, 4), torch.arange(16) % 8)
    return {"frechet": float(made.square().mean()), "coverage": 0.5, "diversity": 1.0}


@pytest.mark.parametrize("steps", [0, 1, 7, 9, 10, 11, 25, 39, 40])
def test_an_interruption_at_any_step_changes_no_bit(
    tmp_path: Path, uninterrupted: tuple[dict[str, Tensor], Log], steps: int
) -> None:
    whole, whole_log = uninterrupted
    log: Log = []
    with pytest.raises(KeyboardInterrupt):
        trainer(tmp_path, RESUMED, stop=after(steps), log=log, hooks=HOOKS, evaluate=spread).run()
    newest = Checkpoints(tmp_path / "checkpoints").newest()
    assert newest is not None
    assert newest.samples == 32 * steps
    torch.manual_seed(12345)  # other initial weights, and another state of the global generator
    continued = trainer(tmp_path, RESUMED, players=toy_game(RESUMED, seed=99), log=log, hooks=HOOKS, evaluate=spread)
    continued.run()
    assert_same_bits(weights(continued.game), whole)
    assert timeless(log) == timeless(whole_log)
    kept = continued.checkpoints.newest()
    assert kept is not None
    assert_same_bits(weights(kept), whole)


def test_networks_of_images_resume_to_the_same_bits(tmp_path: Path) -> None:
    plan = ImagePlan(side=16, latent_dim=8, generator_width=32, discriminator_width=16, discriminator_features=16)
    game = settings(samples=80, tick=10**6, batch=8, penalty_every=3)
    y = torch.arange(24) % 2
    data = TrainingSet(torch.rand(24, 3, 16, 16) * 2 - 1, y, y.numpy())

    def players(seed: int) -> Game:
        torch.manual_seed(seed)
        return Game(*networks(3, 2, plan), game)

    whole = trainer(tmp_path / "whole", players=players(0), data=data)
    whole.run()
    cut = trainer(tmp_path / "cut", players=players(0), data=data, stop=after(4))
    with pytest.raises(KeyboardInterrupt):
        cut.run()
    continued = trainer(tmp_path / "cut", players=players(1), data=data)
    continued.run()
    assert_same_bits(weights(continued.game), weights(whole.game))


def test_many_interruptions_change_no_bit(tmp_path: Path, uninterrupted: tuple[dict[str, Tensor], Log]) -> None:
    for _ in range(13):
        playing = trainer(tmp_path, RESUMED, stop=after(3), hooks=HOOKS, evaluate=spread)
        with pytest.raises(KeyboardInterrupt):
            playing.run()
    playing = trainer(tmp_path, RESUMED, hooks=HOOKS, evaluate=spread)
    playing.run()
    assert_same_bits(weights(playing.game), uninterrupted[0])


def test_a_run_that_has_ended_does_nothing_more(tmp_path: Path) -> None:
    first: Log = []
    trainer(tmp_path, log=first).run()
    again: Log = []
    playing = trainer(tmp_path, log=again)
    playing.run()
    assert again == []
    longer: Log = []
    trainer(tmp_path, settings(samples=1600), log=longer).run()
    assert ticks(longer) == [1600]


def test_training_does_not_lean_on_global_randomness(tmp_path: Path) -> None:
    found = []
    for seed in (1, 2):
        playing = trainer(tmp_path / str(seed), players=toy_game(RESUMED), hooks=HOOKS)
        torch.manual_seed(seed)
        np.random.seed(seed)
        playing.run()
        found.append(weights(playing.game))
    assert_same_bits(*found)


# ── it gets up again ─────────────────────────────────────────────────────────────────────────────────────────────────


class Saboteur(Game):
    """Writes a NaN into the discriminator before its turns at the places asked for."""

    def __init__(self, game: GameSettings, at: range | list[int], times: int) -> None:
        made = toy_game(game)
        super().__init__(made.generator, made.discriminator, game)
        self.at, self.times, self.turn = at, times, 0

    def discriminator_turn(self, *arguments: Any) -> dict[str, Tensor]:
        if self.turn in self.at and self.times > 0:
            self.times -= 1
            with torch.no_grad():
                self.discriminator.body[0].weight[0, 0] = float("nan")  # type: ignore[union-attr,index]
        self.turn += 1
        return super().discriminator_turn(*arguments)


def test_a_nan_is_rolled_back_logged_and_played_past(tmp_path: Path) -> None:
    log: Log = []
    game = settings()
    playing = trainer(tmp_path, players=Saboteur(game, [24], 1), log=log)
    playing.run()
    events = [line for line in log if "event" in line]
    assert [event["event"] for event in events] == ["rollback"]
    assert events[0]["samples"] == 25 * 32
    assert "non-finite" in events[0]["reason"]
    assert "640" in events[0]["action"]
    assert ticks(log) == [320, 640, 960, 1280]
    assert all(torch.isfinite(value).all() for value in weights(playing.game).values())
    assert playing.rollbacks == 1
    whole = trainer(tmp_path / "whole", game)
    whole.run()
    assert not torch.equal(  # the same place is not played again with the same latents and rate
        weights(playing.game)["generator.body.0.weight"], weights(whole.game)["generator.body.0.weight"]
    )


def test_a_roll_back_halves_the_rate_and_doubles_the_penalty(tmp_path: Path) -> None:
    playing = trainer(tmp_path, settings(decay=0.0, samples=3200), stop=after(30))
    playing.game = Saboteur(playing.settings, [24], 1)
    turn, strengths = playing.game.discriminator_turn, []

    def listening(hands: Any, penalties: Any, rng: Any) -> Any:
        strengths.append(penalties.r1)
        return turn(hands, penalties, rng)

    playing.game.discriminator_turn = listening  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        playing.run()
    assert playing.game.generator_optimizer.param_groups[0]["lr"] == pytest.approx(1e-3)
    assert strengths[0] == pytest.approx(4 * 0.1)
    assert max(strengths[-4:]) == pytest.approx(2 * 4 * 0.1)


def test_an_interruption_after_a_roll_back_changes_no_bit(tmp_path: Path) -> None:
    whole = trainer(tmp_path / "whole", players=Saboteur(settings(), [24], 1))
    whole.run()
    playing = trainer(tmp_path / "cut", players=Saboteur(settings(), [24], 1), stop=after(30))
    with pytest.raises(KeyboardInterrupt):
        playing.run()
    continued = trainer(tmp_path / "cut")
    continued.run()
    assert continued.rollbacks == 1
    assert_same_bits(weights(continued.game), weights(whole.game))


def test_what_does_not_heal_stops_with_a_diagnosis_and_the_run_intact(tmp_path: Path) -> None:
    log: Log = []
    playing = trainer(tmp_path, players=Saboteur(settings(), range(24, 10_000), 10_000), log=log)
    with pytest.raises(TrainingStopped, match="3 roll-backs") as caught:
        playing.run()
    assert caught.value.exit_code == 4
    assert "non-finite" in caught.value.diagnosis
    assert [line["event"] for line in log if "event" in line] == ["rollback"] * 3 + ["stopped"]
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    newest = checkpoints.newest()
    assert newest is not None
    assert newest.samples == 640
    assert checkpoints.damaged == []
    assert all(torch.isfinite(value).all() for value in weights(newest).values())


def test_no_roll_backs_may_be_asked_for(tmp_path: Path) -> None:
    playing = trainer(tmp_path, players=Saboteur(settings(rollbacks=0), [24], 1))
    with pytest.raises(TrainingStopped, match="0 roll-backs"):
        playing.run()


def test_a_collapse_goes_back_to_before_it_began(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vivogan.engine.guard.FIRST_STEPS", 0)
    found = iter([1.0, 1.0, 1.0, 0.05, 0.05, *[1.0] * 20])
    log: Log = []
    playing = trainer(tmp_path, settings(samples=3200), log=log, evaluate=lambda generator: {"diversity": next(found)})
    playing.run()
    events = [line for line in log if "event" in line]
    assert [event["event"] for event in events] == ["rollback"]
    assert "mode collapse" in events[0]["reason"]
    assert events[0]["samples"] == 1600
    assert "back to 960 samples" in events[0]["action"]  # 1280 was the first suspicious look
    assert ticks(log)[-1] == 3200


def test_a_suspicion_at_the_very_end_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vivogan.engine.guard.FIRST_STEPS", 0)
    found = iter([1.0, 1.0, 1.0, 0.05])
    playing = trainer(tmp_path, evaluate=lambda generator: {"diversity": next(found)})
    playing.run()
    assert playing.guard.suspicions == 1
    assert playing.checkpoints.names()[-1] == "step-00001280"


def test_a_poisoned_record_ends_the_run_by_name(tmp_path: Path) -> None:
    data = ring(64)
    data.x[37, 1] = float("nan")
    with pytest.raises(UserError, match="record 37 ") as caught:
        trainer(tmp_path, data=data).run()
    assert caught.value.exit_code == 2
    assert Checkpoints(tmp_path / "checkpoints").newest() is not None


def test_the_games_state_is_all_there_is(tmp_path: Path) -> None:
    playing: Trainer = trainer(tmp_path)
    playing.run()
    tensors, state = playing.game.state()
    other = toy_game(seed=3)
    other.load(tensors, state)
    assert_same_bits(weights(other), weights(playing.game))
    before = twin(playing.game)
    for game in (playing.game, other):
        hands = playing.dealer.deal(game.generator, "cpu", 99, 0, 0.0, True)
        game.discriminator_turn(hands, Penalties(), torch.Generator())
        game.generator_turn(hands)
    assert_same_bits(weights(other), weights(playing.game))
    assert largest_difference(weights(before), weights(other)) > 0
