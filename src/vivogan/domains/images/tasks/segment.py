"""Segmenting: images with outlines → the outline of every object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from vivogan.core.checkpoints import Checkpoints
from vivogan.domains.base import Figure, Fitted, Score, Split
from vivogan.domains.images.annotations.write import write_coco, write_label_image, write_rois
from vivogan.domains.images.scenes.settings import SceneDescription, SceneSettings
from vivogan.domains.images.tasks import annotated, imagined
from vivogan.domains.images.tasks.annotated import AnnotatedData, FittedNormaliser
from vivogan.domains.images.tasks.apply import apply, file_name
from vivogan.domains.images.tasks.results import WORDS, overlay, ranked
from vivogan.domains.images.tools.pairs import Normaliser
from vivogan.domains.images.tools.plots import overlay_objects
from vivogan.domains.images.tools.properties import properties
from vivogan.domains.images.tools.segment import Segmenter, SegmentPlan, fit_segmenter, plan_for
from vivogan.domains.images.tools.simple import otsu_watershed
from vivogan.domains.tasks.base import Better, Judgement, TaskPlan, Watch, Words
from vivogan.domains.tasks.results import write_picture, write_rows
from vivogan.metrics.bootstrap import interval
from vivogan.metrics.instances import average_precision


class SegmentingPlan(TaskPlan):
    """The plan of a segmenter: the network's, and that of the imagined images."""

    segmenter: SegmentPlan = SegmentPlan()
    scenes: SceneSettings = SceneSettings()
    description: SceneDescription = SceneDescription()
    generated: int = Field(default=0, ge=0)  # imagined images; 0, as they brought nothing where it was measured

    @property
    def batch(self) -> int:
        """Crops a step."""
        return self.segmenter.crops.batch


@dataclass(frozen=True)
class SegmentTask:
    """See ``vivogan.domains.tasks.base.Task``."""

    domain: str = "images"
    name: str = "segment"
    command: str = "segment"
    words: Words = WORDS
    measure: str = "average precision at overlap .5"
    better: Better = "higher"
    most_judged: int = 500
    tried: int = 48
    labels_shape_generated: bool = True

    @property
    def plan_model(self) -> type[SegmentingPlan]:
        return SegmentingPlan

    def read(self, source: Path, options: Mapping[str, str]) -> AnnotatedData:
        return annotated.read(source, options, outlines=True)

    def split(self, data: AnnotatedData, seed: int) -> Split:
        return annotated.split(data, seed)

    def plan(self, data: AnnotatedData, split: Split, options: Mapping[str, str]) -> SegmentingPlan:
        description = imagined.described(options.get("describe", ""))
        known = [pair.objects.labels for pair in data.pairs(split.train) if pair.objects.labels is not None]
        chosen = plan_for(known)
        plan = SegmentingPlan(segmenter=chosen, description=description, learn=chosen.learn)
        if chosen.judge == "partition":  # a tissue without ground between: nothing can be composed or simulated yet
            return plan.model_copy(update={"generated": 0})
        return plan

    def seconds_a_step(self, data: AnnotatedData, plan: SegmentingPlan) -> float:
        from vivogan.domains.images.tools.dense import DenseNetwork, seconds_a_step

        crops = plan.segmenter.crops
        return seconds_a_step(
            DenseNetwork(len(data.image(0)), 2, plan.segmenter.widths, plan.segmenter.shuffle), crops.batch, crops.size
        )

    def fitted(self, data: AnnotatedData, split: Split) -> Fitted:
        return data.fitted()

    def imagine(self, data: AnnotatedData, split: Split, plan: SegmentingPlan, seed: int, log: Watch) -> list[Any]:
        return imagined.pairs(data, split, plan.scenes, plan.description, plan.generated, seed, log)

    def picture(self, data: AnnotatedData, split: Split, generated: Sequence[Any]) -> NDArray[np.uint8]:
        return imagined.picture(data, split, generated)

    def fit(
        self,
        data: AnnotatedData,
        train: NDArray[np.intp],
        held: NDArray[np.intp],
        generated: Sequence[Any],
        plan: SegmentingPlan,
        seed: int,
        checkpoints: Checkpoints | None,
        log: Watch,
    ) -> Fitted:
        chosen = plan.segmenter.model_copy(update={"learn": plan.learn})
        return fit_segmenter(data.pairs(np.union1d(train, held)), generated, chosen, seed, checkpoints, log)

    def load(self, tensors: dict[str, Tensor], state: dict[str, Any]) -> Segmenter:
        return Segmenter.from_state(tensors, state)

    def judge(
        self, model: Segmenter, data: AnnotatedData, indices: NDArray[np.intp], train: NDArray[np.intp]
    ) -> Judgement:
        rows, scored = [], []
        for i, pair in zip(indices.tolist(), data.pairs(indices), strict=True):
            found, simple, true = model.segment(pair.image), otsu_watershed(pair.image), pair.objects.labels
            assert true is not None
            assert found.labels is not None
            assert simple.labels is not None
            at = [average_precision(true, found.labels, iou) for iou in (0.5, 0.75)]
            wrong = [abs(n - len(pair.objects)) for n in (len(found), len(simple))]
            scored.append((*at, *(average_precision(true, simple.labels, iou) for iou in (0.5, 0.75)), *wrong))
            rows.append({"id": data.ids[i], "truth": len(pair.objects), "found": len(found), "score": at[0]})
        table = np.array(scored, float)  # n x 6
        nan = float("nan")
        scores = [
            _score(name, table[:, own], table[:, other], better, note)
            for name, own, other, better, note in (
                (self.measure, 0, 2, "higher", "hits / (hits + extra + missed), mean of the images"),
                ("average precision at overlap .75", 1, 3, "higher", "the same for close outlines"),
                ("mean absolute error of the count", 4, 5, "lower", "objects an image"),
            )
        ]
        return Judgement(float(table[:, 0].mean()) if len(table) else nan, scores, rows)

    def figures(self, model: Segmenter, data: AnnotatedData, judgement: Judgement) -> list[Figure]:
        """The best and the worst images, with the outlines that were found."""
        place = {name: i for i, name in enumerate(data.ids)}

        def draw(row: int) -> NDArray[np.uint8]:
            image = data.image(place[judgement.items[row]["id"]])
            return overlay_objects(image, model.segment(image), data.names)

        return ranked(judgement, draw, self.better, lambda row: f"AP {row['score']:.2f}, {row['truth']} drawn")

    def apply(
        self, run: Any, model: Segmenter, source: Path, out: Path, options: Mapping[str, str], watch: Watch
    ) -> dict[str, Any]:
        fitted = FittedNormaliser.from_state(*run.fitted)
        sink = SegmentSink(model, fitted.normaliser, fitted.names, out)
        return apply(run, sink, source, out, options, watch)


class SegmentSink:
    """Segments images and writes label images, ImageJ ROIs, one COCO file, a table of properties and overlays."""

    def __init__(self, model: Segmenter, normaliser: Normaliser, names: list[str], out: Path) -> None:
        self.model, self.normaliser, self.names, self.out = model, normaliser, names, out
        self.rows: list[dict[str, Any]] = []
        self.shapes: list[tuple[str, tuple[int, int]]] = []
        self.objects: list[Any] = []

    def add(self, name: str, image: NDArray[Any]) -> None:
        seen = self.normaliser(image)
        found = self.model.segment(seen)
        assert found.labels is not None
        write_label_image(self.out / "labels" / file_name(name, ".tif"), found.labels)
        write_rois(self.out / "rois" / file_name(name, ".zip"), found)
        write_picture(self.out / "overlays" / file_name(name, ".png"), overlay(seen, found, self.names))
        table = properties(found, image, self.names)
        for i in range(len(found)):
            self.rows.append({"image": name} | {column: values[i].item() for column, values in table.items()})
        self.shapes.append((name, (image.shape[0], image.shape[1])))
        self.objects.append(found)

    def close(self) -> dict[str, Any]:
        write_rows(self.out / "properties.csv", self.rows)
        write_coco(self.out / "coco.json", self.shapes, self.objects, self.names)
        return {"objects": len(self.rows)}


def _score(name: str, values: NDArray[np.float64], simple: NDArray[np.float64], better: Any, note: str) -> Score:
    nan = float("nan")
    low, high = interval(lambda x: float(np.mean(x)), values) if len(values) > 1 else (nan, nan)
    value, other = float(values.mean()), float(simple.mean())
    return Score(name, value, low, high, nan, other, better, len(values), f"{note}; simple: Otsu and watershed")


TASK = SegmentTask()
