"""Progress while a run trains: a bar on a terminal, one plain line a tick elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from vivogan.reports.charts import number

MEASURED = {"frechet": "Fréchet", "coverage": "coverage"}


class Watch:
    """Receives the events of ``train`` and ``evaluate`` and shows them on stderr; use it as a context manager.

    An event is ``{"event": "stage", "text"}``, ``{"event": "tick", "samples", "total_samples", "seconds", …}`` or one
    of the guard (``{"event": "rollback", "reason", "action"}``).
    """

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bar: Progress | None = None

    def __enter__(self) -> Watch:
        if not self._quiet and self._console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[measured]}"))
            self._bar = Progress(
                *columns, TimeElapsedColumn(), TimeRemainingColumn(), console=self._console, transient=True
            )
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, event: Mapping[str, Any]) -> None:
        if self._quiet and event.get("event") != "damaged":  # a checkpoint that was passed over is said even so
            return
        if event.get("event") == "tick" and self._bar is not None:
            self._advance(self._bar, event)
        else:
            self._console.print(Text(line(event)))
            sys.stderr.flush()

    def _advance(self, bar: Progress, event: Mapping[str, Any]) -> None:
        if not bar.tasks:
            bar.add_task("training", total=event.get("total_samples"), measured="")
        bar.update(
            bar.tasks[0].id, completed=event["samples"], total=event.get("total_samples"), measured=measured(event)
        )


def line(event: Mapping[str, Any]) -> str:
    """One event in one line.

    >>> line({"event": "tick", "samples": 12000, "total_samples": 40000, "seconds": 31.5, "frechet": 41.23})
    '12,000 of 40,000 samples · 32 s · Fréchet 41.2'
    >>> line({"event": "rollback", "samples": 9000, "reason": "NaN in the generator", "action": "learning rate halved"})
    'rollback at 9,000 samples: NaN in the generator; learning rate halved'
    """
    kind = str(event.get("event", ""))
    if kind == "stage":
        return str(event.get("text", ""))
    if kind == "tick":
        total = event.get("total_samples")
        shown = f"{event['samples']:,} of {total:,} samples" if total else f"{event['samples']:,} samples"
        return " · ".join(part for part in (shown, f"{event.get('seconds', 0):.0f} s", measured(event)) if part)
    where = f" at {event['samples']:,} samples" if "samples" in event else ""
    what = "; ".join(str(event[key]) for key in ("reason", "action", "text") if event.get(key))
    return f"{kind}{where}: {what}" if what else f"{kind}{where}"


def measured(event: Mapping[str, Any]) -> str:
    """The scores of a tick that has them."""
    found = [f"{title} {number(event[key])}" for key, title in MEASURED.items() if event.get(key) is not None]
    return " · ".join(found)
