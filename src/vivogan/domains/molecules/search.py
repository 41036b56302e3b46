"""The search for molecules that score high within a budget of oracle calls: evolution under an online surrogate.

Each round breeds many more children than may be asked about, over several generations of which only the surrogate
sees the scores; the most promising, with what is uncertain counted in their favour, are asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.core.seeds import numpy_generator
from vivogan.domains.molecules.chemistry import Mol, canonical, molecule
from vivogan.domains.molecules.moves import Rules, crossover, mutated, parent
from vivogan.domains.molecules.surrogate import Features, Surrogate, features

Floats = NDArray[np.float64]
Pool = dict[str, Mol]
PROMISING = 100  # of a round's pool that breed within it
FROM_POOL = 0.7  # of the parents of a round's later generations are of the pool
SUBSET = 400  # molecules that decide the surrogate's shares and noise
REMEMBERED = 2000  # parents that are kept as graphs
FOREIGN = 0.2  # share of the second parents that are of the mates, where there are any


@dataclass(frozen=True)
class Settings:
    """How a search goes.

    The defaults were chosen among about fifteen settings on four tasks of PMO (``CHOSEN_ON`` in
    benchmarks/molecules_optimize.py), at 1,000 to 2,000 calls and one seed, where the same setting differs by up to .05
    from seed to seed: most of the numbers matter less than that.

    ``first`` molecules of the start are asked about before the surrogate learns; then ``batch`` a round. For each call
    ``children`` are bred in ``generations``, from the ``elite`` best, one being taken more often the better it ranks;
    a share ``mutation`` of them by mutation, the rest by crossover. The surrogate also looks at ``screened`` molecules
    of the start a round, and at ``waiting`` that were promising in the round before. It learns the ``best`` and
    ``others`` at random. ``caution`` is the range of log₁₀ of how many standard deviations are added to its mean.
    """

    first: int = 100
    batch: int = 50
    children: float = 12.0
    generations: int = 4
    elite: int = 200
    mutation: float = 0.3
    screened: int = 300
    waiting: int = 200
    best: int = 700
    others: int = 300
    caution: tuple[float, float] = (-1.5, 0.0)
    choosing: int = 8  # rounds between choices of the surrogate's shares and noise
    patience: int = 30  # rounds without a better best hundred, after which the search ends
    surrogate: bool = True
    rules: Rules = field(default_factory=Rules)


@dataclass(frozen=True)
class Candidates:
    """Molecules that may be asked about: what the surrogate expects of each [n], and how promising each is [n]."""

    pool: Pool
    features: Features
    mean: Floats
    promise: Floats

    def joined(self, other: Candidates) -> Candidates:
        return Candidates(
            self.pool | other.pool,
            self.features.joined(other.features),
            np.concatenate([self.mean, other.mean]),
            np.concatenate([self.promise, other.promise]),
        )

    def rows(self, chosen: NDArray[np.intp]) -> Candidates:
        names = list(self.pool)
        pool = {names[i]: self.pool[names[i]] for i in chosen.tolist()}
        return Candidates(pool, self.features.rows(chosen), self.mean[chosen], self.promise[chosen])

    def most(self, count: int) -> list[str]:
        """The most promising, first."""
        names = list(self.pool)
        return [names[i] for i in np.argsort(-self.promise, kind="stable")[:count].tolist()]


@dataclass
class Search:
    """A search over what ``score(smiles) -> [n]`` says, NaN for what cannot be judged.

    ``start`` are SMILES to begin with; ``allowed(mol)`` says which molecules may be asked about; ``mates`` may
    not, but have pieces to give to those that may.
    ``found`` maps every molecule that was asked about to its score, in the order of the calls; ``asked`` says in which
    round.
    """

    score: Callable[[list[str]], Floats]
    start: Sequence[str]
    calls: int = 10_000
    seed: int = 0
    settings: Settings = field(default_factory=Settings)
    allowed: Callable[[Mol], bool] = lambda mol: True
    mates: Sequence[str] = ()
    watch: Callable[[dict[str, Any]], None] = lambda event: None
    found: dict[str, float] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rng = numpy_generator(self.seed, "molecular search")
        self._model = Surrogate()
        self._features = features([])
        self._waiting: Candidates | None = None
        self._parents: dict[str, Mol] = {}

    def run(self) -> None:
        """Ask until the calls are spent, or until nothing gets better."""
        first = self._from_start(min(self.settings.first, max(1, self.calls // 2)), ())
        self._ask(first, features(list(first.values())), 0)
        self._tell(0)
        best, waited, number = -np.inf, 0, 0
        while len(self.found) < self.calls and waited < self.settings.patience:
            number += 1
            candidates = self._bred(number)
            if not candidates.pool:
                break
            order = np.argsort(-candidates.promise, kind="stable")
            size = min(self.settings.batch, self.calls - len(self.found))
            chosen = candidates.rows(order[:size])
            self._waiting = candidates.rows(order[size : size + self.settings.waiting])
            self._ask(chosen.pool, chosen.features, number)
            self._tell(number, expected=float(chosen.mean.mean()))
            now = self.top(100)
            waited = 0 if now > best + 1e-4 or not self._tells_apart else waited + 1
            best = max(best, now)

    def top(self, count: int) -> float:
        """The mean of the best scores; −∞ where none is known."""
        scores = self.scores
        known = np.sort(scores[np.isfinite(scores)])[::-1][:count]
        return float(known.mean()) if len(known) else -np.inf

    @property
    def scores(self) -> Floats:
        """[n] in the order of the calls."""
        return np.array(list(self.found.values()), np.float64)

    @property
    def _tells_apart(self) -> bool:
        """Whether molecules have scored differently so far."""
        known = self.scores[np.isfinite(self.scores)]
        return len(known) > 0 and bool(known.max() > known.min())

    # ── asking ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _ask(self, pool: Pool, described: Features, number: int) -> None:
        if pool:
            self.found.update(zip(pool, self.score(list(pool)).tolist(), strict=True))
            self.asked.extend([number] * len(pool))
            self._features = self._features.joined(described)

    def _tell(self, number: int, **more: float) -> None:
        """Keep and show how a round went."""
        scores = self.scores
        latest = scores[np.array(self.asked, np.intp) == number]
        known = latest[np.isfinite(latest)]
        mean = float(known.mean()) if len(known) else float("nan")
        row = {"round": number, "calls": len(scores), "best": self.top(1), "top10": self.top(10), "mean": mean} | more
        self.history.append(row)
        text = f"{len(scores):,} of {self.calls:,} calls: best score {row['best']:.4g}, top ten {row['top10']:.4g}"
        self.watch({"event": "stage", "text": text} | row)

    # ── learning ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _ranked(self) -> NDArray[np.intp]:
        """Rows of what was found, best first, without what could not be judged."""
        scores = self.scores
        order = np.argsort(-scores, kind="stable")
        return order[np.isfinite(scores[order])]

    def _learn(self, order: NDArray[np.intp], number: int) -> bool:
        """Whether the surrogate has learned what was found."""
        s, scores = self.settings, self.scores
        if not s.surrogate or len(order) < 2:
            return False
        if (number - 1) % s.choosing == 0:
            rows = self._some(order, SUBSET // 2, SUBSET // 2)
            self._model.choose(self._features.rows(rows), scores[rows])
        rows = self._some(order, s.best, s.others)
        self._model.fit(self._features.rows(rows), scores[rows])
        return True

    def _some(self, order: NDArray[np.intp], best: int, others: int) -> NDArray[np.intp]:
        rest = order[best:]
        drawn = rest if len(rest) <= others else self._rng.choice(rest, others, replace=False)
        return np.concatenate([order[:best], drawn])

    def _looked_at(self, pool: Pool, described: Features, learned: bool, weight: float) -> Candidates:
        """What the surrogate says of a pool; chance decides where it has not learned."""
        if not learned or not pool:
            return Candidates(pool, described, np.full(len(pool), np.nan), self._rng.random(len(pool)))
        mean, deviation = self._model.predict(described)
        return Candidates(pool, described, mean, mean + weight * deviation)

    # ── breeding ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _bred(self, number: int) -> Candidates:
        """What may be asked about next: while all score the same, so that there is nothing to breed from, more of the
        start."""
        s, names = self.settings, list(self.found)
        if not self._tells_apart and (more := self._from_start(s.batch + s.screened, ())):
            return self._looked_at(more, features(list(more.values())), False, 0.0)
        order = self._ranked()
        learned = self._learn(order, number)
        weight = 10 ** self._rng.uniform(*s.caution)
        elite = [names[i] for i in order[: s.elite]]

        def looked_at(pool: Pool) -> Candidates:
            return self._looked_at(pool, features(list(pool.values())), learned, weight)

        candidates = looked_at(self._from_start(s.screened, ()))
        if self._waiting is not None:
            left = self._waiting.rows(
                np.array([i for i, name in enumerate(self._waiting.pool) if name not in candidates.pool], np.intp)
            )
            candidates = candidates.joined(self._looked_at(left.pool, left.features, learned, weight))
        for _ in range(s.generations):
            children = self._children(int(s.children * s.batch / s.generations), elite, candidates)
            candidates = candidates.joined(looked_at(children))
        return candidates

    def _children(self, count: int, elite: Sequence[str], candidates: Candidates) -> Pool:
        """New molecules bred from the best found and from what is most promising so far."""
        s, made = self.settings, Pool()
        promising = candidates.most(PROMISING)
        for _ in range(count):
            one = self._parent(elite, promising, candidates.pool)
            if one is None:
                break
            if self._rng.random() < s.mutation:
                child = mutated(one, self._rng, s.rules)
            else:
                child = crossover(one, self._mate(elite, promising, candidates.pool), self._rng, s.rules)
            if child is not None and self.allowed(child):
                name = canonical(child)
                if name not in self.found and name not in candidates.pool:
                    made[name] = child
        return made

    def _parent(self, elite: Sequence[str], promising: Sequence[str], pool: Pool) -> Mol | None:
        """One of the ranked: up to a quantile that is drawn uniformly in its logarithm, so the best often, the last now
        and then (Tripp and Hernández-Lobato 2023, arXiv 2310.09267)."""
        ranked = promising if promising and (not elite or self._rng.random() < FROM_POOL) else elite
        if not ranked:
            return None
        reach = max(1, round(len(ranked) * 10 ** self._rng.uniform(-2.0, 0.0)))
        name = ranked[int(self._rng.integers(reach))]
        if name not in self._parents:
            if len(self._parents) >= REMEMBERED:
                self._parents.clear()
            self._parents[name] = parent(pool[name] if name in pool else molecule(name))
        return self._parents[name]

    def _mate(self, elite: Sequence[str], promising: Sequence[str], pool: Pool) -> Mol:
        """The other parent."""
        if self.mates and self._rng.random() < FOREIGN:
            return parent(molecule(self.mates[int(self._rng.integers(len(self.mates)))]))
        return self._parent(elite, promising, pool)

    def _from_start(self, count: int, kept: Container[str]) -> Pool:
        """Molecules of the start, drawn at random, that may be asked about and were not."""
        if not count or not self.start:
            return {}
        rows = self._rng.choice(len(self.start), min(count, len(self.start)), replace=False)
        return self._read([self.start[i] for i in rows.tolist()], kept)

    def _read(self, smiles: Sequence[str], kept: Container[str]) -> Pool:
        found = {}
        for text in smiles:
            mol = molecule(text)
            if mol is not None and self.allowed(mol):
                name = canonical(mol)
                if name not in self.found and name not in kept:
                    found[name] = mol
        return found
