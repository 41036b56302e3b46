"""How a benchmark script writes down what it measured.

    from benchmarks.record import write_result

    write_result("images_quality", rows, seeds=[0, 1, 2], seconds=812.0)

Every row says ``what`` and ``value``; it may add ``low``, ``high``, ``floor``, ``baseline``, ``goal``, ``better`` and
``note``. A goal that was missed is a row like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from vivogan.core import files, machine
from vivogan.reports.charts import number
from vivogan.reports.words import interval

RESULTS = Path(__file__).parent / "results"
FIELDS = ("what", "value", "low", "high", "floor", "baseline", "goal", "better", "note")


def write_result(name: str, rows: Iterable[Mapping[str, Any]], seeds: Iterable[int], seconds: float) -> Path:
    """Write ``results/{name}.json`` with date, commit, machine and versions, print it as a table, return its path.

    Raises ``ValueError`` when a row has an unknown or missing field, or when ``better`` is needed and absent.
    """
    checked = [_checked(row) for row in rows]
    here = machine.describe()
    versions = here.pop("versions", {})
    commit = here.pop("commit", None) or here.pop("git", None)
    result = {
        "name": name,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": commit,
        "machine": here,
        "versions": versions,
        "seeds": [int(seed) for seed in seeds],
        "seconds": round(float(seconds), 1),
        "rows": checked,
    }
    path = RESULTS / f"{name}.json"
    RESULTS.mkdir(exist_ok=True)
    files.write_json(path, result)
    print_result(result)
    return path


def reached(row: Mapping[str, Any]) -> bool | None:
    """Whether the row's value meets its goal; ``None`` where it has no goal or no value."""
    value, goal = row.get("value"), row.get("goal")
    if value is None or goal is None:
        return None
    return bool(value >= goal) if row["better"] == "higher" else bool(value <= goal)


def verdict(row: Mapping[str, Any]) -> str:
    """``yes``, ``no`` or nothing: whether the goal was reached."""
    return {True: "yes", False: "no", None: ""}[reached(row)]


def print_result(result: Mapping[str, Any]) -> None:
    """Print the rows as a table on stdout."""
    title = f"{result['name']} · {result['seconds']} s · seeds {', '.join(map(str, result['seeds']))}"
    table = Table(title=title, box=box.SIMPLE, title_justify="left")
    table.add_column("what", overflow="fold")
    for column in ("value", "low to high", "floor", "baseline", "goal"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("reached")
    table.add_column("note", overflow="fold")
    for row in result["rows"]:
        numbers = (
            number(row["value"]),
            interval(row),
            *(number(row.get(key)) for key in ("floor", "baseline", "goal")),
        )
        table.add_row(str(row["what"]), *numbers, verdict(row), str(row.get("note") or ""))
    Console(width=None if Console().is_terminal else 160).print(table)


def _checked(row: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(row) - set(FIELDS))
    if unknown:
        raise ValueError(f"row {row.get('what')!r}: unknown fields {unknown}; known: {', '.join(FIELDS)}")
    if "what" not in row or "value" not in row:
        raise ValueError(f"row {dict(row)!r}: 'what' and 'value' are needed")
    if row.get("goal") is not None and row.get("better") not in ("higher", "lower"):
        raise ValueError(f"row {row['what']!r}: a goal needs better='higher' or 'lower'")
    return {key: files.plain(row[key]) for key in FIELDS if key in row}
