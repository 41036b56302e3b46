"""Checkpoints that a kill at any moment cannot spoil: written aside, renamed whole, and proven before they are used."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vivogan.core import files, folders
from vivogan.errors import DamagedRun

if TYPE_CHECKING:
    from torch import Tensor

_FORMAT = 1
_NAME = re.compile(r"step-(\d{8,})")
_PART = re.compile(r"[a-z][a-z0-9_]*")
_MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Checkpoint:
    """What was saved after ``samples`` samples: ``tensors[part][name]`` on the CPU, and the JSON ``state``."""

    samples: int
    tensors: dict[str, dict[str, Tensor]]
    state: dict[str, Any]
    path: Path


@dataclass(frozen=True)
class Damage:
    """A checkpoint that was passed over, and why."""

    path: Path
    reason: str


class _Unusable(Exception):
    pass


class Checkpoints:
    """The checkpoints of one run, in ``folder`` (``runs/blood/checkpoints``); ``best`` lies beside that folder.

    One process at a time may save (the run folder's lock sees to that); any number may read meanwhile. ``damaged``
    lists every checkpoint that was found broken and passed over.
    """

    def __init__(self, folder: str | os.PathLike[str], keep: int = 2) -> None:
        if keep < 1:
            raise ValueError("keep must be at least 1")
        self.folder = Path(folder)
        self.keep = keep
        self.damaged: list[Damage] = []

    def save(self, samples: int, tensors: Mapping[str, Mapping[str, Tensor]], state: Mapping[str, Any]) -> Path:
        """Save the parts (``{"generator": {name: tensor}, …}``) and a JSON ``state``; prune what is older.

        Returns the new folder, ``step-00120000`` after 120,000 samples. A kill leaves the earlier checkpoints as they
        were; so does a full disk, which is a ``UserError``. Floats of the state come back to the bit.
        """
        if samples < 0:
            raise ValueError("samples must not be negative")
        target = self.folder / f"step-{samples:08d}"
        folders.clean(self.folder)
        with folders.writing_folder(target) as temporary:
            parts = {part: _write_part(temporary, part, named) for part, named in tensors.items()}
            body = {"format": _FORMAT, "samples": samples, "parts": parts, "state": files.plain(state, exact=True)}
            text = json.dumps({"body": body, "sha256": _digest(body)}, indent=1)
            files.write_text(temporary / _MANIFEST, text + "\n")
        self.damaged = [damage for damage in self.damaged if damage.path.name != target.name]
        self._prune(samples)
        return target

    def names(self) -> list[str]:
        """The names of the checkpoints present, oldest first, valid or not."""
        found = [name for name in folders.names(self.folder) if _NAME.fullmatch(name)]
        return sorted(found, key=_samples)

    def newest(self) -> Checkpoint | None:
        """The newest valid checkpoint; ``None`` when there is none at all.

        Raises ``DamagedRun`` when there are some but not one is valid.
        """
        names = self.names()
        for name in reversed(names):
            with suppress(_Unusable):
                return self._read(name)
        if self._damaged_among(names):
            reasons = "; ".join(f"{damage.path.name} {damage.reason}" for damage in self.damaged)
            raise DamagedRun(f"{self.folder}: no checkpoint is valid ({reasons})", "Train again into a new folder")
        # All were there a moment ago and none is damaged: the training process has pruned them for newer ones.
        return self.newest() if names and self.names() != names else None

    def load(self, name: str) -> Checkpoint:
        """The checkpoint called ``name`` (``step-00120000``); ``DamagedRun`` when it is missing or damaged."""
        try:
            return self._read(name)
        except _Unusable as error:
            raise DamagedRun(f"{self.folder / name} {error}", "Use another checkpoint") from error

    def mark_best(self, samples: int) -> None:
        """Let ``best`` point to the checkpoint saved after ``samples`` samples."""
        name = f"step-{samples:08d}"
        if folders.existing(self.folder / name) is None:
            raise ValueError(f"{name} was not saved")
        files.write_link(self._best, f"{self.folder.name}/{name}")

    def best(self) -> Checkpoint | None:
        """The checkpoint marked best; ``None`` when none is, or when it is damaged (then ``damaged`` says why)."""
        name = self.best_name()
        if name is None:
            return None
        with suppress(_Unusable):
            return self._read(name)
        return None

    def best_name(self) -> str | None:
        """The name of the checkpoint marked best, if one is."""
        target = files.read_link(self._best)
        name = None if target is None else target.rpartition("/")[2]
        return name if name and _NAME.fullmatch(name) else None

    def forget_after(self, samples: int) -> None:
        """Remove the checkpoints of more than ``samples`` samples, when the run goes back to an earlier one."""
        for name in self.names():
            if _samples(name) > samples:
                self._remove(name)

    @property
    def _best(self) -> Path:
        return self.folder.parent / "best"

    def _remove(self, name: str) -> None:
        folders.put_back(self.folder / name)
        folders.remove_folder(self.folder / name)

    def _prune(self, saved: int) -> None:
        # A damaged one takes no valid one's place. Newer ones than the one just saved can only be left from before the
        # run went back; they count by their samples like the others.
        broken = {damage.path.name for damage in self.damaged}
        valid = [name for name in self.names() if name not in broken]
        kept = {*valid[-self.keep :], f"step-{saved:08d}", self.best_name()}
        for name in self.names():
            if name not in kept and _samples(name) < saved:
                self._remove(name)

    def _damaged_among(self, names: list[str]) -> bool:
        return any(damage.path.name in names for damage in self.damaged)

    def _read(self, name: str) -> Checkpoint:
        target = self.folder / name
        place = folders.existing(target) if _NAME.fullmatch(name) else None
        if place is None:
            raise _Unusable("does not exist")
        try:
            return _read_folder(place, target)
        except _Unusable as error:
            # Gone as a whole is not damaged: the training process prunes while others read.
            if folders.existing(target) is not None and not self._damaged_among([name]):
                self.damaged.append(Damage(target, str(error)))
            raise


def _samples(name: str) -> int:
    return int(name.removeprefix("step-"))


def _digest(body: Mapping[str, Any]) -> str:
    """SHA-256 of the one way to write ``body``, so that spaces and order do not count but every value does."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _write_part(folder: Path, part: str, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    if not _PART.fullmatch(part):
        raise ValueError(f"{part!r} is no name for a part")
    content = files.pack_tensors(tensors)
    files.write_bytes(folder / f"{part}.safetensors", content)
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def _read_folder(place: Path, target: Path) -> Checkpoint:
    body = _read_manifest(place / _MANIFEST)
    if body.get("format") != _FORMAT:
        raise _Unusable(f"has format {body.get('format')}, which this vivogan does not know")
    if f"step-{body['samples']:08d}" != target.name:
        raise _Unusable(f"holds the checkpoint of {body['samples']} samples")
    tensors = {part: _read_part(place, part, proof) for part, proof in body["parts"].items()}
    return Checkpoint(body["samples"], tensors, body["state"], target)


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(path.read_bytes())
        body, digest = manifest["body"], manifest["sha256"]
        sound = isinstance(body, dict) and _digest(body) == digest
    except OSError as error:
        raise _Unusable(f"has no readable {_MANIFEST} ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _Unusable(f"has a broken {_MANIFEST}") from error
    if not sound:
        raise _Unusable(f"has a {_MANIFEST} that was changed after it was written")
    checked: dict[str, Any] = body
    return checked


def _read_part(place: Path, part: str, proof: Mapping[str, Any]) -> dict[str, Tensor]:
    # Read once, so that the bytes that are proven are the bytes that are used.
    name = f"{part}.safetensors"
    try:
        content = (place / name).read_bytes()
    except OSError as error:
        raise _Unusable(f"has no readable {name} ({error.strerror})") from error
    if len(content) != proof["bytes"]:
        raise _Unusable(f"has a {name} of {len(content)} bytes where {proof['bytes']} were written")
    if hashlib.sha256(content).hexdigest() != proof["sha256"]:
        raise _Unusable(f"has a {name} that was changed after it was written")
    try:
        return files.unpack_tensors(content)
    except ValueError as error:
        raise _Unusable(f"has a {name} that {error}") from error


def flatten_optimizer(state_dict: Mapping[str, Any]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Split an optimizer's ``state_dict`` into named tensors and JSON, which together hold all of it to the bit.

    A tensor becomes ``{"tensor": name}``, a tuple ``{"tuple": […]}`` and a mapping ``{"items": [[key, value], …]}``
    (its keys may be numbers). ``TypeError`` for anything but tensors, numbers, text, bools, None, lists, tuples and
    mappings.
    """
    tensors: dict[str, Tensor] = {}
    tree: dict[str, Any] = _flatten(state_dict, "", tensors)
    return tensors, tree


def _flatten(value: Any, place: str, tensors: dict[str, Tensor]) -> Any:
    import torch

    if isinstance(value, torch.Tensor):
        tensors[place] = value
        return {"tensor": place}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {"items": [[key, _flatten(item, f"{place}/{key}".lstrip("/"), tensors)] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        items = [_flatten(item, f"{place}/{index}".lstrip("/"), tensors) for index, item in enumerate(value)]
        return {"tuple": items} if isinstance(value, tuple) else items
    raise TypeError(f"{place}: an optimizer state cannot hold a {type(value).__name__}")


def unflatten_optimizer(tensors: Mapping[str, Tensor], tree: Mapping[str, Any]) -> dict[str, Any]:
    """The ``state_dict`` that ``flatten_optimizer`` split; ``DamagedRun`` when a tensor of it is missing."""
    restored: dict[str, Any] = _unflatten(tree, tensors)
    return restored


def _unflatten(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    if isinstance(value, list):
        return [_unflatten(item, tensors) for item in value]
    if not isinstance(value, Mapping):
        return value
    if "tensor" in value:
        if value["tensor"] not in tensors:
            raise DamagedRun(f"the optimizer's tensor {value['tensor']} is missing")
        return tensors[value["tensor"]]
    if "tuple" in value:
        return tuple(_unflatten(item, tensors) for item in value["tuple"])
    return {key: _unflatten(item, tensors) for key, item in value["items"]}
