"""``vivogan.images.count``, ``vivogan.sequences.predict`` and their siblings: train a task, open it again, apply it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vivogan.domains.run import silent
from vivogan.domains.tasks.run import TaskRun, task_named
from vivogan.domains.tasks.train import train

Watch = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class TaskDoor:
    """The words of the command line as functions, for one task.

    >>> import vivogan as vg
    >>> run = vg.images.count.train("cells/", "runs/count", annotations="dots.csv", budget="5m")  # doctest: +SKIP
    >>> run.apply("plates/", "counted/")  # doctest: +SKIP
    """

    domain: str
    name: str

    def train(
        self,
        source: str | Path,
        out: str | Path,
        *,
        read: Mapping[str, str | None] | None = None,
        budget: str = "5m",
        seed: int = 0,
        device: str = "auto",
        threads: int | None = None,
        overrides: Sequence[str] = (),
        curve: bool = True,
        watch: Watch = silent,
        **reading: str | Path | None,
    ) -> TaskRun:
        """Train on ``source`` into the run folder ``out``; the same call on an existing run continues it.

        Args:
            reading: how the data are read: ``annotations`` (a folder or file), ``describe`` (the objects in words,
                where nothing is annotated), ``labels`` (columns of classes or numbers), ``images``, ``masks``,
                ``sequence``, ``split``, ``group``, … as the domain's task reads them.
            budget: time (``"90s"``, ``"5m"``) or items shown (``"20k"``), for learning and its curve together.
            curve: also measure the learning curve, with and without generated items.
            overrides: ``"a.b=c"`` on the plan.

        Raises ``InputError``, ``SettingsError``, ``RunInUse``, ``TrainingStopped``.
        """
        given = {**(read or {}), **reading}
        return train(
            task_named(self.domain, self.name),
            Path(source),
            Path(out),
            read={name: str(value) for name, value in given.items() if value is not None},
            budget=budget,
            seed=seed,
            device=device,
            threads=threads,
            overrides=list(overrides),
            curve=curve,
            watch=watch,
        )

    def open(self, run: str | Path, *, device: str = "auto", threads: int | None = None) -> TaskRun:
        """The trained task in a folder. Raises ``UserError`` when it is none or another one."""
        return TaskRun.open(Path(run), device, threads, self.name, self.domain)
