"""What a latent space is for: the molecules around a hit, those between two hits, and those in a direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vivogan.core.seeds import numpy_generator, torch_generator
from vivogan.domains.molecules.chemistry import canonical, molecule
from vivogan.domains.molecules.fingerprints import bit_fingerprints
from vivogan.domains.molecules.latent import LatentCodec
from vivogan.domains.molecules.objectives import refuse_toxic
from vivogan.domains.molecules.properties import PROPERTIES, properties
from vivogan.domains.molecules.similarity import tanimoto
from vivogan.domains.run import Run
from vivogan.errors import UserError

Floats = NDArray[np.float64]
ROUNDS, MANY = 20, 4  # of drawing neighbours, each of so many times as many as are asked for
FINE = 64  # points that are looked at along a path
RAYS, JITTER = 8, 0.3  # paths beside each other, and how far apart they begin, in units of the noise
LEARNED_FROM = 4000  # training molecules that a direction is learned from
PENALTY = 1.0  # of the ridge regression, times the number of molecules


@dataclass(frozen=True)
class Variants:
    """Molecules made from others: ``smiles`` [n], ``columns`` of n numbers each, and a ``summary`` of the whole."""

    smiles: list[str]
    columns: dict[str, Floats]
    summary: dict[str, float | str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.smiles)


@dataclass(frozen=True)
class Direction:
    """Where a property rises: ``step`` [d] has length 1; ``fit`` is R² on molecules that it was not learned from."""

    name: str
    step: Tensor
    slope: float  # of the property, for a step of length 1
    fit: float


def neighbourhood(run: Run, smiles: str, n: int = 100, radius: float = 1.0, seed: int = 0) -> Variants:
    """Different molecules around ``smiles``, most alike first.

    Args:
        n: how many; fewer where the neighbourhood holds no more.
        radius: how far at most, in units of the noise that the autoencoder was trained to see through.

    Columns: ``similarity`` (Tanimoto, Morgan bits of radius 2) and ``distance`` in units of that noise. Raises
    ``UserError`` for runs of other models and molecules that the run cannot express.
    """
    codec = _codec(run)
    if radius <= 0 or n < 1:
        raise UserError("a neighbourhood needs a radius above 0 and room for one molecule or more")
    centre, own = _latent(codec, smiles)
    far = radius * codec.autoencoder.noise
    found: dict[str, float] = {}
    for attempt in range(ROUNDS):
        rng = torch_generator(seed, "neighbours", attempt)
        reach = far * torch.rand(MANY * n, 1, generator=rng)
        step = reach * torch.randn(MANY * n, codec.size, generator=rng)
        away = (step.norm(dim=1) / (codec.autoencoder.noise * codec.size**0.5)).tolist()
        for text, distance in zip(codec.decode(codec.filled(centre + step)), away, strict=True):
            if text and text != own:
                found.setdefault(text, distance)
        if len(found) >= n:
            break
    texts = list(found)
    alike = _similarity(own, texts)
    order = np.argsort(-alike, kind="stable")[:n]
    columns = {"similarity": alike[order], "distance": np.array(list(found.values()))[order]}
    return Variants([texts[i] for i in order], columns, {"start": own, "asked": float(n), "radius": radius})


def interpolate(run: Run, a: str, b: str, steps: int = 10) -> Variants:
    """A path of ``steps`` molecules at most from ``a`` to ``b``, along the arc between their latents.

    Columns: ``place`` from 0 at ``a`` to 1 at ``b``, ``similarity_a`` and ``similarity_b``. The summary says how many
    different molecules lie between. Raises ``UserError`` as ``neighbourhood`` does.
    """
    codec = _codec(run)
    if steps < 2:
        raise UserError("a path has two molecules or more")
    (first, own), (last, other) = _latent(codec, a), _latent(codec, b)
    places = np.linspace(0, 1, FINE * 4)
    texts = codec.decode(codec.filled(arc(first, last, torch.from_numpy(places).float())))
    texts[0], texts[-1] = own, other
    between: dict[str, float] = {}
    for text, place in zip(texts[1:-1], places[1:-1].tolist(), strict=True):
        if text and text not in (own, other):
            between.setdefault(text, place)
    inside = list(between)
    chosen = _evenly(inside, steps - 2)
    path = [own, *chosen, other]
    columns = {
        "place": np.array([0.0, *(between[text] for text in chosen), 1.0]),
        "similarity_a": _similarity(own, path),
        "similarity_b": _similarity(other, path),
    }
    return Variants(path, columns, {"between": float(len(inside))})


def edit(run: Run, smiles: str, name: str, strength: float = 2.0, steps: int = 10, seed: int = 0) -> Variants:
    """Different molecules from ``smiles`` on, along a few rays in the direction in which a property rises.

    Args:
        name: of ``properties.PROPERTIES``, or a label column of numbers that the run was trained with.
        strength: how far to go, in standard deviations of the latents; below 0 the property is lowered.

    Columns: ``strength``, ``similarity`` to ``smiles``, and the property (that of the molecule; of a label column what
    the direction predicts). The summary has ``spearman``, the rank correlation of property and strength along the path,
    and ``fit``, the R² of the direction on molecules that it was not learned from. Raises ``UserError`` as
    ``neighbourhood`` does, for unknown names, and where toxicity would be raised.
    """
    from scipy.stats import spearmanr

    codec = _codec(run)
    refuse_toxic([name], strength > 0, name)
    where = direction(run, name, seed)
    start, own = _latent(codec, smiles)
    first = _along(codec, start, where.step, strength, seed)
    first = {own: 0.0} | {text: far for text, far in first.items() if text != own}
    path = _evenly(list(first), steps)
    if name in PROPERTIES:
        values = properties(path, [name])[:, 0]
    else:
        values = (codec.encoded(path)[:, : codec.size] @ where.step).double().numpy() * where.slope
    columns = {"strength": np.array([first[text] for text in path]), "similarity": _similarity(own, path), name: values}
    rank = float(spearmanr(columns["strength"], values).statistic) if len(path) > 2 else float("nan")
    return Variants(path, columns, {"start": own, "spearman": rank, "fit": where.fit})


def _along(codec: LatentCodec, start: Tensor, step: Tensor, strength: float, seed: int) -> dict[str, float]:
    """Molecules on rays from around ``start`` [d] in the direction ``step`` [d], and after how much strength each first
    comes; in that order."""
    rng = torch_generator(seed, "rays")
    jitter = torch.randn(RAYS, 1, codec.size, generator=rng) * JITTER * codec.autoencoder.noise
    jitter[0] = 0
    strengths = np.linspace(0, strength, FINE)
    moved = torch.from_numpy(strengths).float()[:, None] * step
    rays = (start + jitter + moved).transpose(0, 1).flatten(0, 1)  # all rays at one strength, then at the next
    texts = codec.decode(codec.filled(rays))
    found: dict[str, float] = {}
    for text, reached in zip(texts, np.repeat(strengths, RAYS).tolist(), strict=True):
        if text:
            found.setdefault(text, reached)
    return found


def direction(run: Run, name: str, seed: int = 0) -> Direction:
    """The direction in which a property or a numeric label column rises, by ridge regression on training molecules."""
    codec = _codec(run)
    records = run.domain.read(Path(run.config.source), run.config.read)
    rows = numpy_generator(seed, "direction").permutation(run.split.train)
    if name in PROPERTIES:
        rows = rows[:LEARNED_FROM]
        values = properties([records.smiles[i] for i in rows.tolist()], [name])[:, 0]
    elif name in records.labels:
        values = np.array([_number(records.labels[name][i]) for i in rows.tolist()])
    else:
        offered = ", ".join([*PROPERTIES, *records.labels])
        raise UserError(f"'{name}' is no property that can be edited", f"Give one of {offered}")
    known = np.flatnonzero(np.isfinite(values))[:LEARNED_FROM]
    if len(known) < 10 or np.ptp(values[known]) == 0:
        raise UserError(f"'{name}': fewer than ten training molecules have a number, or all the same")
    z = codec.encode(records, rows[known])[:, : codec.size].double().numpy()
    return _ridge(name, z, values[known])


def _ridge(name: str, z: Floats, values: Floats) -> Direction:
    """The direction of latents z [n, d] with values [n], judged on the last fifth."""
    count = max(5, len(z) * 4 // 5)
    mean, middle = z[:count].mean(0), values[:count].mean()
    centred = z[:count] - mean
    square = centred.T @ centred + PENALTY * np.eye(z.shape[1])
    weights = np.linalg.solve(square, centred.T @ (values[:count] - middle))
    length = float(np.linalg.norm(weights)) or 1.0
    held, predicted = values[count:], (z[count:] - mean) @ weights + middle
    spread = float(((held - held.mean()) ** 2).sum())
    fit = 1 - float(((held - predicted) ** 2).sum()) / spread if spread else float("nan")
    return Direction(name, torch.from_numpy(weights / length).float(), length, fit)


def arc(a: Tensor, b: Tensor, places: Tensor) -> Tensor:
    """Points [k, d] on the arc from a [d] to b [d] at places [k] of 0…1 (Shoemake 1985).

    >>> arc(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), torch.tensor([0.0, 1.0])).round().tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    angle = torch.arccos((a @ b / (a.norm() * b.norm())).clamp(-1 + 1e-6, 1 - 1e-6))
    places = places[:, None]
    return (torch.sin((1 - places) * angle) * a + torch.sin(places * angle) * b) / torch.sin(angle)


def _codec(run: Run) -> LatentCodec:
    if not isinstance(run.codec, LatentCodec):
        raise UserError(
            f"{run.folder.path}: this run has no latent space to look around in",
            "Train one with: --model latent",
        )
    return run.codec


def _latent(codec: LatentCodec, smiles: str) -> tuple[Tensor, str]:
    """The latent [d] and the canonical SMILES of a molecule. Raises ``UserError`` where the run cannot express it."""
    mol = molecule(smiles)
    if mol is None:
        raise UserError(f"'{smiles}' is no molecule that RDKit can read", "Check the SMILES")
    own = canonical(mol)
    point = codec.encoded([own])
    again = codec.decode(point)[0]
    if again != own:
        raise UserError(
            f"'{smiles}' is made of parts that this run has never seen; the nearest it knows is '{again}'",
            "Start from that one, or train on molecules like yours",
        )
    return point[0, : codec.size], own


def _similarity(smiles: str, others: Sequence[str]) -> Floats:
    """Tanimoto similarity [n] of others to one molecule, Morgan bits of radius 2."""
    if not others:
        return np.zeros(0)
    return tanimoto(bit_fingerprints([smiles]), bit_fingerprints(others))[0]


def _evenly(items: Sequence[str], count: int) -> list[str]:
    """``count`` of the items at most, evenly spaced from the first to the last."""
    if not items:
        return []
    return [items[i] for i in np.unique(np.linspace(0, len(items) - 1, count).round().astype(int))]


def _number(text: Any) -> float:
    try:
        return float(cast(str, text))
    except ValueError:
        return float("nan")
