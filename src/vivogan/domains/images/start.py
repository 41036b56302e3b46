"""Start at the baseline: before the game the generator learns to be the principal-component sampler, and a little better."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vivogan.core.seeds import numpy_generator, torch_generator
from vivogan.domains.images.baselines import PrincipalGaussian


def latents_of(x: Tensor, y: NDArray[np.intp], dim: int) -> Tensor:
    """Whitened principal components [n, dim] of images x [n, C, H, W] within their class y [n]: about N(0, I) over each class.

    Classes with fewer images than ``dim`` have fewer components; the rest stays zero.
    """
    z = torch.zeros(len(x), dim)
    for k, (mean, factor) in PrincipalGaussian(dim).fit(x, y).models.items():
        rows = torch.from_numpy(np.flatnonzero(y == k))
        scale = factor.square().sum(1)  # variances of the components
        use = scale > 1e-6 * scale.max()
        z[rows[:, None], torch.arange(len(scale))[use]] = (
            (x[rows].flatten(1).float() - mean) @ factor[use].T / scale[use]
        )
    return z


def warm_start(
    generator: nn.Module, x: Tensor, y: NDArray[np.intp], steps: int, seed: int, batch: int = 64, rate: float = 2e-3
) -> None:
    """Regress the generator on training images from their own principal components (least squares), in place.

    Fed with N(0, I) it then draws what the principal-component Gaussian draws, through convolutions; every mode of the data has its
    place in the latent space before the game begins.
    """
    z = latents_of(x, y, int(generator.latent_dim))
    labels = torch.from_numpy(y)
    optimizer = torch.optim.Adam(generator.parameters(), rate, (0.5, 0.99))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / (steps + 1))
    draw, rng = numpy_generator(seed, "warm start"), torch_generator(seed, "warm start")
    generator.train()
    for _ in range(steps):
        rows = torch.from_numpy(draw.integers(len(x), size=batch))
        # Components that are zero for a small class are filled, so that they come to mean nothing.
        latent = torch.where(z[rows] == 0, torch.randn(len(rows), z.shape[1], generator=rng), z[rows])
        loss = (generator(latent, labels[rows]) - x[rows].float()).square().mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
