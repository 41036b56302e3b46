"""Feedback GAN (Gupta and Zou 2019): what the oracle likes replaces the oldest that the players learn from."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn

from vivogan.core.seeds import derive, numpy_generator, torch_generator
from vivogan.domains.likelihood import Part
from vivogan.domains.sequences.generator import SequenceGenerator
from vivogan.domains.sequences.tools.search import Search, quantile
from vivogan.engine.dealer import Dealer, TrainingSet
from vivogan.engine.game import Game
from vivogan.engine.schedules import penalties

TOP = 0.2  # share of the candidates that passes the moving threshold
MEMORY = 3  # rounds whose candidates set it
RATE, BATCH = 3e-3, 64  # of the likelihood
STEPS = 30  # of it a round, at least; where the set is larger, one pass
TURNS = 10  # of the game a round
LARGEST = 4  # times a round's candidates: the set that is refreshed, drawn from all training sequences


class Pool:
    """A set of at most ``largest`` as a ring: real sequences first go, in random order; then the oldest generated."""

    def __init__(self, train: Part, largest: int, seed: int) -> None:
        order = torch.from_numpy(numpy_generator(seed, "pool").permutation(len(train.x))[:largest])
        self.x, self.y, self.oldest, self.replaced = train.x[order].clone(), train.y[order].clone(), 0, 0

    def replace(self, x: Tensor, y: Tensor) -> None:
        """Put new rows in the place of the oldest."""
        rows = (self.oldest + torch.arange(len(x))) % len(self.x)
        self.x[rows], self.y[rows] = x, y
        self.oldest = int((self.oldest + len(x)) % len(self.x))
        self.replaced = min(len(self.x), self.replaced + len(x))


def feedback(search: Search) -> SequenceGenerator:
    """The generator after the rounds; the one that was given stays as it is.

    A candidate passes when its score is among the best fifth of the last rounds, and never falls behind what passed
    before; ``search.enough`` is a score from where all pass. Each round the generator learns the likelihood of the
    refreshed set, which anchors it in what is still real there, and plays some turns against the discriminator.
    """
    generator = copy.deepcopy(search.generator).requires_grad_(True)
    game = None
    if search.discriminator is not None:
        settings = search.game.model_copy(update={"anchor": max(1.0, search.game.anchor), "precision": "float32"})
        game = Game(generator, copy.deepcopy(search.discriminator).requires_grad_(True), settings)
    optimizer = torch.optim.AdamW(generator.parameters(), RATE, weight_decay=1e-2)
    pool, threshold, recent = Pool(search.train, LARGEST * search.batch, search.seed), -np.inf, list[np.ndarray]()
    taken: set[str] = set()
    for number in search.each_round():
        x, y = search.sample(search.batch, "feedback", number, generator=generator.eval())
        sequences = search.codec.decode(x)
        scores = search.scores(sequences, y.tolist(), number)
        recent = [*recent, scores][-MEMORY:]
        threshold = max(threshold, quantile(np.concatenate(recent), 1 - TOP))
        if search.enough is not None:
            threshold = min(threshold, search.enough)
        passed = [i for i in np.argsort(-scores, kind="stable").tolist() if scores[i] >= threshold]
        passed = [i for i in passed if sequences[i] not in taken]
        passed = [passed[i] for i in search.diverse([sequences[i] for i in passed])] if passed else []
        taken.update(sequences[i] for i in passed)
        pool.replace(x[passed], y[passed])
        likelihood(generator, optimizer, pool, derive(search.seed, "likelihood", number))
        if game is not None:
            play(game, pool, number, search.seed)
        search.tell(number, scores, threshold=threshold, passed=len(passed), replaced=pool.replaced / len(pool.x))
    return generator.eval().requires_grad_(False)


def likelihood(generator: SequenceGenerator, optimizer: torch.optim.Optimizer, pool: Pool, seed: int) -> None:
    """One pass over the set, or ``STEPS`` steps where that is more."""
    generator.train()
    passes = -(-STEPS * BATCH // len(pool.x))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # for dropout and styles too
        order = torch.cat([torch.randperm(len(pool.x)) for _ in range(passes)])
        for rows in order.split(BATCH):
            loss = generator.anchor(pool.x[rows], pool.y[rows])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(generator.parameters(), 1.0)
            optimizer.step()


def play(game: Game, pool: Pool, number: int, seed: int) -> None:
    """Some turns of the game, the refreshed set being what is real."""
    own = derive(seed, "play", number)
    settings = game.settings.model_copy(update={"balance": 0.0})
    dealer = Dealer(TrainingSet(pool.x, pool.y), settings, own, lambda x, rng: x, lambda x, p, rng: x)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(own)
        for turn in range(TURNS):
            hands = dealer.deal(game.generator, game.device, turn, 0, 0.0, graph=True)
            strength = penalties(settings, turn, 1.0, 1.0)
            game.discriminator_turn(hands, strength, torch_generator(own, "penalty", turn))
            game.generator_turn(hands)
