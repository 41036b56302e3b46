"""Pictures of a predictor of molecules: what the atoms do, and the mistakes beside what they were learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vivogan.domains.base import Figure
from vivogan.domains.molecules.draw import Drawing, picture
from vivogan.domains.molecules.tools.attribution import atom_weights
from vivogan.domains.molecules.tools.predictor import Predictor

SHOWN = 6  # molecules of a figure
COLUMNS = 3


def explained(model: Predictor, smiles: Mapping[str, str], items: Sequence[Mapping[str, Any]]) -> list[Figure]:
    """What the atoms of a few judged molecules do to their prediction; ``smiles`` by id."""
    ids = list(dict.fromkeys(str(row["id"]) for row in items))[:SHOWN]
    if not ids:
        return []
    weights = atom_weights(model, [smiles[name] for name in ids], 0)
    drawings = [Drawing(smiles[name], name, weights=own.tolist()) for name, own in zip(ids, weights, strict=True)]
    caption = f"Blue atoms raise {model.targets.names[0]}, orange ones lower it: each was taken away in turn"
    return [Figure("explained", "What the atoms do", caption, picture(drawings, COLUMNS))]


def furthest(model: Predictor, smiles: Mapping[str, str], items: Sequence[Mapping[str, Any]]) -> list[Figure]:
    """The molecules whose numbers are furthest off, each above the most alike one that was learned from."""
    numbers = [row for row in items if all(isinstance(row.get(key), float | int) for key in ("truth", "found"))]
    rows = sorted(numbers, key=lambda row: -abs(row["found"] - row["truth"]))[:SHOWN]
    if not rows:
        return []
    chosen = [smiles[str(row["id"])] for row in rows]
    where = model.where(chosen)
    above = [
        Drawing(text, f"measured {row['truth']:.2f}, predicted {row['found']:.2f}")
        for text, row in zip(chosen, rows, strict=True)
    ]
    below = [
        Drawing(model.smiles[place] if place >= 0 else "", f"learned from, similarity {alike:.2f}")
        for place, alike in zip(where.nearest.tolist(), where.similarity.tolist(), strict=True)
    ]
    caption = (
        "The test molecules whose predictions are furthest from what was measured, each above the most alike one that "
        "was learned from (Tanimoto similarity). Look whether the predictor or the measurement is wrong"
    )
    return [Figure("furthest", "The furthest off", caption, picture(above + below, len(rows)))]
