"""Predicting what molecules do: members that see them differently, blended, with how sure they are and of what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from vivogan.domains.molecules.tools.applicability import Applicability, Where
from vivogan.domains.molecules.tools.blending import Blend
from vivogan.domains.molecules.tools.calibration import Chance, Width
from vivogan.domains.molecules.tools.forest import ForestSettings
from vivogan.domains.molecules.tools.kernel import CountKernel
from vivogan.domains.molecules.tools.members import KINDS, Member, Seen, below
from vivogan.domains.molecules.tools.messages import MessageSettings
from vivogan.domains.molecules.tools.trees import TreeSettings
from vivogan.domains.tasks.base import TaskPlan
from vivogan.domains.tasks.targets import Floats, Predicted, Targets

NEIGHBOURS = 5  # known molecules that hint at how far a prediction may be off
ROWS = 2000  # molecules looked at together
MemberName = Literal["kernel", "descriptors", "boosting", "forest", "chemprop"]
Counted = Literal["ecfp4", "ecfp6", "fcfp4", "fcfp6", "pairs", "torsions"]
Block = Literal["ecfp", "avalon", "erg", "descriptors", "properties"]


class PredictPlan(TaskPlan):
    """The plan of a predictor: who is asked, and what each looks at.

    ``members=["kernel"]`` answers fastest; ``described=["ecfp","properties"]`` and ``ranked=["properties"]`` make the
    others fast as well.
    """

    members: Annotated[tuple[MemberName, ...], Field(min_length=1)] = ("kernel", "descriptors", "boosting")
    counted: Annotated[tuple[Counted, ...], Field(min_length=1)] = ("ecfp6", "fcfp6", "pairs", "torsions")
    described: Annotated[tuple[Block, ...], Field(min_length=1)] = ("ecfp", "avalon", "erg", "descriptors")
    ranked: Annotated[tuple[Block, ...], Field(min_length=1)] = ("descriptors",)  # by the kernel on descriptors
    folds: Annotated[int, Field(ge=2)] = 5
    penalties: tuple[float, ...] = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)  # of kernel ridges; one is chosen
    landmarks: Annotated[int, Field(ge=10)] = 4000  # molecules that kernels compare with, if there are more
    boosting: TreeSettings = TreeSettings()
    forest: ForestSettings = ForestSettings()
    chemprop: MessageSettings = MessageSettings()  # where it is one of the members


@dataclass(frozen=True)
class Hints:
    """What tells how far a prediction may be off: how near the landmarks are, and how wrong it was of them.

    ``missed`` [m, t]: |error| of each landmark when it was not learned from; NaN where nothing was known.
    """

    missed: Floats

    def __call__(self, alike: Floats, scores: Floats, target: int) -> Floats:
        """[n, 3]: distance to the nearest landmarks, their error, disagreement of the members.

        Args:
            alike: with the landmarks, [n, m]. scores: of the members, in the target's unit, [members, n].
        """
        known = np.flatnonzero(np.isfinite(self.missed[:, target]))
        near = alike[:, known]
        few = min(NEIGHBOURS, len(known))
        chosen = np.argpartition(-near, few - 1, axis=1)[:, :few]
        weight = np.take_along_axis(near, chosen, 1) + 1e-6
        error = (weight * self.missed[known, target][chosen]).sum(1) / weight.sum(1)
        apart = scores.std(0) if len(scores) > 1 else np.zeros(len(alike))
        return np.stack([1 - weight.mean(1), np.log(error + 1e-9), np.log(apart + 1e-3)], 1)


@dataclass(frozen=True)
class Predictor:
    """``predict`` for SMILES; ``smiles`` are those it learned from, ``trial`` what generated molecules did for it."""

    smiles: list[str]
    targets: Targets
    plan: PredictPlan
    compare: CountKernel
    columns: NDArray[np.int64]
    members: dict[str, Member]
    blends: list[Blend]
    widths: list[Width]
    chances: list[Chance]
    hints: Hints
    applicability: Applicability
    trial: dict[str, Any] = field(default_factory=dict)

    @property
    def says_chances(self) -> bool:
        return bool(self.targets.classes) or self.targets.chances

    def predict(self, smiles: Sequence[str]) -> Predicted:
        """Means with the deviation and the interval in which the truth should lie; of chances the probability with
        its Venn–Abers bounds, whose half is the deviation."""
        parts = [self._look(smiles[i : i + ROWS]) for i in range(0, len(smiles), ROWS)]
        nothing = np.zeros((0, len(self.targets.names)))
        return Predicted(*(np.concatenate([nothing, *(part[i] for part in parts)]) for i in range(4)))

    def where(self, smiles: Sequence[str]) -> Where:
        """Whether they are like what was learned from."""
        return self.applicability(smiles)

    def strengths(self, smiles: Sequence[str]) -> Floats:
        """What the blends say, [n, t]: the numbers, or log-odds that are not calibrated."""
        parts = []
        for i in range(0, len(smiles), ROWS):
            scores = self._scores(self._seen(smiles[i : i + ROWS]))
            parts.append(np.stack([blend(scores[:, :, k]) for k, blend in enumerate(self.blends)], 1))
        return np.concatenate([np.zeros((0, len(self.blends))), *parts])

    def means(self, smiles: Sequence[str]) -> Floats:
        """The means of ``predict`` alone, [n, t], for who asks often."""
        said = self.strengths(smiles)
        if self.says_chances:
            said = np.stack([chance(said[:, k])[0] for k, chance in enumerate(self.chances)], 1)
        return shares(said) if self.targets.classes else said

    def _seen(self, smiles: Sequence[str]) -> Seen:
        return Seen(smiles, self.compare, self.plan.described, self.plan.ranked, self.columns)

    def _scores(self, seen: Seen) -> Floats:
        """[members, n, t]."""
        return np.stack([self.members[name].said(seen) for name in self.plan.members])

    def _look(self, smiles: Sequence[str]) -> tuple[Floats, Floats, Floats, Floats]:
        seen = self._seen(smiles)
        scores = self._scores(seen)
        columns = []
        for k, blend in enumerate(self.blends):
            own, blended = scores[:, :, k], blend(scores[:, :, k])
            if self.says_chances:
                p, low, high = self.chances[k](blended)
                columns.append((p, (high - low) / 2, low, high))
            else:
                width = self.widths[k]
                sd = width.sd(self.hints(seen.alike, own, k))
                columns.append((blended, sd, blended - width.factor * sd, blended + width.factor * sd))
        mean, sd, low, high = (np.stack([column[i] for column in columns], 1) for i in range(4))
        if self.targets.classes:
            mean = shares(mean)
            low, high = np.minimum(low, mean), np.maximum(high, mean)
        return mean, sd, low, high

    def answers(self, mean: Floats) -> list[list[str]]:
        """What cannot be ruled out for each target at the means [n, t] of columns of yes and no."""
        return [chance.answers(mean[:, k]) for k, chance in enumerate(self.chances)]

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        compared, kinds = self.compare.state()
        tensors = {f"compare.{name}": value for name, value in compared.items()}
        tensors |= {f"domain.{name}": value for name, value in self.applicability.state().items()}
        tensors |= {"columns": torch.from_numpy(self.columns), "missed": torch.from_numpy(self.hints.missed)}
        members = {}
        for name, member in self.members.items():
            own, members[name] = member.state()
            tensors |= {f"{name}.{part}": value for part, value in own.items()}
        return {name: value.contiguous() for name, value in tensors.items()}, {
            "smiles": self.smiles,
            "targets": vars(self.targets),
            "plan": self.plan.model_dump(mode="json"),
            "counted": kinds,
            "members": members,
            "blends": [blend.state() for blend in self.blends],
            "widths": [width.state() for width in self.widths],
            "chances": [chance.state() for chance in self.chances],
            "trial": self.trial,
        }

    @classmethod
    def from_state(cls, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> Self:
        return cls(
            list(state["smiles"]),
            Targets(**state["targets"]),
            PredictPlan.model_validate(state["plan"]),
            CountKernel.from_state(below(tensors, "compare."), state["counted"]),
            tensors["columns"].numpy(),
            {name: KINDS[name].from_state(below(tensors, f"{name}."), own) for name, own in state["members"].items()},
            [Blend.from_state(own) for own in state["blends"]],
            [Width.from_state(own) for own in state["widths"]],
            [Chance.from_state(own) for own in state["chances"]],
            Hints(tensors["missed"].numpy()),
            Applicability.from_state(below(tensors, "domain.")),
            dict(state["trial"]),
        )


def shares(chances: Floats) -> Floats:
    """Probabilities of classes of which one is true, [n, t]: they sum to one."""
    return np.asarray(chances / np.maximum(chances.sum(1, keepdims=True), 1e-12))
