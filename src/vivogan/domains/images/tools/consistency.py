"""Labels for images that have none: spread over neighbours in feature space, and demanded to hold under the worst
small change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import kl_div, log_softmax, normalize, softmax

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]
ROUNDS = 30  # of the spreading: .9³⁰ of the first labels is left to move


def whitened(features: Tensor, components: int = 64) -> Tensor:
    """Features [n, F] on their principal axes, each divided by the root of its deviation: [n, ≤ components]."""
    centred = features - features.mean(0)
    _, deviations, axes = torch.linalg.svd(centred, full_matrices=False)
    kept = min(components, int((deviations > 1e-6 * deviations[0]).sum()))
    scale = (deviations[:kept] / max(1, len(features)) ** 0.5).clamp_min(1e-9).sqrt()
    return (centred @ axes[:kept].T) / scale


def neighbours(features: Tensor, count: int = 30) -> csr_matrix:
    """The symmetric, degree-normalised graph [n, n] of each row's ``count`` most similar rows by cosine."""
    from scipy.sparse import csr_matrix, diags

    rows, total = normalize(features, dim=1), len(features)
    count = min(count, total - 1)
    found = [(piece @ rows.T).topk(count + 1, 1) for piece in rows.split(1000)]
    near = torch.cat([f.indices for f in found])[:, 1:].numpy()  # the first is the row itself
    weight = torch.cat([f.values for f in found])[:, 1:].clamp_min(0).pow(4).numpy()
    entries = weight.ravel().astype(np.float64), (np.repeat(np.arange(total), count), near.ravel())
    graph = csr_matrix(entries, shape=(total, total))
    graph = graph + graph.T
    degree = diags(np.maximum(np.asarray(graph.sum(1)).ravel(), 1e-9) ** -0.5)
    return (degree @ graph @ degree).tocsr()


def spread_labels(graph: Any, rows: NDArray[np.intp], y: NDArray[np.intp], classes: int, alpha: float = 0.9) -> Floats:
    """Chances [n, K] of every row of a graph, of which ``rows`` are known to be of classes ``y``.

    Zhou et al. 2004 ("local and global consistency"), with the class masses made equal as the labelled rows' are
    (Zhu et al. 2003).
    """
    known = np.zeros((graph.shape[0], classes))
    known[rows, y] = 1.0 / np.bincount(y, minlength=classes)[y]
    flow = known.copy()
    for _ in range(ROUNDS):
        flow = alpha * (graph @ flow) + (1 - alpha) * known
    flow = flow / np.maximum(flow.sum(0), 1e-12)
    total = flow.sum(1, keepdims=True)
    chances: Floats = np.where(total > 0, flow / np.maximum(total, 1e-300), 1 / classes)
    return chances


def agreed(first: Floats, second: Floats, weight: float = 1.0, doubt: float = 1e-3) -> Floats:
    """Two opinions [n, K] multiplied, the second to the power ``weight``: sure only where neither objects."""
    both = (first + doubt) * (second + doubt) ** weight
    found: Floats = both / both.sum(1, keepdims=True)
    return found


def sharpened(chances: Floats, temperature: float) -> Floats:
    """Chances [n, K] to the power 1 / temperature."""
    sharp = chances ** (1 / temperature)
    found: Floats = sharp / sharp.sum(1, keepdims=True)
    return found


def virtual_adversarial(network: nn.Module, x: Tensor, logits: Tensor, radius: float, rng: torch.Generator) -> Tensor:
    """KL divergence between the network's answers ``logits`` [B, K] at x [B, C, H, W] and at the nearby images it
    answers most differently (Miyato et al. 2018, one power iteration); a scalar.

    ``radius`` is the length of the change a pixel and channel, root mean square.
    """
    answer = softmax(logits.detach(), 1)
    length = radius * x[0].numel() ** 0.5
    direction = _unit(torch.randn(x.shape, generator=rng)) * (0.1 * length)
    direction = direction.contiguous(memory_format=torch.channels_last).requires_grad_()
    with _still(network):
        distance = kl_div(log_softmax(network(x + direction), 1), answer, reduction="batchmean")
        worst = _unit(torch.autograd.grad(distance, direction)[0]) * length
        return kl_div(log_softmax(network(x + worst), 1), answer, reduction="batchmean")


@contextmanager
def _still(network: nn.Module) -> Iterator[None]:
    """Batch normalisation remembers nothing meanwhile: the statistics stay those of real images."""
    layers = [m for m in network.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
    try:
        yield
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum


def _unit(x: Tensor) -> Tensor:
    return x / x.flatten(1).norm(dim=1).clamp_min(1e-12).view(-1, 1, 1, 1)
