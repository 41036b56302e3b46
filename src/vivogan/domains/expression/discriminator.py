"""The discriminator: what each gene says, what the cell is as a whole, and how cells that lie together differ."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from vivogan.domains.expression.components import Components
from vivogan.domains.expression.tools.normalise import SCALE

SLOPE = 0.2
PARTS = 16  # components seen: in later ones training cells differ from any others by having been fitted to


class ExpressionDiscriminator(nn.Module):
    """Counts x [B, g], class [B] → logits [B], with the projection of Miyato and Koyama 2018.

    A cell is seen as log(1 + count) of every gene, its log library size, and its whitened principal components. Cells
    of one class are packed (Lin et al. 2018): each is judged beside the mean of up to ``pack`` of its class in the
    batch, so that what is right in each cell and wrong in all of them shows.

    Args:
        components: of the training part.
        width: of the hidden layers.
        pack: cells that are seen together; 1: each by itself.
    """

    centre: Tensor  # g
    axes: Tensor  # g x d

    def __init__(self, components: Components, classes: int, width: int = 256, pack: int = 4) -> None:
        super().__init__()
        genes, parts = len(components.mean), min(PARTS, len(components.spread))
        self.pack = pack
        self.register_buffer("centre", components.mean.clone(), persistent=False)
        self.register_buffer("axes", (components.axes / components.spread)[:, :parts].contiguous(), persistent=False)
        self.genes = nn.Linear(genes, width)
        self.whole = nn.Linear(parts + 1, width)
        self.dense = nn.Linear(2 * width if pack > 1 else width, width)
        self.out = nn.Linear(width, 1)
        self.embedding = nn.Embedding(classes, width)
        nn.init.zeros_(self.embedding.weight)

    def represent(self, x: Tensor) -> Tensor:
        """Each cell by itself, [B, width]."""
        library = x.sum(1, keepdim=True).clamp(min=1)
        parts = (torch.log1p(x * (SCALE / library)) - self.centre) @ self.axes  # B x d
        whole = torch.cat([parts, library.log() - math.log(SCALE) / 2], 1)
        found: Tensor = leaky_relu(self.genes(torch.log1p(x)) + self.whole(whole), SLOPE)
        return found

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        h = self.represent(x)
        if self.pack > 1:
            h = torch.cat([h, packed(h, condition, self.pack)], 1)
        h = leaky_relu(self.dense(h), SLOPE)
        projection: Tensor = (self.embedding(condition) * h).sum(1) / math.sqrt(h.shape[1])
        logit: Tensor = self.out(h)[:, 0]
        return logit + projection


def packed(h: Tensor, condition: Tensor, pack: int) -> Tensor:
    """The mean of h [B, d] over each cell's pack: ``pack`` cells that follow each other when sorted by class [B].

    A pack that is not of one class holds those of the cell's own class alone.
    """
    order = torch.argsort(condition, stable=True)
    kind, place = condition[order], torch.arange(len(h), device=h.device)
    start = torch.searchsorted(kind.contiguous(), kind.contiguous())
    group = kind * len(h) + (place - start) // pack  # numbers of the packs, one after another in each class
    _, number = torch.unique_consecutive(group, return_inverse=True)
    count = int(number[-1]) + 1
    total = h.new_zeros(count, h.shape[1]).index_add(0, number, h[order])
    mean = total / h.new_zeros(count).index_add(0, number, h.new_ones(len(h)))[:, None]
    return torch.empty_like(h).index_copy(0, order, mean[number])
