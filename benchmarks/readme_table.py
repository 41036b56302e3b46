"""``python -m benchmarks.readme_table [--check]`` makes tables of results of ``benchmarks/results/*.json``.

README.md gets a line a benchmark: how many goals were reached, and each that was missed. ``docs/results.md`` gets every
row. Nothing in them is typed by hand. With ``--check`` nothing is written; the exit code is 1 when one is stale.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.record import RESULTS, reached, verdict
from vivogan.core import files
from vivogan.reports.charts import number
from vivogan.reports.words import interval

README = Path(__file__).parents[1] / "README.md"
EVERY = README.parent / "docs" / "results.md"
START, END = "<!-- results -->", "<!-- /results -->"
HEAD = ("what", "value", "low to high", "floor", "baseline", "goal", "reached")


def table(results: Sequence[Mapping[str, Any]]) -> str:
    """One Markdown table a benchmark, with where, when and how it was measured."""
    return "\n\n".join("\n".join(_lines(result)) for result in results) or "No benchmark has been recorded yet."


def summary(results: Sequence[Mapping[str, Any]]) -> str:
    """A line a benchmark that has goals: how many were reached, and those that were missed, with what was measured."""
    lines = ["| benchmark | goals reached | missed: measured (goal) |", "|---|--:|---|"]
    for result in results:
        asked = [row for row in result["rows"] if reached(row) is not None]
        if not asked:
            continue
        missed = [f"{row['what']} {number(row['value'])} ({number(row['goal'])})" for row in asked if not reached(row)]
        count = f"{len(asked) - len(missed)} of {len(asked)}"
        told = "; ".join(missed).replace("|", "\\|")
        lines.append(f"| [{result['name']}](docs/results.md#{result['name']}) | {count} | {told} |")
    return "\n".join(lines)


def replaced(text: str, content: str) -> str:
    """``text`` with what stands between the markers replaced. Raises ``ValueError`` when a marker is missing.

    >>> replaced("a <!-- results --> old <!-- /results --> b", "new")
    'a <!-- results -->\\nnew\\n<!-- /results --> b'
    """
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise ValueError(f"it needs the markers {START} and {END}")
    return f"{before}{START}\n{content}\n{END}{after}"


def main(arguments: Sequence[str]) -> int:
    """Write the tables, or with ``--check`` only say whether they are up to date."""
    results = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*.json"))]
    made = {
        path: replaced(path.read_text(encoding="utf-8"), content)
        for path, content in ((README, summary(results)), (EVERY, table(results)))
    }
    stale = [path for path, text in made.items() if path.read_text(encoding="utf-8") != text]
    if "--check" in arguments:
        for path in stale:
            print(f"{path.name} is stale; run: python -m benchmarks.readme_table", file=sys.stderr)
        return int(bool(stale))
    for path in stale:
        files.write_text(path, made[path])
    print(f"{len(results)} benchmarks, {sum(len(result['rows']) for result in results)} rows")
    return 0


def _lines(result: Mapping[str, Any]) -> Iterator[str]:
    seeds = len(result["seeds"])
    machine = result["machine"].get("cpu") or "unknown machine"
    measured = f"{result['date']}, {machine}, {seeds} seed{'s' * (seeds != 1)}, {number(result['seconds'], 0)} s"
    yield f"## {result['name']}"
    yield ""
    yield f"`make bench NAME={result['name']}`; {measured}"
    yield ""
    yield "| " + " | ".join(HEAD) + " |"
    yield "|---|" + "--:|" * 5 + "---|"
    for row in result["rows"]:
        note = f" ({row['note']})" if row.get("note") else ""
        beside = [number(row[key]) if row.get(key) is not None else "" for key in ("floor", "baseline", "goal")]
        cells = (f"{row['what']}{note}", number(row["value"]), interval(row), *beside, verdict(row))
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
