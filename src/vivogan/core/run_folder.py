"""The run folder: everything a run knows, and the only place it is kept. A folder is a model."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from vivogan.core import files, folders, locks
from vivogan.core.checkpoints import Checkpoints
from vivogan.core.configuration import read_toml, to_toml
from vivogan.errors import DamagedRun, InputError, UserError

Model = TypeVar("Model", bound=BaseModel)

_CONFIG = "config.toml"
_METRICS = "metrics.jsonl"
# What a killed start may leave behind before the configuration is written: a run that begins again, not foreign things.
_OWN = {"checkpoints", "samples", "LOCK", "env.json", "data.json", "codec.safetensors", "codec.json"}


class RunFolder:
    """One run on the disk (``runs/blood``); made by ``create`` or ``open``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @staticmethod
    def exists(path: str | os.PathLike[str]) -> bool:
        """Whether there is a run at ``path``."""
        return (Path(path) / _CONFIG).is_file()

    @classmethod
    def create(cls, path: str | os.PathLike[str]) -> RunFolder:
        """Make a folder for a run, or take one that is a run already.

        Raises ``UserError`` when ``path`` is a file, cannot be made, or is a folder of something else.
        """
        place = Path(path)
        if place.is_dir() and not cls.exists(place):
            foreign = [entry.name for entry in place.iterdir() if entry.name not in _OWN and entry.name[:1] != "."]
            if foreign:
                raise UserError(f"{place}: this folder holds other things ({min(foreign)})", "Choose a new folder")
        with files.explained(place):
            for folder in (place, place / "checkpoints", place / "samples"):
                folder.mkdir(parents=True, exist_ok=True)
        return cls(place)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> RunFolder:
        """The run at ``path``; ``UserError`` when there is none."""
        place = Path(path)
        if not place.exists():
            raise UserError(f"{place}: there is no such folder", "Give the folder that train wrote")
        if not cls.exists(place):
            raise UserError(f"{place}: this is no run, it has no {_CONFIG}", "Give the folder that train wrote")
        return cls(place)

    def lock(self) -> AbstractContextManager[None]:
        """Be the only process that writes here, for the ``with`` block; ``RunInUse`` names the one that already is."""
        return self._locked()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with locks.holding(self.path / "LOCK"):
            folders.clean(self.path)  # what a killed process left half written
            yield

    def write_config(self, settings: BaseModel) -> None:
        """Write ``config.toml``; from then on the folder is a run."""
        files.write_text(self.path / _CONFIG, to_toml(settings))

    def read_config(self, model: type[Model]) -> Model:
        """Read ``config.toml`` as ``model``; ``DamagedRun`` when it is missing, else as ``read_toml``."""
        if not self.exists(self.path):
            raise DamagedRun(f"{self.path}: {_CONFIG} is missing")
        return read_toml(self.path / _CONFIG, model)

    def write_json(self, name: str, value: object) -> None:
        """Write ``name`` (``data.json``) whole; numbers that are not finite become null."""
        files.write_json(self.path / name, value)

    def read_json(self, name: str) -> Any:
        """Read ``name``; ``DamagedRun`` when it is missing or broken."""
        try:
            return files.read_json(self.path / name)
        except InputError as error:
            raise DamagedRun(error.message, "The run was cut short or its files were changed") from error

    def log(self, record: dict[str, Any]) -> None:
        """Add one line to ``metrics.jsonl`` and see it onto the disk; numbers that are not finite become null."""
        line = json.dumps(files.plain(record), ensure_ascii=False, allow_nan=False)
        files.append_line(self.path / _METRICS, line)

    def metrics(self) -> list[dict[str, Any]]:
        """The lines of ``metrics.jsonl``, oldest first; a line torn by a kill is passed over."""
        return files.read_lines(self.path / _METRICS)

    def forget_after(self, samples: int) -> None:
        """Drop the lines of ``metrics.jsonl`` of more than ``samples`` samples, which a resumed run writes again."""
        files.truncate_lines(self.path / _METRICS, lambda record: record.get("samples", 0) <= samples)

    @cached_property
    def checkpoints(self) -> Checkpoints:
        """The checkpoints of this run."""
        return Checkpoints(self.path / "checkpoints")

    @property
    def samples(self) -> Path:
        """The folder for pictures and samples made on the way; made when it is missing."""
        folder = self.path / "samples"
        with files.explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
        return folder
