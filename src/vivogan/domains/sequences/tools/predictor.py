"""Predicting numbers or a class from sequences: members that leave out a fold each, a ridge beside them, intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from vivogan.core.checkpoints import Checkpoints
from vivogan.core.seeds import derive, numpy_generator
from vivogan.domains.sequences.codec import SequenceCodec
from vivogan.domains.sequences.tools.descriptors import Descriptors
from vivogan.domains.sequences.tools.oracle import Front, Oracle, Simple, other_strand
from vivogan.domains.sequences.tools.reader import Ensemble, ReaderSettings, trimmed
from vivogan.domains.sequences.tools.simple import Kernel, ridge
from vivogan.domains.tasks.base import TaskPlan
from vivogan.domains.tasks.learn import LearnSettings, Watch, learn
from vivogan.domains.tasks.stacking import stack_classes, stack_numbers, widths
from vivogan.domains.tasks.targets import LEVEL, Floats, Predicted, Targets

NORMAL = 1.645  # deviations of a normal variable within which LEVEL of it lies
ROWS = 512  # sequences looked at together
Kind = Literal["both", "cnn", "kmers"]
HALVES: Mapping[Kind, list[int]] = {"both": [0, 1], "cnn": [0], "kmers": [1]}  # networks, ridge


class PredictPlan(TaskPlan):
    """The plan of a predictor. ``kind``: networks, a kernel ridge over words and descriptors, or both, stacked."""

    kind: Kind = "both"
    members: Annotated[int, Field(ge=2)] = 4  # networks; each leaves one fold of the clusters out
    reader: ReaderSettings = ReaderSettings()
    batch: Annotated[int, Field(ge=1)] = 128
    shift: Annotated[int, Field(ge=0)] = 0  # letters by which sequences of one length are moved at random
    both_strands: bool = False  # whether a sequence and its reverse complement do the same
    landmarks: Annotated[int, Field(ge=1)] = 800
    learn: LearnSettings = LearnSettings(learning_rate=2e-3, weight_decay=1e-2, warmup=0.1)

    def paced(self, steps: int) -> Self:
        """No longer than planned: what is gained by more passes over the same data is soon lost."""
        changed = self.learn.model_copy(update={"steps": min(steps, self.learn.steps)})
        return self.model_copy(update={"learn": changed})


class Predictor:
    """``predict`` for sequences; ``network`` is the same as one differentiable function of x [n, A, L]."""

    def __init__(
        self, oracle: Oracle, codec: SequenceCodec, targets: Targets, noise: Floats, factor: Floats, plan: PredictPlan
    ) -> None:
        self.network = oracle.eval().requires_grad_(False)
        self.codec, self.targets, self.noise, self.factor, self.plan = codec, targets, noise, factor, plan

    def predict(self, sequences: Sequence[str]) -> Predicted:
        """Means with the deviation and the interval in which ``LEVEL`` of the measured values should lie."""
        found = [self._look(sequences[i : i + ROWS]) for i in range(0, len(sequences), ROWS)]
        nothing = np.zeros((0, len(self.targets.names)))
        mean, variance = (np.concatenate([nothing, *(pair[i] for pair in found)]) for i in range(2))
        if self.targets.classes:
            sd = np.sqrt(variance)
            return Predicted(mean, sd, (mean - NORMAL * sd).clip(0, 1), (mean + NORMAL * sd).clip(0, 1))
        sd = np.sqrt(self.noise + variance)
        return Predicted(mean, sd, mean - self.factor * sd, mean + self.factor * sd)

    @torch.no_grad()
    def _look(self, sequences: Sequence[str]) -> tuple[Floats, Floats]:
        said = self.network.members(self.codec.encoded(sequences)).double().numpy()
        return said.mean(0), said.var(0)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        _, codec = self.codec.state()
        return {name: value.contiguous() for name, value in self.network.state_dict().items()}, {
            "codec": codec,
            "targets": vars(self.targets),
            "noise": self.noise.tolist(),
            "factor": self.factor.tolist(),
            "plan": self.plan.model_dump(mode="json"),
        }

    @classmethod
    def from_state(cls, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> Predictor:
        codec, targets = SequenceCodec.from_state({}, state["codec"]), Targets(**state["targets"])
        plan, front = PredictPlan.model_validate(state["plan"]), Front(codec)
        simple, ensemble = below(tensors, "simple."), below(tensors, "ensemble.")
        oracle = Oracle(
            front,
            networks(front, len(targets.names), plan) if ensemble else None,
            Simple.from_state(simple, front) if simple else None,
            tensors["stack"],
            tensors["shift"],
            tensors["unit"],
            bool(targets.classes),
            plan.both_strands,
        )
        oracle.load_state_dict(dict(tensors))
        return cls(oracle, codec, targets, np.array(state["noise"]), np.array(state["factor"]), plan)


def below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def networks(front: Front, outputs: int, plan: PredictPlan) -> Ensemble:
    """The members, not trained yet."""
    return Ensemble(plan.members, front.symbols, front.length, front.ends, outputs, plan.reader)


@dataclass(frozen=True)
class Lesson:
    """Sequences as they are read [N, A, L], what is to be said of them [N, t] (NaN: unknown), the fold of each [N]."""

    x: Tensor
    y: Floats
    folds: NDArray[np.intp]
    classes: bool

    def error(self, said: Tensor, rows: NDArray[np.intp]) -> Tensor:
        """Cross-entropy of classes, squared error of the numbers that are known."""
        y = torch.from_numpy(self.y[rows]).to(said.dtype)
        if self.classes:
            return F.cross_entropy(said, y)
        known = y.isfinite()
        return (said - y.nan_to_num())[known].square().sum() / known.sum().clamp(min=1)


def fit_predictor(
    sequences: Sequence[str],
    y: Floats,
    targets: Targets,
    codec: SequenceCodec,
    folds: NDArray[np.intp],
    plan: PredictPlan,
    seed: int,
    checkpoints: Checkpoints | None = None,
    log: Watch = lambda record: None,
) -> Predictor:
    """Learn y [N, t] (numbers with NaN where unknown, or one-hot classes) from N sequences.

    Each member leaves out the sequences of one of ``folds`` [N] (0 … members − 1; alike sequences share a fold). They
    say when to stop, how to stack the ensemble and the ridge, and how wide the intervals must be; the ensemble has
    learned from all.
    """
    front, classes = Front(codec), bool(targets.classes)
    x = torch.cat([front.read(codec.encoded(sequences[i : i + ROWS])).half() for i in range(0, len(sequences), ROWS)])
    if classes:
        shift, unit = np.zeros(y.shape[1]), np.ones(y.shape[1])
    else:
        shift, unit = np.nanmean(y, 0), np.nanstd(y, 0)
        unit = np.where(unit > 0, unit, 1.0)
    lesson = Lesson(x, (y - shift) / unit, folds, classes)
    ensemble, simple, parts = None, None, []
    if plan.kind != "kmers":
        ensemble = taught(lesson, front, plan, seed, checkpoints, log)
        parts.append(unseen_by(ensemble, lesson, front.ends))
    if plan.kind != "cnn":
        simple, said = fitted_simple(lesson, front, plan, seed)
        parts.append(said)
        if ensemble is None:
            log({"samples": 1, "steps": 1, "loss": float(lesson.error(torch.from_numpy(said), np.arange(len(y))))})
    if classes:
        weights, bias = stack_classes(parts, y)
        shift = bias
    else:
        weights = stack_numbers(parts, lesson.y)
    stack = np.zeros(2)
    stack[HALVES[plan.kind]] = weights
    numbers = [torch.from_numpy(part).float() for part in (stack, shift, unit)]
    oracle = Oracle(front, ensemble, simple, numbers[0], numbers[1], numbers[2], classes, plan.both_strands)
    predictor = Predictor(oracle, codec, targets, np.zeros(len(unit)), np.ones(len(unit)), plan)
    if not classes:
        unseen = shift + unit * sum(w * part for w, part in zip(weights, parts, strict=True))
        looked = [predictor._look(sequences[i : i + ROWS])[1] for i in range(0, len(sequences), ROWS)]
        predictor.noise, predictor.factor = widths(y - unseen, np.concatenate(looked), LEVEL)
    return predictor


def taught(
    lesson: Lesson, front: Front, plan: PredictPlan, seed: int, checkpoints: Checkpoints | None, log: Watch
) -> Ensemble:
    """The ensemble, at the step where the members err least on what they left out."""
    torch.manual_seed(derive(seed, "members"))
    own = [np.flatnonzero(lesson.folds != m) for m in range(plan.members)]
    orders: dict[tuple[int, int], NDArray[np.intp]] = {}

    def rows(member: int, step: int) -> NDArray[np.intp]:
        size = min(plan.batch, len(own[member]))
        epoch, place = divmod(step, max(1, len(own[member]) // size))
        if (member, epoch) not in orders:
            orders.pop((member, epoch - 1), None)
            orders[member, epoch] = numpy_generator(seed, "order", member, epoch).permutation(own[member])
        return orders[member, epoch][place * size : (place + 1) * size]

    def loss(network: nn.Module, step: int) -> Tensor:
        torch.manual_seed(derive(seed, "dropout", step))  # so that a continued run drops the same
        rng = numpy_generator(seed, "moves", step)
        total = torch.zeros(())
        for m, member in enumerate(network.members):  # type: ignore[arg-type]
            chosen = rows(m, step)
            total = total + lesson.error(member(moved(lesson.x[chosen].float(), front.ends, plan, rng)), chosen)
        return total

    def held(network: nn.Module) -> float:
        errors = []
        for m, member in enumerate(network.members):  # type: ignore[arg-type]
            left = np.flatnonzero(lesson.folds == m)
            with torch.no_grad():
                errors += [float(lesson.error(answers(member, lesson.x[left], front.ends), left))] if len(left) else []
        return float(np.mean(errors)) if errors else 0.0

    found = learn(networks(front, lesson.y.shape[1], plan), loss, plan.learn, checkpoints, log, held)
    assert isinstance(found, Ensemble)
    return found


def moved(x: Tensor, ends: bool, plan: PredictPlan, rng: np.random.Generator) -> Tensor:
    """A batch [n, A, L] with what changes nothing changed: a small shift, the other strand."""
    x = trimmed(x) if ends else x
    if plan.shift and not ends:
        x = torch.roll(x, int(rng.integers(-plan.shift, plan.shift + 1)), -1)
    if plan.both_strands and rng.integers(2):
        x = other_strand(x)
    return x


def answers(network: nn.Module, x: Tensor, ends: bool) -> Tensor:
    """What a network says of many rows."""
    parts = (x[i : i + ROWS].float() for i in range(0, len(x), ROWS))
    return torch.cat([network(trimmed(part) if ends else part) for part in parts])


@torch.no_grad()
def unseen_by(ensemble: Ensemble, lesson: Lesson, ends: bool) -> Floats:
    """What the member that left it out says of each row, [N, t]."""
    found = np.zeros(lesson.y.shape)
    for m, member in enumerate(ensemble.members):
        left = np.flatnonzero(lesson.folds == m)
        if len(left):
            found[left] = answers(member, lesson.x[left], ends).double().numpy()
    return found


@torch.no_grad()
def fitted_simple(lesson: Lesson, front: Front, plan: PredictPlan, seed: int) -> tuple[Simple, Floats]:
    """The ridge, and what it says of rows by the fit that left them out."""
    descriptors = Descriptors(front.alphabet, front.ends)
    parts = [descriptors(lesson.x[i : i + ROWS].float()) for i in range(0, len(lesson.x), ROWS)]
    blocks = [torch.cat(block) for block in zip(*parts, strict=True)]
    kernel = Kernel.fit(blocks, plan.landmarks, derive(seed, "kernel"))
    fit = ridge(kernel(blocks).double().numpy(), lesson.y, lesson.folds)
    weights, offset = (torch.from_numpy(part).float() for part in (fit.weights, fit.offset))
    return Simple(descriptors, kernel, weights, offset), fit.unseen
