"""Single runs of long benchmarks, kept in the cache under what decided them, so that a benchmark can be continued."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.blood import CACHE
from vivogan.core.files import plain, write_json


def place(benchmark: str, job: Mapping[str, Any]) -> Path:
    """The file of a run; ``job`` is everything that decides its result."""
    key = hashlib.sha256(json.dumps(plain(job), sort_keys=True).encode()).hexdigest()[:10]
    words = "-".join(str(value) for value in job.values() if isinstance(value, str | int | bool))
    return CACHE / benchmark / f"{words}-{key}.json"


def kept(benchmark: str, job: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a finished run gave, or None."""
    path = place(benchmark, job)
    return dict(json.loads(path.read_bytes())) if path.exists() else None


def once(benchmark: str, job: Mapping[str, Any], run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The result of a run, from the cache if it has finished before."""
    found = kept(benchmark, job)
    if found is None:
        found = plain(run())
        write_json(place(benchmark, job), found)
    return found
