"""``vivogan.images``: the words of the command line as functions.

>>> import vivogan as vg
>>> run = vg.images.train("cells/", labels="type", budget="10m", out="runs/cells")  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from vivogan.domains.images.domain import DOMAIN
from vivogan.domains.images.tasks.api import CLASSIFY, COUNT, SEGMENT
from vivogan.domains.run import Run
from vivogan.domains.train import train as train_domain

__all__ = ["Run", "classify", "count", "embed", "imagine", "inspect", "open", "segment", "train", "write"]

count, segment, classify = COUNT, SEGMENT, CLASSIFY


def inspect(
    source: str | Path,
    *,
    labels: str | None = None,
    images: str | None = None,
    split: str | None = None,
    group: str | None = None,
) -> dict[str, Any]:
    """Read a data set and say what is in it, without training: its fingerprint, what was refused and why, and notes.

    ``source`` is a folder, an ``.npz``/``.npy``, a CSV, an archive or one image; ``images`` names the array or the CSV
    column that holds the images, ``labels`` the one with the classes, ``split`` the one that assigns records to parts,
    ``group`` the one (donor, plate, slide) whose records must stay on one side. Raises ``InputError``.
    """
    return DOMAIN.inspect(Path(source), _reading(labels, images, split, group))


def train(
    source: str | Path,
    out: str | Path,
    *,
    labels: str | None = None,
    images: str | None = None,
    split: str | None = None,
    group: str | None = None,
    budget: str = "10m",
    seed: int = 0,
    device: str = "auto",
    threads: int | None = None,
    overrides: Sequence[str] = (),
    watch: Callable[[dict[str, Any]], None] | None = None,
) -> Run:
    """Train on ``source`` into the run folder ``out``; the same call on an existing run continues it.

    ``budget`` is time (``"90s"``, ``"10m"``, ``"8h"``) or samples shown to the discriminator (``"200k"``, ``"4000"``).
    ``overrides`` are ``"a.b=c"`` on the plan. ``watch`` is called with an event (a dict) at every stage and tick.
    The other arguments are those of ``inspect``. Raises ``InputError``, ``SettingsError``, ``RunInUse``,
    ``TrainingStopped``.
    """
    return train_domain(
        DOMAIN,
        Path(source),
        Path(out),
        read=_reading(labels, images, split, group),
        budget=budget,
        seed=seed,
        device=device,
        threads=threads,
        overrides=list(overrides),
        watch=watch or _unwatched,
    )


def open(run: str | Path, *, device: str = "auto", threads: int | None = None) -> Run:
    """The trained run in a folder. Raises ``UserError`` when it is no run, ``DamagedRun`` when it cannot be trusted."""
    return Run.open(Path(run), device=device, threads=threads)


def write(records: Any, path: str | Path) -> Any:
    """Write records that a run generated into a folder, in the data type and range of the originals."""
    return DOMAIN.write(records, Path(path))


def embed(
    run: str | Path,
    source: str | Path,
    out: str | Path,
    *,
    images: str | None = None,
    watch: Callable[[dict[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Write the features of the images of ``source`` into the CSV ``out``, one row an image.

    ``run`` is one of ``train`` (what its discriminator looks at) or of ``classify.train``.
    """
    from vivogan.domains.images.tasks.embed import embedded

    return embedded(Path(run), Path(source), Path(out), _reading(None, images, None, None), watch or _unwatched)


def imagine(
    source: str | Path | None,
    out: str | Path,
    n: int = 16,
    *,
    annotations: str | Path | None = None,
    describe: str | None = None,
    images: str | None = None,
    seed: int = 0,
    watch: Callable[[dict[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Write ``n`` generated images with the outline, centre and class of every object into the folder ``out``.

    They look like the images of ``source`` (annotated or not), or are simulated from the words of ``describe`` alone.
    """
    from vivogan.domains.images.tasks.imagine import imagine as imagine_into

    given = {"annotations": annotations, "describe": describe, "images": images}
    options = {name: str(value) for name, value in given.items() if value is not None}
    return imagine_into(None if source is None else Path(source), Path(out), n, options, seed, watch or _unwatched)


def _reading(labels: str | None, images: str | None, split: str | None, group: str | None) -> dict[str, str]:
    given = {"labels": labels, "images": images, "split": split, "group": group}
    return {name: value for name, value in given.items() if value is not None}


def _unwatched(event: dict[str, Any]) -> None:
    """Training that nobody watches."""
