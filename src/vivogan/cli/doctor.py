"""``vivogan doctor``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vivogan.cli.options import JsonOption, QuietOption
from vivogan.cli.output import Output, pairs

GB = 1e9


def doctor(json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Say what this machine offers, and how to get what is missing.

    Example:  vivogan doctor
    """
    from vivogan.core.doctor import doctor as examine

    found = examine()
    output = Output(json, quiet)
    output.show(pairs(_rows(found)))
    output.document(found)


def _rows(found: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    yield "machine", found.get("cpu") or "unknown"
    for package in found["packages"]:
        if package["version"] is None:
            yield package["name"], f"missing, for {package['for']}:  {package['install']}"
        else:
            yield package["name"], package["version"]
