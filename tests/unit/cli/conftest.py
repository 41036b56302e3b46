"""A workflow that trains nothing, so that the command line is tested by itself."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import vivogan.domains.images
import vivogan.reports

EVALUATION = {
    "grade": "fair",
    "verdict": ["Faithful.", "Diverse.", "Nothing was memorised."],
    "scores": [
        {
            "name": "frechet",
            "value": 12.34,
            "low": 11.0,
            "high": 14.0,
            "floor": 5.0,
            "baseline": 30.0,
            "better": "lower",
        },
        {
            "name": "coverage",
            "value": 0.8,
            "low": None,
            "high": None,
            "floor": 0.97,
            "baseline": 0.5,
            "better": "higher",
        },
    ],
}
INSPECTION = {
    "fingerprint": {"count": 3, "classes": {"type": {"a": 2, "b": 1}}},
    "refusals": [{"file": "cells/x.png", "record": None, "reason": "cut short"}] * 25,
    "notes": ["2 duplicates"],
}
TICK = {"event": "tick", "samples": 2000, "total_samples": 4000, "seconds": 3.2, "frechet": 41.234, "coverage": 0.5}


class FakeEvaluation:
    def to_dict(self) -> dict[str, Any]:
        return EVALUATION


@dataclass
class FakeFolder:
    path: Path


@dataclass
class FakeRun:
    folder: FakeFolder
    workflow: Workflow

    def generate(self, n: int, **options: Any) -> list[int]:
        self.workflow.called["generate"] = {"n": n, **options}
        return list(range(n))

    def evaluate(self, watch: Any, literature: bool = False) -> FakeEvaluation:
        watch({"event": "stage", "text": "Judging"})
        return FakeEvaluation()


@dataclass
class Workflow:
    """What the commands asked for; ``error`` is raised by the next call of any word of the API."""

    called: dict[str, Any] = field(default_factory=dict)
    error: BaseException | None = None

    def note(self, word: str, **arguments: Any) -> None:
        if self.error is not None:
            raise self.error
        self.called[word] = arguments

    def inspect(self, source: Path, **reading: Any) -> dict[str, Any]:
        self.note("inspect", source=source, **reading)
        return INSPECTION

    def train(self, source: Path, out: Path, *, watch: Any, **options: Any) -> FakeRun:
        self.note("train", source=source, out=out, **options)
        for event in ({"event": "stage", "text": "Reading"}, TICK):
            watch(event)
        return FakeRun(FakeFolder(Path(out)), self)

    def open(self, run: Path, **options: Any) -> FakeRun:
        self.note("open", run=run, **options)
        return FakeRun(FakeFolder(Path(run)), self)

    def write(self, records: list[int], path: Path) -> None:
        self.note("write", count=len(records), path=path)

    def write_patches(self, folder: Path) -> Path:
        self.note("write_patches", folder=folder)
        return folder / "ihc.npz"

    def build(self, run: Path) -> Path:
        self.note("build", run=run)
        return Path(run) / "report.html"


@pytest.fixture
def workflow(monkeypatch: pytest.MonkeyPatch) -> Workflow:
    fake = Workflow()
    api = ModuleType("vivogan.domains.images.api")
    for word in ("inspect", "train", "open", "write"):
        setattr(api, word, getattr(fake, word))
    demo = ModuleType("vivogan.domains.images.demo")
    demo.write_patches = fake.write_patches  # type: ignore[attr-defined]
    for module in (api, demo):
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(vivogan.domains.images, module.__name__.rsplit(".", 1)[1], module, raising=False)
    monkeypatch.setattr(vivogan.reports, "build", fake.build, raising=False)
    return fake
