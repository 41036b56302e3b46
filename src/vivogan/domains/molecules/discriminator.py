"""The discriminator: local patterns of tokens, and longer ones by dilation."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

SLOPE = 0.2


class MoleculeDiscriminator(nn.Module):
    """x [B, C, L], class [B] → logits [B], with the projection of Miyato and Koyama 2018.

    Convolutions, because their gradient penalties can be differentiated again.
    """

    def __init__(self, size: int, length: int, classes: int, width: int = 96) -> None:
        super().__init__()
        self.embed = nn.Sequential(nn.Conv1d(size, width, 1), nn.LeakyReLU(SLOPE), nn.Conv1d(width, width, 1))
        self.place = nn.Parameter(torch.randn(width, length) * 0.1)
        dilations = [2**i for i in range(max(1, min(4, int(math.log2(max(2, length))) - 1)))]
        self.deeper = nn.ModuleList(nn.Conv1d(width, width, 3, padding=d, dilation=d) for d in dilations)
        self.weigh = nn.Conv1d(width, 4, 1)  # attention: where to look
        self.dense = nn.Linear(6 * width, 2 * width)
        self.out = nn.Linear(2 * width, 1)
        self.embedding = nn.Embedding(classes, 2 * width)

    def represent(self, x: Tensor) -> Tensor:
        """The features [B, F] that the logit is a linear function of."""
        h = leaky_relu(self.embed(x.float()) + self.place, SLOPE)  # B x W x L
        for layer in self.deeper:
            h = h + leaky_relu(layer(h), SLOPE)
        look = self.weigh(h).softmax(2)  # B x 4 x L
        seen = torch.einsum("bwl,bkl->bkw", h, look).flatten(1)
        return leaky_relu(self.dense(torch.cat([seen, h.mean(2), h.amax(2)], 1)), SLOPE)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        h = self.represent(x)
        projection: Tensor = (self.embedding(condition) * h).sum(1) / math.sqrt(h.shape[1])
        logit: Tensor = self.out(h)[:, 0]
        return logit + projection
