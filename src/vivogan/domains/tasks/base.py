"""The contract of a task: how it reads, plans, learns and is judged. ``train.py`` and ``run.py`` are written once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vivogan.core.checkpoints import Checkpoints
from vivogan.core.configuration import Settings
from vivogan.domains.base import Figure, Fitted, Score, Split
from vivogan.domains.tasks.learn import LearnSettings

Watch = Callable[[dict[str, Any]], None]
Better = Literal["higher", "lower"]


class TaskPlan(Settings):
    """What every task's plan has; each adds its own fields."""

    learn: LearnSettings = LearnSettings()
    generated: int = 0  # how many generated items join the labelled ones

    def paced(self, steps: int) -> Self:
        """The plan for a run of another length."""
        return self.model_copy(update={"learn": self.learn.model_copy(update={"steps": steps})})


@dataclass(frozen=True)
class Words:
    """What a task calls its data: an item, what is known of those it learns from, and what it does with new ones."""

    one: str  # image, sequence
    labelled: str  # annotated, measured
    label: str  # annotate, measure
    labels: str  # annotations, measurements
    found: str  # found, predicted

    @property
    def many(self) -> str:
        return f"{self.one}s"

    def some(self, n: int) -> str:
        """``1 image``, ``2 images``."""
        return f"{n} {self.one if n == 1 else self.many}"


class Data(Protocol):
    """Labelled items, and others without a label, as a task read them."""

    ids: Sequence[str]
    refusals: Sequence[Any]
    notes: Sequence[str]

    def fingerprint(self) -> dict[str, Any]: ...

    def digest(self) -> str: ...


@dataclass(frozen=True)
class Judgement:
    """How good a model is on what it did not learn from.

    ``value`` is the one number of the learning curve; ``items`` has one row an image or a sequence, with its ``id``,
    ``truth`` and what was ``found``; the rest is for the report.
    """

    value: float
    scores: list[Score]
    items: list[dict[str, Any]]
    figures: list[Figure] = field(default_factory=list)
    confusion: dict[str, Any] | None = None
    measure: str = ""  # what ``value`` is, where it is not ``Task.measure``


class Task(Protocol):
    """One object a task, no inheritance tower."""

    domain: str
    name: str
    command: str  # the verb of the command line, after the domain
    words: Words
    measure: str  # what ``Judgement.value`` is
    better: Better
    most_judged: int  # of the test part
    tried: int  # generated items that the learning curve tries where the plan has none
    labels_shape_generated: bool  # whether generated items owe more to the labels than how many objects there are

    @property
    def plan_model(self) -> type[Any]: ...

    def read(self, source: Path, options: Mapping[str, str]) -> Any: ...

    def split(self, data: Any, seed: int) -> Split: ...

    def plan(self, data: Any, split: Split, options: Mapping[str, str]) -> Any: ...

    def seconds_a_step(self, data: Any, plan: Any) -> float: ...

    def fitted(self, data: Any, split: Split) -> Fitted: ...

    def imagine(self, data: Any, split: Split, plan: Any, seed: int, log: Watch) -> list[Any]: ...

    def picture(self, data: Any, split: Split, generated: Sequence[Any]) -> NDArray[np.uint8]: ...

    def fit(
        self,
        data: Any,
        train: NDArray[np.intp],
        held: NDArray[np.intp],
        generated: Sequence[Any],
        plan: Any,
        seed: int,
        checkpoints: Checkpoints | None,
        log: Watch,
    ) -> Fitted: ...

    def load(self, tensors: dict[str, Tensor], state: dict[str, Any]) -> Any: ...

    def judge(self, model: Any, data: Any, indices: NDArray[np.intp], train: NDArray[np.intp]) -> Judgement: ...

    def figures(self, model: Any, data: Any, judgement: Judgement) -> list[Figure]: ...

    def apply(
        self, run: Any, model: Any, source: Path, out: Path, options: Mapping[str, str], watch: Watch
    ) -> dict[str, Any]: ...


def use_threads(threads: int) -> None:
    """How many threads torch computes with."""
    torch.set_num_threads(threads)
