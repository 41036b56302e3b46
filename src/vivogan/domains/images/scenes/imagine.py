"""The door of this folder: from a few annotated pictures, or none, and unlabelled ones to many annotated ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.core.seeds import derive, numpy_generator
from vivogan.domains.images.scenes.composition import compose, cut_outs
from vivogan.domains.images.scenes.fit import Population, fit, random_crops
from vivogan.domains.images.scenes.gather import gathered
from vivogan.domains.images.scenes.harvest import Harvest, harvest
from vivogan.domains.images.scenes.learned import learned
from vivogan.domains.images.scenes.painter import repainted
from vivogan.domains.images.scenes.scene import SPACE
from vivogan.domains.images.scenes.settings import Kind, SceneDescription, SceneSettings
from vivogan.domains.images.scenes.simulator import Simulator, build
from vivogan.domains.images.scenes.statistics import table
from vivogan.domains.images.tools.pairs import Pair

Watch = Callable[[dict[str, Any]], None]
Images = Sequence[NDArray[np.float32]]
TRIED = 120  # crops of each kind of light, where the kind is not known
DARK = 0.5  # the median of a normalised image with bright objects on dark ground is below
CHANNELS = {"fluorescence": 1, "brightfield": 3}


def imagine(
    annotated: Sequence[Pair],
    unlabelled: Images,
    n: int,
    size: tuple[int, int],
    settings: SceneSettings | None = None,
    seed: int = 0,
    log: Watch = lambda record: None,
    description: SceneDescription | None = None,
) -> list[Pair]:
    """``n`` generated pictures of ``size`` with exact labels, boxes, centres and classes.

    Args:
        annotated: pictures with dots, boxes or masks; may be empty.
        unlabelled: normalised pictures [C, H, W]; may be empty. Without any picture the description's prior is drawn.
        log: gets a record a round of the game, and a last one with the shares of the mixture.
    """
    settings = settings or SceneSettings()
    cut = cuts_edges(annotated, settings)
    masked = [pair for pair in annotated if pair.objects.labels is not None and len(pair.objects)]
    cuts = cut_outs(masked) if settings.composition > 0 else []
    composed = round(settings.composition * n) if cuts else 0
    pairs = [compose(masked, cuts, size, derive(seed, "compose", i)) for i in range(composed)]
    real = [*unlabelled, *(pair.image for pair in annotated)]
    lone = harvested(annotated, unlabelled, settings, description) if composed < n else None
    pasted = round(settings.harvested * (n - composed)) if lone else 0
    if lone:
        crowds = gathered(lone, real, settings, seed, log)
        pairs += crowds.draw(pasted, size, derive(seed, "harvest"), cut)
    if composed + pasted < n:
        population = populate(annotated, unlabelled, size, settings, seed, log, description)
        drawn = population.draw(n - composed - pasted, size, derive(seed, "imagine"), cut)
        pairs += matched(drawn, real, settings.matching) if real else drawn
    painted = round(settings.painted * n) if annotated else 0
    if painted:
        pairs[:painted] = repainted(
            pairs[:painted], annotated, unlabelled, settings.painter, derive(seed, "paint"), log
        )
    log({"composed": composed, "harvested": pasted, "simulated": n - composed - pasted})
    order = numpy_generator(seed, "order").permutation(n)
    return [pairs[int(i)] for i in order]


def harvested(
    annotated: Sequence[Pair], unlabelled: Images, settings: SceneSettings, description: SceneDescription | None
) -> Harvest | None:
    """What stands alone; None for dark objects, for several classes, and where too little stands alone."""
    images = [*unlabelled, *(pair.image for pair in annotated)]
    kinds = {k for pair in annotated for k in pair.objects.classes.tolist()}
    several = len(kinds) > 1 or (description is not None and len(description.classes) > 1)
    if not images or several or settings.harvested <= 0 or _stated(settings, description) == "brightfield":
        return None
    if np.mean([np.median(image) for image in images]) > DARK:
        return None
    sizes = [
        np.sqrt(np.prod(p.objects.boxes[:, 2:] - p.objects.boxes[:, :2], axis=1))
        for p in annotated
        if p.objects.boxes is not None
    ]
    radius = float(np.median(np.concatenate(sizes))) / 2 if sizes and len(np.concatenate(sizes)) else None
    if radius is None and description is not None and description.diameter is not None:
        radius = sum(description.diameter) / 4
    truth = [None] * len(unlabelled) + [len(pair.objects) for pair in annotated]
    return harvest(images, settings.harvest, radius, truth)


def populate(
    annotated: Sequence[Pair],
    unlabelled: Images,
    size: tuple[int, int],
    settings: SceneSettings | None = None,
    seed: int = 0,
    log: Watch = lambda record: None,
    description: SceneDescription | None = None,
) -> Population:
    """The simulator's population, fitted to all pictures there are; its prior where there is none."""
    settings = settings or SceneSettings()
    real = [*unlabelled, *(pair.image for pair in annotated)]
    if not real:
        kind = _stated(settings, description) or "fluorescence"
        simulator = build(kind, CHANNELS[kind], size, description)
        units = numpy_generator(seed, "prior").random((settings.particles, len(simulator.space)))
        return Population(simulator, units)
    stated = _stated(settings, description)
    kinds: list[Kind] = [stated] if stated else ["fluorescence", "brightfield"]
    simulators = [_informed(kind, len(real[0]), annotated, size, description) for kind in kinds]
    simulator = simulators[0] if stated else likelier(simulators, real, settings, seed)
    log({"kind": simulator.kind, "parameters": len(simulator.space)})
    return fit(simulator, real, settings, seed, log)


def cuts_edges(annotated: Sequence[Pair], settings: SceneSettings) -> bool:
    """Whether objects of which only a part shows are annotated: dots are not set on them, boxes and masks are."""
    if settings.edges != "auto":
        return settings.edges == "cut"
    return any(pair.objects.boxes is not None and len(pair.objects) for pair in annotated)


def matched(pairs: Sequence[Pair], real: Images, share: float) -> list[Pair]:
    """Each picture's histogram moved by ``share`` of the way to that of the real one of the same brightness rank."""
    if share <= 0:
        return list(pairs)
    ranks = np.argsort(np.argsort([pair.image.mean() for pair in pairs]))
    order = np.argsort([image.mean() for image in real])
    out = []
    for pair, rank in zip(pairs, ranks, strict=True):
        model = real[int(order[int(rank * len(real) / len(pairs))])]
        moved = [(1 - share) * a + share * histogram_of(a, b) for a, b in zip(pair.image, model, strict=True)]
        out.append(Pair(np.stack(moved).astype(np.float32), pair.objects))
    return out


def histogram_of(image: NDArray[np.float32], model: NDArray[np.float32]) -> NDArray[np.float32]:
    """``image`` [H, W] with the histogram of ``model``; the order of its pixels stays."""
    levels = np.linspace(0, 100, 513)
    have, want = np.percentile(image, levels), np.percentile(model, levels)
    have = have + np.arange(len(have)) * 1e-9  # strictly rising
    moved: NDArray[np.float32] = np.interp(image, have, want).astype(np.float32)
    return moved


def likelier(simulators: Sequence[Simulator], real: Images, settings: SceneSettings, seed: int) -> Simulator:
    """The simulator whose prior comes nearest to the statistics of real crops."""
    side = min(settings.crop, *(min(image.shape[1:]) for image in real))
    wanted = table(random_crops(real, min(32, 2 * len(real)), (side, side), 0.1, numpy_generator(seed, "likelier")))
    seen = []
    for k, simulator in enumerate(simulators):
        units = numpy_generator(seed, "likelier", k).random((TRIED, len(simulator.space)))
        seen.append(
            table([simulator(u, (side, side), derive(seed, "likelier", k, i)).image for i, u in enumerate(units)])
        )
    scale = np.concatenate(seen).std(0) + 1e-6
    away = [np.abs((wanted[:, None] - s[None]) / scale).mean(2).min(1).mean() for s in seen]
    return simulators[int(np.argmin(away))]


def _stated(settings: SceneSettings, description: SceneDescription | None) -> Kind | None:
    if settings.kind != "auto":
        return settings.kind
    return None if description is None else description.kind


def _informed(
    kind: Kind, channels: int, annotated: Sequence[Pair], size: tuple[int, int], description: SceneDescription | None
) -> Simulator:
    """The simulator that knows what was annotated, or else what was described; words have the last say on ranges."""
    told = build(kind, channels, size, description)
    if not annotated:
        return told
    classes = max([len(told.sampler.classes), *(int(p.objects.classes.max(initial=0)) + 1 for p in annotated)])
    sampler, space = learned(annotated, classes)
    words = {p.name: (p.low, p.high) for p in told.scene_space.parameters if p != SPACE[p.name]}
    return Simulator(kind, channels, sampler, space.narrowed(words))
