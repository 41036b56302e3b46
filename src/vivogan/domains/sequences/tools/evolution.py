"""Evolution of sequences, with the likelihood of the generator as what keeps them credible."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from vivogan.core.seeds import derive, torch_generator
from vivogan.domains.sequences.codec import SequenceCodec
from vivogan.domains.sequences.generator import SequenceGenerator, surprise
from vivogan.domains.sequences.tools.search import Found, Search, drawn

CREDIBLE = 0.95  # children are no more surprising than this share of the training sequences
LOOKED_AT = 512  # training sequences that tell how surprising they are
PARENTS = 0.25  # of a round's candidates are parents
FRESH = 0.1  # of a round come from the generator
TRIES = 4  # times as many children are made as are scored
CHANGED = 3  # substitutions of one child at most, where nothing is said


class Breeding:
    """What moves parents to children, all by numbers of symbols [n, L]."""

    def __init__(self, search: Search) -> None:
        self.search, self.codec = search, search.codec
        self.allowed = torch.ones(len(self.codec.symbols), self.codec.length, dtype=torch.bool)
        if search.reference is not None:  # substitutions that were seen, each at its place
            self.allowed = (search.train.x > 0).any(0)
            self.allowed[search.reference.codes, torch.arange(self.codec.length)] = True
        if search.may is not None:
            self.allowed &= search.may
        rows = torch.linspace(0, len(search.train.x) - 1, min(LOOKED_AT, len(search.train.x))).long()
        known = search.train.rows(rows.numpy())
        self.ceiling = float(self.surprise(known.x, known.y).quantile(CREDIBLE))

    @torch.no_grad()
    def surprise(self, x: Tensor, y: Tensor) -> Tensor:
        """Negative log-likelihood a place [n] of sequences, in the style that each has."""
        generator, parts = self.search.generator, []
        size = SequenceGenerator.block
        for some_x, some_y in zip(x.split(size), y.split(size), strict=True):
            style = None if generator.style is None else generator.style.measure(some_x)
            parts.append(surprise(generator.logits(some_x, style, some_y), some_x))
        return torch.cat(parts)

    def fit(self, codes: Tensor, y: Tensor) -> Tensor:
        """[n] bool: grammatical, with what is given in place, as far from the reference as asked, and credible."""
        kept = legal(self.codec, codes) & self.allowed[codes, torch.arange(codes.shape[1])].all(1)
        if (reference := self.search.reference) is not None:
            changed = (codes != reference.codes).sum(1)
            return kept & (changed >= reference.least) & (changed <= reference.most)
        rows = kept.nonzero()[:, 0]
        if len(rows):
            kept[rows] = self.surprise(self.one_hot(codes[rows]), y[rows]) <= self.ceiling
        return kept

    def one_hot(self, codes: Tensor) -> Tensor:
        return torch.nn.functional.one_hot(codes, len(self.codec.symbols)).transpose(1, 2).float()

    # ── moves: parents [n, L], their mates [n, L] and classes [n] → children [n, L] ─────────────────────────────────

    def substitute(self, codes: Tensor, mates: Tensor, y: Tensor, rng: torch.Generator) -> Tensor:
        """One to ``CHANGED`` symbols are others that may stand there; the end of a sequence stays where it is."""
        found = codes.clone()
        weights = self.allowed.float()
        if self.codec.ends:
            weights[-1] = 1e-12
        for turn in range(CHANGED):
            place = torch.randint(codes.shape[1], (len(codes),), generator=rng)
            symbol = torch.multinomial(weights.T[place], 1, generator=rng)[:, 0]
            rows = torch.arange(len(codes))
            keep = torch.rand(len(codes), generator=rng) < 1 / (turn + 1)
            if self.codec.ends:
                keep &= found[rows, place] != len(self.codec.symbols) - 1
            found[rows, place] = torch.where(keep, symbol, found[rows, place])
        return found

    def cross(self, codes: Tensor, mates: Tensor, y: Tensor, rng: torch.Generator) -> Tensor:
        """The beginning of one and the end of another."""
        cut = torch.randint(1, max(2, codes.shape[1]), (len(codes), 1), generator=rng)
        return torch.where(torch.arange(codes.shape[1]) < cut, codes, mates)

    def infill(self, codes: Tensor, mates: Tensor, y: Tensor, rng: torch.Generator) -> Tensor:
        """A window is drawn anew by the generator, with the rest in its place and the style that the parent has."""
        generator, length = self.search.generator, codes.shape[1]
        width = torch.randint(2, max(3, length // 3), (len(codes), 1), generator=rng)
        start = torch.randint(length, (len(codes), 1), generator=rng)
        place = torch.arange(length)
        open_ = (place >= start) & (place < start + width)
        x = self.one_hot(codes)
        may = torch.where(open_[:, None], self.allowed, x > 0)
        share = torch.rand(x.shape, generator=rng).clamp(1e-6, 1 - 1e-6)
        style = None if generator.style is None else generator.style.measure(x)
        noise = -(-share.log()).log()
        return drawn(generator, noise, style, y, may).argmax(1)

    def mix(self, codes: Tensor, mates: Tensor, y: Tensor, rng: torch.Generator) -> Tensor:
        """Each substitution of either parent is taken over with even chances."""
        return torch.where(torch.rand(codes.shape, generator=rng) < 0.5, codes, mates)

    def revert(self, codes: Tensor, mates: Tensor, y: Tensor, rng: torch.Generator) -> Tensor:
        """Some substitutions go back to the reference, and one comes."""
        assert self.search.reference is not None
        back = torch.rand(codes.shape, generator=rng) < 0.3
        return self.substitute(torch.where(back, self.search.reference.codes, codes), mates, y, rng)


Move = Callable[[Breeding, Tensor, Tensor, Tensor, torch.Generator], Tensor]
MOVES: tuple[Move, ...] = (Breeding.substitute, Breeding.cross, Breeding.infill)
VARYING: tuple[Move, ...] = (Breeding.substitute, Breeding.mix, Breeding.revert)  # around a reference


def legal(codec: SequenceCodec, codes: Tensor) -> Tensor:
    """[n] bool: whether symbol numbers [n, L] keep the grammar of the codec.

    >>> from vivogan.domains.sequences.alphabets import DNA
    >>> codec = SequenceCodec(DNA, (*"ACGT", ""), 3)
    >>> legal(codec, torch.tensor([[0, 1, 4], [0, 4, 1]])).tolist()
    [True, False]
    """
    before = torch.cat([codes.new_full((len(codes), 1), len(codec.symbols)), codes[:, :-1]], 1)
    return codec.follows[before, codes].all(1) & codec.last[codes[:, -1]]


def evolution(search: Search) -> None:
    """Genetic search: the best and most different of all rounds are the parents of the next.

    Children come from the generator, which draws a window anew, from substitutions and from crossing; those that the
    generator finds more surprising than nearly all training sequences are dropped. With a reference they are its
    variants with so many substitutions, all of which were seen in training.
    """
    breeding = Breeding(search)
    codes, y = founders(search, breeding)
    for number in search.each_round():
        sequences = search.codec.decode(breeding.one_hot(codes))
        scores = search.scores(sequences, y.tolist(), number)
        search.tell(number, scores)
        parents = search.best(max(4, int(PARENTS * search.batch)))
        if parents:
            codes, y = offspring(search, breeding, parents, number)
        else:  # no oracle could judge one of them
            codes, y = founders(search, breeding, number)


def founders(search: Search, breeding: Breeding, number: int = 0) -> tuple[Tensor, Tensor]:
    """The first candidates: what the generator makes, or random variants of the reference."""
    if search.reference is None:
        x, y = search.sample(search.batch, "founders", number)
        return x.argmax(1), y
    rng = torch_generator(search.seed, "founders", number)
    reference, found = search.reference, list[Tensor]()
    choices = breeding.allowed.clone()
    choices[reference.codes, torch.arange(len(reference.codes))] = False
    if breeding.codec.ends:
        choices[-1] = False
    places = choices.any(0).nonzero()[:, 0]
    for _ in range(search.batch):
        codes = reference.codes.clone()
        count = int(torch.randint(reference.least, reference.most + 1, (1,), generator=rng))
        for place in places[torch.randperm(len(places), generator=rng)[:count]].tolist():
            codes[place] = torch.multinomial(choices[:, place].float(), 1, generator=rng)[0]
        found.append(codes)
    _, y = search.latents(search.batch, "founders", number)
    return torch.stack(found), y


def offspring(search: Search, breeding: Breeding, parents: list[Found], number: int) -> tuple[Tensor, Tensor]:
    """The candidates of the next round, none of which was scored before; some are the generator's own."""
    rng = torch_generator(derive(search.seed, "offspring", number), "evolution")
    codes = search.codec.encoded([parent.sequence for parent in parents]).argmax(1)
    classes = torch.tensor([parent.class_ for parent in parents])
    rank = torch.linspace(1.0, 0.2, len(parents))  # better ones have more children
    first = torch.multinomial(rank, TRIES * search.batch, replacement=True, generator=rng)
    second = torch.multinomial(rank, TRIES * search.batch, replacement=True, generator=rng)
    moves = MOVES if search.reference is None else VARYING
    made = []
    for move, rows in zip(moves, torch.arange(len(first)).tensor_split(len(moves)), strict=True):
        a, b = first[rows], second[rows]
        made.append(move(breeding, codes[a], codes[b], classes[a], rng))
    fresh, fresh_y = founders(search, breeding, number)
    few = max(1, int(FRESH * search.batch))
    children, y = torch.cat([fresh[:few], *made]), torch.cat([fresh_y[:few], classes[first]])
    order = np.concatenate([np.arange(few), few + torch.randperm(len(first), generator=rng).numpy()])
    order = order[breeding.fit(children, y).numpy()[order]]
    sequences = search.codec.decode(breeding.one_hot(children[order]))
    new: dict[str, int] = {}
    for sequence, row in zip(sequences, order.tolist(), strict=True):
        if sequence not in search.found:
            new.setdefault(sequence, row)
    chosen = torch.tensor(list(new.values())[: search.batch] or order[:1].tolist() or [0])
    return children[chosen], y[chosen]
