"""A small classifier of cell types, and what silencing a gene does to its verdict.

Logistic regression with so strong a penalty that no gene can stand in for others. A classifier that may choose lives on
the one best marker of a type and forgets those that go along with it; this one says what each gene says by itself.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vivogan.core.configuration import Settings
from vivogan.core.seeds import numpy_generator
from vivogan.domains.expression.tools.normalise import Floats

LEAST_SPREAD = 0.05  # log units added to the standard deviation within types
MOMENTUM = 0.5


class ClassifierPlan(Settings):
    """Every setting of the classifier."""

    penalty: float = 1000.0  # on half the squared weights, beside the mean loss of a cell
    steps: int = 40
    rate: float = 3e-4
    share: float = 0.9  # of the cells, of each type, that one seed learns from


class Classifier(nn.Module):
    """Standardised levels [B, g] → logits [B, types], each type against all other cells."""

    def __init__(self, genes: int, types: int) -> None:
        super().__init__()
        self.weigh = nn.Linear(genes, types)
        nn.init.zeros_(self.weigh.weight)
        nn.init.zeros_(self.weigh.bias)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.weigh(x)
        return logits


def standardised(levels: Floats, y: NDArray[np.intp], types: int) -> NDArray[np.float32]:
    """Levels [n, g] from their mean, in standard deviations within types y [n]."""
    variance = sum(levels[y == k].var(axis=0) * (y == k).mean() for k in range(types))
    return ((levels - levels.mean(axis=0)) / (np.sqrt(variance) + LEAST_SPREAD)).astype(np.float32)


def learned(x: NDArray[np.float32], y: NDArray[np.intp], types: int, plan: ClassifierPlan, seed: int) -> Classifier:
    """A classifier of x [n, g] into types y [n], learned from a share of the cells of each, drawn by the seed.

    Both sides of each type count alike, however many cells they have. Gradient descent on all cells at once.
    """
    rng = numpy_generator(seed, "classifier")
    rows = np.concatenate([_some(rng, np.flatnonzero(y == k), plan.share) for k in range(types)])
    cells, is_one = torch.from_numpy(x[rows]), torch.from_numpy(np.eye(types, dtype=np.float32)[y[rows]])
    share = is_one.mean(0)
    weight = 0.5 * is_one / share + 0.5 * (1 - is_one) / (1 - share)
    network = Classifier(x.shape[1], types)
    groups = [
        {"params": [network.weigh.weight], "weight_decay": plan.penalty},
        {"params": [network.weigh.bias], "weight_decay": 0.0},
    ]
    player = torch.optim.SGD(groups, plan.rate, momentum=MOMENTUM)
    for _ in range(plan.steps):
        each = torch.nn.functional.binary_cross_entropy_with_logits(network(cells), is_one, weight, reduction="none")
        loss = each.mean(0).sum()
        player.zero_grad(set_to_none=True)
        loss.backward()
        player.step()
    return network.eval().requires_grad_(False)


def _some(rng: np.random.Generator, rows: NDArray[np.intp], share: float) -> NDArray[np.intp]:
    return rng.permutation(rows)[: max(1, round(share * len(rows)))]


def silencing(network: Classifier, x: NDArray[np.float32], y: NDArray[np.intp], types: int) -> Floats:
    """What a gene says for a type (above zero) or against it, [types, g].

    How much the log odds of a type fall when a gene of its cells is set to what other cells have. A gene that the type
    has less of is so raised instead of silenced; its fall counts below zero. The mean over cells of the type, one gene
    at a time; exact, as the classifier is linear. Under the penalty, genes compare with each other and not as odds.
    """
    weights = network.weigh.weight.double().numpy()
    away = np.stack([x[y == k].mean(axis=0) - x[y != k].mean(axis=0) for k in range(types)])
    return weights * np.abs(away)
