"""Everything the report says about a run, read once; what a run does not have yet is empty, never an error."""

from __future__ import annotations

import base64
import math
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vivogan.core.files import read_link
from vivogan.core.run_folder import RunFolder
from vivogan.errors import DamagedRun

MIME = {
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
}


@dataclass(frozen=True)
class Figure:
    """One picture of the evaluation; ``uri`` is empty when the file is not there."""

    name: str
    title: str
    caption: str
    file: str
    uri: str


@dataclass(frozen=True)
class Run:
    """A run folder as the report sees it; ``evaluation`` is empty until ``evaluate`` has been there."""

    path: Path
    shown: str
    evaluation: dict[str, Any]
    data: dict[str, Any]
    env: dict[str, Any]
    config: dict[str, Any]
    config_text: str
    ticks: list[dict[str, Any]]
    events: list[dict[str, Any]]
    best: int | None
    figures: list[Figure]

    @property
    def domain(self) -> str:
        return str(self.evaluation.get("domain") or self.config.get("domain") or self.data.get("domain") or "DOMAIN")

    @property
    def title(self) -> str:
        return str(self.evaluation.get("title") or self.path.name)

    @property
    def source(self) -> str:
        return str(self.data.get("source") or self.config.get("source") or "")

    def figure(self, word: str) -> Figure | None:
        """The first figure whose name holds ``word``."""
        return next((figure for figure in self.figures if word in figure.name.lower()), None)

    def setting(self, key: str) -> Any:
        """The first setting called ``key``, at whatever depth of config.toml it stands."""
        return next((value for name, value in flat(self.config) if name.rpartition(".")[2] == key), None)


def gather(path: Path) -> Run:
    """Read the run folder at ``path``.

    Raises:
        UserError: ``path`` is not a run folder.
        DamagedRun: a file of the run is there and cannot be understood.
    """
    folder = RunFolder.open(path)
    try:
        config_text = (path / "config.toml").read_text("utf-8")
        config = tomllib.loads(config_text)
    except (OSError, ValueError) as error:  # bad TOML and bad UTF-8 are both kinds of ValueError
        raise DamagedRun(f"{path / 'config.toml'} cannot be read: {error}") from error
    evaluation = _json(folder, "evaluation.json")
    lines = folder.metrics()
    ticks = [line for line in lines if line.get("event", "tick") == "tick"]
    return Run(
        path=path,
        shown=_shown(path),
        evaluation=evaluation,
        data=_json(folder, "data.json"),
        env=_json(folder, "env.json"),
        config=config,
        config_text=config_text.strip(),
        ticks=ticks,
        events=[line for line in lines if line not in ticks],
        best=_best(path, ticks),
        figures=[_figure(path, item) for item in evaluation.get("figures") or []],
    )


def flat(tree: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """``{"a": {"b": 1}}`` as ``("a.b", 1)``."""
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            yield from flat(value, f"{name}.")
        else:
            yield name, value


def finite(value: object) -> float | None:
    """``value`` as a finite number, else ``None`` (JSON's null, NaN, text)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def _json(folder: RunFolder, name: str) -> dict[str, Any]:
    tree = folder.read_json(name) if (folder.path / name).exists() else {}
    return tree if isinstance(tree, dict) else {}


def _best(path: Path, ticks: list[dict[str, Any]]) -> int | None:
    """Samples shown at the best checkpoint: what ``best`` names, else the tick with the lowest Fréchet distance."""
    if found := re.search(r"step-(\d+)", read_link(path / "best") or ""):
        return int(found[1])
    scored = [
        (value, tick["samples"])
        for tick in ticks
        if (value := finite(tick.get("frechet"))) is not None and "samples" in tick
    ]
    return int(min(scored)[1]) if scored else None


def _figure(path: Path, item: dict[str, Any]) -> Figure:
    """A figure with its file inlined; a file outside the run folder is never read, whatever evaluation.json says."""
    file = str(item.get("file", ""))
    root = path.resolve()
    candidates = [(root / file).resolve(), (root / "samples" / file).resolve()]
    found = next((c for c in candidates if c.suffix.lower() in MIME and c.is_relative_to(root) and c.is_file()), None)
    uri = ""
    if found is not None:
        uri = f"data:{MIME[found.suffix.lower()]};base64,{base64.b64encode(found.read_bytes()).decode('ascii')}"
    name = str(item.get("name") or Path(file).stem)
    return Figure(name, str(item.get("title") or name), str(item.get("caption") or ""), file, uri)


def _shown(path: Path) -> str:
    """The path as typed from here; only the folder's name when it lies elsewhere, for the page may be shared."""
    path, here = path.resolve(), Path.cwd().resolve()
    return str(path.relative_to(here)) if path.is_relative_to(here) and path != here else path.name
