"""From a data set and a budget to every hyper-parameter (the idea of nnU-Net: fingerprint → plan → train)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import torch
from pydantic import Field

from vivogan.core.budget import Budget
from vivogan.domains.base import Plan
from vivogan.domains.images.networks import ImageDiscriminator, ImageGenerator, nearest_side, sides
from vivogan.engine.game import Game
from vivogan.engine.speed import samples_per_second

Count = Annotated[int, Field(ge=1)]
LARGEST = 128  # side the plan chooses by itself; up to 256 on request
EXTRACTOR_SHARE = 0.12  # of a time budget goes to the features that judge
LOOKS_SHARE = 0.06  # and to looking at the held-out part
# Seconds of 128 images in the feature network over those of 64 samples in a game of the same side.
EXTRACTOR_COST = 1.0
LONGEST_TICK = 50_000  # samples that a kill can cost: some minutes
IMBALANCE = 5.0  # largest class over smallest from which rare classes are shown more often
SMALL = 2000  # training images below which both sides are disturbed alike


class ImagePlan(Plan):
    """The plan of an image run."""

    side: Annotated[int, Field(ge=16, le=256)] = 32
    fit: Literal["resize", "crop", "pad"] = "resize"
    symmetries: tuple[Literal["mirror", "flip", "turn"], ...] = ("mirror", "flip", "turn")
    latent_dim: Count = 64
    generator_width: Count = 64
    discriminator_width: Count = 32
    discriminator_features: Count = 96
    spectral_norm: bool = False  # of the discriminator
    minibatch_deviation: bool = False
    extractor_steps: Count = 500


def recipe(side: int) -> ImagePlan:
    """The game and the networks for a side, chosen in short single-seed trials."""
    deeper = 2 ** max(0, len(sides(side)) - 4)  # from 128 pixels on, the coarse end needs more channels
    return ImagePlan(side=side, generator_width=64 * deeper)


def plan_for(fingerprint: Mapping[str, Any], budget: Budget, device: str) -> ImagePlan:
    """Choose every hyper-parameter; a time budget becomes samples by playing a few steps on this machine."""
    smallest = min(fingerprint["height"]["min"], fingerprint["width"]["min"])
    side = nearest_side(min(LARGEST, max(16, smallest)))
    counts = [n for name, n in fingerprint["classes"].items() if name]
    few = fingerprint["count"] * 0.7 < SMALL
    draft = recipe(side)
    changes = {
        "balance": 1.0 if counts and max(counts) > IMBALANCE * min(counts) else 0.0,
        "augment": "adaptive" if few else "none",
    }
    game = draft.game.model_copy(update=changes)
    draft = draft.model_copy(update={"game": game, "symmetries": tuple(fingerprint["symmetries"])})
    if budget.samples is not None:
        samples, steps = budget.samples, min(1500, max(40, budget.samples // 200))
    else:
        speed = measured_speed(draft, fingerprint["channels"], max(1, len(fingerprint["classes"])), device)
        seconds = float(budget.seconds or 0)
        steps = max(40, int(EXTRACTOR_SHARE * seconds * speed / (64 * EXTRACTOR_COST)))
        steps = min(steps, 2000)
        left = seconds - steps * 64 * EXTRACTOR_COST / speed
        samples = max(game.batch, int(left * (1 - LOOKS_SHARE) * speed))
    tick = max(game.batch, min(samples // 10, LONGEST_TICK))
    settings = game.model_copy(update={"samples": samples, "tick": tick})
    return draft.model_copy(update={"game": settings, "extractor_steps": steps})


def networks(channels: int, classes: int, plan: ImagePlan) -> tuple[ImageGenerator, ImageDiscriminator]:
    """The two players that a plan describes."""
    return (
        ImageGenerator(plan.side, channels, classes, plan.latent_dim, plan.generator_width),
        ImageDiscriminator(
            plan.side,
            channels,
            classes,
            plan.discriminator_width,
            plan.discriminator_features,
            plan.spectral_norm,
            plan.minibatch_deviation,
        ),
    )


def measured_speed(plan: ImagePlan, channels: int, classes: int, device: str) -> float:
    """Samples a second of this plan's game on this machine."""
    game = Game(*networks(channels, classes, plan), plan.game, device)
    x = torch.zeros(256, channels, plan.side, plan.side)
    return samples_per_second(game, x, torch.zeros(256, dtype=torch.long))
