"""From labelled data to a trained task: read → split → plan → imagine → learn → learning curve. Written once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.core import machine
from vivogan.core.budget import Budget
from vivogan.core.configuration import override
from vivogan.core.run_folder import RunFolder
from vivogan.core.seeds import derive, numpy_generator
from vivogan.domains.base import Split
from vivogan.domains.run import keep, silent
from vivogan.domains.tasks.base import Task, Watch, use_threads
from vivogan.domains.tasks.results import write_picture
from vivogan.domains.tasks.run import TaskRun, config_model
from vivogan.errors import SettingsError, UserError

LEARN_SHARE, CURVE_SHARE = 0.55, 0.35  # of a time budget; what is left goes to imagining and judging
FEWEST_STEPS = 60
CURVE = (0.25, 0.5, 1.0)  # shares of the labels at which the learning curve is measured
LEAST_CURVE = 2  # labelled items that an arm of the curve learns from


def train(
    task: Task,
    source: Path,
    out: Path,
    *,
    read: Mapping[str, str] | None = None,
    budget: str = "5m",
    seed: int = 0,
    device: str = "auto",
    threads: int | None = None,
    overrides: Sequence[str] = (),
    curve: bool = True,
    watch: Watch = silent,
) -> TaskRun:
    """Train a task on ``source`` into the run folder ``out``; the same call on an existing run continues it.

    Raises ``InputError`` (data), ``SettingsError`` (settings that differ from the run's own), ``RunInUse``,
    ``TrainingStopped``, ``KeyboardInterrupt`` (the last checkpoint stays).
    """
    asked: dict[str, Any] = {
        "task": task.name,
        "source": str(Path(source).resolve()),
        "read": dict(read or {}),
        "budget": budget,
        "seed": seed,
        "device": machine.device(device),
        "overrides": tuple(overrides),
        "curve": curve,
    }
    Budget.parse(budget)
    override(task.plan_model(), list(overrides))  # a misspelt setting is refused before anything is read
    watch({"event": "stage", "text": f"reading {source}"})
    data = task.read(Path(source), asked["read"])
    with RunFolder.create(out).lock():
        run = _prepared(task, data, Path(out), asked, threads, watch)
        generated = _learn(run, data, watch)
        if curve:
            _curve(run, data, generated, watch)
    return run


def _prepared(task: Task, data: Any, out: Path, asked: dict[str, Any], threads: int | None, watch: Watch) -> TaskRun:
    """Plan what an earlier call has not; refuse settings and data that differ from the run's own."""
    folder = RunFolder(out)
    if RunFolder.exists(out):
        own = TaskRun.open(out, asked["device"], threads)
        known = own.config.model_dump()
        differ = [f"{name}: {known[name]} → {value}" for name, value in asked.items() if known[name] != value]
        if differ:
            raise SettingsError(
                f"{out}: this run was made with other settings ({'; '.join(differ)})",
                "Give the same settings to continue it, or another --out",
            )
        if own.data["sha256"] != data.digest():
            raise UserError(f"{asked['source']}: the data changed since this run began", "Train into a new folder")
        return own
    threads = threads or machine.free_threads()
    use_threads(threads)
    watch({"event": "stage", "text": "planning"})
    split = task.split(data, asked["seed"])
    plan = override(task.plan(data, split, asked["read"]), list(asked["overrides"]))
    if not any(text.startswith("learn.steps=") for text in asked["overrides"]):
        steps = _steps(task, data, plan, Budget.parse(asked["budget"]), asked["curve"])
        plan = plan.paced(steps)
    folder.write_json("env.json", machine.describe())
    folder.write_json("data.json", _described(task, data, split))
    keep(folder, "fitted", task.fitted(data, split))
    folder.write_config(config_model(task)(**asked, threads=threads, plan=plan))
    return TaskRun.open(out, asked["device"], threads)


def _steps(task: Task, data: Any, plan: Any, budget: Budget, curve: bool) -> int:
    """The length of the run: items shown, or minutes at the speed of this machine."""
    if budget.samples:
        return max(1, budget.samples // int(getattr(plan, "batch", 1)))  # some learn from everything at once
    share = LEARN_SHARE if curve else LEARN_SHARE + CURVE_SHARE
    return max(FEWEST_STEPS, int(share * (budget.seconds or 0) / task.seconds_a_step(data, plan)))


def _described(task: Task, data: Any, split: Split) -> dict[str, Any]:
    return {
        "domain": task.domain,
        "tool": task.name,
        "command": task.command,
        "words": asdict(task.words),
        "fingerprint": data.fingerprint(),
        "split": {name: part.tolist() for name, part in asdict(split).items()},
        "refusals": [asdict(refusal) for refusal in data.refusals],
        "notes": list(data.notes),
        "sha256": data.digest(),
    }


def _learn(run: TaskRun, data: Any, watch: Watch) -> list[Any] | None:
    """The model of the run, unless an earlier call finished it; returns the generated items where it made some."""
    if run.finished:
        return None
    checkpoints = run.folder.checkpoints
    newest = checkpoints.newest()
    run.folder.forget_after(newest.samples if newest else -1)

    def story(record: dict[str, Any]) -> None:
        if newest is None:  # else it was told before
            run.folder.log({"samples": 0, "stage": "game"} | record)

    generated = _imagined(run, data, run.split, run.plan, watch, story)
    if generated:
        write_picture(run.folder.samples / "generated.png", run.task.picture(data, run.split, generated))
    watch({"event": "stage", "text": f"learning from {_amount(run.task, run.split.train, generated)}"})

    def log(record: dict[str, Any]) -> None:
        run.folder.log(record | {"stage": "learning"})
        watch({"event": "tick"} | record)

    model = run.task.fit(
        data, run.split.train, run.split.selection, generated, run.plan, run.config.seed, checkpoints, log
    )
    keep(run.folder, "model", model)
    return generated


def _amount(task: Task, train: NDArray[np.intp], generated: Sequence[Any]) -> str:
    words = task.words
    more = f" and {len(generated)} generated" if generated else ""
    return f"{len(train)} {words.labelled}{more} {words.many}"


def _imagined(run: TaskRun, data: Any, split: Split, plan: Any, watch: Watch, log: Watch = silent) -> list[Any]:
    """The generated items of a split; functions of the seed, so a continued run makes them again."""
    if not plan.generated:
        return []
    watch({"event": "stage", "text": f"imagining labelled {run.task.words.many}"})
    return run.task.imagine(data, split, plan, derive(run.config.seed, "imagine"), log)


def _curve(run: TaskRun, data: Any, generated: list[Any] | None, watch: Watch) -> None:
    """The learning curve: fewer labels, with and without generated items, equal networks and steps.

    Judged on the test part; without one, on the labelled items that an arm did not learn from.
    """
    path = "curve.json"
    points = list(run.folder.read_json(path)["points"]) if (run.folder.path / path).exists() else []
    done = {(point["labels"], point["generated"]) for point in points}
    train, steps = run.split.train, max(FEWEST_STEPS, int(run.plan.learn.steps * CURVE_SHARE / LEARN_SHARE / 6))
    order = numpy_generator(run.config.seed, "curve").permutation(train)
    sizes = sorted({max(LEAST_CURVE, round(share * len(train))) for share in CURVE})
    quick = run.plan.paced(steps)
    changes = {"learn": quick.learn.model_copy(update={"tick": steps})}
    plan = quick.model_copy(update=changes | {"generated": run.plan.generated or run.task.tried})
    for size in sizes:
        chosen = np.sort(order[:size])
        judged = run.split.test if len(run.split.test) else np.setdiff1d(train, chosen)
        if size > len(train) or not len(judged):
            continue
        for with_generated in (False, True):
            if (size, with_generated) in done or (with_generated and not plan.generated):
                continue
            how = f"{'with' if with_generated else 'without'} generated ones" if plan.generated else "equal steps"
            words = run.task.words
            watch({"event": "stage", "text": f"learning curve: {size} {words.labelled} {words.many}, {how}"})
            made: list[Any] = []
            if with_generated and run.task.labels_shape_generated:
                made = _imagined(run, data, replace(run.split, train=chosen), plan, silent)
            elif with_generated:
                made = generated = generated or _imagined(run, data, run.split, plan, silent)
            nobody = np.zeros(0, np.intp)
            model = run.task.fit(data, chosen, nobody, made, plan, run.config.seed, None, silent)
            found = run.task.judge(model, data, judged, chosen)
            points.append(
                {"labels": size, "generated": with_generated, "value": found.value, "low": None, "high": None}
            )
            measure = found.measure or run.task.measure
            run.folder.write_json(path, {"score": measure, "better": run.task.better, "points": points})
