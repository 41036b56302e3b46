"""What follows training in every domain: evaluate the run, write its report, say the verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from vivogan.cli.output import Output, scores
from vivogan.cli.progress import Watch


def evaluate(run: Any, watch: Watch, literature: bool = False) -> dict[str, Any]:
    """Judge a run on its test part; also kept in the run folder."""
    more = {"literature": True} if literature else {}
    return dict(run.evaluate(watch=watch, **more).to_dict())


def evaluate_run(
    opened: Callable[..., Any],
    run: Path,
    *,
    device: str,
    threads: int | None,
    json: bool,
    quiet: bool,
    literature: bool = False,
) -> None:
    """The command ``evaluate``: judge a run, print its scores, the verdict last.

    Args:
        opened: ``open`` of the domain's API.
    """
    output = Output(json, quiet)
    with Watch(quiet) as watch:
        evaluation = evaluate(opened(run, device=device, threads=threads), watch, literature)
    output.show(scores(evaluation["scores"]))
    output.say(*evaluation["verdict"])
    output.document(evaluation)


def finish(run: Any, output: Output, watch: Watch, extra: Mapping[str, Any] | None = None) -> None:
    """Evaluate, report, and print what came out, the verdict last."""
    from vivogan.reports import build

    with watch:
        evaluation = evaluate(run, watch)
        watch({"event": "stage", "text": "Writing the report"})
        page = build(run.folder.path)
    output.show(scores(evaluation["scores"]))
    output.say(f"run     {run.folder.path}", f"report  {page}", "", *evaluation["verdict"])
    output.document({"run": str(run.folder.path), "report": str(page), **(extra or {}), "evaluation": evaluation})
