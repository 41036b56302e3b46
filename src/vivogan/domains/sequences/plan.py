"""From a data set and a budget to every hyper-parameter of a sequence run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import torch
from pydantic import Field

from vivogan.core.budget import Budget
from vivogan.domains.base import Plan
from vivogan.domains.likelihood import LikelihoodSettings
from vivogan.domains.sequences.alphabets import ALPHABETS
from vivogan.domains.sequences.codec import LONGEST, SequenceCodec
from vivogan.domains.sequences.discriminator import SequenceDiscriminator
from vivogan.domains.sequences.generator import Parts, SequenceGenerator
from vivogan.domains.sequences.likelihood import SMOOTH
from vivogan.domains.sequences.style import Style
from vivogan.domains.sequences.subfamily import Subfamily
from vivogan.engine.game import Game
from vivogan.engine.settings import GameSettings
from vivogan.engine.speed import samples_per_second

Count = Annotated[int, Field(ge=1)]
START_SHARE, LOOKS_SHARE = 0.6, 0.06  # of a time budget goes to the likelihood, and to looking at the held-out part
STYLED_LENGTH, STYLED_SYMBOLS = 100, 6  # sequences at least so long, of so few symbols, get a style
IMBALANCE = 5.0


GAME = GameSettings(
    objective="relativistic",
    r1=0.3,
    r2=0.3,
    penalty_every=4,
    learning_rate=1e-4,
    learning_rate_discriminator=5e-4,
    batch=64,
    lead=0.5,
    augment="fixed",
    augment_p=0.5,
    anchor=1.0,
    ema_half_life=0.05,
    decay=0.5,
    clip=1.0,
)


class SequencePlan(Plan):
    """The plan of a sequence run."""

    game: GameSettings = GAME
    # What the logits of the generator are the sum of:
    order: Annotated[int, Field(ge=1, le=8)] = 5  # of the back-off table
    width: Annotated[int, Field(ge=0, le=1024)] = 128  # of the recurrent layer; 0: none
    style: bool = True
    coupled: bool = False
    smooth: Annotated[float, Field(ge=0)] = 4.0  # places over which the profile is averaged
    discriminator_width: Count = 64
    both_strands: bool = False
    likelihood: LikelihoodSettings = LikelihoodSettings()


def plan_for(fingerprint: Mapping[str, Any], budget: Budget, device: str) -> SequencePlan:
    """Choose every hyper-parameter; a time budget becomes epochs and samples by playing a few steps on this machine."""
    aligned, coding = fingerprint["layout"] == "aligned", fingerprint["layout"] == "coding"
    symbols = 65 if coding else len(ALPHABETS[fingerprint["alphabet"]].letters) + 1
    length = min(LONGEST, fingerprint["length"]["max"]) // (3 if coding else 1)
    draft = SequencePlan(
        order={True: 5, False: 2}[symbols <= STYLED_SYMBOLS] if symbols < 65 else 1,
        style=aligned or (length >= STYLED_LENGTH and symbols <= STYLED_SYMBOLS),
        coupled=aligned,
        width=0 if aligned else 128,
        smooth=0.0 if aligned else SMOOTH,
        both_strands=bool(fingerprint.get("both_strands")),
    )
    counts = list(fingerprint["classes"].values())
    balance = 1.0 if counts and max(counts) > IMBALANCE * min(counts) else 0.0
    count = int(0.7 * fingerprint["count"])
    if budget.samples is not None:
        samples, start = budget.samples, draft.likelihood.model_copy(update={"epochs": _epochs(budget.samples, count)})
    else:
        seconds = float(budget.seconds or 0)
        start = draft.likelihood.model_copy(update={"seconds": START_SHARE * seconds})
        speed = measured_speed(draft, symbols, length, device)
        samples = max(GAME.batch, int((1 - START_SHARE - LOOKS_SHARE) * seconds * speed))
    tick = max(GAME.batch, samples // 10)
    game = draft.game.model_copy(update={"samples": samples, "tick": tick, "balance": balance})
    return draft.model_copy(update={"game": game, "likelihood": start})


def _epochs(samples: int, count: int) -> int:
    """As many records for the likelihood as for the game, at least one epoch."""
    return int(min(LikelihoodSettings().epochs, max(1, samples // max(1, count))))


def networks(codec: SequenceCodec, classes: int, plan: SequencePlan) -> tuple[SequenceGenerator, SequenceDiscriminator]:
    """The two players that a plan describes."""
    symbols = len(codec.symbols)
    style = _style(symbols, codec.length, classes, plan)
    parts = Parts(symbols, codec.length, classes, plan.order, plan.width, style, plan.coupled)
    return (
        SequenceGenerator(parts, codec.follows, codec.last),
        SequenceDiscriminator(symbols, codec.length, classes, plan.discriminator_width, codec.aligned),
    )


def _style(symbols: int, length: int, classes: int, plan: SequencePlan) -> Style | Subfamily | None:
    if not plan.style:
        return None
    return Subfamily(symbols, length, classes) if plan.coupled else Style(symbols, length, classes)


def measured_speed(plan: SequencePlan, symbols: int, length: int, device: str) -> float:
    """Samples a second of this plan's game on this machine."""
    x = torch.nn.functional.one_hot(torch.arange(256 * length) % symbols, symbols).float()
    everything = torch.ones(symbols + 1, symbols, dtype=torch.bool)
    style = _style(symbols, length, 1, plan)
    generator = SequenceGenerator(
        Parts(symbols, length, 1, plan.order, plan.width, style, plan.coupled), everything, everything[0]
    )
    game = Game(
        generator, SequenceDiscriminator(symbols, length, 1, plan.discriminator_width, plan.coupled), plan.game, device
    )
    return samples_per_second(
        game, x.view(256, length, symbols).transpose(1, 2), torch.zeros(256, dtype=torch.long), 4, 1
    )
