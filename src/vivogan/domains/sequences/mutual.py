"""Which places of sequences know of one another: mutual information, and the tree that holds most of it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
_WIDEST = 12_000  # L A above which only neighbours are looked at
_WORK = 3e11  # multiplications that the joint counts may take


def mutual_information(s: Ints, count: int) -> Floats:
    """The mutual information in nats of every two places of symbols s [n, L], [L, L], less what chance alone gives.

    Chance: (a - 1)(b - 1) / 2n for a and b symbols seen (Miller 1955).
    """
    length = s.shape[1]
    most = max(200, int(_WORK / (length * count) ** 2))
    s = s[:: -(-len(s) // most)]
    flat = torch.eye(count)[torch.from_numpy(s)].flatten(1)  # n x LA
    single = flat.mean(0)
    entropy = -(single * single.clamp(min=1e-12).log()).view(length, count).sum(1)  # L
    seen = (single.view(length, count) > 0).sum(1).double() - 1
    joint_entropy = torch.empty(length, length)
    for i in range(length):
        joint = flat[:, i * count : (i + 1) * count].T @ flat / len(s)  # A x LA
        terms = joint * joint.clamp(min=1e-12).log()
        joint_entropy[i] = -terms.view(count, length, count).sum((0, 2))
    found = (entropy[:, None] + entropy[None] - joint_entropy).double() - seen[:, None] * seen[None] / (2 * len(s))
    return found.numpy()


def tree(s: Ints, count: int, forwards: bool) -> tuple[Ints, Ints]:
    """The order of drawing [L] and the parent [L] (-1 for a root) of the tree of most mutual information.

    With ``forwards`` every place hangs on an earlier one; on the one before where L A is too large for all pairs.
    """
    length = s.shape[1]
    if length * count > _WIDEST:
        return np.arange(length), np.arange(-1, length - 1)
    information = mutual_information(s, count)
    if forwards:
        earlier = np.where(np.tri(length, k=-1, dtype=bool), information, -np.inf)
        return np.arange(length), np.concatenate([[-1], earlier[1:].argmax(1)]).astype(np.intp)
    from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

    # Costs must be positive: a zero is read as no edge.
    spanning = minimum_spanning_tree(np.triu(information.max() - information + 1, 1))
    order, parent = breadth_first_order(spanning, 0, directed=False)
    return order.astype(np.intp), np.where(parent < 0, -1, parent).astype(np.intp)
