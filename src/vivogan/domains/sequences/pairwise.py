"""Couplings of the places of an alignment, as logits of one place after another (arDCA: Trinquier et al. 2021)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

PENALTIES = (1e-2, 5e-3, 2.5e-3, 1.2e-3, 6e-4, 3e-4, 1.5e-4, 7e-5)  # on couplings, for the mean over sequences
FIELDS = 0.01  # of the penalty on couplings is that on fields: they are known far better

# With a guide, whose noise is drawn afresh for each batch:
COUPLED, GUIDED = 3e-4, 1e-4  # penalties on couplings, and on what the guide says
RATE, EPOCHS, BATCH = 3e-3, 60, 128
FORGET = 0.1  # share of the places that the couplings do not see
LOOK, PATIENCE = 3, 9  # epochs between looks at what is held out, and without gain before the end


class Couplings(nn.Module):
    """Logits h_i(a) + Σ_j J_ij(a, b) x_j(b) over the places j before place i (Trinquier et al. 2021, eq. 2).

    A guide s [d], such as what subfamily the sequence is of, adds Σ_k V_ik(a) s_k.

    Memory grows with (A · L)²: 5 MB for 53 columns of a protein, 440 MB for 500.

    Args:
        symbols: A, the gap among them.
        length: L, the columns of the alignment.
        order: the places in the order in which they are drawn; None: from left to right.
        guide: d, the numbers that guide a sequence; 0: none do.
    """

    rank: Tensor

    def __init__(self, symbols: int, length: int, order: Sequence[int] | None = None, guide: int = 0) -> None:
        super().__init__()
        places = list(range(length)) if order is None else list(order)
        if sorted(places) != list(range(length)):
            raise ValueError(f"the order must name each of the {length} places once")
        self.register_buffer("rank", torch.tensor(places).argsort())  # L: when each place is drawn
        self.fields = nn.Parameter(torch.zeros(symbols, length))
        self.weight = nn.Parameter(torch.zeros(symbols, length, symbols, length))  # to a, i; from b, j
        self.guidance = nn.Parameter(torch.zeros(symbols, length, guide))  # to a, i; from k

    @property
    def order(self) -> tuple[int, ...]:
        """The places in the order in which they are drawn."""
        return tuple(self.rank.argsort().tolist())

    @property
    def before(self) -> Tensor:
        """Whether place j is drawn before place i, [L, L]: 1 or 0."""
        return (self.rank[None] < self.rank[:, None]).to(self.weight.dtype)

    @property
    def couplings(self) -> Tensor:
        """J, [A, L, A, L], zero where place j does not come before place i."""
        return self.weight * self.before[:, None]

    def forward(self, x: Tensor, guide: Tensor | None = None) -> Tensor:
        """Logits [n, A, L] of every place of x [n, A, L], each given those before it and the guide [n, d]."""
        return self._logits(x, self.couplings, guide)

    def _logits(self, x: Tensor, couplings: Tensor, guide: Tensor | None) -> Tensor:
        found = torch.einsum("nbj,aibj->nai", x, couplings) + self.fields
        return found if guide is None else found + torch.einsum("nk,aik->nai", guide, self.guidance)

    def step(self, x: Tensor, place: int, guide: Tensor | None = None) -> Tensor:
        """Logits [n, A] of one place, of x [n, A, L] that is known where its order comes before ``place``."""
        row = self.weight[:, place] * (self.rank < self.rank[place])  # A x A x L
        found = torch.einsum("nbj,abj->na", x, row) + self.fields[:, place]
        return found if guide is None else found + guide @ self.guidance[:, place].T


def fit_couplings(
    x: Tensor,
    held: Tensor,
    weights: Tensor | None = None,
    order: Sequence[int] | None = None,
    iterations: int = 80,
    guide: Callable[[Tensor], Tensor] | None = None,
) -> Couplings:
    """The couplings of greatest penalised likelihood of x [n, A, L], with the penalty that ``held`` [m, A, L] prefers.

    From the strongest L2 penalty to the weakest, each fit (L-BFGS, all places at once) begins where the last one
    ended; the first that explains the held-out sequences worse ends the path. With a guide, couplings and guidance
    are learned together (Adam), as far as the held-out sequences gain by it.

    Args:
        weights: of the sequences of x, [n]; None: all alike.
        order: in which places are drawn; None: the least varied first.
        iterations: of L-BFGS, for each penalty.
        guide: sequences [n, A, L] → what guides them [n, d], with noise that is new at each call.
    """
    share = torch.full((len(x),), 1 / len(x)) if weights is None else weights / weights.sum()
    frequencies = torch.einsum("n,nal->al", share, x)
    order = torch.special.entr(frequencies).sum(0).argsort().tolist() if order is None else order
    found = Couplings(x.shape[1], x.shape[2], order, 0 if guide is None else guide(x[:1]).shape[1])
    with torch.no_grad():
        found.fields.copy_((frequencies + 0.5 / len(x)).log())
    if guide is not None:
        _follow(found, x, held, share * len(x), guide)
        return found
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


def _surprise(model: Couplings, x: Tensor, guide: Tensor | None = None) -> Tensor:
    """Negative log-likelihood [n] of whole sequences x [n, A, L], in nats."""
    return -(model(x, guide).log_softmax(1) * x).sum((1, 2))


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


def _follow(model: Couplings, x: Tensor, held: Tensor, weights: Tensor, guide: Callable[[Tensor], Tensor]) -> None:
    """Learn couplings and guidance together, and keep them as they were when they explained ``held`` best."""
    optimizer = torch.optim.Adam(model.parameters(), RATE, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    held_guide = guide(held)
    best, since, kept = float("inf"), 0, model.state_dict()
    for epoch in range(EPOCHS):
        for rows in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            own, couplings = x[rows], model.couplings
            seen = nn.functional.dropout1d(own.transpose(1, 2), FORGET).transpose(1, 2)
            logits = model._logits(seen, couplings, guide(own))
            loss = -(logits.log_softmax(1) * own).sum((1, 2)) @ weights[rows] / len(rows)
            loss = loss + COUPLED * couplings.square().sum() + GUIDED * model.guidance.square().sum()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        schedule.step()
        if (epoch + 1) % LOOK:
            continue
        with torch.no_grad():
            surprise = float(_surprise(model, held, held_guide).mean())
        if surprise < best:
            best, since = surprise, epoch
            kept = {name: value.clone() for name, value in model.state_dict().items()}
        elif epoch - since >= PATIENCE:
            break
    model.load_state_dict(kept)
