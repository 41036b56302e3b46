"""A trained task: a folder is a model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from pydantic import Field

from vivogan.core import machine
from vivogan.core.configuration import Settings
from vivogan.core.run_folder import RunFolder
from vivogan.domains.base import Split
from vivogan.domains.run import load, silent
from vivogan.domains.tasks.base import Task, TaskPlan, Watch, use_threads
from vivogan.errors import DamagedRun, UserError

P = TypeVar("P", bound=TaskPlan)


class TaskConfig(Settings, Generic[P]):
    """The command as it was resolved; ``plan`` holds every hyper-parameter."""

    task: str
    source: str
    read: dict[str, str] = Field(default_factory=dict)
    budget: str
    seed: int
    device: str
    threads: int
    overrides: tuple[str, ...] = ()
    curve: bool = True
    plan: P


def config_model(task: Task) -> type[TaskConfig[Any]]:
    """``TaskConfig`` with the plan of a task."""
    return TaskConfig[task.plan_model]  # type: ignore[name-defined]


def task_named(domain: str, name: str) -> Task:
    """The task of a run folder, by its name; each task is the module of that name in its domain."""
    try:
        found: Task = import_module(f"vivogan.domains.{domain}.tasks.{name}").TASK
    except (ImportError, AttributeError) as error:
        raise DamagedRun(f"the run is of task '{name}' ({domain}), which this vivogan does not have") from error
    return found


class TaskRun:
    """Opened by ``TaskRun.open``; applied by the functions of its task, and judged by ``evaluate``."""

    def __init__(self, folder: RunFolder, task: Task, config: TaskConfig[Any], device: str) -> None:
        self.folder, self.task, self.config, self.device = folder, task, config, device
        self.plan = config.plan

    @classmethod
    def open(
        cls,
        path: Path | str,
        device: str = "auto",
        threads: int | None = None,
        task: str | None = None,
        domain: str | None = None,
    ) -> TaskRun:
        """The run in a folder.

        Raises ``UserError`` when it is none, or of another task; ``DamagedRun`` when it cannot be trusted.
        """
        folder = RunFolder.open(path)
        data = folder.read_json("data.json")
        name, own = data.get("tool"), str(data.get("domain"))
        if name is None or task not in (None, name) or domain not in (None, own):
            kind = "a generative run" if name is None else f"a run of '{name}' on {own}"
            wanted = f"of '{task}'" if task else "of a trained tool"
            raise UserError(f"{path}: this is {kind}, not one {wanted}", "Check RUN")
        known = task_named(own, str(name))
        config = folder.read_config(config_model(known))
        use_threads(threads or config.threads)
        return cls(folder, known, config, machine.device(device))

    @cached_property
    def data(self) -> dict[str, Any]:
        return dict(self.folder.read_json("data.json"))

    @cached_property
    def split(self) -> Split:
        return Split(*(np.array(self.data["split"][part], np.intp) for part in ("train", "selection", "test")))

    @property
    def finished(self) -> bool:
        """Whether the model was learned to its end."""
        return (self.folder.path / "model.json").exists()

    @cached_property
    def fitted(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What was fitted on the data before any network learned: (tensors, state)."""
        return load(self.folder, "fitted")

    @cached_property
    def model(self) -> Any:
        """The trained model. Raises ``UserError`` when training has not finished."""
        if not self.finished:
            raise UserError(f"{self.folder.path}: training has not finished", "Give the training command again")
        return self.task.load(*load(self.folder, "model"))

    def apply(self, source: Path | str, out: Path | str, watch: Watch = silent, **reading: str) -> dict[str, Any]:
        """Apply the model to new data of the domain; what it finds is written into ``out``, and returned in short."""
        model = self.model  # a run that is not finished is refused before anything is read
        return self.task.apply(self, model, Path(source), Path(out), reading, watch)

    def evaluate(self, watch: Watch = silent) -> Evaluated:
        """Judge the model on the test part of its data; see ``vivogan.domains.tasks.evaluate``."""
        from vivogan.domains.tasks.evaluate import evaluate

        return Evaluated(evaluate(self, watch))


@dataclass(frozen=True)
class Evaluated:
    """What ``evaluation.json`` holds."""

    content: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        return self.content
