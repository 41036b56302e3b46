"""Counts as functions of a key: the chance of two thousand genes is expanded from two numbers of a sample's latents.

A counter-based hash (as Salmon et al. 2011 propose) turns (key, gene) into a uniform number, and the quantile function
of the negative binomial turns that into a count. So a sample depends on its latents alone, and they stay short.
"""

from __future__ import annotations

import torch
from torch import Tensor

FIRST, SECOND, STEP = 0x7FEB352D, 0x846CA68B - 2**32, 0x9E3779B9 - 2**32  # odd multipliers of 32 bits, signed
LARGE = 12.0  # mean from which a count is drawn by its cumulants
STEPS = 96  # of the search for a smaller one


def keys(z: Tensor) -> Tensor:
    """Two keys [n, 2] int32 of normal numbers z [n, 2] float32: their bits."""
    return z.float().contiguous().view(torch.int32)


def uniforms(key: Tensor, count: int, stream: int = 0) -> Tensor:
    """A number of (0, 1) for each of ``count`` genes, [n, count], of keys [n, 2] int32; ``stream`` is for more.

    Two rounds of a multiply-xorshift hash, each taking in one key.
    """
    gene = torch.arange(stream * count + 1, (stream + 1) * count + 1, dtype=torch.int32, device=key.device) * STEP
    h = key[:, :1] + gene
    h ^= (h >> 16) & 0xFFFF
    h *= FIRST
    h ^= (h >> 15) & 0x1FFFF
    h += key[:, 1:]
    h *= SECOND
    h ^= (h >> 16) & 0xFFFF
    h *= FIRST
    return ((h >> 9) & 0x7FFFFF).float().add_(0.5).mul_(2.0**-23)


def negative_binomial(log_mean: Tensor, shape: Tensor, key: Tensor) -> Tensor:
    """Counts [n, g] of means exp(log_mean) [n, g] and shapes [n, g]: variance mean + mean² / shape.

    Most counts are zero, so that is asked first, of all at once: P(0) = (1 + mean / shape)^-shape.
    """
    mean = log_mean.exp()
    share = uniforms(key, mean.shape[1])
    zero = torch.log1p(mean / shape).mul_(-shape).exp_()  # P(0)
    found = torch.zeros_like(mean)
    places = (share > zero).flatten().nonzero()[:, 0]
    own, u, p = mean.flatten()[places], share.flatten()[places], zero.flatten()[places]
    k = shape.flatten()[places]
    large = own >= LARGE
    small = ~large
    counts = torch.empty_like(own)
    counts[small] = _searched(u[small], own[small], k[small], p[small])
    counts[large] = _drawn(u[large], own[large], k[large])
    return found.flatten().index_put_((places,), counts).view_as(mean)


def _searched(u: Tensor, mean: Tensor, shape: Tensor, zero: Tensor) -> Tensor:
    """The smallest count whose distribution function reaches u [m], found by adding up from 1."""
    count = torch.ones_like(u)
    ratio = mean / (mean + shape)
    rest, mass = u - zero, zero * ratio * shape
    open_ = torch.arange(len(u), device=u.device)
    for step in range(1, STEPS):
        more = rest > mass
        open_, rest, mass, ratio, shape = (part[more] for part in (open_, rest, mass, ratio, shape))
        if not len(open_):
            break
        rest = rest - mass
        mass = mass * ratio * (shape + step) / (step + 1)
        count[open_] += 1
    return count


def _drawn(u: Tensor, mean: Tensor, shape: Tensor) -> Tensor:
    """Counts of large means [m]: the quantile by the first four cumulants (Cornish and Fisher 1938).

    Where they are skewed, that of the gamma distribution of equal mean and variance, whose cube root is nearly normal
    (Wilson and Hilferty 1931).
    """
    z = torch.special.ndtri(u.double()).to(u.dtype)
    wide = mean / shape
    spread = (mean * (1 + wide)).sqrt()
    skew = (1 + 2 * wide) / spread
    kurtosis = (1 + 6 * wide * (1 + wide)) / (mean * (1 + wide))
    narrow = z + skew * (z * z - 1) / 6 + kurtosis * (z**3 - 3 * z) / 24 - skew**2 * (2 * z**3 - 5 * z) / 36
    own = mean / (1 + wide)  # shape of the gamma distribution of this mean and variance
    cube = (1 - 1 / (9 * own) + z / (3 * own.sqrt())).clamp(min=0) ** 3
    found = torch.where(skew < 0.5, mean + spread * narrow, mean * cube)
    return (found + 0.5).floor().clamp(min=1)
