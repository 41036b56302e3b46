"""The page of a run that generates: samples beside real ones, scores, classes, training, memorisation."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from vivogan.reports import charts, memorisation, words
from vivogan.reports.gather import Run, finite
from vivogan.reports.page import count, course, render, scores, train_command

COUNTS = (
    ("train", "learned from"),
    ("selection", "chosen on"),
    ("test", "judged on"),
    ("generated", "made and judged"),
)
CONTENTS = (
    ("samples", "Samples"),
    ("scores", "Scores"),
    ("classes", "Classes"),
    ("training", "Training"),
    ("memorisation", "Memorisation"),
    ("between", "Between samples"),
    ("data", "What was read"),
    ("next", "Next"),
    ("again", "Make it again"),
)


def page(run: Run) -> str:
    """The report as text; the same run gives the same bytes."""
    classes = run.evaluation.get("by_class") or []
    memory = run.evaluation.get("memorisation") or {}
    placed = [run.figure("nearest"), run.figure("interpolation")]
    return render(
        "report.html.j2",
        run,
        facts=facts(run),
        contents=CONTENTS,
        nearest=placed[0],
        interpolation=placed[1],
        samples=[figure for figure in run.figures if figure not in placed],
        ends=words.SAMPLES,
        scores=scores(run.evaluation.get("scores") or []),
        classes=classes,
        weakest=words.weakest(classes),
        digits=column_digits(classes),
        panels=panels(run),
        memory_verdict=memorisation.verdict(memory),
        findings=memorisation.findings(memory),
        commands=commands(run),
    )


def facts(run: Run) -> list[tuple[str, str]]:
    """How many samples were learned from, chosen on, judged on, made and shown."""
    counts = run.evaluation.get("counts") or run.data.get("split") or {}
    found = [(name, count(counts[key])) for key, name in COUNTS if key in counts]
    return found + ([("shown in training", count(run.ticks[-1].get("samples")))] if run.ticks else [])


PANELS = (
    ("Held-out Fréchet distance", "lower is better", (("frechet", "Fréchet distance"),)),
    ("Held-out coverage and diversity", "higher is better", (("coverage", "coverage"), ("diversity", "diversity"))),
    (
        "Losses",
        "steady is good",
        (("loss_generator", "generator"), ("loss_discriminator", "discriminator")),
    ),
    ("Augmentation strength", "rises when training data run short", (("augment_p", "probability"),)),
)


def panels(run: Run) -> list[dict[str, Any]]:
    """The training curves that the run has measured, the best checkpoint and the guard's events marked on each."""
    events = [float(event.get("samples") or 0) for event in run.events]
    made = []
    for title, hint, keys in PANELS:
        lines: list[charts.Line] = []
        for key, name in keys:
            points = [
                (float(tick["samples"]), finite(tick.get(key)))
                for tick in run.ticks
                if finite(tick.get("samples")) is not None
            ]
            if sum(y is not None for _, y in points) > 1:
                lines.append(charts.Line(name, ("first", "second")[len(lines)], points))
        if lines:
            best = run.best if keys[0][0] in {"frechet", "coverage"} else None
            label = f"{title} over samples shown: " + "; ".join(course(line) for line in lines)
            made.append(
                {"title": title, "hint": hint, "lines": lines, "svg": charts.curves(lines, label, best, events)}
            )
    return made


# Where the samples of a domain go, in the command that the page names.
MADE = {"sequences": "made.fasta", "molecules": "made.smi"}


def commands(run: Run) -> dict[str, str]:
    """The commands the page names."""
    folder = shlex.quote(run.shown)
    return {
        "train": train_command(run, ("train",)),
        "evaluate": f"vivogan {run.domain} evaluate {folder}",
        "generate": f"vivogan {run.domain} generate {folder} -n 500 --seed 0 -o {MADE.get(run.domain, 'made/')}",
        "report": f"vivogan report {folder}",
    }


def column_digits(rows: Sequence[Mapping[str, Any]]) -> int:
    """Decimals that all Fréchet distances of the class table share, so that their points stand in line."""
    values = [value for row in rows if (value := finite(row.get("frechet")))]
    return charts.decimals(max(values, key=abs)) if values else 2
