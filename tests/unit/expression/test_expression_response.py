"""A response that is known: found in a type that was not measured, by the command and by the functions behind it."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from vivogan.domains.expression.data import read, write
from vivogan.domains.expression.records import ExpressionRecords, ReadOptions
from vivogan.domains.expression.respond import Response, correlations, respond
from vivogan.domains.expression.tools.response import respond_to
from vivogan.domains.expression.tools.response_cells import Data
from vivogan.domains.expression.tools.response_game import ResponsePlan
from vivogan.errors import UserError

TYPES, GENES, CELLS = ("a", "b", "c", "d", "e"), 80, 40
RISES, FALLS = slice(0, 8), slice(8, 12)
SMALL = ResponsePlan(genes=20, steps=6, batch=4, packed=2, width=8, hidden=4, states=3, patterns=2)


def cells(seed: int = 0, stimulated_e: bool = True) -> ExpressionRecords:
    """Five types, of which all respond alike: eight genes rise, four fall; the last may lack stimulated cells."""
    rng = np.random.default_rng(seed)
    profile = rng.lognormal(0, 1, (len(TYPES), GENES))
    profile[:, RISES] *= 0.1
    profile[:, FALLS] *= 3
    rows, types, states = [], [], []
    for k, name in enumerate(TYPES):
        for state in ("control", "stimulated"):
            if name == "e" and state == "stimulated" and not stimulated_e:
                continue
            rate = profile[k].copy()
            if state == "stimulated":
                rate[RISES] *= 20
                rate[FALLS] /= 4
            rows.append(rng.poisson(600 * rate / rate.sum(), (CELLS, GENES)))
            types += [name] * CELLS
            states += [state] * CELLS
    counts = np.concatenate(rows)
    labels = {"type": np.array(types), "condition": np.array(states)}
    return ExpressionRecords(
        csr_matrix(counts.astype(np.int32)),
        [f"g{j}" for j in range(GENES)],
        labels,
        [f"c{i}" for i in range(len(counts))],
    )


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("response") / "cells.h5ad"
    write(cells(stimulated_e=False), path)
    return path


@pytest.fixture(scope="module")
def written(source: Path) -> tuple[Response, Path]:
    out = source.parent / "out"
    return respond(source, out, members=0), out


def test_the_response_of_an_unmeasured_type_is_found(written: tuple[Response, Path]) -> None:
    found = written[0].types[0]
    assert found.name == "e"
    assert (found.shift[RISES] > 1).all()
    assert (found.shift[FALLS] < -0.3).all()
    assert (found.fdr[RISES] < 0.05).all()
    assert np.abs(found.shift[12:]).mean() < 0.6
    assert (found.low <= found.mean).all()
    assert (found.mean <= found.high).all()
    assert np.isnan(found.measured).all()


def test_it_writes_a_table_cells_and_a_picture(written: tuple[Response, Path]) -> None:
    response, out = written
    with (out / "response_e.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == GENES
    assert set(list(rows[0])[:5]) == {"gene", "control_mean", "predicted_mean", "low", "high"}
    assert {row["gene"] for row in rows[:8]} == {f"g{j}" for j in range(8)}
    assert [float(row["fdr"]) for row in rows] == sorted(float(row["fdr"]) for row in rows)
    back = read(out / "cells.h5ad", ReadOptions(labels="type,condition"))
    assert len(back) == CELLS
    assert set(back.labels["condition"].tolist()) == {"stimulated (predicted)"}
    assert (back.counts != response.cells.counts).nnz == 0
    assert (out / "response.png").read_bytes().startswith(b"\x89PNG")


def test_predicted_cells_have_the_predicted_means(written: tuple[Response, Path]) -> None:
    response = written[0]
    counts = response.cells.counts.toarray()
    made = np.log1p(counts / counts.sum(1, keepdims=True) * 1e4).mean(0)
    assert np.abs(made - response.types[0].mean)[RISES].max() < 0.4


def test_target_cells_of_a_held_type_are_not_looked_at() -> None:
    records = cells()
    data = Data(records.counts, records.labels["type"], records.labels["condition"] == "stimulated")
    other = records.counts.tolil()
    held = np.flatnonzero((data.types == "e") & data.stimulated)
    other[held] = np.random.default_rng(1).permutation(records.counts[held].toarray().T).T
    one = respond_to(data, "e", SMALL, members=0)
    two = respond_to(Data(csr_matrix(other), data.types, data.stimulated), "e", SMALL, members=0)
    assert one.mean == pytest.approx(two.mean)
    assert not np.allclose(one.measured, two.measured)
    assert correlations(one, 20)["predicted"] > 0.9


def test_games_correct_no_more_than_carries_over() -> None:
    records = cells()
    data = Data(records.counts, records.labels["type"], records.labels["condition"] == "stimulated")
    found = respond_to(data, "e", SMALL, members=1)
    again = respond_to(data, "e", SMALL, members=1)
    assert 0 <= found.carried <= 1
    assert found.mean == pytest.approx(again.mean)
    assert (found.counts != again.counts).nnz == 0
    assert found.counts.dtype.kind == "i"
    if found.carried == 0:
        assert found.mean == pytest.approx(found.start)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"held": "nobody"}, "no such type"),
        ({"target": "drug"}, "has no 'drug'"),
        ({"condition": "dose"}, "no column 'dose'"),
    ],
)
def test_what_cannot_be_predicted_is_said(source: Path, options: dict[str, str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        respond(source, members=0, **options)  # type: ignore[arg-type]


def test_too_few_types_are_said(tmp_path: Path) -> None:
    records = cells(stimulated_e=False)
    rows = np.flatnonzero(np.isin(records.labels["type"], ["a", "e"]))
    labels = {name: values[rows] for name, values in records.labels.items()}
    few = ExpressionRecords(records.counts[rows], records.genes, labels, [records.ids[i] for i in rows.tolist()])
    write(few, tmp_path / "few.h5ad")
    with pytest.raises(UserError, match="Fewer than 2 other types"):
        respond(tmp_path / "few.h5ad", members=0)
