"""Completing a template: given symbols are kept, the rest is drawn as the generator would have drawn it around them.

A left-to-right model knows what stands before a place, not what must come after it. So many drawings of each sequence
go side by side; where a given symbol is reached, each weighs as much as it expected that symbol, and the likelier
ones are kept (a particle filter: Gordon et al. 1993).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vivogan.core.seeds import derive, latents
from vivogan.domains.sequences.alphabets import DNA, RNA
from vivogan.domains.sequences.codec import SequenceCodec
from vivogan.domains.sequences.generator import FORBIDDEN, Drawing, SequenceGenerator
from vivogan.engine.sampler import uniform
from vivogan.errors import UserError

PARTICLES = 32
GROUP = 64  # sequences that are drawn together


def allowed(template: str, codec: SequenceCodec) -> Tensor:
    """[A, L] bool: which symbol each place of a template may hold.

    N (protein: X) leaves a place open, other ambiguity letters leave it to those that they stand for. Where sequences
    may end, the template says how long they are. Raises ``UserError`` naming the place that does not fit.
    """
    letters = _spelt(template, codec)
    size = 3 if codec.coding else 1
    places = len(letters) // size
    if len(letters) % size or places > codec.length or (places < codec.length and not codec.ends):
        fit = f"at most {codec.length * size}" if codec.ends else f"{codec.length * size}"
        raise UserError(
            f"the template has {len(letters)} letters; this run makes sequences of {fit}",
            "Give whole codons" if codec.coding else "Fill it up with N (protein: X) to that length",
        )
    may = torch.zeros(len(codec.symbols), codec.length, dtype=torch.bool)
    for place, piece in enumerate(codec.split(letters)):
        may[:, place] = torch.tensor([_fits(symbol, piece, codec) for symbol in codec.symbols])
        if not may[:, place].any():
            raise UserError(
                f"the template's letter {place * size + 1} ('{piece}') is none of {codec.alphabet.name}",
                f"Letters are {codec.alphabet.letters}, and {''.join(codec.alphabet.ambiguous)} for several",
            )
    if codec.ends:
        may[-1, :places] = False
        may[-1, places:] = True
    return may


def _spelt(template: str, codec: SequenceCodec) -> str:
    """Upper case, T or U as the alphabet has it, "-" for gaps."""
    letters = template.strip().upper().replace(".", "-")
    if codec.alphabet is DNA:
        return letters.replace("U", "T")
    return letters.replace("T", "U") if codec.alphabet is RNA else letters


def _fits(symbol: str, piece: str, codec: SequenceCodec) -> bool:
    if len(symbol) != len(piece):
        return False
    stands = codec.alphabet.ambiguous
    return all(a == b or a in stands.get(b, "") for a, b in zip(symbol, piece, strict=True))


@torch.no_grad()
def complete(
    generator: SequenceGenerator,
    may: Tensor,
    condition: NDArray[np.intp],
    seed: int,
    samples: NDArray[np.int64],
    particles: int = PARTICLES,
) -> Tensor:
    """One-hot x [n, A, L] in which every place holds one of the symbols that ``may`` [A, L] allows.

    Sample i depends on (weights, seed, i, template) alone.

    Args:
        condition: classes [n].
        samples: their numbers [n].
    """
    pieces = []
    for rows in np.split(np.arange(len(samples)), np.arange(GROUP, len(samples), GROUP)):
        pieces.append(_completed(generator, may, torch.from_numpy(condition[rows]), seed, samples[rows], particles))
    return torch.cat(pieces)


def _completed(
    generator: SequenceGenerator, may: Tensor, condition: Tensor, seed: int, samples: NDArray[np.int64], count: int
) -> Tensor:
    wanted = condition.repeat_interleave(count)
    z = np.stack([latents(derive(seed, "particle", k), samples, generator.latent_dim) for k in range(count)], 1)
    noise, style = generator.latents(torch.from_numpy(z.reshape(-1, generator.latent_dim)), wanted)
    drawing = Drawing(generator, style, wanted)
    weight = torch.zeros(len(samples), count)
    bar = torch.where(may, 0.0, FORBIDDEN)
    open_ = may.sum(0)
    while not drawing.done:
        place = drawing.place
        logits = drawing.logits()
        if open_[place] < len(may):
            shares = logits.log_softmax(1)
            weight = weight + shares.masked_fill(~may[:, place], -torch.inf).logsumexp(1).clamp_min(FORBIDDEN).view(
                -1, count
            )
        drawing.take((logits + bar[:, place] + noise[..., place]).argmax(1))
        if not drawing.done and not (open_[place] == 1 and open_[drawing.place] > 1):
            continue  # particles are kept or dropped where a stretch of given symbols ends
        chosen = _resampled(weight, seed, samples, place, 1 if drawing.done else count)
        rows = (chosen + torch.arange(len(samples))[:, None] * count).flatten()
        if drawing.done:
            return drawing.x[rows]
        drawing.keep(rows)
        weight = torch.zeros_like(weight)
    raise AssertionError("a sequence has at least one place")


def _resampled(weight: Tensor, seed: int, samples: NDArray[np.int64], place: int, count: int) -> Tensor:
    """Numbers [n, count] of the particles to go on with, drawn by weight with even steps (systematic resampling)."""
    share = weight.softmax(1).cumsum(1)
    first = torch.from_numpy(uniform(seed, f"resample {place}", samples)).float()[:, None]
    steps = (first + torch.arange(count)) / count
    return torch.searchsorted(share, steps.contiguous()).clamp_max(weight.shape[1] - 1)
