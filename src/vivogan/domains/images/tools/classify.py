"""A classifier from few labelled images and many without labels.

Three things are learned from the images without labels: a trunk that knows their variety (``contrast``), labels that
their neighbours in its feature space suggest, and a network trained on both, which suggests better labels for the next
round. Without images that have no labels it is a network with strong alterations of the labelled ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import one_hot

from vivogan.core.checkpoints import Checkpoints
from vivogan.core.configuration import Settings
from vivogan.core.seeds import derive, numpy_generator, torch_generator
from vivogan.domains.images.tools.alterations import Alterations, altered
from vivogan.domains.images.tools.classifier import Classifier, ClassifierNetwork, Known, Novelty, reduced
from vivogan.domains.images.tools.confidence import fit_temperature
from vivogan.domains.images.tools.consistency import (
    agreed,
    neighbours,
    sharpened,
    spread_labels,
    virtual_adversarial,
    whitened,
)
from vivogan.domains.images.tools.contrast import ContrastSettings, contrast
from vivogan.domains.tasks.learn import LearnSettings, learn
from vivogan.engine.batches import Batches
from vivogan.errors import UserError

__all__ = ["Classifier", "ClassifyPlan", "Novelty", "fit_classifier", "pretrain_trunk"]

Count = Annotated[int, Field(ge=1)]
Natural = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]
Floats = NDArray[np.float64]
Labels = NDArray[np.intp]
Mask = NDArray[np.bool_]
Watch = Callable[[dict[str, Any]], None]
HELD = 1000  # images without labels that are kept aside, to learn how far known images lie
PLENTY = 2000  # labelled images from which a tenth is held out once instead of cross-fitting
POOL_LARGEST = 20_000  # images in the graph of neighbours, whose cost grows with their square


class ClassifyPlan(Settings):
    """Everything that can be chosen about a classifier."""

    side: Annotated[int, Field(ge=8, le=256)] = 64  # larger images are averaged down
    widths: Annotated[tuple[Count, ...], Field(min_length=2)] = (32, 64, 128)
    moves: tuple[Literal["mirror", "flip", "turn"], ...] = ("mirror", "flip", "turn")  # symmetries of the images
    alter: Alterations = Alterations(
        zoom_out=1.08, zoom_in=0.85, shift=0.1, colour=0.1, blur=0.1, cover=0.2, noise=0.02, moved=0.5
    )
    contrast: ContrastSettings = ContrastSettings()  # the trunk's own training on all images; steps = 0: none
    learn: LearnSettings = LearnSettings(steps=500, learning_rate=1e-3, weight_decay=1e-2)
    rounds: Count = 2  # of training and labelling the pool
    batch: Count = 128
    labelled: Share = 0.25  # share of a batch that is labelled, while there is a pool
    balance: Share = 1.0  # 0: labelled classes as frequent as given; 1: equally frequent
    smoothing: Share = 0.05  # of all labels
    pool: Weight = 1.0  # weight of images without labels; 0: leave them
    sharpen: Annotated[float, Field(gt=0, le=1)] = 0.7  # temperature of the suggested labels
    neighbours: Count = 30
    adversarial: Weight = 0.0  # weight of virtual adversarial consistency
    adversarial_share: Annotated[float, Field(gt=0, le=1)] = 0.5  # share of the batch it is asked of
    radius: Annotated[float, Field(gt=0)] = 0.03  # its change, root mean square
    generated: Share = 0.0  # share of the labelled part of a batch that is generated
    calibration_folds: Natural = 2  # of the cross-fitted temperature; 0: none
    calibration_steps: Count = 300  # that each fold's network learns
    false_alarms: Share = 0.01  # known images that may be called unknown


@dataclass(frozen=True)
class _Lesson:
    """What there is to learn from: labelled images of classes y [n], images without labels, generated ones."""

    x: Tensor
    y: Labels
    pool: Tensor
    generated: tuple[Tensor, Labels] | None
    classes: int


def pretrain_trunk(
    x: Tensor,
    plan: ClassifyPlan,
    seed: int,
    checkpoints: Checkpoints | None = None,
    log: Watch = lambda record: None,
) -> dict[str, Tensor]:
    """Weights of a trunk that learned from images x [n, C, H, W] without labels; once a data set, for any labels."""
    small = reduced(x, plan.side)
    network = _network(plan, small.shape[1], 2, seed)
    trained = contrast(network, plan.widths[-1], small, plan.contrast, seed, plan.moves, checkpoints, log)
    return {name: tensor for name, tensor in trained.state_dict().items() if not name.startswith(("head", "norm"))}


def fit_classifier(
    x_labelled: Tensor,
    y: ArrayLike,
    x_unlabelled: Tensor | None,
    plan: ClassifyPlan,
    seed: int,
    checkpoints: Checkpoints | None = None,
    log: Watch = lambda record: None,
    trunk: dict[str, Tensor] | None = None,
    generated: tuple[Tensor, ArrayLike] | None = None,
) -> Classifier:
    """Train a classifier.

    Args:
        x_labelled: encoded images [n, C, H, W] in (−1, 1) of classes ``y`` [n], 0 … K − 1.
        x_unlabelled: images [m, C, H, W] of which most belong to these classes; None where ``plan.pool`` is 0.
        checkpoints: each stage keeps its own in a folder below theirs, so that a killed run continues.
        trunk: from ``pretrain_trunk``, to share it among several calls; otherwise trained here, unless
            ``plan.contrast.steps`` is 0.
        generated: images and their classes of which ``plan.generated`` of the labelled batch is drawn.

    Raises ``UserError`` for one class only, for a class with fewer than two images, and when the plan wants images
    without labels and there are none.
    """
    labels = _checked(x_labelled, y, x_unlabelled, plan)
    x = reduced(x_labelled.float(), plan.side)
    pool = x[:0] if x_unlabelled is None or plan.pool == 0 else reduced(x_unlabelled.float(), plan.side)
    order = torch.from_numpy(numpy_generator(seed, "pool").permutation(len(pool)))
    aside = min(HELD, len(pool) // 5)
    held, pool = pool[order[:aside]], pool[order[aside : aside + POOL_LARGEST]]
    made = None if generated is None else (reduced(generated[0].float(), plan.side), np.asarray(generated[1], np.intp))
    lesson = _Lesson(x, labels, pool, made, int(labels.max()) + 1)
    if trunk is None and plan.contrast.steps:
        trunk = pretrain_trunk(torch.cat([x, pool]), plan, seed, _stage(checkpoints, "trunk"), log)
    course = _Course(lesson, plan, seed, trunk, checkpoints, log)
    network = course.taught(np.ones(len(labels), bool), plan.rounds, plan.learn, "round")
    logits, y_held, scores = course.cross_fitted()
    temperature = fit_temperature(logits, y_held) if len(y_held) else 1.0
    classifier = Classifier(network, plan.side, plan.moves, temperature)
    features = [classifier.features(part) for part in (x, pool, held)]
    chances = np.concatenate([np.eye(lesson.classes)[labels], classifier.chances(features[1])])
    known = Known.fit(np.concatenate(features[:2]), chances)
    if len(held):
        scores = known.score(features[2], classifier.chances(features[2]))
    threshold = float(np.quantile(scores, 1 - plan.false_alarms)) if len(scores) else float("inf")
    return Classifier(network, plan.side, plan.moves, temperature, replace(known, threshold=threshold))


class _Course:
    """All that is taught from one set of images: the classifier itself, and those that judge its confidence."""

    def __init__(
        self,
        lesson: _Lesson,
        plan: ClassifyPlan,
        seed: int,
        trunk: dict[str, Tensor] | None,
        checkpoints: Checkpoints | None,
        log: Watch,
    ) -> None:
        self.lesson, self.plan, self.seed, self.trunk = lesson, plan, seed, trunk
        self.checkpoints, self.log = checkpoints, log

    def taught(self, kept: Mask, rounds: int, settings: LearnSettings, name: str) -> ClassifierNetwork:
        """The network after ``rounds`` rounds on the labelled images ``kept`` [n]; without images to label there is
        one round, as long as all together."""
        network = self._network()
        if not len(self.lesson.pool):
            settings, rounds = settings.model_copy(update={"steps": settings.steps * rounds}), 1
        chances = None
        if self.trunk is not None:
            network.load_state_dict(self.trunk, strict=False)
            chances = self._first(network, kept)
        for round_ in range(rounds):
            loss = _loss(self.lesson, kept, chances, self.plan, derive(self.seed, name, round_))
            learned = learn(network, loss, settings, _stage(self.checkpoints, f"{name}-{round_}"), self.log)
            network = self._copied(learned)
            if round_ + 1 < rounds:
                chances = self._next(network, kept)
        return network

    def cross_fitted(self) -> tuple[Floats, Labels, Floats]:
        """Logits [n, K], classes [n] and novelty scores [n] of labelled images by networks that did not see them."""
        x, y, classes = self.lesson.x, self.lesson.y, self.lesson.classes
        settings = self.plan.learn.model_copy(update={"steps": self.plan.calibration_steps})
        found = [(np.empty((0, classes)), y[:0], np.empty(0))]
        for fold, out in enumerate(_folds(y, self.plan.calibration_folds, self.seed)):
            judge = self._classifier(self.taught(~out, 1, settings, f"fold-{fold}"))
            known = Known.fit(judge.features(x[torch.from_numpy(~out)]), np.eye(classes)[y[~out]])
            features = judge.features(x[torch.from_numpy(out)])
            found.append((judge.judged(features), y[out], known.score(features, judge.chances(features))))
        logits, labels, scores = zip(*found, strict=True)
        return np.concatenate(logits), np.concatenate(labels), np.concatenate(scores)

    def _first(self, network: ClassifierNetwork, kept: Mask) -> Floats | None:
        """Standardise the trunk's features and fit the head to the labelled images, so that the first steps do not
        spoil the trunk (Kumar et al. 2022); returns chances [m, K] for the pool."""
        from sklearn.linear_model import LogisticRegression

        features, graph = self._seen_by_trunk
        mean, deviation = features.mean(0), features.std(0) + 1e-4
        standard, y = (features - mean) / deviation, self.lesson.y
        model = LogisticRegression(C=0.3, max_iter=1000, class_weight="balanced")
        head = model.fit(standard[: len(y)][kept], y[kept])
        weight, bias = head.coef_, head.intercept_
        if self.lesson.classes == 2:  # scikit-learn keeps one row for two classes
            weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
        state = {"head.weight": weight, "head.bias": bias, "norm.running_mean": mean, "norm.running_var": deviation**2}
        network.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()}, strict=False)
        if graph is None:
            return None
        return agreed(head.predict_proba(standard[len(y) :]), self._near(graph, kept))

    def _next(self, network: ClassifierNetwork, kept: Mask) -> Floats:
        """Chances [m, K] for the pool by a trained network and by the neighbours it sees."""
        features = self._features(network)
        opinion = self._classifier(network).chances(features[len(self.lesson.y) :])
        return agreed(opinion, self._near(self._graph(features), kept), 0.5)

    @cached_property
    def _seen_by_trunk(self) -> tuple[Floats, Any]:
        """Features [n + m, F] of labelled images and pool before any training, and their graph."""
        network = self._network()
        network.load_state_dict(self.trunk or {}, strict=False)
        features = self._features(network)
        return features, self._graph(features) if len(self.lesson.pool) else None

    def _features(self, network: ClassifierNetwork) -> Floats:
        asking = self._classifier(network)
        return np.concatenate([asking.features(self.lesson.x), asking.features(self.lesson.pool)])

    def _graph(self, features: Floats) -> Any:
        return neighbours(whitened(torch.from_numpy(features).float()), self.plan.neighbours)

    def _near(self, graph: Any, kept: Mask) -> Floats:
        """Chances [m, K] for the pool by the labels of neighbours."""
        y = self.lesson.y
        return spread_labels(graph, np.flatnonzero(kept), y[kept], self.lesson.classes)[len(y) :]

    def _network(self) -> ClassifierNetwork:
        return _network(self.plan, self.lesson.x.shape[1], self.lesson.classes, self.seed)

    def _copied(self, network: nn.Module) -> ClassifierNetwork:
        copy = self._network()
        copy.load_state_dict(network.state_dict())
        return copy

    def _classifier(self, network: nn.Module) -> Classifier:
        return Classifier(self._copied(network), self.plan.side, self.plan.moves)


def _loss(
    lesson: _Lesson, kept: Mask, suggested: Floats | None, plan: ClassifyPlan, seed: int
) -> Callable[[nn.Module, int], Tensor]:
    """Cross-entropy of altered images with their labels, given (``kept`` [n]) or suggested (chances [m, K] for the
    pool, which count as far as they are sure)."""
    count, rows_known = lesson.classes, np.flatnonzero(kept)
    known = Batches(len(rows_known), lesson.y[rows_known], plan.balance, derive(seed, "labelled"))
    others = Batches(max(1, len(lesson.pool)), None, 0.0, derive(seed, "pool"))
    made = None if lesson.generated is None else Batches(len(lesson.generated[1]), lesson.generated[1], 1.0, seed)
    chances = None if suggested is None else torch.from_numpy(sharpened(suggested, plan.sharpen)).float()
    sure = None if suggested is None else torch.from_numpy(suggested.max(1)).float()
    share = max(plan.labelled, len(rows_known) / (len(rows_known) + len(lesson.pool)))
    labelled = plan.batch if chances is None else round(plan.batch * share)
    drawn = round(labelled * plan.generated) if made is not None else 0

    def loss(network: nn.Module, step: int) -> Tensor:
        rng = torch_generator(seed, "alter", step)
        given = rows_known[known.deal(step, labelled - drawn)]
        x, target = [lesson.x[torch.from_numpy(given)]], [_hot(lesson.y[given], count)]
        weight = [torch.ones(labelled)]
        if made is not None and lesson.generated is not None and drawn:
            chosen = made.deal(step, drawn)
            x.append(lesson.generated[0][torch.from_numpy(chosen)])
            target.append(_hot(lesson.generated[1][chosen], count))
        if chances is not None and sure is not None:
            free = torch.from_numpy(others.deal(step, plan.batch - labelled))
            x.append(lesson.pool[free])
            target.append(chances[free])
            weight.append(plan.pool * sure[free])
        batch = altered(torch.cat(x), rng, plan.alter, plan.moves)
        logits = network(batch)
        wanted = torch.cat(target) * (1 - plan.smoothing) + plan.smoothing / count
        weights = torch.cat(weight)
        value: Tensor = (-(wanted * logits.log_softmax(1)).sum(1) * weights).sum() / weights.sum()
        if plan.adversarial:
            rows = slice(-round(plan.adversarial_share * len(batch)), None)  # the last rows have no labels
            distance = virtual_adversarial(network, batch[rows], logits[rows], plan.radius, rng)
            value = value + plan.adversarial * distance
        return value

    return loss


def _checked(x: Tensor, y: ArrayLike, pool: Tensor | None, plan: ClassifyPlan) -> Labels:
    labels = np.asarray(y, np.intp)
    if x.ndim != 4 or len(x) != len(labels):
        raise ValueError("x [n, C, H, W] and y [n] must be as many")
    counts = np.bincount(labels, minlength=2)
    if (counts > 0).sum() < 2:
        raise UserError("all labelled images are of one class", "Label images of at least two classes")
    if counts.min() < 2:
        raise UserError(
            f"class {int(counts.argmin())} has {counts.min()} labelled image(s)", "Label at least two of each class"
        )
    if plan.pool > 0 and (pool is None or not len(pool)):
        raise UserError(
            "there are no images without labels", "Give some, or set pool=0 to learn from the labelled ones alone"
        )
    return labels


def _folds(y: Labels, folds: int, seed: int) -> list[Mask]:
    """Masks [n] of the images held out: each once in ``folds`` parts, or a tenth where there are plenty."""
    if folds == 0:
        return []
    plenty = len(y) >= PLENTY
    parts = 10 if plenty else max(2, folds)
    order = numpy_generator(seed, "folds").permutation(len(y))
    part = np.empty(len(y), np.intp)
    for value in np.unique(y):
        rows = order[y[order] == value]
        part[rows] = np.arange(len(rows)) % parts
    return [part == fold for fold in range(1 if plenty else parts)]


def _network(plan: ClassifyPlan, channels: int, classes: int, seed: int) -> ClassifierNetwork:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "network"))
        return ClassifierNetwork(channels, classes, plan.widths)


def _stage(checkpoints: Checkpoints | None, name: str) -> Checkpoints | None:
    return None if checkpoints is None else Checkpoints(checkpoints.folder / name, checkpoints.keep)


def _hot(y: Labels, classes: int) -> Tensor:
    return one_hot(torch.from_numpy(y), classes).float()
