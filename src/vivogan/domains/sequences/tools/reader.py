"""Small networks that read sequences: a wide layer of motifs, dilated layers above it, attention over the places."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from vivogan.core.configuration import Settings

HELIX = math.radians(100)  # of the turn from one residue of an α helix to the next
FAR = 30.0  # letters from an end, beyond which the distance does not matter
NEVER = 1e4
MARGIN = 16  # places beyond the last letter that a network may look at


class ReaderSettings(Settings):
    """The network of one member of an ensemble."""

    channels: Annotated[int, Field(ge=8, multiple_of=8)] = 96
    motif: Annotated[int, Field(ge=1, le=2 * MARGIN + 1)] = 11  # letters that the first layer sees at once
    pool: Annotated[int, Field(ge=1)] = 4  # places that are taken together above it
    blocks: Annotated[int, Field(ge=0)] = 2  # dilated layers
    heads: Annotated[int, Field(ge=1)] = 8
    hidden: Annotated[int, Field(ge=1)] = 64
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3


class Block(nn.Module):
    """A dilated convolution that adds to what it sees."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(channels)
        self.convolution = nn.Conv1d(channels, channels, 5, padding=2 * dilation, dilation=dilation)

    def forward(self, h: Tensor, mask: Tensor) -> Tensor:
        return h + self.convolution(F.gelu(self.norm(h)) * mask)


class Reader(nn.Module):
    """One network: x [n, A, L] → what it says of each of t outputs [n, t].

    Where all sequences have one length, every place has its own learned offset. Where they end (the last of the A rows
    is the end), it is told how far each place is from both ends and where it lies on an α helix.
    """

    def __init__(self, symbols: int, length: int, ends: bool, outputs: int, settings: ReaderSettings) -> None:
        super().__init__()
        c, self.ends, self.pool = settings.channels, ends, settings.pool
        places = -(-length // settings.pool)
        self.motifs = nn.Conv1d(symbols + 4 * ends, c, settings.motif, padding=settings.motif // 2)
        self.norm = nn.BatchNorm1d(c)
        self.place = nn.Parameter(torch.zeros(1, c, 1 if ends else places))
        self.blocks = nn.ModuleList(Block(c, 2**i) for i in range(settings.blocks))
        self.last = nn.BatchNorm1d(c)
        self.attention = nn.Conv1d(c, settings.heads, 1)
        self.where = nn.Parameter(torch.zeros(1, settings.heads, 1 if ends else places))
        self.values = nn.Conv1d(c, c, 1)
        self.dropout = nn.Dropout(settings.dropout)
        self.head = nn.Sequential(
            nn.Linear(3 * c + 1, settings.hidden), nn.GELU(), self.dropout, nn.Linear(settings.hidden, outputs)
        )

    def forward(self, x: Tensor) -> Tensor:
        mask = 1 - x[:, -1:] if self.ends else torch.ones_like(x[:, :1])  # n x 1 x L
        size = mask.sum(-1).clamp(min=1)  # n x 1
        seen = torch.cat([x, ends_and_helix(mask)], 1) if self.ends else x
        h = F.gelu(self.norm(self.motifs(seen))) * mask  # n x C x L
        if self.pool > 1:
            h, mask = (F.max_pool1d(part, self.pool, ceil_mode=True) for part in (h, mask))
        h = self.dropout(h + self.place)
        for block in self.blocks:
            h = block(h, mask)
        h = F.gelu(self.last(h)) * mask
        hidden = NEVER * (1 - mask)
        weights = (self.attention(h) + self.where - hidden).softmax(-1)  # n x heads x L'
        values = self.values(h).unflatten(1, (weights.shape[1], -1))  # n x heads x C/heads x L'
        attended = (values * weights[:, :, None]).sum(-1).flatten(1)  # n x C
        mean = h.sum(-1) / mask.sum(-1).clamp(min=1)
        pooled = torch.cat([attended, mean, (h - hidden).amax(-1), size.log()], 1)
        found: Tensor = self.head(self.dropout(pooled))
        return found


def trimmed(x: Tensor) -> Tensor:
    """x [n, A, L] without the places at which every sequence has ended long ago; networks say the same of it."""
    open_places = (x[:, -1] < 1 - 1e-6).any(0).nonzero()
    return x[..., : int(open_places.max() if len(open_places) else 0) + 1 + MARGIN]


def ends_and_helix(mask: Tensor) -> Tensor:
    """[n, 4, L]: distance from the start and from the end, in tens of letters; the place on an α helix."""
    place = torch.arange(mask.shape[2], dtype=mask.dtype, device=mask.device).expand_as(mask)
    from_end = (mask.sum(-1, keepdim=True) - 1 - place).clamp(0, FAR) / 10
    angle = HELIX * place
    return torch.cat([place.clamp(max=FAR) / 10, from_end, angle.cos(), angle.sin()], 1) * mask


class Ensemble(nn.Module):
    """Members that differ in their start and in what they learn from: x [n, A, L] → [M, n, t]."""

    def __init__(
        self, members: int, symbols: int, length: int, ends: bool, outputs: int, settings: ReaderSettings
    ) -> None:
        super().__init__()
        self.members = nn.ModuleList(Reader(symbols, length, ends, outputs, settings) for _ in range(members))

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([member(x) for member in self.members])
