"""The recurrent part of the generator: what came before, where, of what style and class, and what is still to come."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vivogan.domains.sequences.style import Style, words

PLACE, CLASS = 32, 8  # numbers that describe a place, and a class
DROPOUT = 0.1
SOON = 20  # places: what is still to come is spread over at least so many


@dataclass(frozen=True)
class Tables:
    """What each input says to the gates of the recurrent layer."""

    symbol: Tensor  # A + 1 x 3H
    place: Tensor  # L x 3H
    hidden: Tensor  # H x 3H
    along: Tensor  # A x 3H
    left: Tensor  # A + A² x 3H


@dataclass
class State:
    """Where sampling stands."""

    tables: Tables
    hidden: Tensor  # n x H
    still: Tensor  # n x 3H: what style and class say at every place
    along: Tensor | None  # n x A x L: the composition that the style stands for
    left: Tensor | None  # n x (A + A²): symbols and pairs still to come

    def rows(self, chosen: Tensor) -> State:
        """The same of some sequences."""
        along, left = (None if part is None else part[chosen] for part in (self.along, self.left))
        return State(self.tables, self.hidden[chosen], self.still[chosen], along, left)


class Recurrent(nn.Module):
    """A gated recurrent layer (Cho et al. 2014) over symbol before, place, class, style, and what is still to come."""

    basis: Tensor  # L x K

    def __init__(self, symbols: int, length: int, classes: int, width: int, style: Style | None) -> None:
        super().__init__()
        self.symbols, self.length, self.width = symbols, length, width
        self.sizes = [0] * 3  # of the style, of the composition along the sequence, of what is still to come
        if style is not None:
            self.sizes = [style.size, symbols, style.counted]
        self.register_buffer("basis", bumps(length), persistent=False)
        self.place_weights = nn.Parameter(torch.randn(self.basis.shape[1], PLACE) * 0.5)
        self.class_ = nn.Embedding(classes, CLASS)
        self.gru = nn.GRU(symbols + PLACE + CLASS + sum(self.sizes), width, batch_first=True)
        self.drop = nn.Dropout(DROPOUT)
        self.out = nn.Linear(width, symbols)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    @property
    def place(self) -> Tensor:
        """What is known of each place, [L, PLACE]."""
        return self.basis @ self.place_weights

    def forward(self, x: Tensor, style: Tensor | None, along: Tensor | None, condition: Tensor) -> Tensor:
        """Logits [n, A, L] with all symbols of x [n, A, L] known."""
        n = len(x)
        before = torch.cat([x.new_zeros(n, self.symbols, 1), x[..., :-1]], 2)  # n x A x L
        inputs = [
            before.transpose(1, 2),
            self.place.expand(n, -1, -1),
            self._everywhere(self.class_(condition)),
        ]
        if style is not None and along is not None:
            pairs = words(before, 2)  # n x A² x L − 1
            seen = torch.cat([before, nn.functional.pad(pairs, (1, 0))], 1).transpose(1, 2).cumsum(1)
            left = self._everywhere(style[:, : self.sizes[2]] * self.length) - seen
            places = torch.arange(self.length, device=x.device)
            left = left / (self.length - places).clamp_min(SOON)[:, None]
            inputs += [self._everywhere(style), along.transpose(1, 2), left]
        hidden, _ = self.gru(torch.cat(inputs, 2))
        logits: Tensor = self.out(self.drop(hidden)).transpose(1, 2)
        return logits

    def _everywhere(self, row: Tensor) -> Tensor:
        return row[:, None].expand(-1, self.length, -1)

    def begin(self, style: Tensor | None, along: Tensor | None, condition: Tensor) -> State:
        """Before the first symbol."""
        weights: Tensor = self.gru.weight_ih_l0  # type: ignore[assignment]
        inner: Tensor = self.gru.weight_hh_l0  # type: ignore[assignment]
        sizes = [self.symbols, PLACE, CLASS, *self.sizes]
        symbol, place, class_, guide, there, left = (part.T.contiguous() for part in weights.split(sizes, 1))
        tables = Tables(
            torch.cat([symbol, symbol.new_zeros(1, 3 * self.width)]),
            self.place @ place + self.gru.bias_ih_l0,
            inner.T.contiguous(),
            there,
            left,
        )
        still = self.class_(condition) @ class_
        hidden = still.new_zeros(len(still), self.width)
        if style is None:
            return State(tables, hidden, still, None, None)
        target = style[:, : self.sizes[2]] * self.length
        return State(tables, hidden, still + style @ guide, along, target)

    def step(self, state: State, before: Tensor, code: Tensor, place: int) -> Tensor:
        """Logits [n, A] of the symbol at ``place`` after ``code`` [n] and ``before`` it [n] (A: nothing)."""
        tables = state.tables
        gates = state.still + tables.symbol[code] + tables.place[place]
        if state.left is not None and state.along is not None:
            every = torch.arange(len(code), device=code.device)
            if place:
                state.left[every, code] -= 1
            if place > 1:
                state.left[every, self.symbols + before * self.symbols + code] -= 1
            gates = torch.addmm(gates, state.left, tables.left, alpha=1 / max(SOON, self.length - place))
            gates = torch.addmm(gates, state.along[..., place], tables.along)
        bias: Tensor = self.gru.bias_hh_l0  # type: ignore[assignment]
        inner = torch.addmm(bias, state.hidden, tables.hidden)
        w = self.width
        turn = torch.sigmoid_(gates[:, : 2 * w] + inner[:, : 2 * w])
        fresh = torch.tanh_(torch.addcmul(gates[:, 2 * w :], turn[:, :w], inner[:, 2 * w :]))
        state.hidden = torch.lerp(fresh, state.hidden, turn[:, w:])
        return torch.addmm(self.out.bias, state.hidden, self.out.weight.T)


def bumps(length: int, widths: tuple[float, ...] = (2.0, 8.0, 32.0)) -> Tensor:
    """Smooth functions of the place, [L, K]: bumps of several widths, by which neighbouring places learn together."""
    places = torch.arange(length)[:, None]
    found = [torch.exp(-0.5 * ((places - torch.arange(0, length, width)) / width) ** 2) for width in widths]
    return torch.cat(
        [part for part, width in zip(found, widths, strict=True) if width < length or width == widths[0]], 1
    )
