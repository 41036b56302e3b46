"""How fast the engine plays, as ratios within one process.

    make bench NAME=engine_throughput

A pair of 0.66 M parameters at 32² with R1 + R2, batch 64. *Plain* is the same mathematics as a first implementation
writes it: float32, NCHW, both penalties at every step, the discriminator's weight gradients also taken in the
generator's turn. The ratio is split into what laziness and what layout, precision and frozen weights bring. Rounds
alternate, so a busy neighbour slows all arms alike; medians.
"""

from __future__ import annotations

import resource
import time

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.record import write_result
from vivogan.core import machine
from vivogan.core.seeds import torch_generator
from vivogan.domains.images.networks import ImageDiscriminator, ImageGenerator
from vivogan.engine.dealer import Dealer, TrainingSet
from vivogan.engine.game import Game
from vivogan.engine.losses import OBJECTIVES
from vivogan.engine.sampler import sample
from vivogan.engine.settings import GameSettings
from vivogan.engine.step import Penalties, discriminator_loss, generator_loss

BATCH, ROUNDS, STEPS = 64, 9, 8
SETTINGS = GameSettings(objective="relativistic", r1=0.5, r2=0.5, penalty_every=8)


def pair() -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(0)
    return ImageGenerator(32, 3, 8), ImageDiscriminator(32, 3, 8)


class Ours:
    """The engine's own step."""

    def __init__(self, every: int) -> None:
        self.every = every
        self.game = Game(*pair(), SETTINGS)
        x = torch.rand(1024, 3, 32, 32) * 2 - 1
        self.dealer = Dealer(TrainingSet(x, torch.arange(1024) % 8), SETTINGS, 0, lambda x, rng: x, lambda x, p, rng: x)
        self.rng = torch_generator(0)

    def step(self, i: int) -> None:
        hands = self.dealer.deal(self.game.generator, "cpu", i, 0, 0.0, graph=True)
        penalties = Penalties() if i % self.every else Penalties(SETTINGS.r1 * self.every, SETTINGS.r2 * self.every)
        self.game.discriminator_turn(hands, penalties, self.rng)
        self.game.generator_turn(hands)
        self.game.update_average(0.99)


class Plain:
    """The step as a first implementation writes it."""

    def __init__(self) -> None:
        self.generator, self.discriminator = pair()
        self.average = pair()[0]
        self.optimizers = [
            torch.optim.Adam(n.parameters(), 1e-3, (0.0, 0.99)) for n in (self.generator, self.discriminator)
        ]
        self.x, self.y = torch.rand(1024, 3, 32, 32) * 2 - 1, torch.arange(1024) % 8
        self.rng = torch_generator(0)

    def step(self, i: int) -> None:
        rows = torch.randint(1024, (BATCH,))
        real, condition = self.x[rows], self.y[rows]
        objective = OBJECTIVES["relativistic"]
        with torch.no_grad():
            fake = self.generator(torch.randn(BATCH, self.generator.latent_dim), condition)
        penalties = Penalties(SETTINGS.r1, SETTINGS.r2)
        loss, _ = discriminator_loss(self.discriminator, objective, penalties, real, fake, condition, self.rng)
        self._update(1, loss)
        fake = self.generator(torch.randn(BATCH, self.generator.latent_dim), condition)
        loss, _ = generator_loss(self.discriminator, objective, real, fake, condition)
        self._update(0, loss)
        with torch.no_grad():
            for mean, value in zip(self.average.parameters(), self.generator.parameters(), strict=True):
                mean.lerp_(value, 0.01)

    def _update(self, which: int, loss: Tensor) -> None:
        self.optimizers[which].zero_grad()
        loss.backward()
        self.optimizers[which].step()


def seconds(arm: Ours | Plain) -> float:
    started = time.perf_counter()
    for i in range(STEPS):
        arm.step(i)
    return time.perf_counter() - started


def main() -> None:
    started = time.monotonic()
    threads = machine.free_threads()
    torch.set_num_threads(threads)
    arms: dict[str, Ours | Plain] = {"ours": Ours(8), "every step": Ours(1), "plain": Plain()}
    for arm in arms.values():
        seconds(arm)
    times = {name: np.array([]) for name in arms}
    for _ in range(ROUNDS):
        for name, arm in arms.items():
            times[name] = np.append(times[name], seconds(arm))
    rate = BATCH * STEPS / times["ours"]
    ratio, layout = times["plain"] / times["ours"], times["plain"] / times["every step"]
    generator = pair()[0].eval()
    sample(generator, 0, np.arange(640), lambda rows: torch.from_numpy(rows % 8))
    made = []
    for r in range(5):
        tick = time.perf_counter()
        sample(generator, r, np.arange(2560), lambda rows: torch.from_numpy(rows % 8))
        made.append(2560 / (time.perf_counter() - tick))
    parameters = sum(p.numel() for n in pair() for p in n.parameters())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    bf16 = "bfloat16 in hardware" if machine.bf16_is_fast("cpu") else "no bfloat16 in hardware: float32"

    def row(what: str, values: np.ndarray, goal: float | None, note: str) -> dict[str, object]:
        found = {
            "what": what,
            "value": float(np.median(values)),
            "low": float(values.min()),
            "high": float(values.max()),
            "better": "higher",
            "note": note,
        }
        return found | ({} if goal is None else {"goal": goal})

    note = f"{parameters / 1e6:.2f} M parameters, 32², batch {BATCH}, R1 + R2, {threads} threads, {bf16}"
    rows = [
        row("images a second in training", rate, 200, note),
        row(
            "ratio to the plain float32 NCHW step",
            ratio,
            1.6,
            "penalties at every 8th step, channels last, one generator pass",
        ),
        row(
            "the same with penalties at every step",
            layout,
            None,
            "what layout, precision and frozen weights bring alone",
        ),
        row("images a second in generation", np.array(made), 2500, "latents included"),
        {"what": "peak memory (MiB)", "value": peak, "better": "lower", "note": "whole process, all three arms"},
    ]
    write_result("engine_throughput", rows, [0], time.monotonic() - started)


if __name__ == "__main__":
    main()
