"""A run folder becomes one self-contained page (report.html) and a model card (card.md)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vivogan.core.files import write_text
from vivogan.reports import card, generative, tool, tool_card
from vivogan.reports.gather import Run, gather


@dataclass(frozen=True)
class Kind:
    """One kind of run: how it is told from the others, and who writes its page and its card."""

    fits: Callable[[Run], bool]
    page: Callable[[Run], str]
    card: Callable[[Run], str]


KINDS = (  # the first that fits; the last fits every run
    Kind(tool.fits, tool.page, tool_card.card),
    Kind(lambda run: True, generative.page, card.card),
)


def build(run_path: Path) -> Path:
    """Write ``report.html`` and ``card.md`` into the run folder and return the path of the report.

    What the run does not have yet (an evaluation, labels, held-out data) is named there with the command that makes it.

    Raises:
        UserError: ``run_path`` is not a run folder, or cannot be written.
        DamagedRun: a file of the run cannot be understood.
    """
    run = gather(Path(run_path))
    kind = next(kind for kind in KINDS if kind.fits(run))
    report = run.path / "report.html"
    write_text(report, kind.page(run))
    write_text(run.path / "card.md", kind.card(run))
    return report
