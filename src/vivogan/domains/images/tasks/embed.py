"""Features of images: what a trained generative run or classifier looks at, as a table for any other tool."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vivogan.core.run_folder import RunFolder
from vivogan.domains.images.codec import ImageCodec
from vivogan.domains.images.records import Refusal
from vivogan.domains.images.tasks.apply import each_image
from vivogan.domains.images.tasks.classify import FittedCodec, one_record
from vivogan.domains.images.tools.embed import embed
from vivogan.domains.run import Run, silent
from vivogan.domains.tasks.base import Watch
from vivogan.domains.tasks.results import write_rows
from vivogan.domains.tasks.run import TaskRun
from vivogan.errors import InputError, UserError


def embedded(
    path: Path, source: Path, out: Path, options: Mapping[str, str] | None = None, watch: Watch = silent
) -> dict[str, Any]:
    """Write one row of features an image of ``source`` into the CSV ``out``.

    Args:
        path: a run of ``images train`` (the discriminator's features) or of ``images classify``.

    Raises ``UserError`` for other runs, ``InputError`` when not one image could be used.
    """
    network, codec = _looking(path)
    refusals: list[Refusal] = []
    rows: list[dict[str, Any]] = []
    for name, image in each_image(source, options or {}, refusals):
        if image.shape[2] != codec.channels:
            reason = f"has {image.shape[2]} channels; the run learned from images with {codec.channels}"
            refusals.append(Refusal(str(source), name, f"{reason}. Convert it first"))
            continue
        features = embed(network, codec.encode(one_record(name, image), np.array([0])))[0]
        rows.append({"image": name} | {f"feature {i}": round(float(v), 6) for i, v in enumerate(features)})
        watch({"event": "stage", "text": f"{len(rows)} images, the last one {name}"})
    if not rows:
        raise InputError(source, "holds no image that can be used", mend="Check the path and the format")
    write_rows(out, rows)
    refused = [vars(refusal) for refusal in refusals]
    return {"run": str(path), "file": str(out), "images": len(rows), "features": len(rows[0]) - 1, "refusals": refused}


def _looking(path: Path) -> tuple[Any, ImageCodec]:
    """What looks at images in a run, and how images become tensors there."""
    tool = RunFolder.open(path).read_json("data.json").get("tool")
    if tool is None:
        run = Run.open(path)
        if not isinstance(run.codec, ImageCodec):
            raise UserError(f"{path}: this run was not trained on images", "Give one of 'images train'")
        return run, run.codec
    if tool != "classify":
        raise UserError(
            f"{path}: a run of '{tool}' gives no features of whole images", "Give one of 'images train' or 'classify'"
        )
    task = TaskRun.open(path)
    return task.model, FittedCodec.from_state(*task.fitted).codec
