"""The generator: token after token, each drawn from those before it and the class of the molecule."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from vivogan.domains.molecules.codec import MoleculeCodec, nearest
from vivogan.engine.precision import autocast

CLASS = 16  # numbers that describe a class
WIDEST_EMBEDDING = 256
ATTEMPTS = 8
LIKELY = 24  # tokens that a draw is first looked for among
FINEST = 1e-9  # probability of a string below which shares of it are rounded too much
BELOW_ONE = 1 - 1e-7


class MoleculeGenerator(nn.Module):
    """``generator(z, condition) -> x`` [n, C, L]: a recurrent language model (long short-term memory, Hochreiter and
    Schmidhuber 1997), the tokens that it draws as their codes, with the gradient of its probabilities
    (straight-through, Bengio et al. 2013).

    Each place has one latent: |z| is a share of the probability, and the token is the one at which the probabilities,
    largest first, reach it. So a molecule is a function of its latents, and shorter latents (truncation) leave out the
    unlikely tail at every place. A string may stand for no molecule: so there are latents for ``ATTEMPTS`` drawings, of
    which the first that stands for one is taken; where none does, the longest beginning of the last that does.

    Args:
        codec: whose tokens it draws; it is asked again where molecules are learned in several orders.
    """

    block = 512  # rows that are sampled together
    codes: Tensor  # A x C

    def __init__(
        self,
        codec: MoleculeCodec,
        classes: int,
        width: int = 512,
        layers: int = 1,
        dropout: float = 0.0,
        temperature: float = 1.0,
    ) -> None:
        super().__init__()
        self.codec, self.classes, self.width, self.temperature = codec, classes, width, temperature
        self.tokens, self.length = len(codec.symbols), codec.length
        self.attempts = ATTEMPTS
        self.register_buffer("codes", codec.codes.clone(), persistent=False)
        size = min(WIDEST_EMBEDDING, max(16, width // 2))
        self.embedding = nn.Embedding(self.tokens + 1, size)  # token A: before the beginning
        self.class_ = nn.Embedding(classes, CLASS)
        # Fused by oneDNN and cuDNN, in bfloat16 too: on a CPU several times faster than a gated recurrent unit.
        self.memory = nn.LSTM(size + CLASS, width, layers, batch_first=True, dropout=dropout if layers > 1 else 0.0)
        self.drop = nn.Dropout(dropout)
        self.out = nn.Linear(width, self.tokens)

    @property
    def latent_dim(self) -> int:
        """A number a place, for each attempt."""
        return self.length * self.attempts

    def forward(self, z: Tensor, condition: Tensor) -> Tensor:
        numbers = self.sample(z, condition)  # n x L
        x = self.codes[numbers].transpose(1, 2)  # n x C x L
        if not torch.is_grad_enabled():
            return x
        shares = tempered(self.logits(numbers, condition).float(), self.temperature).softmax(2)  # n x L x A
        meant = torch.where(self.inside(numbers)[:, None], (shares @ self.codes).transpose(1, 2), x)
        return x + meant - meant.detach()

    def logits(self, numbers: Tensor, condition: Tensor) -> Tensor:
        """Logits [n, T, A] of every token of numbers [n, T], each given those before it."""
        before = torch.cat([numbers.new_full((len(numbers), 1), self.tokens), numbers[:, :-1]], 1)
        own = self.class_(condition)[:, None].expand(-1, numbers.shape[1], -1)
        hidden, _ = self.memory(torch.cat([self.embedding(before), own], 2))
        found: Tensor = self.out(self.drop(hidden))
        return found

    def inside(self, numbers: Tensor) -> Tensor:
        """[n, L] bool: the tokens of a molecule and its first end."""
        return torch.cat([torch.ones_like(numbers[:, :1]), (numbers[:, :-1] > 0).to(numbers)], 1).cumprod(1) > 0

    def anchor(self, x: Tensor, condition: Tensor) -> Tensor:
        """Mean negative log-likelihood a token (nats) of real x, or of token numbers [n, L]; the end counts once."""
        numbers = x.long() if x.dim() == 2 else nearest(x, self.codes)
        inside = self.inside(numbers)
        places = int(inside.sum(1).max())
        numbers, inside = numbers[:, :places], inside[:, :places]
        with autocast("auto", numbers.device.type):
            logits = self.logits(numbers, condition)
        return cross_entropy(logits[inside].float(), numbers[inside])

    @torch.no_grad()
    def evenly(self, even: Tensor, z: Tensor, condition: Tensor) -> Tensor:
        """x [n, C, L], the first attempt of which is what the shares ``even`` [n] of all strings, in one order, reach.

        Each is drawn as likely as ever; but where the shares lie evenly, a string comes twice only if it is likelier
        than they are dense (arithmetic sampling, Vilnis et al. 2023).
        """
        return self.codes[self.sample(z, condition, even)].transpose(1, 2)

    @torch.no_grad()
    def sample(self, z: Tensor, condition: Tensor, even: Tensor | None = None) -> Tensor:
        """Token numbers [n, L] of latents z [n, K L] of K attempts; ``even``: see ``evenly``."""
        reached = (2 * torch.special.ndtr(z.abs().double()) - 1).float()  # uniform on (0, 1)
        parts = reached.split(self.length, 1)
        found = self._drawn(parts[0], condition, even)
        for part in parts[1:]:
            broken = self._broken(found)
            if not len(broken):
                break
            found[broken] = self._drawn(part[broken], condition[broken])
        rescued = parts[::-1] if len(parts) > 1 else ()
        for part in rescued:
            broken = self._broken(found)
            if not len(broken):
                break
            found[broken] = self._shortened(self._drawn(part[broken], condition[broken]))
        return found

    def _shortened(self, numbers: Tensor) -> Tensor:
        """Token numbers [n, L] cut to their longest beginnings that stand for molecules."""
        broken = self._broken(numbers)
        for place in range(self.length - 1, 0, -1):
            if not len(broken):
                break
            numbers[broken, place] = 0
            broken = broken[self._broken(numbers[broken])]
        return numbers

    def _broken(self, numbers: Tensor) -> Tensor:
        """The rows of token numbers [n, L] that stand for no molecule."""
        texts = self.codec.vocabulary.decode(numbers.cpu().numpy(), 1)
        return torch.tensor([row for row, text in enumerate(texts) if not text], dtype=torch.long).to(numbers.device)

    def _drawn(self, reached: Tensor, condition: Tensor, even: Tensor | None = None) -> Tensor:
        """Token numbers [n, L] of the shares [n, L] of probability that each place reaches.

        ``even`` [n] takes their place until too little is left of it to be told from rounding.
        """
        found = torch.zeros(reached.shape, dtype=torch.long, device=reached.device)
        rows = torch.arange(len(reached), device=reached.device)
        left = reached.new_ones(len(reached), dtype=torch.float64)  # how likely a string is so far
        drawing = Drawing.begin(self, condition)
        for place in range(self.length):
            share = reached[rows, place]
            if even is not None:
                share = torch.where(left > FINEST, even, share).float().clamp_max(BELOW_ONE)
            tokens, before, own = drawn(drawing.logits(), share)
            found[rows, place] = tokens
            going = tokens > 0
            if place == self.length - 1 or not going.any():
                break
            if even is not None:
                left, even = (left * own)[going], ((even - before) / own).clamp(0, BELOW_ONE)[going]
            rows, drawing = rows[going], drawing.keep(going).take(tokens[going])
        return found


def tempered(logits: Tensor, temperature: float) -> Tensor:
    """Logits [..., A] at a temperature that leaves the probability of the end, and so the lengths, as they are."""
    if temperature == 1:
        return logits
    shares = logits.log_softmax(-1)
    others = (logits[..., 1:] / temperature).log_softmax(-1)
    return torch.cat([shares[..., :1], others + (-shares[..., :1].exp()).log1p()], -1)


def drawn(logits: Tensor, reached: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The tokens [n] at which the probabilities of logits [n, A], largest first, reach the shares [n].

    Also the sum of the probabilities before each, and its own, [n] float64.
    """
    shares = logits.float().softmax(1)
    count = shares.shape[1]
    likely, order = shares.topk(min(LIKELY, count), 1)
    tokens, before, own = _reached(likely, order, reached)
    late = reached >= likely.sum(1)  # beyond the likely ones: the whole list is needed
    if late.any() and count > order.shape[1]:
        tokens[late], before[late], own[late] = _reached(*shares[late].sort(1, descending=True), reached[late])
    return tokens, before, own


def _reached(likely: Tensor, order: Tensor, reached: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The same among probabilities [n, k], sorted, of the tokens ``order``."""
    total = likely.cumsum(1)
    # Rounding: the sum is not quite 1, and a share beyond it would be the least likely token's.
    place = (torch.minimum(reached[:, None], total[:, -1:] * (1 - 1e-6)) >= total).sum(1, keepdim=True)
    own = likely.gather(1, place).double()
    before = total.gather(1, place).double() - own
    return order.gather(1, place)[:, 0], before[:, 0], own[:, 0].clamp_min(1e-12)


@dataclass(frozen=True)
class Tables:
    """The weights as sampling needs them: what each token says to the gates is looked up, not multiplied."""

    token: Tensor  # A + 1 x 4H
    class_: Tensor  # classes x 4H
    inner: list[Tensor]  # each H x 4H, deeper layers 2H x 4H
    bias: list[Tensor]  # of the deeper layers, each 4H

    @classmethod
    def of(cls, generator: MoleculeGenerator) -> Tables:
        weights = dict(generator.memory.named_parameters())
        layers = range(generator.memory.num_layers)
        token, class_ = weights["weight_ih_l0"].split([generator.embedding.embedding_dim, CLASS], 1)
        bias = [weights[f"bias_ih_l{k}"] + weights[f"bias_hh_l{k}"] for k in layers]
        inner = [weights["weight_hh_l0"].T.contiguous()]
        inner += [
            torch.cat([weights[f"weight_ih_l{k}"], weights[f"weight_hh_l{k}"]], 1).T.contiguous() for k in layers[1:]
        ]
        return cls(generator.embedding.weight @ token.T + bias[0], generator.class_.weight @ class_.T, inner, bias[1:])


@dataclass(frozen=True)
class Drawing:
    """Molecules on their way: ``logits`` of the next token, ``take`` it, or ``keep`` some rows in place of others."""

    generator: MoleculeGenerator
    tables: Tables
    own: Tensor  # n x 4H: what the class says at every place
    token: Tensor  # n: the one before
    hidden: list[Tensor]  # of each layer, n x H
    cell: list[Tensor]

    @classmethod
    def begin(cls, generator: MoleculeGenerator, condition: Tensor) -> Drawing:
        """Before the first token of molecules of classes [n]."""
        tables = Tables.of(generator)
        nothing = [tables.token.new_zeros(len(condition), generator.width) for _ in tables.inner]
        start = torch.full_like(condition, generator.tokens, dtype=torch.long)
        first = cls(generator, tables, tables.class_[condition], start, nothing, nothing)
        return first.take(start)

    def logits(self) -> Tensor:
        """[n, A] of the next token, at the generator's temperature."""
        found: Tensor = self.generator.out(self.hidden[-1])
        return tempered(found, self.generator.temperature)

    def take(self, token: Tensor) -> Drawing:
        """One more token [n] each."""
        gates = torch.addmm(self.tables.token[token] + self.own, self.hidden[0], self.tables.inner[0])
        hidden: list[Tensor] = []
        cell: list[Tensor] = []
        for layer in range(len(self.hidden)):
            if layer:
                both = torch.cat([hidden[-1], self.hidden[layer]], 1)
                gates = torch.addmm(self.tables.bias[layer - 1], both, self.tables.inner[layer])
            enter, forget, fresh, leave = gates.chunk(4, 1)
            kept = torch.addcmul(forget.sigmoid() * self.cell[layer], enter.sigmoid(), fresh.tanh())
            cell.append(kept)
            hidden.append(leave.sigmoid() * kept.tanh())
        return replace(self, token=token, hidden=hidden, cell=cell)

    def keep(self, rows: Tensor) -> Drawing:
        """Only ``rows``, some of which may come twice."""
        hidden, cell = ([part[rows] for part in parts] for parts in (self.hidden, self.cell))
        return replace(self, own=self.own[rows], token=self.token[rows], hidden=hidden, cell=cell)
