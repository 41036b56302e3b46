"""The loop, in fixed blocks: status → evaluate → checkpoint → step → guard; counted in samples shown."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import torch

from vivogan.core.checkpoints import Checkpoint, Checkpoints
from vivogan.core.seeds import torch_generator
from vivogan.engine import parallel
from vivogan.engine.augment import AugmentationController
from vivogan.engine.dealer import Dealer, TrainingSet
from vivogan.engine.game import Game
from vivogan.engine.guard import Guard, given_up
from vivogan.engine.hooks import Hooks
from vivogan.engine.means import Means
from vivogan.engine.schedules import ema_decay, penalties, ramp


class Trainer:
    """Plays a game to its end, from its newest checkpoint if there is one."""

    def __init__(self, game: Game, data: TrainingSet, seed: int, checkpoints: Checkpoints, hooks: Hooks) -> None:
        self.game, self.settings, self.seed = game, game.settings, seed
        self.checkpoints, self.hooks = checkpoints, hooks
        self.dealer = Dealer(data, self.settings, seed, hooks.symmetry, hooks.augment)
        self.guard = Guard()
        s = self.settings
        p = 0.0 if s.augment == "none" else s.augment_p
        self.augmentation = AugmentationController(p, s.augment_target, s.augment_samples, s.augment == "adaptive")
        self.step, self.rollbacks, self.seconds = 0, 0, 0.0
        self.best, self.best_at = float("inf"), -1  # smallest held-out distance, and after how many samples
        self.saved = -1  # step of the last checkpoint
        self.means = Means()

    @property
    def seen(self) -> int:
        """Real samples shown to the discriminator so far."""
        return self.step * self.settings.batch

    def run(self) -> None:
        """Play until the samples are used up; raises ``TrainingStopped`` when the guard gives up."""
        newest = self.checkpoints.newest()
        parallel.wait()  # all have looked before the first one writes
        if newest:
            self._restore(newest)
        reason: str | None = None
        while True:
            if reason:
                self._roll_back(reason)
            if self._at_tick() and self.saved != self.step:
                record = self._status()
                reason = self._evaluate(record) if self.step or self.hooks.started else None
                if reason:
                    continue
                if self.ended or not self.guard.suspicions:  # a roll-back must find a state from before the trouble
                    self._checkpoint(record)
            if parallel.agree(self.hooks.stop()):
                if self.saved != self.step:
                    self._checkpoint({})
                raise KeyboardInterrupt
            if self.ended:
                return
            reason = self._step()

    @property
    def ended(self) -> bool:
        """Whether the samples are used up."""
        return self.seen >= self.settings.samples

    def _at_tick(self) -> bool:
        tick, batch = self.settings.tick, self.settings.batch
        return self.ended or self.seen // tick != (self.seen - batch) // tick

    def _status(self) -> dict[str, Any]:
        return {
            "samples": self.seen,
            "total_samples": self.settings.samples,
            "seconds": round(self.seconds, 3),
            "augment_p": self.augmentation.p,
        } | self.means.take()

    def _evaluate(self, record: dict[str, Any]) -> str | None:
        started = time.monotonic()
        scores = self.hooks.evaluate(self.game.average)
        shared = torch.tensor(list(scores.values()), dtype=torch.float64)
        parallel.same_([shared])  # every process must come to the same judgement
        record |= dict(zip(scores, shared.tolist(), strict=True))
        self.seconds += time.monotonic() - started
        self.hooks.log(record)
        return self.guard.after_tick(record, self.seen / self.settings.samples, self.step)

    def _checkpoint(self, record: Mapping[str, Any]) -> None:
        distance = record.get("frechet", float("inf"))
        if distance < self.best:
            self.best, self.best_at = distance, self.seen
        if parallel.rank() == 0:
            tensors, state = self.game.state()
            self.checkpoints.save(self.seen, tensors, state | {"trainer": self._state()})
            self._mark_best()
        parallel.wait()
        self.saved = self.step

    def _mark_best(self) -> None:
        name = f"step-{self.best_at:08d}"
        if name != self.checkpoints.best_name() and name in self.checkpoints.names():
            self.checkpoints.mark_best(self.best_at)

    def _step(self) -> str | None:
        started, s, game = time.monotonic(), self.settings, self.game
        progress = min(1.0, self.seen / s.samples)
        game.set_rate(ramp(progress, s.warmup, s.decay, s.rate_final) * 0.5**self.rollbacks)
        turns = s.discriminator_steps
        for turn in range(self.step * turns, (self.step + 1) * turns):
            taught = turn == (self.step + 1) * turns - 1 and progress >= s.lead
            hands = self.dealer.deal(
                game.generator, game.device, turn, self.rollbacks, self.augmentation.p, graph=taught
            )
            rng = torch_generator(self.seed, "penalty", turn, device=game.device)
            watched = game.discriminator_turn(hands, penalties(s, turn, progress, 2.0**self.rollbacks), rng)
        if taught:
            watched |= game.generator_turn(hands)
            game.update_average(ema_decay(s.batch, self.seen, s.ema_half_life * s.samples, s.ema_rampup))
        row = torch.stack(list(watched.values()))
        parallel.average_([row])
        numbers = dict(zip(watched, row.tolist(), strict=True))
        self.step += 1
        self.means.add(numbers)
        self.augmentation.watch(numbers["lead"], s.batch)
        self.seconds += time.monotonic() - started
        return self.guard.after_step(numbers)

    def _roll_back(self, reason: str) -> None:
        self.rollbacks += 1
        record = {"samples": self.seen, "event": "rollback", "reason": reason}
        stop = self.rollbacks > self.settings.rollbacks
        checkpoint = None if stop else self.checkpoints.newest()
        if checkpoint is None:
            self.hooks.log(record | {"event": "stopped", "action": "stopped; the last good checkpoint is kept"})
            raise given_up(reason, self.rollbacks - 1)
        attempt = self.rollbacks
        self._restore(checkpoint)
        self.rollbacks = attempt
        action = f"back to {checkpoint.samples} samples; rate x {0.5**attempt:g}, penalty x {2**attempt}"
        self.hooks.log(record | {"action": action})

    def _state(self) -> dict[str, Any]:
        return {
            "step": self.step, "rollbacks": self.rollbacks, "seconds": self.seconds,
            "best": self.best, "best_at": self.best_at,
            "augmentation": self.augmentation.state(), "guard": self.guard.state(), "means": self.means.state(),
        }  # fmt: skip

    def _restore(self, checkpoint: Checkpoint) -> None:
        self.game.load(checkpoint.tensors, checkpoint.state)
        state = checkpoint.state["trainer"]
        self.step, self.rollbacks, self.seconds = state["step"], state["rollbacks"], state["seconds"]
        self.best, self.best_at = float(state["best"]), int(state["best_at"])
        if parallel.rank() == 0:
            self._mark_best()  # a kill may have come between the checkpoint and its mark
        self.augmentation.load(state["augmentation"])
        self.guard.load(state["guard"])
        self.means.load(state["means"])
        self.saved = self.step
