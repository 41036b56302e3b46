"""Randomness without state: every random number follows from a seed and a name, never from what was drawn before."""

from __future__ import annotations

import operator
from hashlib import blake2b
from itertools import pairwise
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

if TYPE_CHECKING:
    import torch
    from numpy.typing import ArrayLike, NDArray

_ROWS = 16384  # rows made at a time, so that the float64 intermediate stays small


def derive(seed: SupportsIndex, *path: SupportsIndex | str) -> int:
    """A seed of 63 bits that follows from ``seed`` and a path of integers and words, such as ("augment", step).

    BLAKE2b of the parts, each with its kind and length, so that ("a", "b") and ("ab",), or 1 and "1", differ.

    >>> derive(0, "noise", 1) == derive(0, "noise", 1)
    True
    >>> derive(0, "noise", 1) == derive(0, "noise", 2)
    False
    """
    digest = blake2b(digest_size=8, person=b"vivogan seeds")
    for part in (seed, *path):
        kind, text = ("s", part) if isinstance(part, str) else ("i", str(operator.index(part)))
        content = text.encode("utf-8")
        digest.update(f"{kind}{len(content)}:".encode() + content)
    return int.from_bytes(digest.digest(), "little") >> 1


def torch_generator(
    seed: SupportsIndex, *path: SupportsIndex | str, device: torch.device | str = "cpu"
) -> torch.Generator:
    """A torch generator on ``device`` that starts at ``derive(seed, *path)``."""
    import torch

    return torch.Generator(device).manual_seed(derive(seed, *path))


def numpy_generator(seed: SupportsIndex, *path: SupportsIndex | str) -> np.random.Generator:
    """A NumPy generator that starts at ``derive(seed, *path)``."""
    return np.random.Generator(np.random.PCG64(derive(seed, *path)))


def latents(seed: SupportsIndex, indices: ArrayLike, dim: int) -> NDArray[np.float32]:
    """Standard normal rows, of which row ``i`` depends on (seed, index ``i``, dim) alone.

    Philox 4x64 (Salmon et al. 2011) is a function of a key and a counter. The key follows from (seed, dim); index ``i``
    owns the counters from ``i * ceil(dim / 4)`` on, so any run of consecutive indices is one call, wherever it starts.
    The normals come by the inverse distribution function, element by element in scalar float64: unlike vectorised sines
    and logarithms it gives the same bits at every place of an array and on every processor.

    Args:
        indices: [n] integers, none negative, in any order.
        dim: numbers a row.

    Returns:
        float32 array [n, dim].
    """
    wanted = np.asarray(indices)
    if wanted.ndim != 1 or (wanted.size and wanted.dtype.kind not in "iu"):
        raise ValueError("indices must be a list of integers")
    if wanted.size and wanted.min() < 0:
        raise ValueError("indices must not be negative")
    if dim < 1:
        raise ValueError("dim must be at least 1")
    rows = np.empty((len(wanted), dim), dtype=np.float32)
    bits = np.random.Philox(key=derive(seed, "latents", dim), counter=0)
    counter = 0
    blocks = -(-dim // 4)  # counters a row; each gives four numbers of 64 bits
    for start in range(0, len(wanted), _ROWS):
        part = wanted[start : start + _ROWS]
        raw = np.empty((len(part), blocks * 4), dtype=np.uint64)
        for first, stop in _runs(part):
            bits.advance(int(part[first]) * blocks - counter)
            raw[first:stop] = bits.random_raw((stop - first) * blocks * 4).reshape(stop - first, -1)
            counter = (int(part[first]) + stop - first) * blocks
        rows[start : start + _ROWS] = _normal(raw)[:, :dim]
    return rows


def _runs(indices: NDArray[Any]) -> list[tuple[int, int]]:
    """Cut [n] indices into runs of consecutive ones, as (start, stop) places."""
    before, after = indices[:-1], indices[1:]
    # The second condition is for the end of the integer's range, where adding one wraps to its beginning.
    breaks = np.flatnonzero((after != before + indices.dtype.type(1)) | (after < before)) + 1
    return list(pairwise([0, *breaks.tolist(), len(indices)]))


def _normal(raw: NDArray[np.uint64]) -> NDArray[np.float64]:
    from scipy.special import ndtri

    # 52 bits at the middles of their intervals: 0 and 1, where the inverse is infinite, cannot come up.
    uniform = ((raw >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52
    normal: NDArray[np.float64] = ndtri(uniform)
    return normal
