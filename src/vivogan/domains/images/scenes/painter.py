"""A conditional generator paints scenes: label maps become images, by a game against the real ones.

Where an image is annotated the discriminator sees image and scene together (Isola et al. 2017, the conditional part);
where it is not it sees the image alone, beside painted images of imagined scenes. The generator starts at its baseline:
it is first regressed on the annotated crops, so the game adds what regression cannot, texture and sharpness.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu, pixel_shuffle, pixel_unshuffle

from vivogan.core.seeds import derive, latents, numpy_generator, torch_generator
from vivogan.domains.images.annotations.objects import Objects
from vivogan.domains.images.scenes.settings import PainterSettings
from vivogan.domains.images.tools.pairs import Pair
from vivogan.engine.dealer import Dealer, TrainingSet
from vivogan.engine.game import Game
from vivogan.engine.schedules import ema_decay, penalties, ramp

Watch = Callable[[dict[str, Any]], None]
SLOPE = 0.2
SHARP = 4.0  # a mean over patches says little at first; this much louder, it teaches sooner


class Painter(nn.Module):
    """Style z [B, latent_dim], scene [B, S + 1, H, W] → images [B, C, H, W]. The scene's last map is for the
    discriminator alone."""

    def __init__(self, scene: int, channels: int, latent_dim: int, width: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.first = nn.Conv2d(4 * scene + 4, width, 3, padding=1)
        self.down = nn.Conv2d(width, 2 * width, 4, 2, 1)
        self.deep = nn.ModuleList(nn.Conv2d(2 * width, 2 * width, 3, padding=d, dilation=d) for d in (1, 2, 4))
        self.style = nn.ModuleList(nn.Linear(latent_dim, 4 * width) for _ in range(3))
        self.up = nn.Conv2d(3 * width, width, 3, padding=1)
        self.last = nn.Conv2d(width, 4 * channels, 3, padding=1)

    def forward(self, z: Tensor, scene: Tensor) -> Tensor:
        grain = _grain(z, scene.shape[-2:])  # B x 1 x H x W
        x = pixel_unshuffle(torch.cat([scene[:, :-1], grain], 1), 2)
        x = shallow = leaky_relu(self.first(x), SLOPE)
        x = leaky_relu(self.down(x), SLOPE)
        for layer, style in zip(self.deep, self.style, strict=True):
            gain, bias = style(z)[..., None, None].chunk(2, 1)
            x = x + leaky_relu(layer(x) * (1 + gain) + bias, SLOPE)
        x = leaky_relu(self.up(torch.cat([interpolate(x, scale_factor=2), shallow], 1)), SLOPE)
        return pixel_shuffle(self.last(x), 2)


def _grain(z: Tensor, shape: torch.Size) -> Tensor:
    """White noise [B, 1, H, W] that is a function of z, so that a painted image can be named and made again."""
    seeds = (z.detach().double().sum(1).frac().abs() * 2**31).long().tolist()
    rows = [torch.randn(1, *shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    return torch.stack(rows).to(z)


class SceneDiscriminator(nn.Module):
    """Images [B, C, H, W] and scenes [B, S + 1, H, W] → logits [B]: the mean over patches of about 30 pixels."""

    def __init__(self, scene: int, channels: int, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(4 * (channels + scene + 1), width, 3, padding=1)
        self.body = nn.ModuleList((nn.Conv2d(width, 2 * width, 4, 2, 1), nn.Conv2d(2 * width, 3 * width, 4, 2, 1)))
        self.last = nn.Conv2d(3 * width, 1, 3, padding=1)

    def forward(self, x: Tensor, scene: Tensor) -> Tensor:
        known = scene[:, -1:]  # 1 where the real image is annotated, else the scene is not looked at
        x = leaky_relu(self.first(pixel_unshuffle(torch.cat([x, scene[:, :-1] * known, known], 1), 2)), SLOPE)
        for layer in self.body:
            x = leaky_relu(layer(x), SLOPE)
        logits: Tensor = SHARP * self.last(x).mean((1, 2, 3))
        return logits


def drawn(objects: Objects, shape: tuple[int, int], classes: int, sigma: float) -> NDArray[np.float32]:
    """A scene [K + 1, H, W] in 0…1: where each class is, and how deep inside an object.

    Outlines are drawn as they are, boxes as ellipses, dots as Gaussians of ``sigma`` pixels.
    """
    maps = np.zeros((classes + 1, *shape), np.float32)
    if objects.labels is not None:
        kinds = np.concatenate([[-1], objects.classes])[objects.labels]
        for k in range(classes):
            maps[k] = kinds == k
        maps[classes] = _depth(objects.labels)
        return maps
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    boxes = objects.boxes
    for i, ((y, x), k) in enumerate(zip(objects.centres, objects.classes, strict=True)):
        half = np.full(2, 2 * sigma) if boxes is None else np.maximum((boxes[i, 2:] - boxes[i, :2]) / 2, 1)
        top, left = (max(0, int(c - h) - 1) for c, h in zip((y, x), half, strict=True))
        bottom, right = (int(c + h) + 2 for c, h in zip((y, x), half, strict=True))
        near = np.s_[top:bottom, left:right]
        inside = 1 - ((rows[near[0]] - y) / half[0]) ** 2 - ((columns[:, near[1]] - x) / half[1]) ** 2
        maps[(k, *near)] = np.maximum(maps[(k, *near)], np.clip(4 * inside, 0, 1))
        maps[(classes, *near)] = np.maximum(maps[(classes, *near)], np.clip(inside, 0, 1))
    return maps


def _depth(labels: NDArray[np.int32]) -> NDArray[np.float32]:
    """Distance to the border of the own object, 1 at its deepest place."""
    padded = np.pad(labels, 1, mode="edge")
    border = (ndimage.maximum_filter(padded, 3) != ndimage.minimum_filter(padded, 3))[1:-1, 1:-1]
    away = ndimage.distance_transform_edt((labels > 0) & ~border) + (labels > 0)
    deepest = np.concatenate([[1.0], ndimage.maximum(away, labels, np.arange(1, int(labels.max(initial=0)) + 1))])
    depth: NDArray[np.float32] = (away / np.maximum(deepest, 1)[labels]).astype(np.float32)
    return depth


def fit_painter(
    annotated: Sequence[Pair],
    unlabelled: Sequence[NDArray[np.float32]],
    scenes: Sequence[tuple[Objects, tuple[int, int]]],
    classes: int,
    sigma: float,
    settings: PainterSettings,
    seed: int,
    log: Watch = lambda record: None,
) -> nn.Module:
    """Play the game; returns the averaged painter.

    Args:
        annotated: images [C, H, W] with objects; at least one.
        scenes: imagined objects with the shape of their image, painted beside the unlabelled images.
    """
    real = [(pair.image, drawn(pair.objects, pair.image.shape[1:], classes, sigma)) for pair in annotated]
    asked = [drawn(objects, shape, classes, sigma) for objects, shape in scenes]
    rng = numpy_generator(seed, "painter")
    other = settings.unlabelled if len(unlabelled) and asked else 0.0
    rows = [
        _unpaired(unlabelled, asked, settings.side, rng)
        if rng.random() < other
        else _paired(real[int(rng.integers(len(real)))], settings.side, rng)
        for _ in range(settings.crops)
    ]
    x, condition = (torch.from_numpy(np.stack(part)) for part in zip(*rows, strict=True))
    torch.manual_seed(derive(seed, "painter"))
    channels = x.shape[1]
    painter = Painter(classes + 1, channels, settings.latent_dim, settings.width)
    game = Game(painter, SceneDiscriminator(classes + 1, channels, settings.width), settings.game)
    _start(painter, x, condition, settings, seed)
    game.average.load_state_dict(painter.state_dict())
    _play(game, TrainingSet(x, condition), derive(seed, "game"), log)
    return game.average


def _play(game: Game, data: TrainingSet, seed: int, log: Watch) -> None:
    s = game.settings
    dealer = Dealer(data, s, seed, lambda x, rng: x, lambda x, p, rng: x)
    steps = s.samples // s.batch
    for step in range(steps):
        progress = step / steps
        game.set_rate(ramp(progress, s.warmup, s.decay, s.rate_final))
        hands = dealer.deal(game.generator, game.device, step, 0, 0.0, graph=True)
        watched = game.discriminator_turn(hands, penalties(s, step, progress), torch_generator(seed, "penalty", step))
        watched |= game.generator_turn(hands)
        game.update_average(ema_decay(s.batch, step * s.batch, s.ema_half_life * s.samples, s.ema_rampup))
        if (step + 1) % max(1, steps // 10) == 0:
            log({"painter": step + 1} | {name: round(float(value), 4) for name, value in watched.items()})


def _start(painter: Painter, x: Tensor, condition: Tensor, settings: PainterSettings, seed: int) -> None:
    """Regress the annotated crops: the mean image of a scene, where the game begins."""
    known = torch.nonzero(condition[:, -1, 0, 0] > 0)[:, 0]
    optimizer = torch.optim.Adam(painter.parameters(), 2e-3)
    for step in range(settings.start):
        rng = torch_generator(seed, "start", step)
        rows = known[torch.randint(len(known), (settings.game.batch,), generator=rng)]
        z = torch.randn(len(rows), settings.latent_dim, generator=rng)
        loss = (painter(z, condition[rows]) - x[rows]).abs().mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()


@torch.no_grad()
def paint(
    painter: nn.Module, scenes: Sequence[tuple[Objects, tuple[int, int]]], classes: int, sigma: float, seed: int
) -> list[Pair]:
    """Images of scenes, one style each."""
    styles = torch.from_numpy(latents(seed, np.arange(len(scenes)), int(painter.latent_dim)))  # type: ignore[arg-type]
    made = []
    for style, (objects, shape) in zip(styles, scenes, strict=True):
        maps = drawn(objects, shape, classes, sigma)
        even = np.pad(maps, ((0, 1), (0, -shape[0] % 4), (0, -shape[1] % 4)), mode="constant")
        image = painter(style[None], torch.from_numpy(even)[None])[0, :, : shape[0], : shape[1]]
        made.append(Pair(image.numpy().copy(), objects))
    return made


def _paired(
    real: tuple[NDArray[np.float32], NDArray[np.float32]], side: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    image, scene = real
    both = _cut(np.concatenate([image, scene, np.ones((1, *image.shape[1:]), np.float32)]), side, rng)
    return both[: len(image)], both[len(image) :]


def _unpaired(
    unlabelled: Sequence[NDArray[np.float32]],
    scenes: Sequence[NDArray[np.float32]],
    side: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    image = _cut(unlabelled[int(rng.integers(len(unlabelled)))], side, rng)
    scene = scenes[int(rng.integers(len(scenes)))]
    return image, _cut(np.concatenate([scene, np.zeros((1, *scene.shape[1:]), np.float32)]), side, rng)


def _cut(maps: NDArray[np.float32], side: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """A random crop [·, side, side], turned and mirrored at random."""
    missing = [max(0, side - n) for n in maps.shape[1:]]
    maps = np.pad(maps, ((0, 0), *((0, n) for n in missing)), mode="symmetric")
    y, x = (int(rng.integers(n - side + 1)) for n in maps.shape[1:])
    maps = maps[:, y : y + side, x : x + side]
    if rng.random() < 0.5:
        maps = maps.transpose(0, 2, 1)
    return np.ascontiguousarray(np.flip(maps, tuple(axis for axis in (1, 2) if rng.random() < 0.5)))


def repainted(
    pairs: Sequence[Pair],
    annotated: Sequence[Pair],
    unlabelled: Sequence[NDArray[np.float32]],
    settings: PainterSettings,
    seed: int,
    log: Watch = lambda record: None,
) -> list[Pair]:
    """The scenes of ``pairs`` in the light that a painter has learned; at least one image must be annotated."""
    classes = 1 + max(int(pair.objects.classes.max(initial=0)) for pair in (*pairs, *annotated))
    scenes = [(pair.objects, (pair.image.shape[1], pair.image.shape[2])) for pair in pairs]
    painter = fit_painter(annotated, unlabelled, scenes, classes, settings.sigma, settings, seed, log)
    return paint(painter, scenes, classes, settings.sigma, derive(seed, "styles"))
