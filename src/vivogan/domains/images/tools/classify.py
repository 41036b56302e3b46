"""A classifier from few labelled images and many without labels.

Three things are learned from the images without labels: a trunk that knows their variety (``contrast``), labels that
their neighbours in its feature space suggest, and a network trained on both, which suggests better labels for the next
round. Without images that have no labels it is a network with strong alterations of the labelled ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
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
from vivogan.domains.images.tools.learn import LearnSettings, learn
from vivogan.engine.batches import Batches
from vivogan.errors import UserError

__all__ = ["Classifier", "ClassifyPlan", "Novelty", "fit_classifier", "pretrain_trunk"]

Count = Annotated[int, Field(ge=1)]
Natural = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]
Floats = NDArray[np.float64]
Labels = NDArray[np.intp]
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
    learn: LearnSettings = LearnSettings(steps=200, learning_rate=1e-3, weight_decay=1e-2)
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
    calibration_steps: Count = 120  # that each fold's network learns
    false_alarms: Share = 0.01  # known images that may be called unknown


@dataclass(frozen=True)
class _Lesson:
    """What a round learns from: labelled, generated and other images with chances [n, K] and weights [n]."""

    x: Tensor
    y: Labels
    pool: Tensor
    chances: Floats | None
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
    lesson = _Lesson(x, labels, pool, None, made, int(labels.max()) + 1)
    if trunk is None and plan.contrast.steps:
        trunk = pretrain_trunk(torch.cat([x, pool]), plan, seed, _stage(checkpoints, "trunk"), log)
    course = _Course(plan, seed, trunk, log)
    network = course.taught(lesson, plan.rounds, plan.learn, checkpoints, "round")
    logits, y_held, scores = course.cross_fitted(lesson, checkpoints)
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
    """The rounds of one classifier: a trunk to begin with, and one network after the other."""

    def __init__(self, plan: ClassifyPlan, seed: int, trunk: dict[str, Tensor] | None, log: Watch) -> None:
        self.plan, self.seed, self.trunk, self.log = plan, seed, trunk, log

    def taught(
        self, lesson: _Lesson, rounds: int, settings: LearnSettings, checkpoints: Checkpoints | None, name: str
    ) -> ClassifierNetwork:
        """The network after ``rounds`` rounds; without images to label there is one, as long as all together."""
        network = _network(self.plan, lesson.x.shape[1], lesson.classes, self.seed)
        if not len(lesson.pool):
            settings, rounds = settings.model_copy(update={"steps": settings.steps * rounds}), 1
        chances = None
        if self.trunk is not None:
            network.load_state_dict(self.trunk, strict=False)
            chances = self._first(network, lesson)
        for round_ in range(rounds):
            now = replace(lesson, chances=chances)
            loss = _loss(now, self.plan, derive(self.seed, name, round_))
            learn_from = _stage(checkpoints, f"{name}-{round_}")
            network = self._copied(learn(network, loss, settings, learn_from, self.log), lesson)
            if round_ + 1 < rounds:
                chances = self._next(network, lesson)
        return network

    def _first(self, network: ClassifierNetwork, lesson: _Lesson) -> Floats | None:
        """Standardise the trunk's features and fit the head to the labelled images, so that the first steps do not
        spoil the trunk (Kumar et al. 2022); returns chances [m, K] for the pool."""
        from sklearn.linear_model import LogisticRegression

        asking = self._classifier(network, lesson)
        known, others = asking.features(lesson.x), asking.features(lesson.pool)
        everything = np.concatenate([known, others])
        mean, deviation = everything.mean(0), everything.std(0) + 1e-4
        model = LogisticRegression(C=0.3, max_iter=1000, class_weight="balanced")
        head = model.fit((known - mean) / deviation, lesson.y)
        weight, bias = head.coef_, head.intercept_
        if lesson.classes == 2:  # scikit-learn keeps one row for two classes
            weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
        state = {"head.weight": weight, "head.bias": bias, "norm.running_mean": mean, "norm.running_var": deviation**2}
        network.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()}, strict=False)
        if not len(others):
            return None
        return agreed(head.predict_proba((others - mean) / deviation), self._near(known, others, lesson))

    def _next(self, network: ClassifierNetwork, lesson: _Lesson) -> Floats:
        """Chances [m, K] for the pool by a trained network."""
        asking = self._classifier(network, lesson)
        known, others = asking.features(lesson.x), asking.features(lesson.pool)
        return agreed(asking.chances(others), self._near(known, others, lesson), 0.5)

    def _near(self, known: Floats, others: Floats, lesson: _Lesson) -> Floats:
        """Chances [m, K] for the pool by the labels of neighbours."""
        rows = whitened(torch.from_numpy(np.concatenate([known, others])).float())
        graph = neighbours(rows, self.plan.neighbours)
        return spread_labels(graph, np.arange(len(known)), lesson.y, lesson.classes)[len(known) :]

    def _classifier(self, network: nn.Module, lesson: _Lesson) -> Classifier:
        return Classifier(self._copied(network, lesson), self.plan.side, self.plan.moves)

    def _copied(self, network: nn.Module, lesson: _Lesson) -> ClassifierNetwork:
        copy = ClassifierNetwork(lesson.x.shape[1], lesson.classes, self.plan.widths)
        copy.load_state_dict(network.state_dict())
        return copy

    def cross_fitted(self, lesson: _Lesson, checkpoints: Checkpoints | None) -> tuple[Floats, Labels, Floats]:
        """Logits [n, K], classes [n] and novelty scores [n] of labelled images by networks that did not see them."""
        folds = self.plan.calibration_folds
        logits, classes, scores = [np.empty((0, lesson.classes))], [lesson.y[:0]], [np.empty(0)]
        settings = self.plan.learn.model_copy(update={"steps": self.plan.calibration_steps})
        for fold, out in enumerate(_folds(lesson.y, folds, self.seed)):
            kept = torch.from_numpy(~out)
            part = replace(lesson, x=lesson.x[kept], y=lesson.y[~out])
            network = self.taught(part, 1, settings, checkpoints, f"fold-{fold}")
            judge = Classifier(network, self.plan.side, self.plan.moves)
            known = Known.fit(judge.features(part.x), np.eye(lesson.classes)[part.y])
            held = lesson.x[~kept]
            logits.append(judge.logits(held))
            classes.append(lesson.y[out])
            scores.append(known.score(judge.features(held), judge.probabilities(held)))
        return np.concatenate(logits), np.concatenate(classes), np.concatenate(scores)


def _loss(lesson: _Lesson, plan: ClassifyPlan, seed: int) -> Callable[[nn.Module, int], Tensor]:
    """Cross-entropy of altered images with their labels, given or suggested; the suggested count as far as they are
    sure."""
    count = lesson.classes
    known = Batches(len(lesson.y), lesson.y, plan.balance, derive(seed, "labelled"))
    others = Batches(max(1, len(lesson.pool)), None, 0.0, derive(seed, "pool"))
    made = None if lesson.generated is None else Batches(len(lesson.generated[1]), lesson.generated[1], 1.0, seed)
    chances = None if lesson.chances is None else torch.from_numpy(sharpened(lesson.chances, plan.sharpen)).float()
    sure = None if lesson.chances is None else torch.from_numpy(lesson.chances.max(1)).float()
    labelled = plan.batch if chances is None else max(count, round(plan.batch * plan.labelled))
    drawn = round(labelled * plan.generated) if made is not None else 0

    def loss(network: nn.Module, step: int) -> Tensor:
        rng = torch_generator(seed, "alter", step)
        given = known.deal(step, labelled - drawn)
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


def _folds(y: Labels, folds: int, seed: int) -> list[NDArray[np.bool_]]:
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
