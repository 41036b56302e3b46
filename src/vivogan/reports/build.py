"""A run folder becomes one self-contained page (report.html) and a model card (card.md)."""

from __future__ import annotations

import base64
import hashlib
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vivogan.core.files import write_text
from vivogan.reports import charts, memorisation, words
from vivogan.reports.card import card
from vivogan.reports.gather import Run, finite, flat, gather

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"


def build(run_path: Path) -> Path:
    """Write ``report.html`` and ``card.md`` into the run folder and return the path of the report.

    What the run does not have yet (an evaluation, labels, held-out data) is named there with the command that makes it.

    Raises:
        UserError: ``run_path`` is not a run folder, or cannot be written.
        DamagedRun: a file of the run cannot be understood.
    """
    run = gather(Path(run_path))
    report = run.path / "report.html"
    write_text(report, page(run))
    write_text(run.path / "card.md", card(run))
    return report


def page(run: Run) -> str:
    """The report as text; the same run gives the same bytes."""
    script = (TEMPLATES / "report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    classes = run.evaluation.get("by_class") or []
    memory = run.evaluation.get("memorisation") or {}
    placed = [run.figure("nearest"), run.figure("interpolation")]
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            run=run,
            evaluation=run.evaluation,
            style=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
            script=script,
            script_hash=f"sha256-{digest}",
            nearest=placed[0],
            interpolation=placed[1],
            samples=[figure for figure in run.figures if figure not in placed],
            scores=scores(run.evaluation.get("scores") or []),
            classes=classes,
            weakest=words.weakest(classes),
            digits=column_digits(classes),
            panels=panels(run),
            memory_verdict=memorisation.verdict(memory),
            findings=memorisation.findings(memory),
            commands=commands(run),
            grades=words.GRADES,
        )
    )


def environment() -> Environment:
    """Jinja with autoescape on: class names, file names and notes are the user's own text."""
    from jinja2 import ChainableUndefined, Environment, FileSystemLoader

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        number=lambda value, digits=None: charts.number(finite(value), digits),
        shown=shown,
        flat=lambda tree: list(flat(tree)),
        count=count,
    )
    made.globals.update(
        bar=lambda value: charts.bar(finite(value)), event_words=words.event_words, sentence=words.sentence
    )
    return made


def scores(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every score with its words and its strip."""
    made = []
    for row in rows:
        title, meaning = words.score_words(str(row.get("name", "")), str(row.get("note") or ""))
        value, low, high, floor, baseline = (
            finite(row.get(key)) for key in ("value", "low", "high", "floor", "baseline")
        )
        better = "lower" if row.get("better") == "lower" else "higher"
        made.append(
            {
                "title": title,
                "meaning": meaning,
                "value": charts.number(value),
                "interval": words.interval(row),
                "standing": words.standing(row),
                "better": better,
                "n": row.get("n"),
                "strip": charts.strip(value, low, high, floor, baseline, better, words.strip_label(title, row)),
            }
        )
    return made


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
            label = f"{title} over samples shown: " + "; ".join(_course(line) for line in lines)
            made.append(
                {"title": title, "hint": hint, "lines": lines, "svg": charts.curves(lines, label, best, events)}
            )
    return made


def _course(line: charts.Line) -> str:
    values = [y for _, y in line.points if y is not None]
    return f"{line.name} from {charts.number(values[0])} to {charts.number(values[-1])}"


def commands(run: Run) -> dict[str, str]:
    """The commands the page names; ``train`` is the one that was typed where the run remembers it."""
    folder = shlex.quote(run.shown)
    typed = run.env.get("command") or run.env.get("argv")
    if isinstance(typed, list):
        typed = shlex.join(str(word) for word in typed)
    return {
        "train": str(typed or _train(run)),
        "evaluate": f"vivogan {run.domain} evaluate {folder}",
        "generate": f"vivogan {run.domain} generate {folder} -n 500 --seed 0 -o made/",
        "report": f"vivogan report {folder}",
    }


def _train(run: Run) -> str:
    """The training command, put together from config.toml."""
    words = ["vivogan", run.domain, "train", run.source or "DATA"]
    options = dict(run.config.get("read") or {}) | {key: run.setting(key) for key in ("budget", "seed")}
    for key, value in options.items():
        if isinstance(value, str | int) and value != "":
            words += [f"--{key}", str(value)]
    for override in run.setting("overrides") or []:
        words += ["--set", str(override)]
    return shlex.join([*words, "--out", run.shown])


def column_digits(rows: Sequence[Mapping[str, Any]]) -> int:
    """Decimals that all Fréchet distances of the class table share, so that their points stand in line."""
    values = [value for row in rows if (value := finite(row.get("frechet")))]
    return charts.decimals(max(values, key=abs)) if values else 2


def shown(value: object) -> str:
    """A recorded setting or property for people: lists with commas, long ones cut, thousands apart."""
    if isinstance(value, list):
        words = [shown(item) for item in value[:12]] + ([f"and {len(value) - 12} more"] if len(value) > 12 else [])
        return ", ".join(words)
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    return f"{value:,}" if isinstance(value, int) and abs(value) >= 10_000 else str(value)


def count(value: object) -> str:
    """A count for people: how many, where a list of members was stored instead of their number."""
    if isinstance(value, list):
        value = len(value)
    number = finite(value)
    return "–" if number is None else f"{number:,.0f}"
