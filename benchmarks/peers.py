"""Published recipes (losses, penalties, optimisers) in reduced networks for 28² images, played by the same engine.

The networks are narrower than the papers' (critics start at 32 channels, the generator is DCGAN-like with 128), and
SNGAN plays one critic step here, not five: recipes are compared at this size, not the papers' own networks.

- SNGAN: Miyato et al. 2018, standard CNN (table 3) with spectral norm, hinge loss, Adam 2e-4, β (0, .9), 1 and 5 critic
steps known; the conditional one (Miyato and Koyama 2018) with projection and 5.
- WGAN-GP: Gulrajani et al. 2017, n_critic 5, λ 10, Adam 1e-4, β (0, .9).
- DCGAN: Radford et al. 2016 (transposed 4×4 convolutions, batch norm in the generator), non-saturating with R1 γ 10 at
every step (Mescheder et al. 2018), Adam 2e-4, β (.5, .999).

All get class labels (embedding in the generator, projection in the discriminator), batch 64, an average of the weights,
and the same flips and turns of the real images as the product; none of them had these in its paper, so they are
favoured.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, relu
from torch.nn.utils.parametrizations import spectral_norm

from vivogan.engine.settings import GameSettings


class TransposedGenerator(nn.Module):
    """DCGAN's generator from 7² to 28²: dense, then 4×4 transposed convolutions with batch norm."""

    def __init__(self, classes: int, width: int, channels: int = 3, latent_dim: int = 128) -> None:
        super().__init__()
        self.latent_dim, self.width = latent_dim, width
        self.embedding = nn.Embedding(classes, 32)
        self.project = nn.Linear(latent_dim + 32, width * 49, bias=False)
        self.norms = nn.ModuleList([nn.BatchNorm2d(width), nn.BatchNorm2d(width // 2), nn.BatchNorm2d(width // 4)])
        self.grow = nn.ModuleList(
            [
                nn.ConvTranspose2d(width, width // 2, 4, 2, 1, bias=False),
                nn.ConvTranspose2d(width // 2, width // 4, 4, 2, 1, bias=False),
            ]
        )
        self.paint = nn.Conv2d(width // 4, channels, 3, 1, 1)

    def forward(self, z: Tensor, condition: Tensor) -> Tensor:
        x = self.project(torch.cat([z, self.embedding(condition)], 1)).unflatten(1, (self.width, 7, 7))
        x = relu(self.norms[0](x))
        for layer, norm in zip(self.grow, list(self.norms)[1:], strict=True):
            x = relu(norm(layer(x)))
        return torch.tanh(self.paint(x))


class StandardCritic(nn.Module):
    """SNGAN's discriminator: 3×3 and strided 4×4 convolutions, 28² → 4²; with or without spectral norm."""

    def __init__(self, classes: int, width: int, spectral: bool, channels: int = 3) -> None:
        super().__init__()
        wrap = spectral_norm if spectral else (lambda layer: layer)
        shape = [
            (channels, width, 3, 1),
            (width, width, 4, 2),
            (width, 2 * width, 3, 1),
            (2 * width, 2 * width, 4, 2),
            (2 * width, 4 * width, 3, 1),
        ]
        self.trunk = nn.ModuleList(wrap(nn.Conv2d(a, b, k, s, 1)) for a, b, k, s in shape)
        self.features = 4 * width
        self.out = wrap(nn.Linear(self.features, 1))
        self.embedding = wrap(nn.Embedding(classes, self.features))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        for layer in self.trunk:
            x = leaky_relu(layer(x), 0.1)
        h = x.sum((2, 3)) / math.sqrt(x.shape[-1] * x.shape[-2])
        return self.out(h)[:, 0] + (self.embedding(condition) * h).sum(1) / math.sqrt(self.features)


class StridedCritic(nn.Module):
    """DCGAN's discriminator without batch norm (gradient penalties act on single samples): strided 4×4 convolutions."""

    def __init__(self, classes: int, width: int, channels: int = 3) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Conv2d(channels, width, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 4 * width, 3, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
        )
        self.out = nn.Linear(64 * width, 1)
        self.embedding = nn.Embedding(classes, 64 * width)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        h = self.trunk(x)
        return self.out(h)[:, 0] + (self.embedding(condition) * h).sum(1) / math.sqrt(h.shape[1])


_AVERAGE = {"ema_half_life": 0.02, "ema_rampup": 0.05, "decay": 0.0, "batch": 64}


def sngan(classes: int) -> tuple[nn.Module, nn.Module, GameSettings]:
    settings = GameSettings(
        objective="hinge", r1=0, discriminator_steps=1, learning_rate=2e-4, beta1=0.0, beta2=0.9, **_AVERAGE
    )
    return TransposedGenerator(classes, 128), StandardCritic(classes, 32, spectral=True), settings


def wgan_gp(classes: int) -> tuple[nn.Module, nn.Module, GameSettings]:
    settings = GameSettings(
        objective="wasserstein",
        r1=0,
        gradient_penalty=10,
        penalty_every=1,
        discriminator_steps=5,
        learning_rate=1e-4,
        beta1=0.0,
        beta2=0.9,
        **_AVERAGE,
    )
    return TransposedGenerator(classes, 128), StridedCritic(classes, 32), settings


def dcgan_r1(classes: int) -> tuple[nn.Module, nn.Module, GameSettings]:
    settings = GameSettings(
        objective="non-saturating", r1=10, penalty_every=1, learning_rate=2e-4, beta1=0.5, beta2=0.999, **_AVERAGE
    )
    return TransposedGenerator(classes, 128), StridedCritic(classes, 32), settings


PEERS = {"SNGAN hinge": sngan, "WGAN-GP n_critic 5": wgan_gp, "DCGAN non-saturating + R1": dcgan_r1}
