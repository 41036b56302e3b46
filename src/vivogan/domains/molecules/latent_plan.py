"""The settings of the latent and of the graph model, and the games that they play."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from vivogan.core.configuration import Settings
from vivogan.domains.likelihood import LikelihoodSettings
from vivogan.engine.settings import GameSettings

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, lt=1)]


class LatentSettings(Settings):
    """The autoencoder, and the players in its latent space."""

    notation: Literal["selfies", "smiles"] = "selfies"
    merges: Annotated[int, Field(ge=0)] = 100  # frequent neighbours that become one token
    size: Count = 32  # numbers a molecule
    noise: Annotated[float, Field(gt=0)] = 1.0  # of the channel between encoder and decoder, in standard deviations
    played: Annotated[float, Field(ge=0)] = 0.7  # noise of the points that the game is about
    width: Count = 512  # of the decoder
    hidden: Share = 0.0  # of the tokens before, that the decoder does not see while it learns
    mixture: Count = 64  # components that the game starts at
    generator_width: Count = 512
    discriminator_width: Count = 512


class GraphSettings(Settings):
    """The players of the graph game."""

    latent: Count = 32  # numbers that a graph is made from
    generator_width: Count = 256
    discriminator_width: Count = 64
    layers: Count = 3  # rounds of messages between bonded atoms


LATENT_LIKELIHOOD = LikelihoodSettings(epochs=6, batch=256, rate=3e-3, average=0.2)

LATENT_GAME = GameSettings(
    objective="relativistic",
    r1=0.02,
    r2=0.02,
    penalty_every=2,
    learning_rate=5e-4,
    batch=256,
    lead=0.1,
    ema_half_life=0.05,
    decay=0.8,
    clip=1.0,
)

GRAPH_LIKELIHOOD = LikelihoodSettings(epochs=20, batch=256, rate=2e-3, average=0.2)

GRAPH_GAME = GameSettings(
    objective="relativistic",
    r1=1.0,
    r2=1.0,
    penalty_every=4,
    learning_rate=5e-4,
    batch=128,
    ema_half_life=0.02,
    decay=0.3,
    clip=1.0,
)
