"""Classifying: a few labelled images and many without labels → which kind an image shows, how surely, and why."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from vivogan.core.checkpoints import Checkpoints
from vivogan.core.configuration import validated
from vivogan.core.seeds import numpy_generator
from vivogan.domains.base import Figure, Fitted, Score, Split
from vivogan.domains.images import data as images
from vivogan.domains.images.codec import ImageCodec
from vivogan.domains.images.networks import nearest_side
from vivogan.domains.images.records import ImageRecords
from vivogan.domains.images.symmetry import measured
from vivogan.domains.images.tasks.apply import apply, file_name
from vivogan.domains.images.tasks.balanced import balanced
from vivogan.domains.images.tasks.results import WORDS, ranked
from vivogan.domains.images.tools.classifier import Classifier, ClassifierNetwork
from vivogan.domains.images.tools.classify import ClassifyPlan, fit_classifier
from vivogan.domains.images.tools.confidence import calibration_error
from vivogan.domains.images.tools.embed import handcrafted, linear_probe
from vivogan.domains.images.tools.plots import compare, overlay_attribution
from vivogan.domains.parts import TEST, TRAIN
from vivogan.domains.tasks.base import Better, Judgement, TaskPlan, Watch, Words
from vivogan.domains.tasks.learn import LearnSettings
from vivogan.domains.tasks.results import write_picture, write_rows
from vivogan.errors import InputError
from vivogan.metrics.bootstrap import interval

TEST_SHARE = 0.2  # of the labelled images of a class, where the source gives no split
LEAST = 5  # labelled images of the smallest class from which some are kept for the judgement
UNKNOWN = "unknown"
SHOWN = 8  # real and generated images in a picture


class ClassifyingPlan(TaskPlan):
    """The plan of a classifier."""

    classifier: ClassifyPlan = ClassifyPlan()
    side: int = Field(default=28, ge=8, le=256)  # images are brought to this square
    generated: int = Field(default=0, ge=0)  # images of rare classes; 0, as they brought nothing where measured
    game_samples: int = Field(default=60_000, ge=1)  # length of the game that makes them
    share: float = Field(default=0.15, ge=0, le=1)  # of generated images among the labelled ones of a batch

    @property
    def batch(self) -> int:
        """Images a step."""
        return self.classifier.batch

    def paced(self, steps: int) -> Self:
        """The trunk and the calibration learn in the same proportion."""
        own, share = self.classifier, steps / self.learn.steps
        contrast = own.contrast.model_copy(update={"steps": round(share * own.contrast.steps)})
        folds = max(1, round(share * own.calibration_steps))
        changed = own.model_copy(update={"contrast": contrast, "calibration_steps": folds})
        return self.model_copy(update={"learn": self.learn.model_copy(update={"steps": steps}), "classifier": changed})


@dataclass(frozen=True)
class LabelledData:
    """``ImageRecords`` of which some have a label."""

    records: ImageRecords

    @property
    def ids(self) -> list[str]:
        return self.records.ids

    @property
    def refusals(self) -> list[Any]:
        return self.records.refusals

    @property
    def notes(self) -> list[str]:
        return self.records.notes

    @cached_property
    def names(self) -> list[str]:
        """The classes, sorted."""
        return sorted({str(name) for name in self.records.classes if name})

    @cached_property
    def y(self) -> NDArray[np.intp]:
        """Class numbers [n], −1 where there is no label."""
        number = {name: k for k, name in enumerate(self.names)} | {"": -1}
        return np.array([number[str(name)] for name in self.records.classes], np.intp)

    def fingerprint(self) -> dict[str, Any]:
        return images.fingerprint(self.records)

    def digest(self) -> str:
        return images.content_hash(self.records)


@dataclass(frozen=True)
class FittedCodec:
    """What a run keeps of the images themselves: how they become tensors, and the names of the classes."""

    codec: ImageCodec
    names: list[str]

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        tensors, state = self.codec.state()
        return tensors, {"codec": state, "names": self.names}

    @classmethod
    def from_state(cls, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> FittedCodec:
        return cls(ImageCodec.from_state(tensors, state["codec"]), list(state["names"]))


@dataclass(frozen=True)
class ClassifyTask:
    """See ``vivogan.domains.tasks.base.Task``."""

    domain: str = "images"
    name: str = "classify"
    command: str = "classify"
    words: Words = WORDS
    measure: str = "accuracy"
    better: Better = "higher"
    most_judged: int = 500
    tried: int = 0
    labels_shape_generated: bool = True

    @property
    def plan_model(self) -> type[ClassifyingPlan]:
        return ClassifyingPlan

    def read(self, source: Path, options: Mapping[str, str]) -> LabelledData:
        chosen = {name: value for name, value in options.items() if name in images.ReadOptions.model_fields}
        data = LabelledData(images.read(source, validated(images.ReadOptions, chosen)))
        if len(data.names) < 2:
            found = f"one class only ({data.names[0]})" if data.names else "no labels"
            mend = "Name the column with --labels, or sort the images into a folder a class"
            raise InputError(source, f"has {found}; a classifier tells two or more apart", mend=mend)
        return data

    def split(self, data: LabelledData, seed: int) -> Split:
        """A given split is kept; else a fifth of each class is kept for the judgement, where every class has five."""
        known = np.flatnonzero(data.y >= 0)
        part = data.records.part
        nobody = known[:0]
        if part is not None and (part[known] == TRAIN).any():
            return Split(known[part[known] == TRAIN], known[part[known] == "selection"], known[part[known] == TEST])
        if np.bincount(data.y[known]).min() < LEAST:
            return Split(known, nobody, nobody)
        rng, test = numpy_generator(seed, "split"), []
        for k in range(len(data.names)):
            own = rng.permutation(np.flatnonzero(data.y == k))
            test += own[: max(1, round(TEST_SHARE * len(own)))].tolist()
        chosen = np.sort(np.array(test, np.intp))
        return Split(np.setdiff1d(known, chosen), nobody, chosen)

    def plan(self, data: LabelledData, split: Split, options: Mapping[str, str]) -> ClassifyingPlan:
        found = data.fingerprint()
        side = nearest_side(min(64, found["height"]["min"], found["width"]["min"]))
        sample = numpy_generator(0, "symmetry").permutation(len(data.ids))[:600]
        moves = measured(ImageCodec.fit(data.records, split.train, side).encode(data.records, sample))
        pool = len(data.ids) - sum(len(part) for part in (split.train, split.selection, split.test))
        few = {} if pool >= 10 * len(data.names) else {"pool": 0.0, "rounds": 1}
        contrast = ClassifyPlan().contrast
        if few:  # too few images without labels to learn their variety from
            contrast = contrast.model_copy(update={"steps": 0})
        chosen = ClassifyPlan(moves=tuple(moves), side=side, contrast=contrast, **few)  # type: ignore[arg-type]
        return ClassifyingPlan(classifier=chosen, side=side, learn=LearnSettings(**chosen.learn.model_dump()))

    def seconds_a_step(self, data: LabelledData, plan: ClassifyingPlan) -> float:
        """Of one labelled step; the trunk and the rounds are paid for by as many of them."""
        network = ClassifierNetwork(data.records.images[0].shape[2], len(data.names), plan.classifier.widths)
        x = torch.zeros(plan.batch, data.records.images[0].shape[2], plan.side, plan.side)
        times = []
        for _ in range(3):
            began = time.perf_counter()
            network(x).square().mean().backward()
            times.append(time.perf_counter() - began)
        own = plan.classifier
        # The rounds, the folds of the calibration, and the trunk with its two views of each image.
        pairs = 2 * own.contrast.batch / own.batch * own.contrast.steps / max(1, own.learn.steps)
        return min(times) * (own.rounds + own.calibration_folds * own.calibration_steps / own.learn.steps + pairs)

    def fitted(self, data: LabelledData, split: Split) -> Fitted:
        side = self.plan(data, split, {}).side
        return FittedCodec(ImageCodec.fit(data.records, split.train, side), data.names)

    def imagine(self, data: LabelledData, split: Split, plan: ClassifyingPlan, seed: int, log: Watch) -> list[Any]:
        """(image [C, H, H] in (−1, 1), class) of ``plan.generated`` images."""
        known = np.union1d(split.train, split.selection)
        x = ImageCodec.fit(data.records, known, plan.side).encode(data.records, known)
        made, classes = balanced(x, data.y[known], plan.generated, plan.game_samples, seed, log)
        return list(zip(made, classes.tolist(), strict=True))

    def picture(self, data: LabelledData, split: Split, generated: Sequence[Any]) -> NDArray[np.uint8]:
        """Real images above generated ones."""
        size = self.plan(data, split, {}).side
        codec = ImageCodec.fit(data.records, split.train, size)
        real = codec.encode(data.records, split.train[:SHOWN])
        return compare([(x.numpy() + 1) / 2 for x in real], [(x.numpy() + 1) / 2 for x, _ in generated], columns=SHOWN)

    def fit(
        self,
        data: LabelledData,
        train: NDArray[np.intp],
        held: NDArray[np.intp],
        generated: Sequence[Any],
        plan: ClassifyingPlan,
        seed: int,
        checkpoints: Checkpoints | None,
        log: Watch,
    ) -> Fitted:
        known = np.union1d(train, held)
        codec = ImageCodec.fit(data.records, known, plan.side)
        bare = np.flatnonzero(data.y < 0)
        pool = codec.encode(data.records, bare) if plan.classifier.pool and len(bare) else None
        changes: dict[str, Any] = {"learn": plan.learn} | ({"generated": plan.share} if generated else {})
        chosen = plan.classifier.model_copy(update=changes)
        made = (torch.stack([x for x, _ in generated]), np.array([k for _, k in generated])) if generated else None
        return fit_classifier(
            codec.encode(data.records, known), data.y[known], pool, chosen, seed, checkpoints, log, generated=made
        )

    def load(self, tensors: dict[str, Tensor], state: dict[str, Any]) -> Classifier:
        return Classifier.from_state(tensors, state)

    def judge(
        self, model: Classifier, data: LabelledData, indices: NDArray[np.intp], train: NDArray[np.intp]
    ) -> Judgement:
        codec = ImageCodec.fit(data.records, train, model.side)
        x, y = codec.encode(data.records, indices), data.y[indices]
        chances = model.probabilities(x)
        found, unknown = chances.argmax(1), model.unknown(x).unknown
        right = (found == y).astype(float)
        classes = len(data.names)
        matrix = np.zeros((classes, classes), int)
        np.add.at(matrix, (y, found), 1)
        simple = _simple(codec, data, train, x, y)
        n, nan = len(y), float("nan")
        scores = [
            Score(
                "accuracy",
                float(right.mean()),
                *_bounds(right),
                nan,
                simple,
                "higher",
                n,
                "simple: by hand-made features",
            ),
            Score("balanced accuracy", _balanced(matrix), nan, nan, nan, nan, "higher", n, "mean of the classes"),
            Score(
                "calibration error",
                calibration_error(chances, y),
                nan,
                nan,
                nan,
                nan,
                "lower",
                n,
                "of the probabilities",
            ),
            Score(
                "called unknown",
                float(unknown.mean()),
                *_bounds(unknown.astype(float)),
                nan,
                nan,
                "lower",
                n,
                "of known images",
            ),
        ]
        rows = [
            {
                "id": data.ids[i],
                "truth": data.names[y[row]],
                "found": UNKNOWN if unknown[row] else data.names[found[row]],
                "score": float(chances[row, y[row]]),
            }
            for row, i in enumerate(indices.tolist())
        ]
        confusion = {"names": data.names, "matrix": matrix.tolist()}
        return Judgement(float(right.mean()), scores, rows, confusion=confusion)

    def figures(self, model: Classifier, data: LabelledData, judgement: Judgement) -> list[Figure]:
        """The surest right and the surest wrong answers, with the pixels that spoke for the class that was given."""
        place = {name: i for i, name in enumerate(data.ids)}
        codec = ImageCodec.fit(data.records, np.flatnonzero(data.y >= 0), model.side)

        def draw(row: int) -> NDArray[np.uint8]:
            x = codec.encode(data.records, np.array([place[judgement.items[row]["id"]]]))
            return overlay_attribution((x[0].numpy() + 1) / 2, model.attribution(x)[0])

        return ranked(judgement, draw, self.better, lambda row: f"{row['truth']}: called {row['found']}")

    def apply(
        self, run: Any, model: Classifier, source: Path, out: Path, options: Mapping[str, str], watch: Watch
    ) -> dict[str, Any]:
        sink = ClassifySink(model, FittedCodec.from_state(*run.fitted), out)
        return apply(run, sink, source, out, options, watch)


class ClassifySink:
    """Classifies images and writes ``classes.csv`` and, of each image, the pixels that speak for its class."""

    def __init__(self, model: Classifier, fitted: FittedCodec, out: Path) -> None:
        self.model, self.fitted, self.out = model, fitted, out
        self.rows: list[dict[str, Any]] = []

    def add(self, name: str, image: NDArray[Any]) -> None:
        x = self.fitted.codec.encode(one_record(name, image), np.array([0]))
        chances, novelty = self.model.probabilities(x)[0], self.model.unknown(x)
        best = int(chances.argmax())
        row: dict[str, Any] = {
            "image": name,
            "class": UNKNOWN if novelty.unknown[0] else self.fitted.names[best],
            "nearest class": self.fitted.names[best],
            "probability": round(float(chances[best]), 4),
        }
        self.rows.append(row | {kind: round(float(p), 4) for kind, p in zip(self.fitted.names, chances, strict=True)})
        picture = overlay_attribution((x[0].numpy() + 1) / 2, self.model.attribution(x)[0])
        write_picture(self.out / "attributions" / file_name(name, ".png"), picture)

    def close(self) -> dict[str, Any]:
        write_rows(self.out / "classes.csv", self.rows)
        kinds = [row["class"] for row in self.rows]
        return {"classes": {kind: kinds.count(kind) for kind in sorted(set(kinds))}}


def one_record(name: str, image: NDArray[Any]) -> ImageRecords:
    """Records of one image [H, W, C]."""
    return ImageRecords([image], {}, [name], [], [], None, None, name)


def _simple(codec: ImageCodec, data: LabelledData, train: NDArray[np.intp], x: Tensor, y: NDArray[np.intp]) -> float:
    """Accuracy of a linear classifier on hand-made features of the same labelled images."""
    if len(np.unique(data.y[train])) < 2:
        return float("nan")
    return linear_probe(handcrafted(codec.encode(data.records, train)), data.y[train], handcrafted(x), y)


def _balanced(matrix: NDArray[Any]) -> float:
    """Mean recall of the classes that occur."""
    total = matrix.sum(1)
    return float((matrix.diagonal()[total > 0] / total[total > 0]).mean())


def _bounds(values: NDArray[np.float64]) -> tuple[float, float]:
    return interval(lambda v: float(np.mean(v)), values) if len(values) > 1 else (float("nan"),) * 2


TASK = ClassifyTask()
