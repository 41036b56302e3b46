"""What a whole sequence is like, drawn before its letters: sequences differ from one another more than chance allows.

A left-to-right model draws each letter well and still misses how much sequences differ: promoters with a CpG island
and without, rich in A here and in G there. So the summary of a sequence is drawn first, and the letters follow it. The
summaries are known with noise alone, in training as in drawing: they guide and are not to be read off, and what is
drawn is a kernel density estimate of what was seen.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vivogan.core.seeds import numpy_generator

WORDS = (3, 4)  # lengths of the words that are counted
WORD_PARTS, REGION_PARTS = 8, 8  # principal components of word counts, and of the composition along the sequence
REGIONS = 10
MOST_POINTS, FEWEST_POINTS = 2048, 128  # training summaries that new ones are drawn around: of all classes, of one
JITTER = 0.8  # of every number, in its standard deviations


class Style(nn.Module):
    """The summary [d] of a sequence, and the distribution of summaries.

    Its numbers are the shares of the A symbols and of their A² pairs, principal components of the square roots of
    word counts, and principal components of the composition of ``REGIONS`` stretches.
    """

    points: Tensor  # classes x P x d
    scale: Tensor  # d: standard deviations
    regions_centre: Tensor
    regions_axes: Tensor
    regions_scale: Tensor

    def __init__(self, symbols: int, length: int, classes: int) -> None:
        super().__init__()
        self.symbols, self.length = symbols, length
        self.counted = symbols + symbols**2
        counts = {"words": (sum(symbols**k for k in WORDS), WORD_PARTS), "regions": (symbols * REGIONS, REGION_PARTS)}
        for name, (inputs, parts) in counts.items():
            self.register_buffer(f"{name}_centre", torch.zeros(inputs))
            self.register_buffer(f"{name}_axes", torch.zeros(inputs, parts))
            self.register_buffer(f"{name}_scale", torch.ones(parts))
        self.size = self.counted + WORD_PARTS + REGION_PARTS
        self.register_buffer("points", torch.zeros(classes, max(FEWEST_POINTS, MOST_POINTS // classes), self.size))
        self.register_buffer("scale", torch.ones(self.size))

    def measure(self, x: Tensor) -> Tensor:
        """[n, d] of sequences x [n, A, L]."""
        parts = [x.mean(2), words(x, 2).mean(2)]
        for name, values in (("words", word_roots(x)), ("regions", regions(x))):
            centre, axes, scale = (getattr(self, f"{name}_{what}") for what in ("centre", "axes", "scale"))
            parts.append((values - centre) @ axes / scale)
        return torch.cat(parts, 1)

    def jittered(self, x: Tensor) -> Tensor:
        """The same, with noise."""
        found = self.measure(x)
        return found + JITTER * self.scale * torch.randn_like(found)

    def along(self, style: Tensor) -> Tensor:
        """The composition along the sequence that a summary [n, d] stands for: [n, A, L]."""
        parts = style[:, -REGION_PARTS:] * self.regions_scale
        shares = (self.regions_centre + parts @ self.regions_axes.T).view(-1, self.symbols, REGIONS)
        return nn.functional.interpolate(shares, self.length, mode="linear", align_corners=False)

    def draw(self, z: Tensor, condition: Tensor) -> Tensor:
        """[n, d] of normal numbers z [n, d + 1] and classes [n].

        The first number chooses a training summary of the class, the rest are the noise.
        """
        share = torch.special.ndtr(z[:, 0])
        count = self.points.shape[1]
        point = self.points[condition, (share * count).long().clamp(0, count - 1)]
        return point + JITTER * self.scale * z[:, 1:]

    def fit(self, x: Tensor, y: NDArray[np.intp], seed: int) -> Style:
        """Fit to training sequences x [n, A, L] of classes y [n]."""
        for name, values in (("words", word_roots(x)), ("regions", regions(x))):
            centre = values.mean(0)
            _, _, axes = torch.linalg.svd(values - centre, full_matrices=False)
            chosen = getattr(self, f"{name}_axes")
            chosen[:, : len(axes)] = axes[: chosen.shape[1]].T
            getattr(self, f"{name}_centre").copy_(centre)
            getattr(self, f"{name}_scale").copy_(((values - centre) @ chosen).std(0) + 1e-6)
        found = self.measure(x)
        self.scale.copy_(found.std(0) + 1e-6)
        rng = numpy_generator(seed, "style")
        for k in range(len(self.points)):
            own = np.flatnonzero(y == k)
            rows = own if len(own) else np.arange(len(x))  # a class without records is like all
            count = self.points.shape[1]
            chosen = np.concatenate([rng.permutation(rows) for _ in range(-(-count // len(rows)))])[:count]
            self.points[k] = found[torch.from_numpy(chosen)]
        return self


def word_roots(x: Tensor) -> Tensor:
    """√ of the counts of all words of ``WORDS`` letters in x [n, A, L], [n, Σ A^k]."""
    return torch.cat([words(x, k).sum(2) for k in WORDS], 1).sqrt()


def regions(x: Tensor) -> Tensor:
    """The composition of each stretch of x [n, A, L], [n, A · REGIONS]."""
    return nn.functional.adaptive_avg_pool1d(x, REGIONS).flatten(1)


def words(x: Tensor, k: int) -> Tensor:
    """Which word of k symbols begins at each place of x [n, A, L]: [n, A^k, L − k + 1], differentiable."""
    n, symbols, length = x.shape
    found = x[:, :, : length - k + 1]
    for shift in range(1, k):
        following = x[:, :, shift : length - k + 1 + shift]
        found = (found[:, :, None] * following[:, None]).reshape(n, symbols ** (shift + 1), -1)
    return found
