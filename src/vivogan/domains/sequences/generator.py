"""The generator: symbol after symbol, each drawn from what came before, the style of the sequence and its class."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vivogan.domains.sequences.pairwise import Couplings
from vivogan.domains.sequences.recurrent import Recurrent
from vivogan.domains.sequences.style import Style
from vivogan.domains.sequences.subfamily import Subfamily

FORBIDDEN = -1e4


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
    style: Style | Subfamily | None = None
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

    def __init__(self, parts: Parts, follows: Tensor, last: Tensor) -> None:
        super().__init__()
        self.symbols, self.length, self.classes = parts.symbols, parts.length, parts.classes
        self.register_buffer("follows", torch.where(follows, 0.0, FORBIDDEN), persistent=False)
        self.register_buffer("last", torch.where(last, 0.0, FORBIDDEN), persistent=False)
        self.style = parts.style
        self.profile = nn.Parameter(torch.zeros(parts.classes, parts.symbols, parts.length))
        self.back_off = BackOff(parts.symbols, parts.order)
        guide = 0 if parts.style is None else parts.style.size
        self.couplings = Couplings(parts.symbols, parts.length, guide=guide) if parts.coupled else None
        self.recurrent = None
        if parts.width:
            styled = parts.style if isinstance(parts.style, Style) else None
            self.recurrent = Recurrent(parts.symbols, parts.length, parts.classes, parts.width, styled)

    @property
    def latent_dim(self) -> int:
        """A number for each symbol at each place, and those of the style."""
        return self.symbols * self.length + (self.style.size + 1 if self.style is not None else 0)

    @property
    def order(self) -> tuple[int, ...]:
        """The places in the order in which they are drawn."""
        return tuple(range(self.length)) if self.couplings is None else self.couplings.order

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
        return self._barred(self._raw(x, style, condition), x)

    def _raw(self, x: Tensor, style: Tensor | None, condition: Tensor) -> Tensor:
        codes = x.argmax(1)  # n x L
        found = self.profile[condition] + self.back_off.table[self.back_off.rows(codes)].transpose(1, 2)
        if self.couplings is not None:
            found = found + self.couplings(x, style)
        if self.recurrent is not None:
            found = found + self.recurrent(x, style, self.along(style), condition)
        return found

    def along(self, style: Tensor | None) -> Tensor | None:
        """The composition along the sequence that styles [n, d] stand for, [n, A, L]."""
        return self.style.along(style) if isinstance(self.style, Style) and style is not None else None

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
        while not drawing.done:
            drawing.take((drawing.logits() + noise[..., drawing.place]).argmax(1))
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
        self.generator, self.style, count = generator, style, len(condition)
        self.order = generator.order
        self.step = 0
        self.x = generator.profile.new_zeros(count, generator.symbols, generator.length)
        self.before = self.code = torch.full((count,), generator.symbols, dtype=torch.long, device=condition.device)
        self.row = torch.full_like(self.code, generator.back_off.first)
        self.condition, self.every = condition, torch.arange(count, device=condition.device)
        self.state = (
            None if generator.recurrent is None else generator.recurrent.begin(style, generator.along(style), condition)
        )

    @property
    def place(self) -> int:
        """Where the next symbol stands."""
        return self.order[self.step]

    @property
    def done(self) -> bool:
        return self.step == len(self.order)

    def logits(self) -> Tensor:
        """[n, A], of what may stand at ``place``."""
        g = self.generator
        found = g.profile[self.condition, :, self.place] + g.back_off.table[self.row]
        if g.couplings is not None:
            found = found + g.couplings.step(self.x, self.place, self.style)
        if g.recurrent is not None and self.state is not None:
            found = found + g.recurrent.step(self.state, self.before, self.code, self.place)
        found = found + g.follows[self.code]
        return found + g.last if self.place == g.length - 1 else found

    def take(self, code: Tensor) -> None:
        """Put symbols [n] at ``place`` and go on."""
        self.x[self.every, code, self.place] = 1
        self.row = self.generator.back_off.advance(self.row, code)
        self.before, self.code, self.step = self.code, code, self.step + 1

    def keep(self, rows: Tensor) -> None:
        """Go on with ``rows`` [n], some of which may come twice."""
        for name in ("x", "before", "code", "row", "condition"):
            setattr(self, name, getattr(self, name)[rows])
        if self.style is not None:
            self.style = self.style[rows]
        if self.state is not None:
            self.state = self.state.rows(rows)


def surprise(logits: Tensor, x: Tensor) -> Tensor:
    """Negative log-likelihood [n] of x [n, A, L], a place."""
    return -(logits.log_softmax(1) * x).sum(1).mean(1)
