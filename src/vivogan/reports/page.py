"""From a template and what is known of a run to one self-contained page."""

from __future__ import annotations

import base64
import hashlib
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vivogan.reports import charts, words
from vivogan.reports.gather import Run, finite, flat

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, run: Run, styles: Sequence[str] = (), **values: Any) -> str:
    """The page as text; the same run gives the same bytes. ``styles`` follow the common style sheet."""
    script = (TEMPLATES / "report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    sheets = [(TEMPLATES / name).read_text(encoding="utf-8") for name in ("report.css", *styles)]
    return (
        environment()
        .get_template(template)
        .render(
            run=run,
            evaluation=run.evaluation,
            style="\n".join(sheets),
            script=script,
            script_hash=f"sha256-{digest}",
            grades=words.GRADES,
            **values,
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
        amount=lambda value: charts.amount(finite(value)),
        shown=shown,
        flat=lambda tree: list(flat(tree)),
        count=count,
    )
    made.globals.update(
        bar=lambda value: charts.bar(finite(value)), event_words=words.event_words, sentence=words.sentence
    )
    return made


def scores(
    rows: Sequence[Mapping[str, Any]],
    ends: words.Ends = words.SAMPLES,
    named: Callable[[str, str], tuple[str, str]] = words.score_words,
) -> list[dict[str, Any]]:
    """Every score with its words and its strip; ``named(name, note)`` gives title and meaning."""
    made = []
    for row in rows:
        title, meaning = named(str(row.get("name", "")), str(row.get("note") or ""))
        value, low, high, floor, baseline = (
            finite(row.get(key)) for key in ("value", "low", "high", "floor", "baseline")
        )
        better = "lower" if row.get("better") == "lower" else "higher"
        label = words.strip_label(title, row, ends)
        made.append(
            {
                "title": title,
                "meaning": meaning,
                "value": charts.number(value),
                "interval": words.interval(row),
                "standing": words.standing(row, ends),
                "better": better,
                "n": row.get("n"),
                "strip": charts.strip(value, low, high, floor, baseline, better, label, ends.marks),
            }
        )
    return made


def course(line: charts.Line) -> str:
    """A curve in words, for those who cannot see it."""
    values = [y for _, y in line.points if y is not None]
    return f"{line.name} from {charts.number(values[0])} to {charts.number(values[-1])}"


def train_command(run: Run, verbs: Sequence[str]) -> str:
    """The training command: the one that was typed where the run remembers it, else put together from config.toml.

    ``verbs`` follow the domain: "train", or "count", "train".
    """
    typed = run.env.get("command") or run.env.get("argv")
    if isinstance(typed, list):
        return shlex.join(str(word) for word in typed)
    if typed:
        return str(typed)
    parts = ["vivogan", run.domain, *verbs, run.source or "DATA"]
    read = dict(run.config.get("read") or {})
    for key, value in (read | {key: run.setting(key) for key in ("budget", "seed")}).items():
        if isinstance(value, str | int) and value != "":
            parts += [f"--{key}", str(value)]
    for override in run.setting("overrides") or []:
        parts += ["--set", str(override)]
    return shlex.join([*parts, "--out", run.shown])


def shown(value: object) -> str:
    """A recorded setting or property for people: lists with commas, long ones cut, four digits, thousands apart."""
    if isinstance(value, list):
        words = [shown(item) for item in value[:12]] + ([f"and {len(value) - 12} more"] if len(value) > 12 else [])
        return ", ".join(words)
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and abs(value) >= 10_000 else str(value)


def count(value: object) -> str:
    """A count for people: how many, where a list of members was stored instead of their number."""
    if isinstance(value, list):
        value = len(value)
    number = finite(value)
    return "–" if number is None else f"{number:,.0f}"
