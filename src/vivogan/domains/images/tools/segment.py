"""The segmenter: the outline of every object, from a network that learns where objects are and how deep inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from vivogan.core.checkpoints import Checkpoints
from vivogan.core.configuration import Settings
from vivogan.core.seeds import derive, numpy_generator
from vivogan.domains.images.annotations.objects import Objects
from vivogan.domains.images.tools.crops import Crops, CropSettings, disturbed, resampled, zoomed
from vivogan.domains.images.tools.dense import DenseNetwork
from vivogan.domains.images.tools.instances import DecodeSettings, Judge, Kind, encode, found, touching, tune
from vivogan.domains.images.tools.pairs import Pair
from vivogan.domains.images.tools.tiles import TILE, whole
from vivogan.domains.tasks.learn import LearnSettings, Watch, learn

CROPS = CropSettings(
    batch=4,
    tries=2,
    zooms=(0.8, 1.0, 1.2, 1.4),
    gain=0.3,
    offset=0.05,
    gamma=1.4,
    blur=0.7,
    noise=0.06,
)
LEARN = LearnSettings(steps=800, learning_rate=6e-3, ema_half_life=80.0)
FILLED = 0.6  # share of an image from which on objects are cells of a tissue, not things on a ground
RARE = -2.0  # logits at the beginning: most pixels hold nothing
VIEWS: list[tuple[int, ...]] = [(), (1, 2), (1,), (2,)]  # axes that are mirrored


class SegmentPlan(Settings):
    """Every hyper-parameter of a segmenter."""

    kind: Kind = "distance"  # what the second map says
    margin: Annotated[float, Field(ge=0)] = 2.0  # pixels that an inner object is smaller on every side
    zoom: Annotated[float, Field(gt=0)] = 1.0  # of the images before the network sees them
    closer: Annotated[float, Field(gt=0)] = 1.3  # further zoom when the segmenter is used: outlines come out finer
    judge: Judge = "objects"  # what thresholds are tuned by; "partition" for cells that fill the plane
    touching: Annotated[float, Field(ge=0)] = 6.0  # further weight of the pixels between neighbours in the loss
    widths: tuple[int, ...] = (16, 32, 48, 64)
    shuffle: Annotated[int, Field(ge=1)] = 2  # pixels of a cell of the network's first level
    views: Annotated[int, Field(ge=1, le=4)] = 2  # mirrored ones that the maps are averaged over
    tuned: Annotated[int, Field(ge=1)] = 16  # images that the thresholds are tuned on, at most
    crops: CropSettings = CROPS
    learn: LearnSettings = LEARN


@dataclass(frozen=True)
class Segmenter:
    """Maps images to objects."""

    network: DenseNetwork
    plan: SegmentPlan
    decoder: DecodeSettings

    def maps(self, image: NDArray[np.float32], tile: int = TILE) -> NDArray[np.float32]:
        """[C, H, W], normalised → [2, H, W] in 0…1: where objects are, and how deep. By tiles: bounded memory."""
        seen = resampled(image, larger(image, self.plan.zoom * self.plan.closer))
        total: NDArray[np.float32] = np.zeros((2, *seen.shape[1:]), np.float32)
        views = VIEWS[: self.plan.views]
        for axes in views:
            logits = np.flip(whole(self.network, np.flip(seen, axes), tile), axes)
            total += 1 / (1 + np.exp(-logits))
        return resampled(total / np.float32(len(views)), (image.shape[1], image.shape[2]))

    def segment(self, image: NDArray[np.float32], tile: int = TILE) -> Objects:
        """The objects of an image [C, H, W], normalised. The network sees tiles; the watershed sees the whole image,
        which takes about 40 bytes a pixel: fine up to 4096²."""
        return found(self.maps(image, tile), self.decoder)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Weights, and what else makes the segmenter."""
        plan, decoder = self.plan.model_dump(), self.decoder.model_dump()
        return self.network.state_dict(), {"channels": self.network.channels, "plan": plan, "decoder": decoder}

    @classmethod
    def from_state(cls, tensors: dict[str, Tensor], state: dict[str, Any]) -> Segmenter:
        plan = SegmentPlan.model_validate(state["plan"])
        network = DenseNetwork(state["channels"], 2, plan.widths, plan.shuffle)
        network.load_state_dict(tensors)
        return cls(network.requires_grad_(False).eval(), plan, DecodeSettings.model_validate(state["decoder"]))


def segment_loss(maps: Tensor, target: Tensor, touching: float) -> Tensor:
    """Cross-entropy of the maps [B, 2, H, W] (logits) to the target's first two [B, 3, H, W] (shares); pixels between
    neighbours, which the third names, weigh ``1 + touching`` (after Ronneberger et al. 2015, eq. 2)."""
    wrong = binary_cross_entropy_with_logits(maps, target[:, :2], reduction="none")  # B x 2 x H x W
    weight = 1 + touching * target[:, 2:]
    return (wrong * weight).sum() / (2 * weight.sum())


def fit_segmenter(
    real: Sequence[Pair],
    generated: Sequence[Pair],
    plan: SegmentPlan,
    seed: int,
    checkpoints: Checkpoints | None = None,
    log: Watch = lambda record: None,
) -> Segmenter:
    """Learn from annotated images, and from generated ones beside them; thresholds are tuned on the annotated ones.

    Args:
        real: images whose objects have labels; at least one pair, real or generated.

    Raises:
        ValueError: there is nothing to learn from, or objects lack outlines.
    """
    if any(pair.objects.labels is None for pair in (*real, *generated)):
        raise ValueError("a segmenter learns from outlines; these objects have centres or boxes only")
    sized = [[enlarged(pair, plan.zoom) for pair in pairs] for pairs in (real, generated)]
    crops = Crops(sized[0], sized[1], encoder(plan), plan.crops, plan.learn.steps, seed)
    channels = len((*real, *generated)[0].image)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "segmenter"))
        network = DenseNetwork(channels, 2, plan.widths, plan.shuffle)
        nn.init.constant_(network.head.bias, RARE)  # type: ignore[arg-type]

    def loss(net: nn.Module, step: int) -> Tensor:
        images, target = crops(step)
        return segment_loss(net(images), target, plan.touching)

    average = learn(network, loss, plan.learn, checkpoints, log)
    assert isinstance(average, DenseNetwork)
    rough = Segmenter(average, plan, DecodeSettings())
    return Segmenter(average, plan, tuned(rough, real or generated, seed, log))


def plan_for(labels: Sequence[NDArray[np.int32]]) -> SegmentPlan:
    """The plan for images with such objects: things on a ground, or cells that fill the plane between membranes."""
    filled = float(np.mean([(part > 0).mean() for part in labels])) if len(labels) else 0.0
    if filled <= FILLED:
        return SegmentPlan()
    crops = CROPS.model_copy(update={"size": 192, "batch": 2, "zooms": (0.8, 1.0, 1.2)})
    return SegmentPlan(
        kind="inner",
        margin=3.0,
        closer=1.0,
        judge="partition",
        touching=4.0,
        widths=(24, 48, 64, 64),
        tuned=4,
        crops=crops,
    )


def larger(image: NDArray[np.float32], zoom: float) -> tuple[int, int]:
    """Height and width of [C, H, W] at ``zoom``."""
    return max(1, round(image.shape[1] * zoom)), max(1, round(image.shape[2] * zoom))


def enlarged(pair: Pair, zoom: float) -> Pair:
    return pair if zoom == 1 else Pair(*zoomed(pair.image, pair.objects, zoom))


def encoder(plan: SegmentPlan) -> Any:
    """``encode(objects, (H, W)) -> [3, H, W]`` of a plan: where objects are, how deep, and where they touch."""

    def maps(objects: Objects, shape: tuple[int, int]) -> NDArray[np.float32]:
        labels = np.zeros(shape, np.int32) if objects.labels is None else objects.labels
        return np.concatenate([encode(labels, plan.kind, plan.margin), touching(labels)[None]])

    return maps


def tuned(segmenter: Segmenter, pairs: Sequence[Pair], seed: int, log: Watch = lambda record: None) -> DecodeSettings:
    """Thresholds by score on at most ``plan.tuned`` of the pairs, each disturbed as in training: the network knows the
    undisturbed ones by heart, and is surer there than it will be elsewhere."""
    rng = numpy_generator(seed, "tuning")
    chosen = rng.permutation(len(pairs))[: segmenter.plan.tuned]
    some = [pairs[i] for i in sorted(chosen)]
    maps = [segmenter.maps(disturbed(pair.image, segmenter.plan.crops, rng)) for pair in some]
    truths = [pair.objects.labels for pair in some if pair.objects.labels is not None]
    decoder, reached = tune(maps, truths, segmenter.plan.judge)
    log({"tuned": decoder.model_dump(), "score": reached, "images": len(some)})
    return decoder
