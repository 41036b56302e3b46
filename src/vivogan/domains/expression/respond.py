"""Responses: how types of cells that were not measured under a condition would look under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vivogan.core.configuration import validated
from vivogan.domains.expression.data import read, write
from vivogan.domains.expression.records import ExpressionRecords, ReadOptions
from vivogan.domains.expression.tools.response import FEWEST, Predicted, respond_to
from vivogan.domains.expression.tools.response_cells import Data
from vivogan.domains.expression.tools.response_game import ResponsePlan
from vivogan.domains.expression.tools.response_plots import response_picture
from vivogan.domains.run import Watch, silent
from vivogan.domains.tasks.results import write_picture, write_rows
from vivogan.errors import UserError

LEAST_TYPES = 2  # measured in both conditions
MEMBERS = 3  # games


@dataclass(frozen=True)
class Response:
    """The responses of several types, over the same ``genes``; ``cells`` are the predicted ones of all of them."""

    control: str
    target: str
    genes: list[str]
    types: list[Predicted]
    cells: ExpressionRecords
    notes: list[str]

    def rows(self, of: Predicted) -> list[dict[str, Any]]:
        """Predicted differential expression of a type, the surest and largest shifts first."""
        fold = np.log2((np.expm1(of.mean) + 0.1) / (np.expm1(of.control) + 0.1))
        order = np.lexsort((-np.abs(of.shift), of.fdr))
        measured = np.isfinite(of.measured).all()
        return [
            {
                "gene": self.genes[j],
                "control_mean": f"{of.control[j]:.4f}",
                "predicted_mean": f"{of.mean[j]:.4f}",
                "low": f"{of.low[j]:.4f}",
                "high": f"{of.high[j]:.4f}",
                "shift": f"{of.shift[j]:.4f}",
                "log2_fold_change": f"{fold[j]:.3f}",
                "false_sign": f"{of.false_sign[j]:.3g}",
                "fdr": f"{of.fdr[j]:.3g}",
                **({"measured_shift": f"{of.measured[j]:.4f}"} if measured else {}),
            }
            for j in order.tolist()
        ]

    @property
    def lines(self) -> list[str]:
        """What is to be said of it in plain words."""
        found = []
        for one in self.types:
            up, down = (int(((one.fdr < 0.05) & (one.shift * sign > 0)).sum()) for sign in (1, -1))
            best = ", ".join(self.genes[j] for j in np.argsort(-one.shift)[:5])
            found.append(f"{one.name}, {self.target}: {up} genes rise and {down} fall (FDR < .05); most of all {best}")
            if np.isfinite(one.measured).all():
                values = correlations(one)
                found.append(
                    f"{one.name} was measured: correlation over its 100 genes with the largest shifts "
                    f"{values['predicted']:.3f} (mean of other types {values['mean shift']:.3f}, "
                    f"{one.nearest} {values['nearest type']:.3f})"
                )
        return [*found, *self.notes]


def correlations(one: Predicted, top: int = 100) -> dict[str, float]:
    """Of predicted and measured shift, over the genes with the largest measured ones; and of both simple ways."""
    genes = np.argsort(-np.abs(one.measured), kind="stable")[:top]
    ways = {"predicted": one.shift, "mean shift": one.mean_shift, "nearest type": one.nearest_shift}
    return {name: float(np.corrcoef(way[genes], one.measured[genes])[0, 1]) for name, way in ways.items()}


def respond(
    source: Path,
    out: Path | None = None,
    *,
    condition: str = "condition",
    control: str = "control",
    target: str = "stimulated",
    type: str = "type",
    held: str | Sequence[str] | None = None,
    members: int = MEMBERS,
    seed: int = 0,
    watch: Watch = silent,
    **reading: Any,
) -> Response:
    """The response to a condition of types that were not measured under it, learned from those that were.

    Args:
        source: cells, read with the options ``reading``.
        out: a folder for ``response_TYPE.csv`` (predicted differential expression), ``cells.h5ad`` (predicted counts)
            and ``response.png``.
        condition: the obs column that holds ``control`` and ``target``; ``type`` the column of types.
        held: the types to predict (several separated by commas); by default those without enough cells of the target.
            Target cells of a held type are not learned from; the prediction is compared with them.
        members: games whose mean the prediction is.

    Raises ``UserError`` where there is nothing to learn from or to predict.
    """
    options = validated(ReadOptions, reading | {"labels": f"{type},{condition}"})
    records = read(Path(source), options)
    states, types = records.labels[condition], records.labels[type]
    for value in (control, target):
        if value not in states:
            has = ", ".join(sorted(set(states.tolist()) - {""}))
            raise UserError(f"Column '{condition}' has no '{value}'; it has {has}", "Use control= and target=")
    rows = np.flatnonzero(((states == control) | (states == target)) & (types != ""))
    data = Data(records.counts[rows], types[rows], states[rows] == target)
    names = _asked(data, held, control, target)
    found = [respond_to(data, name, ResponsePlan(), seed, members, watch) for name in names]
    cells = _cells(records, rows, found, condition, type, target, seed)
    notes = ["A prediction is a hypothesis: cells of these types were not measured under this condition."]
    response = Response(control, target, list(records.genes), found, cells, notes)
    if out is not None:
        write_response(response, Path(out))
    return response


def _asked(data: Data, held: str | Sequence[str] | None, control: str, target: str) -> list[str]:
    """The types to predict; those that teach must be two at least."""
    names = np.unique(data.types).tolist()
    sides = [data.stimulated == side for side in (False, True)]
    few = [[name for name in names if ((data.types == name) & side).sum() < FEWEST] for side in sides]
    if held is None:
        asked = [name for name in few[1] if name not in few[0]]
        if not asked:
            raise UserError(f"Every type has cells of '{target}': there is nothing to predict", "Name one with held=")
    else:
        asked = [part.strip() for part in (held.split(",") if isinstance(held, str) else held)]
    for name in asked:
        if name not in names:
            raise UserError(f"held={name}: no such type; there are {', '.join(names)}")
        if name in few[0]:
            raise UserError(f"held={name}: fewer than {FEWEST} cells of '{control}'", "A prediction starts from them")
    for name in asked:
        teach = [n for n in names if n != name and n not in few[0] and n not in few[1]]
        if len(teach) < LEAST_TYPES:
            had = ", ".join(teach) or "none"
            raise UserError(
                f"Fewer than {LEAST_TYPES} other types have {FEWEST} cells in both '{control}' and '{target}': {had}",
                "Give cells of more types",
            )
    return asked


def _cells(
    records: ExpressionRecords, rows: Any, found: list[Predicted], condition: str, type: str, target: str, seed: int
) -> ExpressionRecords:
    """The predicted cells as records, named after the control cells that they were made from."""
    from scipy.sparse import csr_matrix, vstack

    counts = csr_matrix(vstack([one.counts for one in found], format="csr"), dtype=np.int32)
    ids = [f"{records.ids[rows[i]]}-{target}" for one in found for i in one.rows.tolist()]
    kinds = np.array([one.name for one in found for _ in one.rows])
    states = np.full(len(kinds), f"{target} (predicted)")
    provenance = {"what": "predicted response", "source": records.source, "seed": str(seed), "condition": target}
    return ExpressionRecords(
        counts, list(records.genes), {type: kinds, condition: states}, ids, source=records.source, provenance=provenance
    )


def write_response(found: Response, out: Path) -> None:
    """A table a type, the cells and a picture in a folder."""
    for one in found.types:
        name = "".join(letter if letter.isalnum() or letter in "+-" else "_" for letter in one.name)
        write_rows(out / f"response_{name}.csv", found.rows(one))
    write(found.cells, out / "cells.h5ad")
    write_picture(out / "response.png", response_picture(found.types, found.genes))
