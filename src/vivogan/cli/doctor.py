"""``vivogan doctor``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import vivogan
from vivogan.cli.options import JsonOption, QuietOption
from vivogan.cli.output import Output, pairs

GIB = 2**30


def doctor(json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Say what this machine offers, and how to get what is missing.

    Example:  vivogan doctor
    """
    from vivogan.core.doctor import doctor as examine

    found = examine()
    output = Output(json, quiet)
    output.show(pairs(_rows(found)))
    missing = [package for package in found["packages"] if package["version"] is None]
    output.say("", *(f"missing: {package['name']}, for {package['for']}:  {package['install']}" for package in missing))
    if not missing:
        output.say("Nothing is missing.")
    output.document({"vivogan": vivogan.__version__, **found})


def _rows(found: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    yield "vivogan", vivogan.__version__
    yield "machine", ", ".join(str(found[key]) for key in ("cpu", "system") if found.get(key)) or "unknown"
    yield "threads free", found["threads"]
    yield "memory", _space(found.get("memory_available_bytes"), found.get("memory_bytes"))
    yield "disk here", _space(found["disk_free_bytes"], found["disk_bytes"])
    yield "GPU", ", ".join(found.get("gpu") or ()) or "none: everything runs on the CPU"
    yield "bfloat16", _bf16(found.get("bf16") or {})
    yield "python", f"{found['python']} ({found['executable']})"
    if "problem" in found:
        yield "problem", found["problem"]
    for package in found["packages"]:
        yield package["name"], package["version"] or "missing"


def _space(free: int | None, total: int | None) -> str:
    if free is None or total is None:
        return "unknown"
    return f"{free / GIB:.1f} of {total / GIB:.1f} GiB free"


def _bf16(fast: Mapping[str, bool]) -> str:
    places = [name.upper() for name, is_fast in fast.items() if is_fast]
    return f"fast on {', '.join(places)}" if places else "not fast here; float32 is used"
