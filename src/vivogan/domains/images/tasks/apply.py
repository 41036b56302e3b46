"""A trained task on new images, one after the other, so that a folder of any length fits in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from vivogan.core.configuration import validated
from vivogan.core.files import write_json
from vivogan.domains.images.data import ReadOptions, read
from vivogan.domains.images.formats import SUFFIXES
from vivogan.domains.images.records import Refusal
from vivogan.domains.run import silent
from vivogan.domains.tasks.base import Watch
from vivogan.domains.tasks.run import TaskRun
from vivogan.errors import InputError


class Sink(Protocol):
    """What a task does with each new image, and what it writes at the end."""

    def add(self, name: str, image: NDArray[Any]) -> None: ...

    def close(self) -> dict[str, Any]: ...


def apply(
    run: TaskRun, sink: Sink, source: Path, out: Path, options: Mapping[str, str] | None = None, watch: Watch = silent
) -> dict[str, Any]:
    """Apply a run to an image, a folder, an archive or an array file, and write what it finds into ``out``.

    Returns what was written, with the refusals. Raises ``InputError`` when not one image could be used.
    """
    refusals: list[Refusal] = []
    done, channels = 0, run.data["fingerprint"]["channels"]
    for name, image in each_image(Path(source), options or {}, refusals):
        if image.shape[2] != channels:
            reason = f"has {image.shape[2]} channels; the run learned from images with {channels}"
            refusals.append(Refusal(str(source), name, f"{reason}. Convert it first"))
            continue
        sink.add(name, image)
        done += 1
        watch({"event": "stage", "text": f"{done} images, the last one {name}"})
    if not done:
        why = f": {refusals[0].record or refusals[0].file}: {refusals[0].reason}" if refusals else ""
        raise InputError(source, f"holds no image that can be used{why}", mend="Check the path and the format")
    summary = sink.close() | {
        "run": str(run.folder.path),
        "folder": str(out),
        "images": done,
        "refusals": [vars(refusal) for refusal in refusals],
    }
    write_json(Path(out) / f"{run.task.name}.json", summary)
    return summary


def each_image(source: Path, options: Mapping[str, str], refusals: list[Refusal]) -> Iterator[tuple[str, NDArray[Any]]]:
    """(name, image [H, W, C]) of every usable image; what is broken joins ``refusals``."""
    chosen = validated(ReadOptions, dict(options))
    parts = [source]
    if source.is_dir():
        parts = sorted(p for p in source.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
        if not parts:
            raise InputError(source, "holds no image", mend=f"Give images of the kinds {', '.join(sorted(SUFFIXES))}")
    for part in parts:
        try:
            records = read(part, chosen)
        except InputError as error:
            if part == source:
                raise
            refusals.append(Refusal(str(part), None, str(error)))
            continue
        refusals.extend(records.refusals)
        names = names_of(part, source, list(records.ids))
        yield from zip(names, records.images, strict=True)


def names_of(part: Path, source: Path, ids: list[str]) -> list[str]:
    """Names for files: the file's own path below the source where it holds one image, with its number where more."""
    if part == source and len(ids) > 1:
        return ids
    stem = part.name if part == source else part.relative_to(source).as_posix()
    return [stem] if len(ids) == 1 else [f"{stem}#{i}" for i in range(len(ids))]


def file_name(name: str, suffix: str) -> str:
    """A name of an image as one of a file."""
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in name)
    return Path(safe).with_suffix("").name + suffix if Path(safe).suffix.lower() in SUFFIXES else safe + suffix
