"""The discriminator: local patterns, long range by dilation, soft word counts, and pairs of places in alignments."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, pad

from vivogan.domains.sequences.style import words

SLOPE = 0.2
LONG = 64  # places from which the convolutions look at every second one only
WORD_FEATURES, PAIR_FEATURES = 48, 64


class SequenceDiscriminator(nn.Module):
    """x [B, A, L], class [B] → logits [B], with the projection of Miyato and Koyama 2018.

    Args:
        aligned: places mean the same in all sequences: products of places are seen in place of words.
    """

    def __init__(self, symbols: int, length: int, classes: int, width: int = 64, aligned: bool = False) -> None:
        super().__init__()
        self.stride = 2 if length >= LONG else 1
        self.first = nn.Conv1d(symbols, width, 9, self.stride, padding=4)
        short = -(-length // self.stride)
        self.place = nn.Parameter(torch.randn(width, short) * 0.1)
        dilations = [2**i for i in range(max(1, min(5, int(math.log2(max(2, short))) - 2)))]
        self.deeper = nn.ModuleList(nn.Conv1d(width, width, 3, padding=d, dilation=d) for d in dilations)
        self.weigh = nn.Conv1d(width, 4, 1)  # attention: where to look
        self.word = 0 if aligned else max(1, int(math.log(600) / math.log(symbols)))  # letters of the words counted
        extra = PAIR_FEATURES if aligned else WORD_FEATURES
        if aligned:
            self.pairs = nn.Linear(symbols * length, extra)
        else:
            self.words = nn.Linear(symbols**self.word, extra)
        self.dense = nn.Linear(6 * width + extra, 2 * width)
        self.out = nn.Linear(2 * width, 1)
        self.embedding = nn.Embedding(classes, 2 * width)

    def represent(self, x: Tensor) -> Tensor:
        """The features [B, F] that the logit is a linear function of."""
        h = leaky_relu(self.first(x) + self.place, SLOPE)  # B x W x L'
        for layer in self.deeper:
            h = h + leaky_relu(layer(h), SLOPE)
        look = self.weigh(h).softmax(2)  # B x 4 x L'
        seen = torch.einsum("bwl,bkl->bkw", h, look).flatten(1)
        return leaky_relu(self.dense(torch.cat([seen, h.mean(2), h.amax(2), self._counts(x)], 1)), SLOPE)

    def _counts(self, x: Tensor) -> Tensor:
        if not self.word:
            return self.pairs(x.flatten(1)).square() - 1.0
        x = pad(x, (0, max(0, self.word - x.shape[2])))
        found: Tensor = leaky_relu(
            self.words((words(x, self.word).mean(2) + 1e-4).sqrt() * math.sqrt(x.shape[2])), SLOPE
        )
        return found

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        h = self.represent(x)
        projection: Tensor = (self.embedding(condition) * h).sum(1) / math.sqrt(h.shape[1])
        logit: Tensor = self.out(h)[:, 0]
        return logit + projection
