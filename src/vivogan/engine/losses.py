"""What the two players want: pure functions of logits.

Every objective is a pair of functions of the logits of real and generated samples, ``real`` and ``fake``, both [B];
each returns the scalar that its player minimises. A new objective is one more entry of ``OBJECTIVES``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import relu, softplus

Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Objective:
    """The losses of both players; ``paired`` when the generator's loss also looks at the real logits."""

    discriminator: Loss
    generator: Loss
    paired: bool = False


OBJECTIVES: dict[str, Objective] = {
    # Goodfellow et al. 2014, the heuristic of section 3.
    "non-saturating": Objective(
        lambda real, fake: softplus(-real).mean() + softplus(fake).mean(),
        lambda real, fake: softplus(-fake).mean(),
    ),
    # Jolicoeur-Martineau 2018; with R1 + R2 it converges locally (Huang et al. 2024, "R3GAN").
    "relativistic": Objective(
        lambda real, fake: softplus(fake - real).mean(),
        lambda real, fake: softplus(real - fake).mean(),
        paired=True,
    ),
    # Lim and Ye 2017; Miyato et al. 2018.
    "hinge": Objective(
        lambda real, fake: relu(1 - real).mean() + relu(1 + fake).mean(),
        lambda real, fake: -fake.mean(),
    ),
    # Arjovsky et al. 2017; the critic must be kept 1-Lipschitz by a penalty.
    "wasserstein": Objective(
        lambda real, fake: fake.mean() - real.mean(),
        lambda real, fake: -fake.mean(),
    ),
    # Mao et al. 2017, with the labels 0, 1 and 1.
    "least-squares": Objective(
        lambda real, fake: 0.5 * (real - 1).square().mean() + 0.5 * fake.square().mean(),
        lambda real, fake: 0.5 * (fake - 1).square().mean(),
    ),
}
