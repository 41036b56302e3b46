"""What a command prints: words for people, one JSON document for machines, or nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vivogan.core.files import plain
from vivogan.reports.charts import number
from vivogan.reports.words import interval, score_words

PIPED = 120  # columns where there is no terminal to ask


@dataclass(frozen=True)
class Output:
    """Where results go: stdout. Progress and errors go to stderr, so a pipe sees results alone."""

    json: bool = False
    quiet: bool = False

    @property
    def spoken(self) -> bool:
        """Whether people read along."""
        return not (self.json or self.quiet)

    def say(self, *lines: str) -> None:
        """Plain lines for people; never wrapped, so that paths stay whole."""
        if self.spoken:
            for line in lines:
                Console(soft_wrap=True, highlight=False).print(Text(line))

    def show(self, table: Table) -> None:
        """A table for people."""
        if self.spoken:
            width = None if Console().is_terminal else PIPED
            Console(highlight=False, width=width).print(table)

    def document(self, content: Mapping[str, Any]) -> None:
        """The result for machines, when they asked for it."""
        if self.json:
            print(json.dumps(plain(content), indent=2, ensure_ascii=False, allow_nan=False))


def pairs(rows: Iterable[tuple[str, object]]) -> Table:
    """Two columns: what, and its value."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(Text(name), Text(f"{value:.4g}" if isinstance(value, float) else str(value)))
    return table


def scores(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Every score beside its interval, its floor (real against real) and its baseline (the best simple sampler)."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("score", overflow="fold")
    for column in ("value", "95 % interval", "real vs real", "simple sampler"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("better", no_wrap=True)
    for row in rows:
        title, _ = score_words(str(row["name"]))
        numbers = (number(row.get("value")), interval(row), number(row.get("floor")), number(row.get("baseline")))
        table.add_row(Text(title), *numbers, str(row.get("better", "")))
    return table
