"""Couplings of the places of an alignment, as logits of one place after another (arDCA: Trinquier et al. 2021)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

PENALTIES = (1e-2, 5e-3, 2.5e-3, 1.2e-3, 6e-4, 3e-4, 1.5e-4, 7e-5)  # on couplings, for the mean over sequences
FIELDS = 0.01  # of the penalty on couplings is that on fields: they are known far better


class Couplings(nn.Module):
    """Logits h_i(a) + Σ_j J_ij(a, b) x_j(b) over the places j before place i (Trinquier et al. 2021, eq. 2).

    Memory grows with (A · L)²: 5 MB for 53 columns of a protein, 440 MB for 500.

    Args:
        symbols: A, the gap among them.
        length: L, the columns of the alignment.
        order: the places in the order in which they are drawn; None: from left to right.
    """

    before: Tensor

    def __init__(self, symbols: int, length: int, order: Sequence[int] | None = None) -> None:
        super().__init__()
        self.order = tuple(range(length)) if order is None else tuple(order)
        if sorted(self.order) != list(range(length)):
            raise ValueError(f"the order must name each of the {length} places once")
        rank = torch.empty(length)
        rank[list(self.order)] = torch.arange(length, dtype=rank.dtype)
        self.register_buffer("before", (rank[None] < rank[:, None]).float(), persistent=False)  # L x L: from j to i
        self.fields = nn.Parameter(torch.zeros(symbols, length))
        self.weight = nn.Parameter(torch.zeros(symbols, length, symbols, length))  # to a, i; from b, j

    @property
    def couplings(self) -> Tensor:
        """J, [A, L, A, L], zero where place j does not come before place i."""
        return self.weight * self.before[:, None]

    def forward(self, x: Tensor) -> Tensor:
        """Logits [n, A, L] of every place of x [n, A, L], each given those before it."""
        return torch.einsum("nbj,aibj->nai", x, self.couplings) + self.fields

    def step(self, x: Tensor, place: int) -> Tensor:
        """Logits [n, A] of one place, of x [n, A, L] that is known where its order comes before ``place``."""
        row = self.weight[:, place] * self.before[place]  # A x A x L
        return torch.einsum("nbj,abj->na", x, row) + self.fields[:, place]


def fit_couplings(
    x: Tensor,
    held: Tensor,
    weights: Tensor | None = None,
    order: Sequence[int] | None = None,
    iterations: int = 80,
) -> Couplings:
    """The couplings of greatest penalised likelihood of x [n, A, L], with the penalty that ``held`` [m, A, L] prefers.

    From the strongest L2 penalty to the weakest, each fit (L-BFGS, all places at once) begins where the last one
    ended; the first that explains the held-out sequences worse ends the path.

    Args:
        weights: of the sequences of x, [n]; None: all alike.
        iterations: of L-BFGS, for each penalty.
    """
    share = torch.full((len(x),), 1 / len(x)) if weights is None else weights / weights.sum()
    found = Couplings(x.shape[1], x.shape[2], order)
    with torch.no_grad():
        frequencies = torch.einsum("n,nal->al", share, x)
        found.fields.copy_((frequencies + 0.5 / len(x)).log())
    best, kept = float("inf"), found.state_dict()
    for penalty in PENALTIES:
        _maximise(found, x, share, penalty, iterations)
        with torch.no_grad():
            surprise = float(_surprise(found, held).mean())
        if surprise >= best:
            break
        best, kept = surprise, {name: value.clone() for name, value in found.state_dict().items()}
    found.load_state_dict(kept)
    return found


def _surprise(model: Couplings, x: Tensor) -> Tensor:
    """Negative log-likelihood [n] of whole sequences x [n, A, L], in nats."""
    return -(model(x).log_softmax(1) * x).sum((1, 2))


def _maximise(model: Couplings, x: Tensor, share: Tensor, penalty: float, iterations: int) -> None:
    optimizer = torch.optim.LBFGS(
        model.parameters(), max_iter=iterations, history_size=10, line_search_fn="strong_wolfe"
    )

    def loss() -> Tensor:
        optimizer.zero_grad()
        size = model.couplings.square().sum() + FIELDS * model.fields.square().sum()
        value = _surprise(model, x) @ share + penalty * size
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]
