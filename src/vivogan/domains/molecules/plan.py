"""From a data set and a budget to every hyper-parameter of a run on molecules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from vivogan.core.budget import Budget
from vivogan.core.configuration import Settings
from vivogan.domains.base import Plan
from vivogan.domains.likelihood import LikelihoodSettings
from vivogan.domains.molecules.latent_plan import GraphSettings, LatentSettings
from vivogan.engine.settings import GameSettings

Count = Annotated[int, Field(ge=1)]
START_SHARE, LOOKS_SHARE = 0.85, 0.05  # of a time budget goes to the likelihood, and to looking at the held-out part
TIMES = 8  # as many records for the likelihood as for the game: one costs about that much less there
IMBALANCE = 5.0
LOOKS = 5  # at the held-out part in a game

GAME = GameSettings(
    objective="relativistic",
    r1=0.1,
    r2=0.1,
    penalty_every=4,
    learning_rate=5e-5,
    learning_rate_discriminator=5e-4,
    batch=128,
    lead=0.4,
    augment="fixed",
    augment_p=0.3,
    anchor=1.0,
    ema_half_life=0.05,
    decay=0.5,
    clip=1.0,
)


class LanguageSettings(Settings):
    """How molecules are spelt and how large the language model is."""

    notation: Literal["selfies", "smiles"] = "smiles"
    merges: Annotated[int, Field(ge=0)] = 100  # frequent neighbours that become one token
    width: Count = 512
    layers: Count = 1
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    order: Literal["canonical", "random"] = "canonical"  # of the atoms in a molecule's string
    temperature: Annotated[float, Field(gt=0)] = 1.0  # of what is drawn; above 1 more varied, farther from the data
    variants: Count = 1  # random orders in which each molecule is learned
    discriminator_width: Count = 96
    pretrain: str | None = None  # a file of many molecules to learn the language from before one's own
    pretrain_epochs: Count = 4


class MoleculePlan(Plan):
    """The plan of a run on molecules."""

    model: Literal["language", "latent", "graph"] = "language"
    game: GameSettings = GAME
    likelihood: LikelihoodSettings = LikelihoodSettings(epochs=12, batch=128, rate=3e-3, average=0.2)
    language: LanguageSettings = LanguageSettings()
    latent: LatentSettings = LatentSettings()
    graph: GraphSettings = GraphSettings()


def lengths(
    plan: MoleculePlan, fingerprint: Mapping[str, Any], budget: Budget, speed: Callable[[], float]
) -> MoleculePlan:
    """The plan with the epochs and samples that a budget stands for, and classes balanced where they are not.

    ``speed`` measures the samples a second of the game on this machine; asked where the budget is a time.
    """
    counts = list(fingerprint.get("classes", {}).values())
    balance = 1.0 if counts and max(counts) > IMBALANCE * min(counts) else 0.0
    count = max(1, int(0.7 * fingerprint["count"]))
    if budget.samples is not None:
        samples = budget.samples
        epochs = min(plan.likelihood.epochs, max(1, TIMES * samples // count))
        start = plan.likelihood.model_copy(update={"epochs": epochs})
    else:
        seconds = float(budget.seconds or 0)
        start = plan.likelihood.model_copy(update={"seconds": START_SHARE * seconds, "epochs": 1000})
        samples = max(plan.game.batch, int((1 - START_SHARE - LOOKS_SHARE) * seconds * speed()))
    tick = max(plan.game.batch, samples // LOOKS)
    game = plan.game.model_copy(update={"samples": samples, "tick": tick, "balance": balance})
    return plan.model_copy(update={"game": game, "likelihood": start})
