"""The card of a trained tool: what it does, how far to trust it, what it learned from; Markdown beside the weights."""

from __future__ import annotations

import re

from vivogan.reports import agreement, words
from vivogan.reports.card import data, plain, scores, sentences
from vivogan.reports.charts import number
from vivogan.reports.gather import Run, finite
from vivogan.reports.tool import commands, curve_of, game_words, nouns_of, scatters, tool_of


def card(run: Run) -> str:
    """The card of a tool as Markdown; the user's text in it can neither break the table nor carry HTML."""
    evaluation = run.evaluation
    known, nouns = commands(run), nouns_of(run)
    tool = tool_of(run)
    lines = [f"# {plain(run.title)}", "", f"{tool.noun}, trained by vivogan.", ""]
    if evaluation:
        lines += [f"**Grade: {plain(evaluation.get('grade') or 'none')}.** {sentences(evaluation.get('verdict'))}", ""]
    else:
        lines += [
            f"Not judged yet. `{known['evaluate']}` given again, tries it on {nouns.labelled} {nouns.many} "
            "that it never saw.",
            "",
        ]
    lines += ["## Use", "", f"    {known['run']}", "", tool.writes, "", "## Data", "", *data(run), ""]
    if evaluation.get("scores"):
        lines += ["## Scores", "", *scores(evaluation, words.TOOLS.marks[0], words.TOOL_SCORES), ""]
        lines += [f"- {_of(scatter['name'])}{scatter['said']}" for scatter in scatters(run) if scatter["said"]] + [""]
    lines += [*_mistakes(run), *_labels(run), *_generated(run), "## Limits", "", *_limits(run), ""]
    lines += ["## Make it again", "", f"Seed {plain(run.setting('seed'))}. "]
    lines[-1] += (
        "The settings are in `config.toml`, versions and machine in `env.json`, the full report in `report.html`."
    )
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def _of(name: str) -> str:
    return f"{plain(name)}: " if name else ""


def _mistakes(run: Run) -> list[str]:
    found = agreement.confusion(run.evaluation.get("confusion") or {})
    if not found.get("mistakes"):
        return []
    return ["## Most frequent mistakes", "", *(f"- {plain(said)}" for said in found["mistakes"]), ""]


def _labels(run: Run) -> list[str]:
    curve = curve_of(run)
    if not curve:
        return []
    nouns, shown = nouns_of(run), curve["points"]
    cells = [
        [f"{nouns.labelled} {nouns.many}", f"generated {nouns.many}", plain(curve["name"])],
        ["---:", "---", "---:"],
    ]
    cells += [[f"{p.labels:,}", "with" if p.generated else "without", number(p.value)] for p in shown]
    if not any(p.generated for p in shown):
        cells = [[row[0], row[2]] for row in cells]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return [f"## More {nouns.labels}", "", plain(curve["said"]), "", *lines, ""]


def _generated(run: Run) -> list[str]:
    nouns, generated = nouns_of(run), run.evaluation.get("generated_items") or {}
    if not tool_of(run).generates:
        return []
    said = []
    if generated:
        n = finite(generated.get("n"))
        amount = f"{n:,.0f} generated {nouns.many}" if n else f"Generated {nouns.many}"
        used = (
            f"{amount} were used beside the real ones"
            if generated.get("used")
            else f"Generated {nouns.many} were not used"
        )
        said.append(" ".join(filter(None, [f"{used}.", plain(words.sentence(str(generated.get("why") or "")))])))
    said += [text for text in [game_words(run)] if text]
    return [f"## Generated {nouns.many}", "", *said, ""] if said else []


def _limits(run: Run) -> list[str]:
    lines = [
        f"- {tool_of(run).limits}",
        "- It is a research tool. No diagnosis may rest on what it finds.",
    ]
    if not (run.evaluation.get("counts") or {}).get("test") and not run.evaluation.get("scores"):
        lines.append(
            f"- It was not judged on {nouns_of(run).labelled} {nouns_of(run).many}: check its results yourself."
        )
    return lines
