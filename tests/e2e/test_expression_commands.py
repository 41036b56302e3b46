"""The commands of expression as a user types them: two types of cells in two states.

Training is a process of its own; the others are run in this one, because importing torch takes longer than they do.
"""

from __future__ import annotations

import csv
import io
import json
import re
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pytest

from tests.contract.cases import EXPRESSION, counted_cells, differentiating, stimulated
from tests.e2e.test_commands import document as in_a_process
from vivogan.cli.app import run

SMALL = (
    "--threads", "1", "--device", "cpu",
    *(word for setting in ("factors=4", "discriminator_width=16", "likelihood.epochs=3", "game.batch=16")
      for word in ("--set", setting)),
)  # fmt: skip


def document(*words: object) -> Any:
    """What a command that must succeed prints with ``--json``."""
    with redirect_stdout(io.StringIO()) as said:
        assert run([*map(str, words), "--json"]) == 0
    return json.loads(said.getvalue())


def failure(*words: object) -> str:
    """The one line of a command that must fail."""
    with redirect_stderr(io.StringIO()) as said:
        assert run([*map(str, words)]) == 2
    (line,) = said.getvalue().splitlines()
    return line


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stimulated(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def trained(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 600 samples; it is judged in a test of its own, which takes longer than training."""
    out = tmp_path_factory.mktemp("runs") / "stimulated"
    words = ("--labels", "type,state", "--group", "group", "--genes", 35, "--out", out, "--budget", "600")
    assert in_a_process("expression", "train", source, *words, *SMALL, "--no-report")["run"] == str(out)
    return out


@pytest.fixture(scope="module")
def path_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run along a pseudotime."""
    folder = tmp_path_factory.mktemp("path")
    cells = differentiating(folder)
    words = ("--labels", "pseudotime", "--out", folder / "run", "--budget", "600", "--no-report", *SMALL)
    document("expression", "train", cells, *words)
    return folder / "run"


def test_inspect_reads_without_writing(source):
    found = document("expression", "inspect", source, "--labels", "type")
    assert found["fingerprint"]["count"] == 160
    assert found["fingerprint"]["classes"] == {"B": 80, "T": 80}
    assert found["fingerprint"]["layers"] == {"X": "counts"}
    assert [path.name for path in source.parent.iterdir()] == [source.name]


def test_what_is_not_there_is_listed(source, tmp_path):
    assert "no column 'celltype'. Their columns: type | state, type, state, group" in failure(
        "expression", "inspect", source, "--labels", "celltype"
    )
    path = tmp_path / "logged.csv"
    path.write_text("cell,a,b,c\n" + "".join(f"c{i},0.{i}1,1.3{i},2.7\n" for i in range(20)))
    assert "holds no counts" in failure("expression", "train", path, "--out", tmp_path / "run", "--quiet")


class TestGenerate:
    def test_counts_with_labels_and_provenance(self, trained, tmp_path):
        out = trained
        made = tmp_path / "made.h5ad"
        where = ("--where", "type=B", "--where", "state=stim")
        found = document("expression", "generate", out, "-n", 30, *where, "--seed", 1, "-o", made)
        assert (found["cells"], found["genes"]) == (30, 35)
        assert found["classes"] == {"B | stim": 30}
        cells = anndata.read_h5ad(made)
        assert cells.shape == (30, 35)
        assert cells.X.dtype == np.int32
        assert set(cells.obs["type"]) == {"B"}
        assert set(cells.obs["state"]) == {"stim"}
        assert cells.uns["vivogan"]["run"] == out.name
        assert cells.uns["vivogan"]["where"] == "type=B, state=stim"
        assert cells.uns["vivogan"]["seed"] == "1"

    def test_some_of_the_columns_leave_the_rest_to_chance(self, trained, tmp_path):
        out = trained
        found = document("expression", "generate", out, "-n", 60, "--where", "state=rest", "-o", tmp_path / "a.h5ad")
        assert set(found["classes"]) == {"B | rest", "T | rest"}
        assert min(found["classes"].values()) > 10
        again = document(
            "expression", "generate", out, "-n", 20, "--start", 40, "--where", "state=rest", "-o", tmp_path / "b.h5ad"
        )
        assert sum(again["classes"].values()) == 20
        whole, rest = (anndata.read_h5ad(tmp_path / name) for name in ("a.h5ad", "b.h5ad"))
        assert np.array_equal(whole.X[40:].toarray(), rest.X.toarray())

    def test_unknown_conditions_list_the_known(self, trained):
        out = trained
        assert "this run has the columns type, state" in failure("expression", "generate", out, "--where", "donor=d1")
        assert "--where type=NK: this run knows B, T" in failure("expression", "generate", out, "--where", "type=NK")
        assert "no such format of single cells" in failure("expression", "generate", out, "-o", "made.rds")

    def test_other_formats(self, trained, tmp_path):
        out = trained
        document("expression", "generate", out, "-n", 5, "-o", tmp_path / "made.csv")
        rows = list(csv.DictReader((tmp_path / "made.csv").open()))
        assert len(rows) == 5
        assert set(rows[0]) >= {"barcode", "type", "state", "type | state"}
        document("expression", "generate", out, "-n", 20, "-o", tmp_path / "folder" / "matrix.mtx.gz")
        assert document("expression", "inspect", tmp_path / "folder")["fingerprint"]["count"] == 20


def test_a_measured_column_takes_any_number(path_run, tmp_path):
    made = tmp_path / "made.h5ad"
    found = document("expression", "generate", path_run, "-n", 12, "--where", "pseudotime=0.37", "-o", made)
    assert found["classes"] == {"0.37": 12}
    assert set(anndata.read_h5ad(made).obs["pseudotime"].astype(str)) == {"0.37"}
    again = tmp_path / "again.h5ad"
    document("expression", "generate", path_run, "-n", 3, "--start", 9, "--where", "pseudotime=0.37", "-o", again)
    assert (anndata.read_h5ad(made).X[9:] != anndata.read_h5ad(again).X).nnz == 0
    assert document("expression", "generate", path_run, "-n", 5, "--where", "pseudotime=high", "-o", made)["cells"] == 5
    assert "give a number, low, high" in failure("expression", "generate", path_run, "--where", "pseudotime=late")


def test_along_shows_how_genes_change(path_run, tmp_path):
    found = document("expression", "along", path_run, "--values", "0.1,0.5,0.9", "-n", 20, "-o", tmp_path / "trends")
    assert (found["cells"], found["values"]) == (60, [0.1, 0.5, 0.9])
    assert {path.name for path in (tmp_path / "trends").iterdir()} == {"cells.h5ad", "trends.csv", "trends.png"}


def test_markers_of_data_and_of_a_run(source, trained, tmp_path):
    panel = tmp_path / "panel.csv"
    panel.write_text(
        "type,gene\n" + "".join(f"{t},GENE{i}\n" for t, k in (("B", 0), ("T", 5)) for i in range(k, k + 5))
    )
    words = ("--panel", panel, "--seeds", 2, "-o", tmp_path / "markers")
    found = document("expression", "markers", source, "--type", "type", *words)
    best = [row["gene"] for row in found["markers"] if row["type"] == "B" and row["rank"] <= 5]
    assert len({"GENE0", "GENE1", "GENE2", "GENE3", "GENE4"} & set(best)) >= 4
    assert (tmp_path / "markers" / "markers.csv").is_file()
    of_run = document("expression", "markers", trained, "--seeds", 2, "-o", tmp_path / "of_run")
    assert {row["type"] for row in of_run["markers"]} == {"B | rest", "B | stim", "T | rest", "T | stim"}


def test_respond_predicts_a_type_that_was_held_out(tmp_path):
    (source,) = EXPRESSION.write(counted_cells(240, ("B", "T", "NK")), tmp_path / "three.h5ad")
    words = (
        "--condition",
        "state",
        "--control",
        "rest",
        "--target",
        "stim",
        "--held",
        "B",
        "-o",
        tmp_path / "response",
    )
    found = document("expression", "respond", source, *words)
    assert list(found["response"]) == ["B"]
    assert (tmp_path / "response" / "cells.h5ad").is_file()
    assert "has no 'ifn'; it has rest, stim" in failure(
        "expression", "respond", source, "--condition", "state", "--control", "rest", "--target", "ifn"
    )


def test_hints_are_called_hypotheses(trained, tmp_path):
    out = trained
    found = document("expression", "hints", out, "--state", "B | stim", "-o", tmp_path / "hints")
    assert len(found["hypotheses"]) == 35
    assert {row["status"] for row in found["hypotheses"]} == {"hypothesis"}
    assert "the run knows B | rest, B | stim" in failure("expression", "hints", out, "--state", "NK")


def test_a_run_is_judged_and_its_report_written(trained):
    found = document("expression", "evaluate", trained, "--threads", 1)
    assert found["verdict"]
    assert "forest AUC" in " ".join(score["name"] for score in found["scores"])
    page = Path(document("report", trained)["report"]).read_text()
    assert '<img src="http' not in page
    assert "image" not in re.sub(
        r"<style.*?</style>|<script.*?</script>|<[^>]+>|data:image/\w+|scikit-image", "", page, flags=re.S
    )
    for name in ("config.toml", "env.json", "data.json", "metrics.jsonl", "evaluation.json", "start.json"):
        assert (trained / name).stat().st_size > 0
