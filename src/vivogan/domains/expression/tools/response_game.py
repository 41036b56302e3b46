"""The game of a response: control cells are moved, and a discriminator of stimulated cells says what is still wrong.

The generator starts at the kriged shift of each type, predicted from the *other* types, as it will be for the type that
was left out; so what the game corrects is the error of predicting an unseen type. The correction depends on the cell's
state and on chance, not on the type's name: log share of gene j += Σₖ hₖ(state, z) Lₖⱼ + σⱼ ε.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from vivogan.core.configuration import Settings
from vivogan.core.seeds import derive, torch_generator
from vivogan.domains.expression.tools.induction import moved
from vivogan.domains.expression.tools.normalise import SCALE
from vivogan.engine.losses import OBJECTIVES
from vivogan.engine.step import Penalties, discriminator_loss, generator_loss

HELD = 32  # cells of a type whose correction is held small


class ResponsePlan(Settings):
    """Every setting of the game."""

    genes: int = 400  # that respond most; the others stay at the start
    states: int = 10  # principal components of control cells that are a cell's state
    patterns: int = 8  # directions L of the correction
    noise: int = 4  # chance that a cell's response varies by
    hidden: int = 32
    width: int = 128  # of the discriminator
    packed: int = 4  # cells it looks at together
    batch: int = 32  # packs
    steps: int = 400
    rate: float = 1e-3
    rate_spread: float = 1e-2  # of log σ
    rate_discriminator: float = 1e-3
    gamma: float = 1.0  # of R1 and R2
    hold: float = 0.02  # weight of the squared mean correction
    spread: float = 0.1  # σ at the start
    half_life: float = 50.0  # steps, of the average over the generator's weights
    largest: float = 3.0  # log units that a correction may reach


@dataclass(frozen=True)
class Side:
    """Cells of one type in the responding genes: ``counts`` [m, r], ``library`` [m], ``state`` [m, states].

    ``old`` and ``new`` [r] are the shares before and after, at the start; ``real`` [q, r] counts of its stimulated
    cells with ``real_library`` [q].
    """

    counts: Tensor
    library: Tensor
    state: Tensor
    old: Tensor
    new: Tensor
    real: Tensor
    real_library: Tensor


class Correction(nn.Module):
    """What the game adds to the start; nothing but noise before it was played."""

    def __init__(self, patterns: Tensor, states: int, plan: ResponsePlan) -> None:
        super().__init__()
        self.noise, self.largest = plan.noise, plan.largest
        # How much of what was learned is applied: to the mean of cells in a state, and of what differs by chance.
        self.strength, self.chance = 1.0, 1.0
        self.patterns: Tensor
        self.register_buffer("patterns", patterns)  # K x r
        self.inner = nn.Linear(states + plan.noise, plan.hidden)
        self.outer = nn.Linear(plan.hidden, len(patterns))
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)
        self.spread = nn.Parameter(torch.full((patterns.shape[1],), float(np.log(plan.spread))))

    def move(self, state: Tensor, z: Tensor) -> Tensor:
        """Log factors [m, r] of cells with state [m, s] and chance z [m, noise], bounded."""
        expected, drawn = self._factors(state, torch.zeros_like(z)), self._factors(state, z)
        return self.strength * expected + self.chance * (drawn - expected)

    def _factors(self, state: Tensor, z: Tensor) -> Tensor:
        found = self.outer(silu(self.inner(torch.cat([state, z], 1)))) @ self.patterns
        return self.largest * torch.tanh(found / self.largest)

    def forward(self, state: Tensor, z: Tensor, own: Tensor) -> Tensor:
        """The same with each gene's own chance [m, r], whose mean factor is 1."""
        spread = self.chance * self.spread.exp()
        return self.move(state, z) + spread * own - spread.square() / 2


class Judge(nn.Module):
    """Packs of cells of one type → a logit; projection onto the type (Miyato and Koyama 2018)."""

    def __init__(self, genes: int, types: int, plan: ResponsePlan) -> None:
        super().__init__()
        self.cell = nn.Sequential(nn.Linear(genes, plan.width), nn.SiLU())
        self.pack = nn.Sequential(nn.Linear(plan.width * plan.packed, plan.width), nn.SiLU())
        self.whole, self.kind = nn.Linear(plan.width, 1), nn.Embedding(types, plan.width)

    def forward(self, x: Tensor, y: Tensor | None) -> Tensor:
        """x [B, packed, r] log-normalised and standardised, y [B] types; logits [B]."""
        inside = self.pack(self.cell(x).flatten(1))
        assert y is not None
        return self.whole(inside)[:, 0] + (inside * self.kind(y)).sum(1) / inside.shape[1] ** 0.5


def responding(correction: Correction, side: Side, rows: Tensor, generator: torch.Generator) -> Tensor:
    """Counts [m, r] of the cells ``rows`` after the response."""
    z = torch.randn(len(rows), correction.noise, generator=generator)
    own = torch.randn(len(rows), len(side.new), generator=generator)
    new = side.new * correction(side.state[rows], z, own).exp()
    return moved(side.counts[rows], side.library[rows], side.old, new.clamp(max=0.5), generator)


def played(sides: list[Side], patterns: Tensor, plan: ResponsePlan, seed: int) -> Correction:
    """The correction after the game on these types."""
    draw = torch_generator(seed, "response")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "response", "weights"))
        correction = Correction(patterns, sides[0].state.shape[1], plan)
        judge = Judge(patterns.shape[1], len(sides), plan)
        average = Correction(patterns, sides[0].state.shape[1], plan)
    average.load_state_dict(correction.state_dict())
    means = torch.stack([_levels(side.real, side.real_library).mean(0) for side in sides]).mean(0)
    widths = torch.stack([_levels(side.real, side.real_library).std(0) for side in sides]).mean(0).clamp_min(0.3)

    def seen(counts: Tensor, library: Tensor) -> Tensor:
        """Packs [b, packed, r] of cells."""
        return ((_levels(counts, library) - means) / widths).unflatten(0, (-1, plan.packed))

    shared = [*correction.inner.parameters(), *correction.outer.parameters()]
    groups = [{"params": shared, "lr": plan.rate}, {"params": [correction.spread], "lr": plan.rate_spread}]
    players = [
        torch.optim.Adam(groups, betas=(0.0, 0.99)),
        torch.optim.Adam(judge.parameters(), lr=plan.rate_discriminator, betas=(0.0, 0.99)),
    ]
    objective, penalties = OBJECTIVES["relativistic"], Penalties(plan.gamma, plan.gamma)
    states = torch.cat([side.state[:HELD] for side in sides])
    weights = torch.tensor([float(len(side.real)) ** 0.5 for side in sides])
    for _ in range(plan.steps):
        y = torch.multinomial(weights, plan.batch, replacement=True, generator=draw)
        real, fake = [], []
        for k in y.unique().tolist():
            side, many = sides[k], int((y == k).sum()) * plan.packed
            rows = torch.randint(len(side.real), (many,), generator=draw)
            real.append(seen(side.real[rows], side.real_library[rows]))
            rows = torch.randint(len(side.counts), (many,), generator=draw)
            fake.append(seen(responding(correction, side, rows, draw), side.library[rows]))
        y = y.sort().values
        shown, made = torch.cat(real), torch.cat(fake)
        loss, _ = discriminator_loss(judge, objective, penalties, shown, made, y, draw)
        _step(players[1], loss)
        loss, _ = generator_loss(judge, objective, shown, made, y)
        _step(
            players[0], loss + plan.hold * correction.move(states, torch.zeros(len(states), plan.noise)).square().mean()
        )
        with torch.no_grad():
            for old, new in zip(average.parameters(), correction.parameters(), strict=True):
                old.lerp_(new, 1 - 0.5 ** (1 / plan.half_life))
    return average.eval().requires_grad_(False)


def _step(player: torch.optim.Optimizer, loss: Tensor) -> None:
    player.zero_grad(set_to_none=True)
    loss.backward()
    player.step()


def _levels(counts: Tensor, library: Tensor) -> Tensor:
    return torch.log1p(counts * (SCALE / library)[:, None])
