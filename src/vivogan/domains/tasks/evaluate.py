"""Judging a trained task on its test part: scores beside simple ways, the learning curve, the best and the worst."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vivogan.core.files import plain
from vivogan.domains.base import Figure, Score
from vivogan.domains.gallery import keep_figure
from vivogan.domains.run import silent
from vivogan.domains.tasks.base import Watch, Words
from vivogan.domains.tasks.run import TaskRun
from vivogan.errors import UserError


def evaluate(run: TaskRun, watch: Watch = silent) -> dict[str, Any]:
    """Judge the run on the test part of its data and keep what was found as ``evaluation.json``.

    Raises ``UserError`` when the data are not where they were, or are not what they were.
    """
    watch({"event": "stage", "text": "reading the data again"})
    data = run.task.read(Path(run.config.source), run.config.read)
    if data.digest() != run.data["sha256"]:
        raise UserError(f"{run.config.source}: the data changed since this run was trained", "Train into a new folder")
    split = run.split
    seen = not len(split.test)
    judged = (split.train if seen else split.test)[: run.task.most_judged]
    watch({"event": "stage", "text": f"judging on {run.task.words.some(len(judged))}"})
    figures, scores, items, confusion = [], [], [], None
    if len(judged):
        judgement = run.task.judge(run.model, data, judged, split.train)
        scores, items, confusion = judgement.scores, judgement.items, judgement.confusion
        figures = run.task.figures(run.model, data, judgement)
    figures += _generated(run, data)
    curve = run.folder.read_json("curve.json") if (run.folder.path / "curve.json").exists() else None
    known = np.concatenate([split.train, split.selection, split.test])
    counts = {name: len(part) for name, part in asdict(split).items()}
    found = {
        "tool": run.task.name,
        "domain": run.task.domain,
        "title": run.folder.path.name,
        "grade": grade(scores, seen),
        "verdict": verdict(run, scores, curve, seen),
        "scores": [asdict(score) for score in scores],
        "curve": curve,
        "confusion": confusion,
        "items": items,
        "generated_items": _use(run, curve),
        "figures": [keep_figure(run.folder, figure) for figure in figures],
        "advice": advice(run.task.words, seen, curve),
        "counts": counts | {"unlabelled": len(data.ids) - len(known), "generated": run.plan.generated},
    }
    found = plain(found)
    run.folder.write_json("evaluation.json", found)
    return found


def grade(scores: list[Score], seen: bool) -> str:
    """Good when the first score beats its simple way clearly and was measured on what was never learned from."""
    if not scores or seen:
        return "fair"
    first = scores[0]
    if not np.isfinite(first.baseline):
        return "fair"
    gain = (first.baseline - first.value) if first.better == "lower" else (first.value - first.baseline)
    scale = abs(first.baseline) if first.better == "lower" else 1 - first.baseline
    share = gain / max(scale, 1e-9)
    return "good" if share >= 0.5 else "fair" if share > 0.1 else "poor"


def verdict(run: TaskRun, scores: list[Score], curve: dict[str, Any] | None, seen: bool) -> list[str]:
    """What came out, in plain words."""
    lines, words = [], run.task.words
    if scores:
        first = scores[0]
        simple = f"; the best simple way has {first.baseline:.3g}" if np.isfinite(first.baseline) else ""
        on = f"the {words.many} it learned from" if seen else f"{words.some(first.n)} it never saw"
        lines.append(f"On {on}: {first.name} {first.value:.3g}{simple}.")
    else:
        lines.append(
            f"No {words.labelled} {words.one} was at hand to judge it: everything was learned from imagined ones."
        )
    if seen and scores:
        lines.append(f"That is optimistic: too few {words.many} were {words.labelled} to keep some for the judgement.")
    gain = gained(curve)
    if gain is not None:
        labels, without, with_generated = gain
        measure = (curve or {}).get("score", "score")
        lines.append(
            f"With {labels} {words.labelled} {words.many} and equal training, {measure} is {with_generated:.3g} with "
            f"generated {words.many} and {without:.3g} without."
        )
    return lines


def gained(curve: dict[str, Any] | None) -> tuple[int, float, float] | None:
    """(labels, value without, value with generated items) at the most labels where both were measured."""
    points = {(p["labels"], p["generated"]): p["value"] for p in (curve or {}).get("points", [])}
    both = [n for n, made in points if made and (n, False) in points]
    return (max(both), points[max(both), False], points[max(both), True]) if both else None


def advice(words: Words, seen: bool, curve: dict[str, Any] | None) -> list[str]:
    """What to do next, where something is worth doing."""
    found = []
    if seen:
        found.append(f"{words.label.capitalize()} 10 {words.many} or more: then some are kept for an honest judgement.")
    points = sorted((p["labels"], p["value"]) for p in (curve or {}).get("points", []) if not p["generated"])
    if len(points) > 1 and points[0][1]:
        change = abs(points[-1][1] - points[-2][1]) / abs(points[-2][1])
        if change > 0.1:
            found.append(f"The learning curve is still steep: more {words.labelled} {words.many} will help.")
    return found


def _use(run: TaskRun, curve: dict[str, Any] | None) -> dict[str, Any]:
    used = bool(run.plan.generated)
    gain = gained(curve)
    words = run.task.words
    why = f"generated {words.many} join the {words.labelled} ones" if used else "the plan asks for none"
    if gain is not None:
        better = gain[2] < gain[1] if (curve or {}).get("better") == "lower" else gain[2] > gain[1]
        why += f"; at {gain[0]} labels they {'helped' if better else 'did not help'} in the learning curve"
    return {"used": used, "n": run.plan.generated, "why": why}


def _generated(run: TaskRun, data: Any) -> list[Figure]:
    """Real beside generated items, where a run keeps some."""
    picture = run.folder.samples / "generated.png"
    if not picture.exists():
        return []
    image = np.asarray(Image.open(picture).convert("RGB"))
    return [
        Figure(
            "generated", "Real and generated images", "Above real, below generated; objects as they are known", image
        )
    ]
