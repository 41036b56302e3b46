"""Labelled images made to order: an image, the outline of every object, its centre and class, as files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.core.seeds import derive
from vivogan.domains.base import Split
from vivogan.domains.images.annotations.write import write_coco, write_label_image, write_objects_csv
from vivogan.domains.images.scenes.settings import SceneSettings
from vivogan.domains.images.scenes.simulator import simulate
from vivogan.domains.images.tasks import annotated, imagined
from vivogan.domains.images.tasks.results import object_rows
from vivogan.domains.images.tools.pairs import Pair
from vivogan.domains.images.tools.plots import overlay_objects
from vivogan.domains.run import silent
from vivogan.domains.tasks.base import Watch
from vivogan.domains.tasks.results import write_picture


def imagine(
    source: Path | None, out: Path, n: int, options: Mapping[str, str], seed: int = 0, watch: Watch = silent
) -> dict[str, Any]:
    """Write ``n`` generated images into ``out``: images/, labels/ and overlays/, objects.csv and coco.json.

    Args:
        source: real images that they should look like, annotated or not; None simulates from the description alone.
        options: ``annotations`` and ``describe``, as for training a task, and what reading needs.
    """
    description = imagined.described(options.get("describe", ""))
    if source is None:
        pairs, names = simulate(description.kind or "fluorescence", n, (256, 256), seed, None, description), None
    else:
        watch({"event": "stage", "text": f"reading {source}"})
        data = annotated.read(source, {"describe": "", **options})
        known, nobody = data.images.annotated, np.zeros(0, np.intp)
        watch({"event": "stage", "text": "learning what the images look like"})
        split = Split(known, nobody, nobody)
        pairs = imagined.pairs(data, split, SceneSettings(), description, n, derive(seed, "imagine"), silent)
        names = data.names
    kinds = names or [kind.name for kind in description.classes]
    shapes, rows = [], []
    for i, pair in enumerate(pairs):
        name = f"seed{seed}-{i:06d}"
        write_picture(out / "images" / f"{name}.png", eight_bit(pair))
        assert pair.objects.labels is not None
        write_label_image(out / "labels" / f"{name}.tif", pair.objects.labels)
        write_picture(out / "overlays" / f"{name}.png", overlay_objects(pair.image, pair.objects, kinds))
        rows += object_rows(f"{name}.png", pair.objects, kinds)
        shapes.append((f"{name}.png", pair.image.shape[1:]))
    write_objects_csv(out / "objects.csv", rows)
    write_coco(out / "coco.json", shapes, [pair.objects for pair in pairs], kinds)  # type: ignore[arg-type]
    return {"folder": str(out), "images": len(pairs), "objects": len(rows), "seed": seed}


def eight_bit(pair: Pair) -> NDArray[np.uint8]:
    """A normalised image [C, H, W] as [H, W, C] uint8; 0…1 takes most of the range, highlights keep some."""
    picture = np.clip(pair.image.transpose(1, 2, 0) * 220 + 10, 0, 255).round().astype(np.uint8)
    return picture[..., 0] if picture.shape[2] == 1 else picture[..., :3]
