"""The model card: what was learned from what, how good it is, what it is not for; Markdown beside the weights."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from vivogan.reports import memorisation, words
from vivogan.reports.charts import number
from vivogan.reports.gather import Run, finite

# What must be said of the samples of a domain beyond what holds for all.
LIMITS: Mapping[str, list[str]] = {
    "sequences": [
        "- Sequences are screened as they are generated where a list or databases of concern are named; "
        'else every header says "not screened". Screening is no proof of safety.',
        "- A score tells how like real sequences they are, not whether they work: that takes an assay.",
    ],
    "molecules": [
        "- Molecules are screened against scheduled and known hazardous substances as they are generated. "
        "Passing is no proof of safety.",
        "- A score tells how like real molecules they are. Whether one can be made, is active or is safe takes a "
        "chemist and an assay.",
    ],
}


def card(run: Run) -> str:
    """The model card of a run as Markdown; the user's text in it can neither break the table nor carry HTML."""
    evaluation = run.evaluation
    lines = [f"# {plain(run.title)}", ""]
    if evaluation:
        lines += [f"**Grade: {plain(evaluation.get('grade') or 'none')}.** {sentences(evaluation.get('verdict'))}", ""]
    else:
        lines += [f"Not judged yet. `vivogan {run.domain} evaluate` compares its samples with held-out real ones.", ""]
    lines += ["## Data", "", *data(run), ""]
    if evaluation.get("scores"):
        lines += ["## Scores", "", *scores(evaluation), ""]
    memory = evaluation.get("memorisation") or {}
    lines += ["## Memorisation", "", memorisation.verdict(memory) or "Not checked.", ""]
    lines += [
        f"- {finding.title}: {finding.value}{f' ({finding.detail})' if finding.detail else ''}"
        for finding in memorisation.findings(memory)
    ]
    lines += ["", "## Limits", "", *_limits(run), "", "## Make it again", "", f"Seed {plain(run.setting('seed'))}. "]
    lines[-1] += (
        "The settings are in `config.toml`, versions and machine in `env.json`, the full report in `report.html`."
    )
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def plain(text: object) -> str:
    """Text without meaning to Markdown or HTML."""
    return (
        re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", " ".join(str(text).split()))
        .replace("\\<", "&lt;")
        .replace("\\>", "&gt;")
    )


def sentences(items: object) -> str:
    """A list of sentences as one paragraph."""
    return " ".join(plain(sentence) for sentence in items) if isinstance(items, list) else ""


def data(run: Run) -> list[str]:
    """What the run learned from."""
    counts = run.evaluation.get("counts") or {}
    lines = [f"- Domain: {plain(run.domain)}"]
    if run.source:
        lines.append(f"- Source: {plain(run.source)}")
    lines += [f"- {plain(name)}: {value:,}" for name, value in counts.items() if isinstance(value, int)]
    lines.append(f"- Refused records: {len(run.data.get('refusals') or [])}")
    return lines + [f"- {plain(note)}" for note in run.data.get("notes") or []]


def scores(
    evaluation: Mapping[str, Any],
    floor_name: str = "real against real",
    table: Mapping[str, tuple[str, str]] = words.SCORES,
) -> list[str]:
    """The scores as a table."""
    lines = [
        f"| score | value | 95 % interval | {floor_name} | baseline | better |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for score in evaluation["scores"]:
        value, floor, baseline = (number(finite(score.get(key))) for key in ("value", "floor", "baseline"))
        title, _ = words.score_words(str(score.get("name", "")), table=table)
        better = "lower" if score.get("better") == "lower" else "higher"
        lines.append(f"| {plain(title)} | {value} | {words.interval(score) or '–'} | {floor} | {baseline} | {better} |")
    return lines


def _limits(run: Run) -> list[str]:
    lines = [
        "- It knows its training data only: other instruments, donors, organisms or protocols may differ.",
        "- Made samples serve training, testing and planning. They are no observations: no diagnosis may rest on them.",
    ]
    lines += LIMITS.get(run.domain, [])
    rows = run.evaluation.get("by_class") or []
    weakest = words.weakest(rows)
    if weakest is not None:
        lines.append(f"- Its weakest class is {plain(rows[weakest].get('class'))}.")
    return lines
