"""Every hyper-parameter of the game; a domain's plan fills it in, the user may override any field."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from vivogan.core.configuration import Settings

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Weight = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]


class GameSettings(Settings):
    """Lengths are counted in samples: the real samples shown to the discriminator."""

    samples: Count = 100_000  # the whole run
    tick: Count = 10_000  # between two looks at the held-out part
    batch: Count = 64
    accumulate: Count = 1  # micro-batches a step
    discriminator_steps: Count = 1  # a generator step
    lead: Share = (
        0.0  # of the run, at its start, in which the discriminator learns alone: for generators that start well
    )

    objective: Literal["non-saturating", "relativistic", "hinge", "wasserstein", "least-squares"] = "non-saturating"
    r1: Weight = 0.5  # γ of the penalty γ/2 ‖∇D‖² at real samples
    r2: Weight = 0.0  # the same at generated samples
    gradient_penalty: Weight = 0.0  # λ of WGAN-GP
    penalty_every: Count = 8  # lazily: every k steps, k times as strong (Karras et al. 2020)
    penalty_final: Positive = 1.0  # γ at the end of the run, as a multiple of γ at its start

    learning_rate: Positive = 1e-3
    learning_rate_discriminator: Positive | None = None  # the generator's own when absent
    beta1: Share = 0.0
    beta2: Share = 0.99
    warmup: Share = 0.0  # share of the run in which the rate rises
    decay: Share = 0.5  # last share of the run, in which the rate falls
    rate_final: Share = 0.2  # to this multiple
    clip: Weight = 0.0  # largest gradient norm; 0: none
    anchor: Weight = 0.0  # weight of the generator's own loss on real samples (``generator.anchor``); 0: none

    ema_half_life: Share = 0.02  # of the run
    ema_rampup: Positive = 0.05  # half-life is at most this multiple of the samples seen so far

    augment: Literal["none", "fixed", "adaptive"] = "none"
    augment_p: Share = 0.0  # strength of "fixed", first strength of "adaptive"
    augment_target: Share = 0.6  # of the share of pairs ranked right, scaled to −1…1, that the controller holds
    augment_samples: Count = 100_000  # from p = 0 to 1
    balance: Share = 0.0  # 0: classes as frequent as in the data; 1: equally frequent

    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    rollbacks: Annotated[int, Field(ge=0)] = 3  # how often the guard may roll back before it stops the run
