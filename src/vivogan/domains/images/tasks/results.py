"""What tasks show of images: objects as rows and as overlays, the best and the worst of the images that were judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.base import Figure
from vivogan.domains.images.annotations.objects import Objects
from vivogan.domains.images.tools.plots import overlay_objects, panel
from vivogan.domains.tasks.base import Judgement, Words

WORDS = Words("image", "annotated", "annotate", "annotations", "found")
WIDEST = 2048  # pixels of a side of a picture
SHOWN = 4  # images of the best, and of the worst


def ranked(
    judgement: Judgement, draw: Callable[[int], NDArray[np.uint8]], better: str, say: Callable[[Mapping[str, Any]], str]
) -> list[Figure]:
    """The best and the worst images of a judgement.

    Args:
        draw: makes the picture [H, W, 3] of a row of ``judgement.items``. say: the words below it.
    """
    scores = np.array([row["score"] for row in judgement.items], float)
    order = np.argsort(scores if better == "lower" else -scores, kind="stable")
    made = []
    for name, title, rows in (
        ("best", "Where it works best", order[:SHOWN]),
        ("worst", "Where it fails most", order[::-1][:SHOWN]),
    ):
        words = [say(judgement.items[i]) for i in rows]
        picture = panel([draw(int(i)) for i in rows], words, columns=SHOWN)
        made.append(Figure(name, title, "; ".join(words), picture))
    return made


def object_rows(
    image: str, objects: Objects, names: Sequence[str], scores: NDArray[np.float32] | None = None
) -> list[dict[str, Any]]:
    """One row an object: where it is, what it is, and its box where one is known."""
    rows = []
    for i, ((y, x), k) in enumerate(zip(objects.centres.tolist(), objects.classes.tolist(), strict=True)):
        row: dict[str, Any] = {"image": image, "object": i + 1, "class": names[k], "y": round(y, 2), "x": round(x, 2)}
        if objects.boxes is not None:
            sides = ("top", "left", "bottom", "right")
            row |= dict(zip(sides, np.round(objects.boxes[i].astype(float), 2).tolist(), strict=True))
        if scores is not None:
            row["score"] = round(float(scores[i]), 3)
        rows.append(row)
    return rows


def overlay(image: NDArray[np.float32], objects: Objects, names: Sequence[str]) -> NDArray[np.uint8]:
    """The picture of an image [C, H, W] with its objects; a large one is thinned to ``WIDEST`` pixels a side."""
    step = -(-max(image.shape[1:]) // WIDEST)
    if step > 1:
        boxes = None if objects.boxes is None else objects.boxes / step
        labels = None if objects.labels is None else objects.labels[::step, ::step]
        image, objects = image[:, ::step, ::step], Objects(objects.centres / step, objects.classes, boxes, labels)
    return overlay_objects(image, objects, names)
