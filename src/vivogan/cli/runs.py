"""``inspect``, ``train`` and ``generate`` of every domain: what they have in common is said once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import typer

from vivogan.cli.judge import finish
from vivogan.cli.output import Output, pairs
from vivogan.cli.progress import Watch
from vivogan.reports.gather import flat

MOST_REFUSALS = 20  # printed; --json lists them all


def show_inspection(found: Mapping[str, Any], output: Output) -> None:
    """What a data set holds: its fingerprint, the notes, and what was refused and why."""
    output.show(pairs(flat(found["fingerprint"])))
    output.say(*(f"note: {note}" for note in found["notes"]))
    show_refusals(found["refusals"], output)
    output.document(found)


def show_refusals(refusals: list[dict[str, Any]], output: Output) -> None:
    """The first of what was refused."""
    output.say(*(_refusal(refusal) for refusal in refusals[:MOST_REFUSALS]))
    if len(refusals) > MOST_REFUSALS:
        output.say(f"… and {len(refusals) - MOST_REFUSALS} more refused; --json lists them all")


def train_run(
    train: Callable[..., Any],
    source: Path,
    out: Path | None,
    *,
    json: bool,
    quiet: bool,
    no_report: bool,
    **options: Any,
) -> None:
    """Train a generator, judge it and write its report.

    Args:
        train: that of the domain's API; ``options`` are its own.
    """
    from vivogan.engine.parallel import rank

    leads = rank() == 0  # under torchrun one process speaks and judges
    output, watch = Output(json, quiet or not leads), Watch(quiet or not leads)
    with watch:
        run = train(source, out or Path("runs") / named(source), watch=watch, **options)
    if not leads:
        return
    if no_report:
        output.say(f"run  {run.folder.path}")
        output.document({"run": str(run.folder.path)})
    else:
        finish(run, output, watch)


def named(source: Path) -> str:
    """The name of a data set without what says how it is packed: ``promoters`` of ``promoters.fa.gz``."""
    path = source.resolve()
    return path.name if path.is_dir() else Path(path.name.removesuffix(".gz")).stem


def check_shares(**shares: float) -> None:
    """``keep`` and ``truncation`` are shares. Raises the command line's own error."""
    for name, share in shares.items():
        if not 0 < share <= 1:
            raise typer.BadParameter("it must be above 0 and at most 1", param_hint=f"--{name}")


def _refusal(refusal: Mapping[str, Any]) -> str:
    where = ", ".join(str(part) for part in (refusal.get("file"), refusal.get("record")) if part)
    return f"refused: {where}: {refusal.get('reason')}"
