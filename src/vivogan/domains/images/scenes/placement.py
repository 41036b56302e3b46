"""Where objects lie: a patchy field of seeds, some of which grow into chains and clumps of touching neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

TRIES = 6  # places looked at for one object before the roomiest of them is taken
COARSE = 12  # side of the grid on which the field of seeds is drawn


@dataclass(frozen=True)
class Placement:
    """How centres are arranged.

    Args:
        patchiness: 0: seeds everywhere alike; 1: nearly all in a few regions.
        clustering: share of the objects that join a neighbour rather than being seeds.
        chain: 0: they join any member of the group; 1: its last one, straight on.
        cluster_size: about how many a group has.
        spacing: distance of joined neighbours, in mean diameters; below 1 they overlap or touch.
        room: least distance of all others, in mean diameters.
    """

    patchiness: float = 0.0
    clustering: float = 0.0
    chain: float = 0.0
    cluster_size: float = 4.0
    spacing: float = 0.9
    room: float = 0.8


@dataclass(frozen=True)
class Places:
    """Centres [n, 2], and which group each belongs to [n]."""

    centres: NDArray[np.float32]
    groups: NDArray[np.intp]


def place(
    count: int, diameters: NDArray[np.float32], size: tuple[int, int], how: Placement, rng: np.random.Generator
) -> Places:
    """Places for objects of which ``count`` have their centre inside the image; others lie up to a diameter outside.

    Args:
        diameters: [m] of the objects to place, in this order, m ≥ count; the first ``len(centres)`` of them are used.
    """
    extent = np.array(size, float)
    margin = float(min(diameters.mean() if len(diameters) else 0.0, extent.min()))
    seeds = _seeds(len(diameters) * TRIES, extent, margin, how.patchiness, rng)
    joins = rng.random(len(diameters)) < how.clustering
    centres = np.zeros((len(diameters), 2))
    groups = np.zeros(len(diameters), np.intp)
    members: list[list[int]] = []
    inside = n = 0
    while inside < count and n < len(diameters):
        group = _group_to_join(members, how.cluster_size, rng) if joins[n] and n else None
        if group is None:
            candidates = seeds[n * TRIES : (n + 1) * TRIES]
        else:
            candidates = _beside(centres, members[group], diameters, n, how, rng)
        chosen = _roomiest(candidates, centres[:n], diameters[:n], diameters[n], how.room, extent, margin)
        if group is None:
            members.append([])
            group = len(members) - 1
        members[group].append(n)
        centres[n], groups[n] = chosen, group
        inside += bool((chosen > -0.5).all() and (chosen < extent - 0.5).all())
        n += 1
    return Places(centres[:n].astype(np.float32), groups[:n])


def _seeds(
    n: int, extent: NDArray[np.float64], margin: float, patchiness: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """[n, 2] points of a patchy field, in the image and its margin."""
    low, high = -margin - 0.5, extent + margin - 0.5
    if patchiness <= 0.02:
        return rng.uniform(low, high, (n, 2))
    field = ndimage.gaussian_filter(rng.normal(size=(COARSE, COARSE)), rng.uniform(1, 3), mode="reflect")
    field = np.exp(4 * patchiness * (field - field.mean()) / field.std()).ravel()
    cells = rng.choice(COARSE * COARSE, n, p=field / field.sum())
    corners = np.stack(np.divmod(cells, COARSE), 1) + rng.random((n, 2))
    placed: NDArray[np.float64] = low + corners / COARSE * (high - low)
    return placed


def _group_to_join(members: list[list[int]], size: float, rng: np.random.Generator) -> int | None:
    """The newest group while it is small, some other one at times; None begins another."""
    if rng.random() < 1 / max(size, 1.0):
        return int(rng.integers(len(members)))
    return len(members) - 1


def _beside(
    centres: NDArray[np.float64],
    group: list[int],
    diameters: NDArray[np.float32],
    n: int,
    how: Placement,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """[TRIES, 2] places that touch a member of a group."""
    straight = len(group) > 0 and rng.random() < how.chain
    neighbour = group[-1] if straight else group[int(rng.integers(len(group)))]
    angles = rng.uniform(0, 2 * np.pi, TRIES)
    if straight and len(group) > 1:
        dy, dx = centres[group[-1]] - centres[group[-2]]
        angles = np.arctan2(dy, dx) + rng.normal(0, 0.5, TRIES)
    distance = how.spacing * (diameters[n] + diameters[neighbour]) / 2 * rng.uniform(0.85, 1.15, TRIES)
    moved: NDArray[np.float64] = centres[neighbour] + distance[:, None] * np.stack([np.sin(angles), np.cos(angles)], 1)
    return moved


def _roomiest(
    candidates: NDArray[np.float64],
    centres: NDArray[np.float64],
    diameters: NDArray[np.float32],
    diameter: float,
    room: float,
    extent: NDArray[np.float64],
    margin: float,
) -> NDArray[np.float64]:
    """The first candidate with room on all sides, or else the one with the most."""
    candidates = np.clip(candidates, -margin - 0.5, extent + margin - 0.5)
    if len(centres) == 0:
        return candidates[0]
    away = candidates[:, None] - centres  # tries x n x 2
    relative = np.sqrt((away**2).sum(-1)) / ((diameters + diameter) / 2)
    nearest = relative.min(1)
    free = np.flatnonzero(nearest >= room)
    best: NDArray[np.float64] = candidates[free[0] if len(free) else int(nearest.argmax())]
    return best
