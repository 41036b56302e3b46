"""Counting: annotated images → how many of each kind, where, and how sure."""

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
from vivogan.domains.images.annotations.write import write_objects_csv
from vivogan.domains.images.scenes.settings import SceneDescription, SceneSettings
from vivogan.domains.images.tasks import annotated, imagined
from vivogan.domains.images.tasks.annotated import AnnotatedData, FittedNormaliser
from vivogan.domains.images.tasks.apply import apply, file_name
from vivogan.domains.images.tasks.results import WORDS, object_rows, overlay, ranked
from vivogan.domains.images.tools.count import Counted, Counter, CountPlan, fit_counter
from vivogan.domains.images.tools.crops import CropSettings
from vivogan.domains.images.tools.pairs import Normaliser, Pair
from vivogan.domains.images.tools.plots import overlay_objects
from vivogan.domains.tasks.base import Better, Judgement, TaskPlan, Watch, Words
from vivogan.domains.tasks.learn import LearnSettings
from vivogan.domains.tasks.results import write_picture, write_rows
from vivogan.metrics.bootstrap import interval
from vivogan.metrics.instances import box_matches

SMALLEST = 10.0  # pixels that the smallest class should measure across when the network looks
ALIKE = CropSettings(
    gain=0.03, offset=0.01
)  # images of one exposure: their brightness means something; imagined ones alone never match it that well
ENOUGH, IMAGINED = 4, 100  # annotated images from which imagined ones brought nothing; and how many there are below
WORTH = 12  # annotated images that all imagined ones together weigh as much as
BLOB = 0.2  # σ of the blob that stands for an object, of its diameter
LARGE, WIDE = 20.0, (32, 64, 96)  # pixels across from which a network must look farther, and its widths
CLOSEST = 12.0  # pixels between neighbours, where only dots were drawn
ZOOMS = (0.125, 0.25, 0.375, 0.5, 0.75, 1.0, 1.5, 2.0)


class CountingPlan(TaskPlan):
    """The plan of a counter: the network's, and that of the imagined images."""

    counter: CountPlan = CountPlan()
    learn: LearnSettings = LearnSettings()
    scenes: SceneSettings = SceneSettings()
    description: SceneDescription = SceneDescription()
    generated: int = Field(default=0, ge=0)  # imagined images

    @property
    def batch(self) -> int:
        """Crops a step."""
        return self.counter.crops.batch


@dataclass(frozen=True)
class CountTask:
    """See ``vivogan.domains.tasks.base.Task``."""

    domain: str = "images"
    name: str = "count"
    command: str = "count"
    words: Words = WORDS
    measure: str = "mean absolute error"
    better: Better = "lower"
    most_judged: int = 500
    tried: int = 48
    labels_shape_generated: bool = False

    @property
    def plan_model(self) -> type[CountingPlan]:
        return CountingPlan

    def read(self, source: Path, options: Mapping[str, str]) -> AnnotatedData:
        return annotated.read(source, options)

    def split(self, data: AnnotatedData, seed: int) -> Split:
        return annotated.split(data, seed)

    def plan(self, data: AnnotatedData, split: Split, options: Mapping[str, str]) -> CountingPlan:
        found, description = data.fingerprint(), imagined.described(options.get("describe", ""))
        diameters = found["diameter"] or {}
        wanted = SMALLEST / min(diameters.values()) if diameters else CLOSEST / (found["spacing"] or CLOSEST)
        zoom = min(ZOOMS, key=lambda z: abs(np.log(z / wanted)))
        usual = [diameters.get(name, 0.0) * zoom for name in data.names]
        sigmas = tuple(float(np.clip(BLOB * d, 2.0, 12.0)) for d in usual)
        crops = ALIKE if data.normaliser.shared and len(split.train) else CropSettings()
        share = WORTH / (WORTH + len(split.train))
        crops = crops.model_copy(update={"generated": share, "generated_final": share})
        widths = WIDE if max(usual, default=0) > LARGE else CountPlan().widths
        counter = CountPlan(zoom=zoom, sigmas=sigmas, crops=crops, widths=widths)
        generated = 0 if len(split.train) >= ENOUGH else IMAGINED
        return CountingPlan(counter=counter, description=description, generated=generated)

    def seconds_a_step(self, data: AnnotatedData, plan: CountingPlan) -> float:
        from vivogan.domains.images.tools.dense import DenseNetwork, seconds_a_step

        channels, maps = data.image(0).shape[0], len(data.names) + 2 * data.boxed
        crops = plan.counter.crops
        return seconds_a_step(
            DenseNetwork(channels, maps, plan.counter.widths, plan.counter.shuffle), crops.batch, crops.size
        )

    def fitted(self, data: AnnotatedData, split: Split) -> Fitted:
        return data.fitted()

    def imagine(self, data: AnnotatedData, split: Split, plan: CountingPlan, seed: int, log: Watch) -> list[Any]:
        return imagined.pairs(data, split, plan.scenes, plan.description, plan.generated, seed, log)

    def picture(self, data: AnnotatedData, split: Split, generated: Sequence[Any]) -> NDArray[np.uint8]:
        return imagined.picture(data, split, generated)

    def fit(
        self,
        data: AnnotatedData,
        train: NDArray[np.intp],
        held: NDArray[np.intp],
        generated: Sequence[Any],
        plan: CountingPlan,
        seed: int,
        checkpoints: Checkpoints | None,
        log: Watch,
    ) -> Fitted:
        chosen = plan.counter.model_copy(update={"learn": plan.learn})
        return fit_counter(data.pairs(np.union1d(train, held)), generated, data.names, chosen, seed, checkpoints, log)

    def load(self, tensors: dict[str, Tensor], state: dict[str, Any]) -> Counter:
        return Counter.from_state(tensors, state)

    def judge(
        self, model: Counter, data: AnnotatedData, indices: NDArray[np.intp], train: NDArray[np.intp]
    ) -> Judgement:
        pairs = data.pairs(indices)
        found = [model.count(pair.image) for pair in pairs]
        classes = len(model.names)
        true = np.array([np.bincount(pair.objects.classes, minlength=classes) for pair in pairs])  # n x K
        simple = _simple(data, train, indices, classes)
        scores: list[Score] = []
        for k, name in enumerate(model.names):
            scores += _class_scores(name if classes > 1 else "", true[:, k], found, k, simple[:, k])
        if data.boxed and len(pairs):
            scores += _box_scores(model.names, pairs, found)
        rows = [
            {
                "id": data.ids[i],
                "truth": int(t.sum()),
                "found": float(c.counts.sum()),
                "low": float(c.low.sum()),
                "high": float(c.high.sum()),
                "score": float(np.abs(c.counts - t).sum()),
            }
            for i, t, c in zip(indices.tolist(), true, found, strict=True)
        ]
        value = float(np.abs(np.array([c.counts for c in found]) - true).sum(1).mean())
        return Judgement(value, scores, rows)

    def figures(self, model: Counter, data: AnnotatedData, judgement: Judgement) -> list[Figure]:
        """The best and the worst images, with what was found and what was drawn."""
        place = {name: i for i, name in enumerate(data.ids)}

        def draw(row: int) -> NDArray[np.uint8]:
            image = data.image(place[judgement.items[row]["id"]])
            return overlay_objects(image, model.count(image).objects, model.names)

        return ranked(judgement, draw, self.better, lambda row: f"{row['found']:.1f} found, {row['truth']} drawn")

    def apply(
        self, run: Any, model: Counter, source: Path, out: Path, options: Mapping[str, str], watch: Watch
    ) -> dict[str, Any]:
        sink = CountSink(model, FittedNormaliser.from_state(*run.fitted).normaliser, out)
        return apply(run, sink, source, out, options, watch)


class CountSink:
    """Counts images and writes ``counts.csv``, ``objects.csv`` and a picture of each with what was found."""

    def __init__(self, model: Counter, normaliser: Normaliser, out: Path) -> None:
        self.model, self.normaliser, self.out = model, normaliser, out
        self.counts: list[dict[str, Any]] = []
        self.objects: list[dict[str, Any]] = []

    def add(self, name: str, image: NDArray[Any]) -> None:
        seen = self.normaliser(image)
        found = self.model.count(seen)
        row: dict[str, Any] = {"image": name}
        for k, kind in enumerate(self.model.names):
            row |= {
                kind: round(float(found.counts[k]), 2),
                f"{kind} low": round(float(found.low[k]), 2),
                f"{kind} high": round(float(found.high[k]), 2),
            }
        self.counts.append(row)
        self.objects += object_rows(name, found.objects, self.model.names, found.scores)
        picture = overlay(seen, found.objects, self.model.names)
        write_picture(self.out / "overlays" / file_name(name, ".png"), picture)

    def close(self) -> dict[str, Any]:
        write_rows(self.out / "counts.csv", self.counts)
        write_objects_csv(self.out / "objects.csv", self.objects)
        return {"counts": self.counts, "objects": len(self.objects)}


def _class_scores(
    name: str, true: NDArray[Any], found: Sequence[Counted], k: int, simple: NDArray[np.float64]
) -> list[Score]:
    """Error and coverage of one class's counts."""
    counts, low, high = (np.array([getattr(c, part)[k] for c in found]) for part in ("counts", "low", "high"))
    wrong, inside = np.abs(counts - true), ((low <= true) & (true <= high)).astype(float)
    nan, n, of = float("nan"), len(true), f", {name}" if name else ""
    made = []
    for what, values, other, better, note in (
        ("mean absolute error", wrong, float(np.abs(simple - true).mean()), "lower", "objects an image"),
        ("90 % intervals that hold the truth", inside, nan, "higher", "should be near .90"),
    ):
        bounds = interval(lambda x: float(np.mean(x)), values) if n > 1 else (nan, nan)
        made.append(Score(what + of, float(values.mean()), *bounds, nan, other, better, n, note))  # type: ignore[arg-type]
    return made


def _box_scores(names: Sequence[str], pairs: Sequence[Pair], found: Sequence[Counted]) -> list[Score]:
    """F1 of the boxes of each class at an overlap (IoU) of .5, over all images together."""
    made = []
    for k, name in enumerate(names):
        rows = []
        for pair, c in zip(pairs, found, strict=True):
            true, made_here = pair.objects.classes == k, c.objects.classes == k
            assert pair.objects.boxes is not None
            assert c.objects.boxes is not None
            m = box_matches(
                pair.objects.boxes[true],
                pair.objects.classes[true],
                c.objects.boxes[made_here],
                c.objects.classes[made_here],
                c.scores[made_here],
            )
            rows.append((m.true_positives, m.false_positives, m.false_negatives))
        table = np.array(rows, float)
        low, high = interval(_pooled_f1, table) if len(table) > 1 else (float("nan"),) * 2
        of = f", {name}" if len(names) > 1 else ""
        note = "boxes that overlap a drawn one by half"
        made.append(
            Score(f"F1{of}", _pooled_f1(table), low, high, float("nan"), float("nan"), "higher", len(rows), note)
        )
    return made


def _pooled_f1(table: NDArray[np.float64]) -> float:
    """2 TP / (2 TP + FP + FN) of rows (TP, FP, FN)."""
    hit, extra, missed = table.sum(0)
    return float(2 * hit / max(2 * hit + extra + missed, 1))


def _simple(
    data: AnnotatedData, train: NDArray[np.intp], indices: NDArray[np.intp], classes: int
) -> NDArray[np.float64]:
    """Counts [n, K] by the better of two simple ways: always the mean, or a ridge regression on intensities."""
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    known = data.pairs(train)
    if not known:
        return np.zeros((len(indices), classes))
    true = np.array([np.bincount(pair.objects.classes, minlength=classes) for pair in known], float)
    if len(known) < 4:
        return np.tile(true.mean(0), (len(indices), 1))
    model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 3, 11)))
    model.fit([intensities(pair.image) for pair in known], true)
    found: NDArray[np.float64] = model.predict([intensities(data.image(i)) for i in indices.tolist()])
    return found.reshape(len(indices), classes)


def intensities(image: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean, spread and quantiles of each channel of an image [C, H, W]: enough for a guess."""
    flat = image.reshape(len(image), -1)
    quantiles = np.quantile(flat, [0.1, 0.25, 0.5, 0.75, 0.9, 0.99], axis=1).T
    return np.concatenate([flat.mean(1), flat.std(1), quantiles.ravel()]).astype(np.float64)


TASK = CountTask()
