"""What the user may say about the pictures to imagine, and every hyper-parameter of imagining them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from vivogan.core.configuration import Settings
from vivogan.engine.settings import GameSettings

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Kind = Literal["fluorescence", "brightfield"]


class HarvestSettings(Settings):
    """How lone objects are cut out of images, and how long crowds of them are played for."""

    faint: Positive = 0.12  # height of the faintest peak, of the brightest ones
    alone: Positive = 2.0  # radii between a lone blob and the next peak
    reach: Positive = 2.0  # radii that are cut out
    tried: Count = 3000  # crowds drawn to find how objects stand together
    rounds: Annotated[int, Field(ge=0)] = 0  # of a game after the statistics; it brought nothing where measured


class PainterSettings(Settings):
    """Every hyper-parameter of the painter."""

    side: Annotated[int, Field(ge=16)] = 64  # of the crops that the game is played with
    crops: Annotated[int, Field(ge=1)] = 3000
    width: Annotated[int, Field(ge=4)] = 24
    sigma: Positive = 3.0  # of the blob that stands for a dot, in pixels
    latent_dim: Annotated[int, Field(ge=1)] = 16
    start: Annotated[int, Field(ge=0)] = 300  # steps of regression before the game
    unlabelled: Annotated[float, Field(ge=0, le=1)] = 0.3  # share of the game's crops that nobody annotated
    game: GameSettings = GameSettings(
        samples=16 * 900,
        batch=16,
        learning_rate=5e-4,
        learning_rate_discriminator=2e-3,
        r1=0.05,
        ema_half_life=0.05,
        warmup=0.02,
    )


class ClassDescription(Settings):
    """One class of objects: how frequent, and how large beside ``SceneDescription.diameter``."""

    name: str = "object"
    share: Positive = 1.0  # relative to the shares of the other classes
    scale: Positive = 1.0


class SceneDescription(Settings):
    """What is known of the pictures; what is left out is found by the fit, or drawn from wide ranges."""

    kind: Kind | None = None  # bright objects on dark ground, or dark and coloured ones on bright ground
    count: tuple[int, int] | None = None  # objects in a generated image, from … to
    diameter: tuple[float, float] | None = None  # pixels
    elongation: tuple[float, float] | None = None  # long axis / short axis
    irregularity: tuple[float, float] | None = None  # of outlines: 0 ellipses, 0.25 blots
    clustering: tuple[float, float] | None = None  # share of the objects that touch a neighbour
    overlap: tuple[float, float] | None = None  # of touching neighbours: 0 side by side, 0.5 half hidden
    classes: tuple[ClassDescription, ...] = (ClassDescription(),)


class SceneSettings(Settings):
    """Every hyper-parameter of ``imagine``."""

    kind: Literal["auto", "fluorescence", "brightfield"] = "auto"
    crop: Count = 128  # side of the pieces of images that are compared, in pixels
    prior: Count = 1200  # pictures drawn from the prior, of which those like the real ones begin
    particles: Count = 200
    rounds: Annotated[int, Field(ge=0)] = 6  # of the game; 0: the summary statistics alone decide
    discriminator_steps: Count = 60  # a round
    batch: Count = 16  # real and as many simulated crops a step
    learning_rate: Positive = 2e-3
    r1: Annotated[float, Field(ge=0)] = 0.1
    temperature: Positive = 1.0  # particles weigh exp(logit / temperature)
    survivors: Share = 0.4  # effective share of the particles that a round leaves at least
    search: Positive = 0.15  # standard deviation of the first step about a real crop's nearest, in the unit cube
    stride: Positive = 0.2  # of a particle's step in the game, in the population's standard deviations
    jitter: Annotated[float, Field(ge=0)] = (
        0.02  # standard deviation in the unit cube of what is drawn about a particle
    )
    matching: Share = 0.5  # of the histogram matching: 0 none, 1 the full histogram of a real image
    composition: Share = 1.0  # share of images composed of annotated objects, where outlines were drawn
    harvested: Share = 1.0  # share of the other images composed of lone objects, where enough stand alone
    harvest: HarvestSettings = HarvestSettings()
    painted: Share = 0.0  # share of the images that a conditional generator paints anew, where some are annotated
    painter: PainterSettings = PainterSettings()
    edges: Literal["auto", "cut", "centres"] = "auto"  # objects of cut ones: all that show, or centres inside
