"""The generator: symbol after symbol, each drawn from what came before, the style of the sequence and its class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from vivogan.domains.sequences.style import Style, words

FORBIDDEN = -1e4
PLACE, CLASS = 32, 8  # numbers that describe a place, and a class
DROPOUT = 0.1
SOON = 20  # places: what is still to come is spread over at least so many


class BackOff(nn.Module):
    """Logits of the next symbol by the last ``order`` ones, one row a context; starts as a smoothed Markov chain."""

    def __init__(self, symbols: int, order: int) -> None:
        super().__init__()
        self.base, self.order = symbols + 1, order  # symbol A: before the beginning
        self.table = nn.Parameter(torch.zeros(self.base**order, symbols))

    @property
    def first(self) -> int:
        """The row of the first place."""
        return self.base**self.order - 1

    def advance(self, row: Tensor, code: Tensor) -> Tensor:
        """The rows after one more symbol each."""
        return (row * self.base + code) % self.base**self.order

    def rows(self, codes: Tensor) -> Tensor:
        """The row of every place of symbol numbers [n, L]."""
        found = torch.full_like(codes, self.first)
        row = found[:, 0]
        for place in range(codes.shape[1] - 1):
            row = self.advance(row, codes[:, place])
            found[:, place + 1] = row
        return found


@dataclass
class Parts:
    """What a generator is made of; each part adds its logits."""

    symbols: int
    length: int
    classes: int
    order: int = 5  # of the back-off table
    width: int = 128  # of the recurrent layer; 0: none
    style: Style | None = None
    coupled: bool = False  # places of an alignment, each with each


class SequenceGenerator(nn.Module):
    """``generator(z, condition) -> x`` [n, A, L]: one-hot, with the gradient of its probabilities (straight-through).

    A place takes the symbol with the largest logit + Gumbel noise drawn from z, so a sequence is a function of its
    latents; shorter latents (truncation) act as a lower temperature. The gradient is that of the probabilities given
    the symbols before (Bengio et al. 2013).

    Args:
        parts: of what the logits are the sum.
        follows, last: the grammar of the codec.
    """

    block = 512  # rows that are sampled together
    follows: Tensor  # A + 1 x A
    last: Tensor  # A
    sharpness: Tensor

    def __init__(self, parts: Parts, follows: Tensor, last: Tensor) -> None:
        super().__init__()
        self.symbols, self.length, self.classes = parts.symbols, parts.length, parts.classes
        self.register_buffer("follows", torch.where(follows, 0.0, FORBIDDEN), persistent=False)
        self.register_buffer("last", torch.where(last, 0.0, FORBIDDEN), persistent=False)
        self.style = parts.style
        self.profile = nn.Parameter(torch.zeros(parts.classes, parts.symbols, parts.length))
        self.back_off = BackOff(parts.symbols, parts.order)
        self.couplings = _couplings(parts) if parts.coupled else None
        self.recurrent = Recurrent(parts) if parts.width else None
        self.register_buffer("sharpness", torch.ones(()))  # of all logits: set by what is held out

    @property
    def latent_dim(self) -> int:
        """A number for each symbol at each place, and those of the style."""
        return self.symbols * self.length + (self.style.size + 1 if self.style is not None else 0)

    def forward(self, z: Tensor, condition: Tensor) -> Tensor:
        noise, style = self.latents(z, condition)
        with torch.no_grad():
            x = self.sample(noise, style, condition)
        if not torch.is_grad_enabled():
            return x
        shares = self.logits(x, style, condition).softmax(1)
        return x + shares - shares.detach()

    def latents(self, z: Tensor, condition: Tensor) -> tuple[Tensor, Tensor | None]:
        """Gumbel noise [n, A, L] and style [n, d] of latents z."""
        count = self.symbols * self.length
        share = torch.special.ndtr(z[:, :count]).clamp(1e-6, 1 - 1e-6)
        noise = -(-share.log()).log()
        style = None if self.style is None else self.style.draw(z[:, count:], condition)
        return noise.view(-1, self.symbols, self.length), style

    def logits(self, x: Tensor, style: Tensor | None, condition: Tensor) -> Tensor:
        """Logits [n, A, L] of every symbol of x [n, A, L], each given those before it."""
        return self._barred(self._raw(x, style, condition) * self.sharpness, x)

    def _raw(self, x: Tensor, style: Tensor | None, condition: Tensor) -> Tensor:
        codes = x.argmax(1)  # n x L
        found = self.profile[condition] + self.back_off.table[self.back_off.rows(codes)].transpose(1, 2)
        if self.couplings is not None:
            found = found + self.couplings(x)
        if self.recurrent is not None:
            found = found + self.recurrent(x, style, self.along(style), condition)
        return found

    def along(self, style: Tensor | None) -> Tensor | None:
        """The composition along the sequence that styles [n, d] stand for, [n, A, L]."""
        return None if self.style is None or style is None else self.style.along(style)

    def _barred(self, found: Tensor, x: Tensor) -> Tensor:
        """Logits with the grammar."""
        codes = x.argmax(1)
        before = torch.cat([codes.new_full((len(codes), 1), self.symbols), codes[:, :-1]], 1)
        found = found + self.follows[before].transpose(1, 2)
        return torch.cat([found[..., :-1], found[..., -1:] + self.last[:, None]], 2)

    @torch.no_grad()
    def sample(self, noise: Tensor, style: Tensor | None, condition: Tensor) -> Tensor:
        """One-hot x [n, A, L] of Gumbel noise [n, A, L]."""
        drawing = Drawing(self, style, condition)
        for place in range(self.length):
            drawing.take((drawing.logits() + noise[..., place]).argmax(1))
        return drawing.x

    def anchor(self, x: Tensor, condition: Tensor) -> Tensor:
        """Mean negative log-likelihood a symbol (nats) of real sequences x [n, A, L]; the end counts once."""
        style = None if self.style is None else self.style.jittered(x)
        return surprise(self.logits(x, style, condition), x).mean()


class Drawing:
    """Sequences on their way: ``logits`` of the next symbol, ``take`` it, or ``keep`` some rows in place of others.

    Args:
        style: [n, d] or None.
        condition: classes [n].
    """

    def __init__(self, generator: SequenceGenerator, style: Tensor | None, condition: Tensor) -> None:
        self.generator, count = generator, len(condition)
        self.place = 0
        self.x = generator.profile.new_zeros(count, generator.symbols, generator.length)
        self.before = self.code = torch.full((count,), generator.symbols, dtype=torch.long, device=condition.device)
        self.row = torch.full_like(self.code, generator.back_off.first)
        self.condition, self.every = condition, torch.arange(count, device=condition.device)
        self.state = (
            None if generator.recurrent is None else generator.recurrent.begin(style, generator.along(style), condition)
        )

    def logits(self) -> Tensor:
        """[n, A], of what may stand at ``place``."""
        g = self.generator
        found = g.profile[self.condition, :, self.place] + g.back_off.table[self.row]
        if g.couplings is not None:
            found = found + g.couplings.step(self.x, self.place)
        if g.recurrent is not None and self.state is not None:
            found = found + g.recurrent.step(self.state, self.before, self.code, self.place)
        found = found * g.sharpness + g.follows[self.code]
        return found + g.last if self.place == g.length - 1 else found

    def take(self, code: Tensor) -> None:
        """Put symbols [n] at ``place`` and go on."""
        self.x[self.every, code, self.place] = 1
        self.row = self.generator.back_off.advance(self.row, code)
        self.before, self.code, self.place = self.code, code, self.place + 1

    def keep(self, rows: Tensor) -> None:
        """Go on with ``rows`` [n], some of which may come twice."""
        for name in ("x", "before", "code", "row", "condition"):
            setattr(self, name, getattr(self, name)[rows])
        if self.state is not None:
            self.state = self.state.rows(rows)


def surprise(logits: Tensor, x: Tensor) -> Tensor:
    """Negative log-likelihood [n] of x [n, A, L], a place."""
    return -(logits.log_softmax(1) * x).sum(1).mean(1)


def _couplings(parts: Parts) -> Any:
    from vivogan.domains.sequences.pairwise import Couplings

    return Couplings(parts.symbols, parts.length)


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

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self.symbols, self.length, self.width = parts.symbols, parts.length, parts.width
        self.sizes = [0] * 3  # of the style, of the composition along the sequence, of what is still to come
        if parts.style is not None:
            self.sizes = [parts.style.size, parts.symbols, parts.style.counted]
        self.register_buffer("basis", bumps(parts.length), persistent=False)
        self.place_weights = nn.Parameter(torch.randn(self.basis.shape[1], PLACE) * 0.5)
        self.class_ = nn.Embedding(parts.classes, CLASS)
        self.gru = nn.GRU(parts.symbols + PLACE + CLASS + sum(self.sizes), parts.width, batch_first=True)
        self.drop = nn.Dropout(DROPOUT)
        self.out = nn.Linear(parts.width, parts.symbols)
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
