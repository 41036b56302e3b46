"""From a data set and a budget to every hyper-parameter of a run on expression."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import torch
from pydantic import Field

from vivogan.core.budget import Budget
from vivogan.domains.base import Plan
from vivogan.domains.expression.codec import ExpressionCodec
from vivogan.domains.expression.components import Components
from vivogan.domains.expression.discriminator import ExpressionDiscriminator
from vivogan.domains.expression.generator import ExpressionGenerator
from vivogan.domains.expression.likelihood import LikelihoodSettings
from vivogan.engine.game import Game
from vivogan.engine.settings import GameSettings
from vivogan.engine.speed import samples_per_second

Count = Annotated[int, Field(ge=1)]
START_SHARE, LOOKS_SHARE = 0.5, 0.1  # of a time budget goes to the likelihood, and to looking at the held-out part
TIMES = 16  # as many cells for the likelihood as for the game
IMBALANCE = 5.0
TRAINED = 0.7  # of the cells are learned from
CELLS_A_FACTOR = 16  # training cells that a factor needs
LOOKS = 5  # at the held-out part in a game
PASSES = 15  # through the training cells in a game, where time would allow more, which brings nothing

GAME = GameSettings(
    objective="relativistic",
    r1=1.0,
    r2=1.0,
    penalty_every=4,
    learning_rate=2e-5,
    learning_rate_discriminator=2e-4,
    batch=128,
    lead=0.3,
    augment="fixed",
    augment_p=0.5,
    ema_half_life=0.05,
    decay=0.5,
    clip=1.0,
)


class ExpressionPlan(Plan):
    """The plan of a run on expression."""

    game: GameSettings = GAME
    likelihood: LikelihoodSettings = LikelihoodSettings()
    factors: Annotated[int, Field(ge=1, le=512)] = 32  # numbers of a cell's state
    cells: Count = 8192  # training cells that states are learned of and drawn around, at most
    discriminator_width: Count = 256
    pack: Count = 4  # cells that the discriminator sees together


def plan_for(
    fingerprint: Mapping[str, Any], budget: Budget, device: str, asked: ExpressionPlan | None = None
) -> ExpressionPlan:
    """Choose every hyper-parameter; a time becomes seconds of the likelihood and samples of the game, by playing a few
    steps on this machine, and is not used up where a longer game would bring nothing."""
    chosen = ExpressionPlan() if asked is None else asked
    count, genes = max(1, int(TRAINED * fingerprint["count"])), int(fingerprint["modelled"])
    factors = max(1, min(chosen.factors, count // CELLS_A_FACTOR, genes // 2))
    draft = chosen.model_copy(update={"factors": factors})
    counts = list(fingerprint.get("classes", {}).values())
    balance = 1.0 if counts and max(counts) > IMBALANCE * min(counts) else 0.0
    likelihood = draft.likelihood
    if budget.samples is not None:
        samples = budget.samples
        epochs = min(likelihood.epochs, max(1, TIMES * samples // count))
        likelihood = likelihood.model_copy(update={"epochs": epochs})
    else:
        seconds = float(budget.seconds or 0)
        likelihood = likelihood.model_copy(update={"seconds": START_SHARE * seconds})
        speed = measured_speed(draft, genes, max(1, len(counts)), device)
        in_time = int((1 - START_SHARE - LOOKS_SHARE) * seconds * speed)
        samples = max(draft.game.batch, min(in_time, PASSES * count))
    tick = max(draft.game.batch, samples // LOOKS)
    game = draft.game.model_copy(update={"samples": samples, "tick": tick, "balance": balance})
    return draft.model_copy(update={"game": game, "likelihood": likelihood})


def networks(
    codec: ExpressionCodec, classes: int, plan: ExpressionPlan
) -> tuple[ExpressionGenerator, ExpressionDiscriminator]:
    """The two players that a plan describes."""
    cells = max(classes, min(codec.cells, plan.cells))
    return (
        ExpressionGenerator(len(codec.genes), classes, plan.factors, cells),
        ExpressionDiscriminator(codec.components, classes, plan.discriminator_width, plan.pack),
    )


def measured_speed(plan: ExpressionPlan, genes: int, classes: int, device: str) -> float:
    """Samples a second of this plan's game on this machine."""
    x = (torch.arange(256 * genes) % 7 == 0).float().view(256, genes)
    codec = ExpressionCodec([str(i) for i in range(genes)], len(x), Components.fit(x))
    generator, discriminator = networks(codec, classes, plan)
    generator.factors.keep(
        torch.zeros(classes, plan.factors), torch.ones(classes, plan.factors), torch.zeros(classes) + 6,
        torch.arange(classes), 0,
    )  # fmt: skip
    game = Game(generator, discriminator, plan.game, device)
    return samples_per_second(game, x, torch.arange(len(x)) % classes, 8, 2)
