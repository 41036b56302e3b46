"""The start of the generator: the greatest evidence of the counts, with a posterior of the state of every cell.

What is maximised is the evidence lower bound of the factor model in ``generator.py`` with normal posteriors of
independent numbers (variational Bayes, as for Poisson log-normal models: Chiquet et al. 2018), one sample at a time
(Kingma and Welling 2014). Every cell has a posterior of its own: there are few cells, and no network that guesses them
is needed. States far from their class are few but there (doublets, cells on their way), so the prior is a Student t.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import softplus

from vivogan.core.configuration import Settings
from vivogan.core.seeds import latents, numpy_generator, torch_generator
from vivogan.domains.expression.generator import ExpressionGenerator

FREEDOM = 4.0  # degrees of the prior
# A priori: log shapes have this mean, deviation between genes, and between classes of a gene; loadings this deviation.
SHAPE, GENES, CLASSES, LOADING = 1.0, 2.0, 0.7, 0.2
PSEUDO = 1.0  # molecules of a gene that the profile of all classes counts for in each
NARROW = -0.7  # log width of the posteriors at first
LOCAL = 4.0  # how much faster a cell's posterior learns than what all cells share
RESIDUAL = 8.0  # largest Pearson residual
DRAWN = 4096  # cells of a class that its margins are compared by


class LikelihoodSettings(Settings):
    """How long and how fast the evidence is maximised."""

    epochs: Annotated[int, Field(ge=1)] = 100
    block: Annotated[int, Field(ge=1)] = 256  # cells of a step
    rate: Annotated[float, Field(gt=0)] = 2e-2
    seconds: float | None = None  # the rate falls and learning ends by then, where that is sooner


@dataclass
class Block:
    """Cells of one step: counts x [n, g], classes y [n], log libraries [n, 1], and the posterior of their states."""

    x: Tensor
    y: Tensor
    sizes: Tensor
    means: Tensor  # n x k
    widths: Tensor  # n x k, logarithms
    optimizer: torch.optim.Optimizer
    rows: Tensor  # which training cells they are

    @property
    def seen(self) -> Tensor:
        """Where counts are not zero, [n, g]."""
        return self.x > 0


def start(
    generator: ExpressionGenerator,
    x: Tensor,
    y: Tensor,
    settings: LikelihoodSettings,
    seed: int,
    log: Callable[[dict[str, Any]], None] = lambda record: None,
    stop: Callable[[], bool] = lambda: False,
) -> float:
    """Fit the generator to counts x [n, g] of classes y [n]; returns the evidence bound in nats a cell."""
    x, y = _some(x.float(), y.long(), len(generator.factors.sizes), seed)
    with torch.no_grad():
        generator.profile.copy_(profiles(x, y, generator.classes))
        loadings, means = residual_factors(x, y, generator.profile, generator.factors.parts, seed)
        generator.loadings.copy_(loadings)
        generator.shape.fill_(SHAPE)
    spread = torch.zeros(generator.classes, generator.factors.parts, requires_grad=True)
    blocks = _blocks(x, y, means, settings, seed)
    bound = _maximise(generator, blocks, spread, settings, seed, log, stop)
    points, widths = torch.empty_like(means), torch.empty_like(means)
    for block in blocks:
        points[block.rows], widths[block.rows] = block.means.detach(), block.widths.detach().exp()
    generator.factors.keep(points, widths, x.sum(1).clamp(min=1).log(), y, seed)
    fit_margins(generator, x, y, seed)
    return bound


@torch.no_grad()
def fit_margins(generator: ExpressionGenerator, x: Tensor, y: Tensor, seed: int) -> None:
    """Map the counts of what the generator draws to those of cells x [n, g] of classes y [n]; see ``margins.py``."""
    margins = generator.margins
    margins.choose(x)
    for k in range(generator.classes):
        real = x[y == k][:, margins.columns]
        if len(real):
            z = torch.from_numpy(latents(seed, np.arange(DRAWN), generator.latent_dim))
            margins.fit(k, real, generator(z, torch.full((DRAWN,), k))[:, margins.columns])


def _some(x: Tensor, y: Tensor, most: int, seed: int) -> tuple[Tensor, Tensor]:
    """At most so many cells, of every class its share."""
    if len(x) <= most:
        return x, y
    order = torch.from_numpy(numpy_generator(seed, "cells").permutation(len(x)))
    order = order[torch.argsort(y[order], stable=True)]
    rows = order[torch.linspace(0, len(order) - 1, most).long()]
    return x[rows], y[rows]


def profiles(x: Tensor, y: Tensor, classes: int) -> Tensor:
    """Log shares [classes, g] of molecules in each class, drawn towards those of all by ``PSEUDO`` molecules a gene."""
    total = x.sum(0) + 0.5
    pooled = total / total.sum()
    counts = torch.zeros(classes, x.shape[1]).index_add_(0, y, x)
    expected = counts.sum(1, keepdim=True) * pooled
    return ((counts + PSEUDO) / (expected + PSEUDO) * pooled).log().log_softmax(1)


def residual_factors(x: Tensor, y: Tensor, profile: Tensor, parts: int, seed: int) -> tuple[Tensor, Tensor]:
    """Loadings [g, k] and states [n, k] to begin with: components of Pearson residuals (Townes et al. 2019)."""
    from sklearn.utils.extmath import randomized_svd

    mean = x.sum(1, keepdim=True) * profile.exp()[y]
    residual = (x - mean) / (mean + mean.square() / 100 + 0.02).sqrt()
    count = max(1, min(parts, min(x.shape) - 1))
    left, values, right = randomized_svd(
        residual.clamp(-RESIDUAL, RESIDUAL).numpy(), count, n_iter=3, random_state=seed % 2**32
    )
    root = math.sqrt(len(x))
    loadings, states = torch.zeros(x.shape[1], parts), torch.zeros(len(x), parts)
    scale = 0.7 * torch.from_numpy(values) / root / (mean.mean(0) + 0.05).sqrt()[:, None]
    loadings[:, :count] = torch.from_numpy(right.T.copy()) * scale
    states[:, :count] = 0.7 * root * torch.from_numpy(left.copy())
    return loadings, states


def _blocks(x: Tensor, y: Tensor, means: Tensor, settings: LikelihoodSettings, seed: int) -> list[Block]:
    order = torch.from_numpy(numpy_generator(seed, "blocks").permutation(len(x)))
    found = []
    for rows in order.chunk(max(1, math.ceil(len(x) / settings.block))):
        own = means[rows].clone().requires_grad_()
        widths = torch.full_like(means[rows], NARROW).requires_grad_()
        optimizer = torch.optim.Adam([own, widths], settings.rate * LOCAL, (0.8, 0.99))
        counts = x[rows]
        sizes = counts.sum(1, keepdim=True).clamp(min=1).log()
        found.append(Block(counts, y[rows], sizes, own, widths, optimizer, rows))
    return found


def _maximise(
    generator: ExpressionGenerator,
    blocks: list[Block],
    spread: Tensor,
    settings: LikelihoodSettings,
    seed: int,
    log: Callable[[dict[str, Any]], None],
    stop: Callable[[], bool],
) -> float:
    shared = [generator.profile, generator.loadings, generator.shape, spread]
    optimizer = torch.optim.Adam(shared, settings.rate, (0.9, 0.99))
    anchor = generator.profile.detach().clone()
    rng = torch_generator(seed, "posteriors")
    count, steps, bound = sum(len(block.x) for block in blocks), settings.epochs * len(blocks), 0.0
    began = time.monotonic()
    for epoch in range(settings.epochs):
        bound = 0.0
        for number, block in enumerate(blocks):
            passed = (time.monotonic() - began) / (settings.seconds or math.inf)
            done = min(1.0, max((epoch * len(blocks) + number) / steps, passed))
            falling = 0.5 * (1 + math.cos(math.pi * max(0.0, done - 0.3) / 0.7))
            for player, rate in ((optimizer, 1.0), (block.optimizer, LOCAL)):
                player.param_groups[0]["lr"] = rate * settings.rate * (falling + 0.01)
                player.zero_grad()
            evidence = evidence_bound(generator, block, spread, rng)
            share = len(block.x) / count
            gene = generator.shape.mean(0)
            prior = (gene - SHAPE).square().sum() / (2 * GENES**2) + 2 * spread.square().sum()
            prior = prior + (generator.shape - gene).square().sum() / (2 * CLASSES**2)
            prior = prior + 0.25 * (generator.profile - anchor).square().sum()
            prior = prior + generator.loadings.square().sum() / (2 * LOADING**2)
            ((share * prior - evidence) / len(block.x)).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            block.optimizer.step()
            bound += float(evidence.detach()) / count
        log({"epoch": epoch + 1, "evidence": bound})
        if stop() or time.monotonic() - began > (settings.seconds or math.inf):
            break
    return bound


def evidence_bound(generator: ExpressionGenerator, block: Block, spread: Tensor, rng: torch.Generator) -> Tensor:
    """The bound of a block, summed over its cells, from one sample of their states; constants of the counts left out.

    ``spread`` [classes, k] holds log variances of the prior.
    """
    widths = block.widths.exp()
    states = block.means + widths * torch.randn(widths.shape, generator=rng)
    log_mean = torch.addmm(generator.profile[block.y], states, generator.loadings.T)
    table = generator.shape[block.y]
    odds = log_mean + (block.sizes - log_mean.logsumexp(1, keepdim=True)) - table  # log(mean / shape)
    shape = table.exp()
    values, own = block.x[block.seen], shape[block.seen]
    seen = (block.x * odds).sum() + (torch.lgamma(values + own) - torch.lgamma(own)).sum()
    likelihood = seen - ((block.x + shape) * softplus(odds)).sum()
    return likelihood - divergence(block.means, block.widths, spread[block.y])


def divergence(means: Tensor, widths: Tensor, spread: Tensor) -> Tensor:
    """How far posteriors are from the prior, nats, summed: means, log widths and log variances of the prior [n, k].

    A Student t is a normal of a variance of its own in each cell, here at its best (Jensen's bound).
    """
    parts = means.shape[1]
    size = ((means.square() + (2 * widths).exp()) * (-spread).exp()).sum(1)
    return 0.5 * ((FREEDOM + parts) * torch.log1p(size / FREEDOM)).sum() + (0.5 * spread - widths).sum()
