"""How a predictor learns: every member also says what it thinks of each fold having learned from the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from vivogan.core.seeds import derive, numpy_generator
from vivogan.domains.molecules.tools.applicability import Applicability
from vivogan.domains.molecules.tools.blending import Blend
from vivogan.domains.molecules.tools.calibration import Chance, Width, probability
from vivogan.domains.molecules.tools.features import Described, Table, telling
from vivogan.domains.molecules.tools.forest import Forest
from vivogan.domains.molecules.tools.gaussian import GaussianKernel
from vivogan.domains.molecules.tools.kernel import FEW, CountKernel, kernel_ridge, landmark_ridge
from vivogan.domains.molecules.tools.members import Forests, GaussianRidges, Graphs, Member, Ridges, Woods
from vivogan.domains.molecules.tools.messages import Messages, graphs
from vivogan.domains.molecules.tools.predictor import Hints, Predictor, PredictPlan
from vivogan.domains.molecules.tools.trees import Trees, binned, grown
from vivogan.domains.tasks.agreement import auc
from vivogan.domains.tasks.base import Watch
from vivogan.domains.tasks.targets import LEVEL, Floats, Targets, dealt
from vivogan.errors import UserError

Rows = NDArray[np.intp]
FEWEST = 4
PENALTY = 0.2  # of the kernel ridge that labels what nobody has measured
GROWN = {"boosting", "forest"}  # members that learn from what nobody has measured, too
BELIEF = 0.3  # weight of a molecule that nobody has measured, against 1 of a measured one


@dataclass(frozen=True)
class Lesson:
    """N molecules, what is known of them y [N, t] (NaN: nothing), the fold of each [N], and unmeasured ``extra``."""

    smiles: list[str]
    y: Floats
    chances: bool
    folds: Rows
    plan: PredictPlan
    seed: int
    extra: Sequence[str] = ()

    @cached_property
    def landmarks(self) -> Rows:
        """The molecules that others are compared with: all, or ``plan.landmarks`` of them."""
        order = numpy_generator(self.seed, "landmarks").permutation(len(self.smiles))
        return np.sort(order[: self.plan.landmarks])

    @cached_property
    def compare(self) -> CountKernel:
        return CountKernel.fit([self.smiles[i] for i in self.landmarks.tolist()], self.plan.counted)

    @cached_property
    def described(self) -> Described:
        return Described(self.smiles)

    @cached_property
    def columns(self) -> NDArray[np.int64]:
        return telling(self.described.table(self.plan.described))

    @cached_property
    def alike(self) -> Floats:
        """With the landmarks, [N, m]."""
        return self.compare(self.smiles)

    @cached_property
    def table(self) -> Table:
        """[N, F]."""
        return self.described.table(self.plan.described)[:, self.columns]

    @cached_property
    def all_rows(self) -> Table:
        """The measured and then the extra molecules, [N + e, F]."""
        more = Described(self.extra).table(self.plan.described)[:, self.columns]
        return np.concatenate([self.table, more])

    @cached_property
    def binned(self) -> Any:
        """The same in bins."""
        return binned(self.all_rows, self.plan.boosting)

    @cached_property
    def extra_alike(self) -> Floats:
        """Of the extra molecules with the landmarks, [e, m]."""
        return self.compare(self.extra)

    def apart(self, rows: Rows) -> Floats:
        """Rows of the kernel in which nobody is like those of its own fold, [n, m]."""
        same = self.folds[rows][:, None] == self.folds[self.landmarks]
        return np.where(same, 0.0, self.alike[rows])

    def known(self, target: int) -> Rows:
        return np.flatnonzero(np.isfinite(self.y[:, target]))

    def dealt(self, target: int) -> Rows:
        """The fold of each known row of a target; rows are dealt one by one where all would be in one fold."""
        own = self.known(target)
        folds = self.folds[own]
        return folds if len(np.unique(folds)) > 1 else dealt(np.arange(len(own)), min(len(own), 2), self.seed)


Learned = tuple[Member, Floats]  # and what it says of molecules that it did not learn from [N, t]


def counted_ridges(lesson: Lesson) -> Learned:
    weights, offset, unseen = ridges(lesson, lesson.alike)
    return Ridges(weights, offset), unseen


def described_ridges(lesson: Lesson) -> Learned:
    x = lesson.described.table(lesson.plan.ranked)
    compare = GaussianKernel.fit(x, lesson.landmarks)
    weights, offset, unseen = ridges(lesson, compare(x))
    return GaussianRidges(compare, weights, offset), unseen


def ridges(lesson: Lesson, alike: Floats) -> tuple[Floats, Floats, Floats]:
    """Weights [m, t], offset [t] and unseen [N, t] of ridges on a kernel [N, m] between molecules and landmarks.

    Of chances the number 0 or 1 is learned (least-squares classification; Rasmussen and Williams 2006, section 6.5).
    """
    y = lesson.y
    weights, offset = np.zeros((alike.shape[1], y.shape[1])), np.zeros(y.shape[1])
    unseen = np.full(y.shape, np.nan)
    for k in range(y.shape[1]):
        own = lesson.known(k)
        folds = lesson.dealt(k)
        if len(lesson.landmarks) == len(y):
            found = kernel_ridge(alike[np.ix_(own, own)], y[own, k], folds, lesson.plan.penalties)
            weights[own, k] = found.weights
        else:
            marks = np.flatnonzero(np.isin(lesson.landmarks, own))[:FEW]
            rows = lesson.landmarks[marks]
            few = kernel_ridge(alike[np.ix_(rows, marks)], y[rows, k], lesson.folds[rows], lesson.plan.penalties)
            found = landmark_ridge(alike[own], alike[lesson.landmarks], y[own, k], folds, few.penalty)
            weights[:, k] = found.weights
        offset[k], unseen[own, k] = found.offset, found.unseen
    return weights, offset, unseen


def woods(lesson: Lesson) -> Learned:
    """Boosted trees of each target."""

    def learn(rows: Rows, y: Floats, weight: Floats | None, seed: int) -> Trees:
        return grown(lesson.binned, rows, y, weight, lesson.plan.boosting, lesson.chances, seed)

    each, unseen = of_each(lesson, "boosting", learn, Trees.said)
    return Woods(each), unseen


def forests(lesson: Lesson) -> Learned:
    """A forest of each target."""

    def learn(rows: Rows, y: Floats, weight: Floats | None, seed: int) -> Forest:
        return Forest.grown(lesson.all_rows[rows], y, weight, lesson.plan.forest, seed)

    each, unseen = of_each(lesson, "forest", learn, lambda forest, x: forest.said(x, lesson.chances))
    return Forests(each, lesson.chances), unseen


T = TypeVar("T", Trees, Forest)


def of_each(
    lesson: Lesson,
    name: str,
    learn: Callable[[Rows, Floats, Floats | None, int], T],
    say: Callable[[T, Table], Floats],
) -> tuple[list[T], Floats]:
    """What ``learn`` makes of each target, and what it would ``say`` of each fold without having seen it, [N, t]."""
    each, unseen = [], np.full(lesson.y.shape, np.nan)
    for k in range(lesson.y.shape[1]):
        own, folds = lesson.known(k), lesson.dealt(k)
        for fold in np.unique(folds).tolist():
            rest, left = own[folds != fold], own[folds == fold]
            found = learn(*taught(lesson, rest, k), derive(lesson.seed, name, k, fold))
            unseen[left, k] = say(found, lesson.table[left])
        each.append(learn(*taught(lesson, own, k), derive(lesson.seed, name, k)))
    return each, unseen


def messages(lesson: Lesson) -> Learned:
    """One network for all targets; molecules that some target is not known of are in their fold all the same."""
    every, plan = graphs(lesson.smiles), lesson.plan.chemprop

    def learn(rows: Rows, seed: int) -> Messages:
        return Messages.learned([every[i] for i in rows.tolist()], lesson.y[rows], lesson.chances, plan, seed)

    unseen = np.full(lesson.y.shape, np.nan)
    for fold in np.unique(lesson.folds).tolist():
        left = np.flatnonzero(lesson.folds == fold)
        rest = np.flatnonzero(lesson.folds != fold)
        unseen[left] = learn(rest, derive(lesson.seed, "messages", fold)).said([every[i] for i in left.tolist()])
    return Graphs(learn(np.arange(len(every)), derive(lesson.seed, "messages"))), unseen


def taught(lesson: Lesson, rows: Rows, target: int) -> tuple[Rows, Floats, Floats | None]:
    """Rows of ``Lesson.all_rows`` to learn from, what is true of each, and its weight.

    The extra molecules are labelled by a kernel ridge that learned from the same rows alone.
    """
    y = lesson.y[rows, target]
    if not lesson.extra:
        return rows, y, None
    place = np.flatnonzero(np.isin(lesson.landmarks, rows))
    stock = lesson.landmarks[place]
    truth = lesson.y[stock, target]
    alike, offset = lesson.alike[np.ix_(stock, place)], float(truth.mean())
    weights = np.linalg.solve(alike + PENALTY * np.eye(len(stock)), truth - offset)
    said = lesson.extra_alike[:, place] @ weights + offset
    n = len(lesson.smiles)
    chosen = np.concatenate([rows, np.arange(n, n + len(said))])
    weight = np.concatenate([np.ones(len(rows)), np.full(len(said), BELIEF)])
    return chosen, np.concatenate([y, said.clip(0, 1) if lesson.chances else said]), weight


LEARNERS: Mapping[str, Callable[[Lesson], Learned]] = {
    "kernel": counted_ridges,
    "descriptors": described_ridges,
    "boosting": woods,
    "forest": forests,
    "chemprop": messages,
}


def error_of(blended: Floats, y: Floats, chances: bool) -> float:
    """Mean over the targets: root mean squared error of numbers, 1 − area under the curve of chances."""
    errors = []
    for k in range(y.shape[1]):
        own = np.isfinite(y[:, k])
        said, truth = blended[own, k], y[own, k]
        errors.append(1 - auc(said, truth) if chances else float(np.sqrt(np.mean((said - truth) ** 2))))
    return float(np.mean(errors))


def fit_predictor(
    smiles: Sequence[str],
    y: Floats,
    targets: Targets,
    folds: Rows,
    plan: PredictPlan,
    seed: int,
    extra: Sequence[str] = (),
    log: Watch = lambda record: None,
) -> Predictor:
    """Learn y [N, t] (numbers, chances 0 or 1, or one-hot classes; NaN where unknown) from N molecules.

    What members say of each of ``folds`` [N] having learned from the others weighs them, widens the intervals, and
    calibrates the probabilities; the members that are kept have learned from all. ``extra`` are molecules that nobody
    has measured: the trees learn from them too, where that wins on the folds. Raises ``UserError`` when a target is
    known of fewer than ``FEWEST`` of them.
    """
    for name, count in zip(targets.names, np.isfinite(y).sum(0).tolist(), strict=True):
        if count < FEWEST:
            raise UserError(f"{name}: known of {count} molecules to learn from", f"Measure {FEWEST}, or leave it out")
    lesson = Lesson(list(smiles), y, bool(targets.classes) or targets.chances, folds, plan, seed)
    learned: dict[str, Learned] = {}
    for step, name in enumerate(plan.members):
        learned[name] = LEARNERS[name](lesson)
        error = error_of(learned[name][1], y, lesson.chances)
        log({"samples": step + 1, "steps": len(plan.members), "loss": error, "member": name})
    blends, blended = blend_of(lesson, learned)
    trial: dict[str, Any] = {}
    if extra and GROWN & set(plan.members):
        other = {
            name: own if name not in GROWN else LEARNERS[name](replace(lesson, extra=list(extra)))
            for name, own in learned.items()
        }
        with_extra = blend_of(lesson, other)
        without, now = (error_of(said, y, lesson.chances) for said in (blended, with_extra[1]))
        trial = {"extra": len(extra), "without": without, "with": now, "kept": now < without}
        if trial["kept"]:
            learned, (blends, blended) = other, with_extra
    missed = np.abs(y - (probability(blended) if lesson.chances else blended))
    hints = Hints(missed[lesson.landmarks])
    widths, chances = [], []
    for k in range(y.shape[1]):
        own = lesson.known(k)
        if lesson.chances:
            chances.append(Chance.fit(blended[own, k], y[own, k], LEVEL))
        else:
            scores = np.stack([said[own, k] for _, said in learned.values()])
            found = hints(lesson.apart(own), scores, k)
            widths.append(Width.fit((y - blended)[own, k], found, LEVEL))
    return Predictor(
        list(smiles),
        targets,
        plan,
        lesson.compare,
        lesson.columns if GROWN & set(plan.members) else np.zeros(0, np.int64),
        {name: member for name, (member, _) in learned.items()},
        blends,
        widths,
        chances,
        hints,
        Applicability.fit(smiles),
        trial,
    )


def blend_of(lesson: Lesson, learned: Mapping[str, Learned]) -> tuple[list[Blend], Floats]:
    """How the members are blended for each target, and what the blend says of unseen molecules [N, t]."""
    said = np.stack([unseen for _, unseen in learned.values()])
    blends, blended = [], np.full(lesson.y.shape, np.nan)
    for k in range(lesson.y.shape[1]):
        own = lesson.known(k)
        fit = Blend.of_chances if lesson.chances else Blend.of_numbers
        blends.append(fit(said[:, own, k], lesson.y[own, k]))
        blended[own, k] = blends[k](said[:, own, k])
    return blends, blended
