"""What a generator's choices change: directions of its style, its classes, its truncation, named by their effect."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray

from vivogan.core.seeds import derive, latents
from vivogan.domains.run import Run
from vivogan.domains.sequences.codec import SequenceCodec
from vivogan.domains.sequences.generator import SequenceGenerator
from vivogan.domains.sequences.metrics import described

Floats = NDArray[np.float64]
Properties = Callable[[list[str]], Mapping[str, Floats]]
AXES = 6  # principal directions of the style
Z = 1.96
FDR = 0.05
FELT = 0.2  # a smaller effect, in standard deviations, names nothing
FEW = 10  # sequences of a class
TRUNCATION = 0.6


@dataclass(frozen=True)
class Effect:
    """By how much a direction changes a quantity: ``effect`` in its standard deviations, with a 95 % interval.

    Of a style: for one standard deviation along it (a correlation). Of a class: against all others; of truncation:
    against none (a difference of means). ``change`` is the same in its own unit.
    """

    kind: str
    direction: str
    quantity: str
    effect: float
    low: float
    high: float
    change: float
    p: float
    q: float = 1.0

    @property
    def named(self) -> bool:
        """Whether it is sure and large enough to name the direction."""
        return self.q < FDR and abs(self.effect) >= FELT


def directions(run: Run, n: int = 500, seed: int = 0, properties: Properties | None = None) -> list[Effect]:
    """The effects of every direction on every property of ``n`` generated sequences.

    Args:
        properties: sequences → [n] by name (NaN: unknown); those of ``described`` without.
    """
    generator, codec = cast(SequenceGenerator, run.generator), cast(SequenceCodec, run.codec)
    samples = np.arange(n, dtype=np.int64)
    y = run.classes.draw(seed, samples)
    properties = properties or known_properties(codec)
    sequences = codec.decode(run.tensors(samples, seed, lambda rows: run.classes.draw(seed, rows)))
    values = properties(sequences)
    found = []
    if generator.style is not None:
        found += style_effects(style_of(generator, samples, seed, y), values)
    if len(run.classes.names) > 1:
        found += class_effects(y, [name or "unlabelled" for name in run.classes.names], values)
    calm = codec.decode(run.tensors(samples, seed, lambda rows: run.classes.draw(seed, rows), TRUNCATION))
    found += truncation_effects(values, properties(calm))
    return corrected(found)


def known_properties(codec: SequenceCodec) -> Properties:
    """GC content, charge, hydrophobicity, length, … as the alphabet has them."""

    def properties(sequences: list[str]) -> dict[str, Floats]:
        found = described(sequences, codec.alphabet, codec.aligned, codec.coding, codec.ends)
        return {name: values[:, 0] for name, values in found.items()}

    return properties


@torch.no_grad()
def style_of(generator: SequenceGenerator, samples: NDArray[np.int64], seed: int, y: NDArray[np.intp]) -> Floats:
    """The styles [n, d] that the samples of a seed were drawn with."""
    z = torch.from_numpy(latents(derive(seed, "candidate", 0), samples, generator.latent_dim))
    device = generator.profile.device
    style = generator.latents(z.to(device), torch.from_numpy(y).to(device))[1]
    assert style is not None
    return style.double().cpu().numpy()


def style_effects(style: Floats, values: Mapping[str, Floats]) -> list[Effect]:
    """Of the principal directions of styles [n, d], each number of unit variance."""
    spread = style.std(0)
    unit = (style - style.mean(0))[:, spread > 1e-9] / spread[spread > 1e-9]
    left, size, _ = np.linalg.svd(unit, full_matrices=False)
    count = min(AXES, int((size > 1e-6 * size[0]).sum()))
    share = size**2 / (size**2).sum()
    return [
        _slope(f"style {k + 1} ({share[k]:.0%} of the style)", left[:, k], name, value)
        for k in range(count)
        for name, value in values.items()
    ]


def _slope(direction: str, along: Floats, name: str, value: Floats) -> Effect:
    """The correlation of a property with a direction, interval by Fisher's z."""
    known = np.isfinite(value)
    if known.sum() < FEW or value[known].std() == 0 or along[known].std() == 0:
        return Effect("style", direction, name, 0.0, 0.0, 0.0, 0.0, 1.0)
    r = float(np.corrcoef(along[known], value[known])[0, 1])
    middle, half = np.arctanh(np.clip(r, -0.999999, 0.999999)), Z / np.sqrt(known.sum() - 3)
    low, high = float(np.tanh(middle - half)), float(np.tanh(middle + half))
    return Effect("style", direction, name, r, low, high, r * float(value[known].std()), _p(middle / half * Z))


def class_effects(y: NDArray[np.intp], names: Sequence[str], values: Mapping[str, Floats]) -> list[Effect]:
    """Of each class against all others."""
    found = []
    for k, name in enumerate(names):
        if min((y == k).sum(), (y != k).sum()) >= FEW:
            found += [_gap("class", name, p, v[y == k], v[y != k]) for p, v in values.items()]
    return found


def truncation_effects(values: Mapping[str, Floats], calm: Mapping[str, Floats]) -> list[Effect]:
    """Of truncation at ``TRUNCATION``, against none."""
    return [_gap("truncation", f"truncation {TRUNCATION}", name, calm[name], values[name]) for name in values]


def _gap(kind: str, direction: str, name: str, a: Floats, b: Floats) -> Effect:
    """The standardised difference of two means (Cohen's d; interval of Hedges and Olkin 1985, p by Welch's test)."""
    a, b = a[np.isfinite(a)], b[np.isfinite(b)]
    n, m = len(a), len(b)
    if min(n, m) < FEW:
        return Effect(kind, direction, name, 0.0, 0.0, 0.0, 0.0, 1.0)
    pooled = float(np.sqrt((a.var(ddof=1) * (n - 1) + b.var(ddof=1) * (m - 1)) / (n + m - 2)))
    change = float(a.mean() - b.mean())
    if pooled == 0:
        return Effect(kind, direction, name, 0.0, 0.0, 0.0, change, 1.0)
    d = change / pooled
    half = Z * np.sqrt((n + m) / (n * m) + d**2 / (2 * (n + m)))
    error = np.sqrt(a.var(ddof=1) / n + b.var(ddof=1) / m)
    return Effect(kind, direction, name, d, float(d - half), float(d + half), change, _p(change / error))


def _p(z: float) -> float:
    from scipy.special import ndtr

    return float(2 * ndtr(-abs(z)))


def corrected(effects: Sequence[Effect]) -> list[Effect]:
    """The effects with false discovery rates over all of them."""
    from dataclasses import replace

    order = sorted(range(len(effects)), key=lambda i: effects[i].p)
    found, least = list(effects), 1.0
    for rank in range(len(order), 0, -1):
        i = order[rank - 1]
        least = min(least, effects[i].p * len(order) / rank)
        found[i] = replace(effects[i], q=least)
    return found


def names(effects: Sequence[Effect]) -> dict[str, str]:
    """What each direction does, in words, by its surest large effects; says so where there is none.

    >>> names([Effect("style", "style 1", "GC content", 0.8, 0.7, 0.9, 0.04, 0.0, 0.0)])
    {'style 1': 'more GC content (+0.80 SD)'}
    """
    found = {}
    for direction in dict.fromkeys(effect.direction for effect in effects):
        own = [effect for effect in effects if effect.direction == direction and effect.named]
        own = sorted(own, key=lambda effect: -abs(effect.effect))[:3]
        words = [f"{'more' if e.effect > 0 else 'less'} {e.quantity} ({e.effect:+.2f} SD)" for e in own]
        found[direction] = ", ".join(words) or "nothing that was measured"
    return found
