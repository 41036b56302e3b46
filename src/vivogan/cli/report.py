"""``vivogan report``."""

from __future__ import annotations

from vivogan.cli.options import JsonOption, QuietOption, RunArgument
from vivogan.cli.output import Output


def report(run: RunArgument, json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Write the report of a run: one HTML file that opens offline.

    Example:  vivogan report runs/demo
    """
    from vivogan.reports import build

    page = build(run)
    output = Output(json, quiet)
    output.say(str(page))
    output.document({"run": str(run), "report": str(page)})
