"""What is wrong with cells and genes is named, and the rest goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vivogan.domains.expression.data import ExpressionRecords, ReadOptions, read
from vivogan.domains.expression.labels import apart
from vivogan.errors import InputError

HEADER = "cell,type,state,donor,age,ACTB,B2M,CD3E"
ROWS = [
    "c1,B,rest,d1,30.5,1,0,3",
    "c2,T,rest,d1,30.5,2,2,0",
    "c3,B,stim,d2,41.5,0,1,1",
    "c4,T,stim,d2,41.5,4,0,0",
]


def put(folder: Path, rows: list[str], header: str = HEADER) -> Path:
    path = folder / "cells.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def taken(folder: Path, rows: list[str], header: str = HEADER, **options: object) -> ExpressionRecords:
    return read(put(folder, rows, header), ReadOptions(**({"labels": "type,state,donor,age"} | options)))  # type: ignore[arg-type]


class TestCells:
    def test_values_that_are_no_counts_cost_their_cell(self, tmp_path: Path) -> None:
        bad = ["x1,B,rest,d1,1,nan,0,1", "x2,B,rest,d1,1,-3,0,1", "x3,B,rest,d1,1,0,2.5,1"]
        records = taken(tmp_path, [*ROWS, *bad])
        assert records.ids == ["c1", "c2", "c3", "c4"]
        assert [(refusal.record, refusal.reason.partition(",")[0]) for refusal in records.refusals] == [
            ("x1", "has a value that is no number (ACTB nan)"),
            ("x2", "has a negative value (ACTB -3)"),
            ("x3", "has a fraction (B2M 2.5)"),
        ]

    def test_barcodes_come_once(self, tmp_path: Path) -> None:
        records = taken(tmp_path, [*ROWS, "c1,B,rest,d1,30.5,1,0,3", "c2,T,rest,d1,30.5,9,9,9"])
        assert records.ids == ["c1", "c2", "c3", "c4", "c2-2"]
        assert [(r.record, "has the barcode and the counts" in r.reason) for r in records.refusals] == [
            ("c1 (cell 5)", True)
        ]
        assert any("1 cells had the barcode of another and were numbered: c2-2" in note for note in records.notes)

    def test_empty_cells_and_small_ones(self, tmp_path: Path) -> None:
        rows = [*ROWS, "e1,B,rest,d1,1,0,0,0"]
        assert "1 cells have no counts and were left out: e1" in taken(tmp_path, rows).notes
        records = taken(tmp_path, rows, least_counts=4)
        assert records.ids == ["c1", "c2", "c4"]
        assert "2 cells have fewer than 4 molecules and were left out: c3, e1" in records.notes

    def test_nothing_left(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"no usable cell is left. Give raw counts, or lower least_counts"):
            taken(tmp_path, ROWS, least_counts=100)

    def test_names_from_a_column(self, tmp_path: Path) -> None:
        rows = [f"{i},{row}" for i, row in enumerate(ROWS)]
        assert taken(tmp_path, rows, f"number,{HEADER}", name="cell").ids == ["c1", "c2", "c3", "c4"]


class TestGenes:
    def test_different_ones_of_a_name_are_summed(self, tmp_path: Path) -> None:
        records = taken(tmp_path, [f"{row},{i}" for i, row in enumerate(ROWS)], f"{HEADER},B2M")
        assert records.genes == ["ACTB", "B2M", "CD3E"]
        assert records.counts[:, 1].toarray().ravel().tolist() == [0, 3, 3, 3]
        assert any("1 genes come several times and were summed: B2M" in note for note in records.notes)

    def test_copies_are_not_summed(self, tmp_path: Path) -> None:
        records = taken(tmp_path, [f"{row},{row.split(',')[6]}" for row in ROWS], f"{HEADER},B2M")
        assert records.counts[:, 1].toarray().ravel().tolist() == [0, 2, 1, 0]
        assert any("with equal counts; one was kept: B2M" in note for note in records.notes)

    def test_never_seen_and_nameless(self, tmp_path: Path) -> None:
        records = taken(tmp_path, [f"{row},0,7" for row in ROWS], f"{HEADER},NEVER,")
        assert records.genes == ["ACTB", "B2M", "CD3E"]
        assert "1 genes were seen in no cell and were left out: NEVER" in records.notes
        assert any("1 genes have no name and were left out" in note for note in records.notes)
        assert taken(tmp_path, ROWS, least_cells=3).genes == ["ACTB"]


class TestLabels:
    def test_several_are_joined(self, tmp_path: Path) -> None:
        records = taken(tmp_path, [*ROWS, "c5,,stim,d2,1,1,1,1"], labels="type,state")
        assert list(records.labels) == ["type | state", "type", "state"]
        assert records.classes.tolist() == ["B | rest", "T | rest", "B | stim", "T | stim", ""]
        joined = {"type | state": records.labels["type | state"]}
        assert apart(joined)["type"].tolist() == ["B", "T", "B", "T", ""]

    def test_missing_column_lists_those_there_are(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"no column 'celltype'. Their columns: type, state, donor"):
            taken(tmp_path, ROWS, labels="celltype")
        for option in ("group", "split"):
            with pytest.raises(InputError, match=r"no column 'nothing'"):
                taken(tmp_path, ROWS, **{option: "nothing"})

    def test_without_a_name_the_likeliest_conditions(self, tmp_path: Path) -> None:
        header = HEADER.replace("type", "cell_type").replace("age", "phase")
        rows = [row.replace("30.5", "G1").replace("41.5", "S") for row in ROWS]
        records = taken(tmp_path, rows, header, labels=None)
        assert next(iter(records.labels)) == "cell_type"
        assert any(
            "cells are conditioned on cell_type, as labels names no column; others: state" in n for n in records.notes
        )

    def test_one_cell_of_a_type_is_told(self, tmp_path: Path) -> None:
        records = taken(tmp_path, [*ROWS, "c5,NK,rest,d1,1,1,1,1"], labels="type")
        assert any("1 classes have one cell" in note and "NK" in note for note in records.notes)

    def test_given_parts_and_groups(self, tmp_path: Path) -> None:
        header = HEADER.replace("state", "split")
        rows = [row.replace("rest", "train").replace("stim", "test") for row in ROWS]
        records = taken(tmp_path, rows, header, labels="type", group="donor")
        assert records.part is not None
        assert records.part.tolist() == ["train", "train", "test", "test"]
        assert records.group is not None
        assert records.group.tolist() == ["d1", "d1", "d2", "d2"]
        with pytest.raises(InputError, match=r"c1: column 'donor' has 'd1'. Use train, selection and test"):
            taken(tmp_path, rows, header, labels="type", split="donor")

    def test_donors_are_pointed_out(self, tmp_path: Path) -> None:
        rows = [*ROWS, "c5,B,rest,d3,1,1,1,1"]
        assert any("group=donor keeps each on one" in note for note in taken(tmp_path, rows).notes)

    def test_clusters_are_no_measurements(self, tmp_path: Path) -> None:
        rows = [f"c{i},k{i % 25},{i % 25},d1,0.{i},1,{i % 3},{i % 2}" for i in range(100)]
        records = taken(tmp_path, rows, HEADER.replace("state", "leiden"), labels="leiden")
        assert np.unique(records.classes).size == 25
        assert "leiden" in records.labels
