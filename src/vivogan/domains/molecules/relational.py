"""A discriminator of graphs that the order of the atoms makes no difference to."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, relu

from vivogan.domains.molecules.graph_codec import BONDS, unpacked
from vivogan.nn.minibatch import MinibatchDeviation

SLOPE = 0.2
WALKS = (3, 4, 5, 6)  # lengths of the closed walks that are counted
LARGEST = 8.0  # about the largest eigenvalue of a molecule's Laplacian
NODE, WHOLE = 3 + len(WALKS), 3 + len(WALKS)  # numbers of an atom, and of a graph, beside what is learned


class GraphDiscriminator(nn.Module):
    """x [B, N, T + N · B'], class [B] → logits [B].

    Relational graph convolutions (Schlichtkrull et al. 2018), a gated sum over atoms (Li et al. 2016), the deviation
    over the batch, and the projection of Miyato and Koyama 2018. Convolutions cannot count rings or tell one graph from
    two (Xu et al. 2019), so atoms also carry their closed walks, and the graph how much heat stays where it was after a
    while: 1 for each piece, and little more.

    Args:
        valences: the most bonds that each kind of atom had in training.
    """

    most: Tensor  # T: bonds, 0 for no atom

    def __init__(self, valences: tuple[int, ...], classes: int, width: int = 64, layers: int = 3) -> None:
        super().__init__()
        self.register_buffer("most", torch.tensor([0, *valences], dtype=torch.float32), persistent=False)
        kinds = len(valences) + 1
        self.enter = nn.Linear(kinds + NODE, width)
        self.own = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))
        self.bonded = nn.ModuleList(nn.Linear(width, width * (len(BONDS) - 1), bias=False) for _ in range(layers))
        self.gate = nn.Linear(width, 2 * width)
        self.share = nn.Linear(width, 2 * width)
        self.spread = MinibatchDeviation()
        self.dense = nn.Linear(2 * width + WHOLE + 1, 2 * width)
        self.out = nn.Linear(2 * width, 1)
        self.embedding = nn.Embedding(classes, 2 * width)

    def represent(self, x: Tensor) -> Tensor:
        """The features [B, F] that the logit is a linear function of."""
        nodes, bonds = unpacked(x, len(self.most))  # B x N x T, B x N x N x 4
        there, kinds = 1 - nodes[..., 0], bonds[..., 1:].permute(0, 3, 1, 2)  # B x N, B x 3 x N x N
        of_atoms, of_whole = self._counted(nodes, kinds, there)
        h = leaky_relu(self.enter(torch.cat([nodes, of_atoms], 2)), SLOPE) * there[..., None]
        for own, bonded in zip(self.own, self.bonded, strict=True):
            told = bonded(h).unflatten(2, (len(BONDS) - 1, -1)).permute(0, 2, 1, 3)  # B x 3 x N x W
            h = h + leaky_relu(own(h) + (kinds @ told).sum(1), SLOPE) * there[..., None]
        seen = ((self.gate(h).sigmoid() * self.share(h)) * there[..., None]).sum(1) / 3
        seen = self.spread(torch.cat([seen, of_whole], 1)[..., None, None])[..., 0, 0]
        return leaky_relu(self.dense(seen), SLOPE)

    def _counted(self, nodes: Tensor, kinds: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
        """What is counted, of each atom [B, N, ·] and of the graph [B, ·]."""
        linked = kinds.sum(1)  # B x N x N
        orders = (kinds * torch.arange(1, len(BONDS), device=kinds.device).view(1, -1, 1, 1)).sum((1, 3))  # B x N
        above = relu(orders - nodes @ self.most)
        walks, power = [], linked
        for length in range(2, max(WALKS) + 1):
            power = power @ linked
            if length in WALKS:
                walks.append(torch.log1p(relu(power.diagonal(dim1=1, dim2=2)) / 2 ** (length - 2)))
        eye = torch.eye(linked.shape[1], device=linked.device)
        heat = eye - (torch.diag_embed(linked.sum(2)) - linked) / LARGEST
        for _ in range(5):
            heat = heat @ heat
        pieces = heat.diagonal(dim1=1, dim2=2).sum(1) - (1 - there).sum(1)
        of_atoms = torch.stack([linked.sum(2) / 2, orders / 2, above, *walks], 2)
        whole = [there.sum(1) / there.shape[1], pieces, above.sum(1), *(walk.sum(1) / 4 for walk in walks)]
        return of_atoms, torch.stack(whole, 1)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        h = self.represent(x)
        projection: Tensor = (self.embedding(condition) * h).sum(1) / math.sqrt(h.shape[1])
        logit: Tensor = self.out(h)[:, 0]
        return logit + projection
