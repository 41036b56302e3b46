"""The response of a cell type that was not measured under a condition: start, game, intervals, cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csr_matrix
from scipy.special import ndtri

from vivogan.core.seeds import derive, numpy_generator, torch_generator
from vivogan.domains.expression.tools.false_discovery import false_signs
from vivogan.domains.expression.tools.kriging import Prediction, Types, measured, predicted
from vivogan.domains.expression.tools.normalise import Floats
from vivogan.domains.expression.tools.response_cells import (
    Data,
    Rows,
    cells_after,
    matched,
    mean_after,
    side,
    whole_cells,
)
from vivogan.domains.expression.tools.response_game import Correction, ResponsePlan, Side, played
from vivogan.domains.run import Watch, silent

FEWEST = 5  # cells of a type in a condition, from which it teaches
JUDGED = 20  # cells in both, from which a type judges settings and teaches the game
LEAST_PLAYERS = 3  # types in a game
LEVEL = 0.9  # of the intervals
CLEAR = 0.25  # shift from which a gene counts as responding when intervals are calibrated
LEAST_SHARE = 1e-5  # of a cell's molecules, added before fold changes are taken
CALIBRATED = 50  # genes from which their quantile is taken


@dataclass(frozen=True)
class Predicted:
    """What is predicted of one type; genes in the order of the data, [g] each.

    ``control`` and ``mean`` are mean log-normalised levels before and after, ``low`` and ``high`` bound the mean that
    would be measured in as many cells; ``start`` is the mean before the game. ``false_sign`` is the chance that the
    shift goes the other way, ``fdr`` the expected share of such genes among all that are as sure.
    ``mean_shift`` and ``nearest_shift`` are the simple ways: the mean of the other types' shifts, and that of
    ``nearest``, whose control cells are most alike. ``counts`` are predicted cells [m, g], one for each control cell in
    ``rows``; ``start_counts`` the same before the game. ``measured`` is the shift where the type was measured, else
    NaN. ``carried`` is how much of a game's correction held for
    types that it was not played on (0…1), and was applied.
    """

    name: str
    rows: Rows
    control: Floats
    mean: Floats
    low: Floats
    high: Floats
    false_sign: Floats
    fdr: Floats
    start: Floats
    mean_shift: Floats
    nearest_shift: Floats
    nearest: str
    counts: csr_matrix
    start_counts: csr_matrix
    measured: Floats
    carried: float

    @property
    def shift(self) -> Floats:
        return self.mean - self.control


def respond_to(
    data: Data, held: str, plan: ResponsePlan, seed: int = 0, members: int = 3, watch: Watch = silent
) -> Predicted:
    """The response of the type ``held``, whose stimulated cells are not looked at.

    Args:
        members: games that are played, each without one more type, on which is seen what carries over to unseen ones.
    """
    names = sorted(name for name in np.unique(data.types).tolist() if name == held or _teaches(data, name))
    shown = ~data.stimulated | (data.types != held)
    types = measured(data.levels[shown], data.types[shown], data.stimulated[shown], names)
    of, others = names.index(held), np.array([i for i, name in enumerate(names) if name != held], np.intp)
    judged = others[types.cells[others].min(axis=1) >= JUDGED]
    watch({"event": "stage", "text": f"{held}: kriging from {len(others)} types"})
    start = predicted(types, of, others, judged)
    loud = np.abs(np.concatenate([types.shift[others], start.mean[None]])).max(axis=0)
    genes = np.sort(np.argsort(-loud, kind="stable")[: plan.genes])
    part = types.genes(genes)
    crossed = {int(k): predicted(part, int(k), others, judged) for k in judged}
    sides = {k: side(data, names[k], part.control[k], found.mean, genes, plan, seed) for k, found in crossed.items()}
    own = side(data, held, part.control[of], start.mean[genes], genes, plan, seed)
    games, carried = _games(sides, crossed, part, plan, seed, members, watch)
    plain = mean_after(own, None, seed)
    moves = [mean_after(own, game, derive(seed, "move", i)) - plain for i, game in enumerate(games)]
    mean, spread = types.control[of] + start.mean, np.zeros(len(start.mean))
    if moves:
        mean[genes] = np.maximum(mean[genes] + np.mean(moves, axis=0), 0)
        spread[genes] = np.var(moves, axis=0)
    width = _widths(part, crossed, types, of, start, spread)
    chance, fdr = false_signs(mean - types.control[of], width)
    reach = ndtri((1 + LEVEL) / 2) * width
    rows, draw = data.rows(held, False, seed), torch_generator(seed, "cells")
    inside = [cells_after(own, None, draw)]
    for game in games[:1]:
        game.chance = 1.0
        inside.append(cells_after(matched(own, game, mean[genes], seed), game, draw))
    made = [whole_cells(data, rows, types.control[of], start.mean, genes, cells, seed) for cells in inside]
    near = max((judged if len(judged) else others).tolist(), key=lambda k: types.alikeness[of, k])
    return Predicted(
        name=held,
        rows=rows,
        control=types.control[of],
        mean=mean,
        low=np.maximum(mean - reach, 0),
        high=mean + reach,
        false_sign=chance,
        fdr=fdr,
        start=types.control[of] + start.mean,
        mean_shift=types.shift[judged if len(judged) else others].mean(axis=0),
        nearest_shift=types.shift[near],
        nearest=names[near],
        counts=made[-1],
        start_counts=made[0],
        measured=_measured(data, held) - types.control[of],
        carried=carried,
    )


def _teaches(data: Data, name: str) -> bool:
    """Whether a type has enough cells of both conditions."""
    return all(int(((data.types == name) & (data.stimulated == side)).sum()) >= FEWEST for side in (False, True))


def _measured(data: Data, name: str) -> Floats:
    rows = np.flatnonzero((data.types == name) & data.stimulated)
    if not len(rows):
        return np.full(data.counts.shape[1], np.nan)
    return np.asarray(data.levels[rows].mean(axis=0)).ravel()


def _games(
    sides: dict[int, Side],
    crossed: dict[int, Prediction],
    part: Types,
    plan: ResponsePlan,
    seed: int,
    members: int,
    watch: Watch,
) -> tuple[list[Correction], float]:
    """The corrections of several games, and their strength.

    Each game leaves one type out. What its correction did to the means of that type is regressed on what was wrong with
    them: the slope, between 0 and 1, is the strength with which corrections are applied to a type that nobody played.
    """
    if len(sides) <= LEAST_PLAYERS:
        return [], 0.0
    order = numpy_generator(seed, "left out").permutation(list(sides))
    games, along, square = [], 0.0, 0.0
    for member in range(members):
        out = int(order[member % len(order)])
        watch({"event": "stage", "text": f"game {member + 1} of {members}"})
        players = [one for k, one in sides.items() if k != out]
        game = played(players, _patterns(players, plan), plan, derive(seed, "member", member))
        game.chance = 0.0  # what is asked is the mean
        moved = mean_after(sides[out], game, seed) - mean_after(sides[out], None, seed)
        wrong = part.shift[out] - crossed[out].mean
        along, square = along + float(moved @ wrong), square + float(moved @ moved)
        games.append(game)
    strength = float(np.clip(along / max(square, 1e-12), 0.0, 1.0))
    for game in games:
        game.strength = strength
    return games, strength


def _patterns(sides: list[Side], plan: ResponsePlan) -> torch.Tensor:
    """Directions in which responses may be corrected, [K, r]: principal ones of the types' log fold changes."""
    folds = torch.stack([(one.new + LEAST_SHARE).log() - (one.old + LEAST_SHARE).log() for one in sides])
    axes = torch.linalg.svd(folds, full_matrices=False).Vh[: plan.patterns]
    return axes / axes.abs().amax(1, keepdim=True).clamp_min(1e-9)


def _widths(
    part: Types, crossed: dict[int, Prediction], types: Types, of: int, start: Prediction, spread: Floats
) -> Floats:
    """Standard deviations of the predicted mean, [g], so that intervals hold the share that they say.

    The kriged variance, that between games, and that of measuring in as many cells as there are of control; times a
    factor, by which the same intervals hold the measured means of the types that were predicted in turn. It is found
    for genes that respond and for the others.
    """
    width = np.sqrt(start.variance + spread + 2 * types.control_noise[of])
    if not crossed:
        return width
    misses = [
        np.abs(found.mean - part.shift[k]) / np.sqrt(found.variance + part.control_noise[k] + part.target_noise[k])
        for k, found in crossed.items()
    ]
    missed, loud = np.concatenate(misses), np.concatenate([np.abs(found.mean) >= CLEAR for found in crossed.values()])
    usual = ndtri((1 + LEVEL) / 2)
    factors = [
        float(np.quantile(missed[group], LEVEL) / usual) if group.sum() >= CALIBRATED else 1.0
        for group in (loud, ~loud)
    ]
    return width * np.where(np.abs(start.mean) >= CLEAR, *factors)
