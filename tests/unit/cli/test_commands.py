"""Each command asks the API for what was typed, and prints the answer in the form that was asked for."""

import json
from pathlib import Path

import pytest

from vivogan.cli.app import run

from .conftest import EVALUATION, INSPECTION


def test_train_passes_every_option_on(workflow):
    line = "images train cells --labels type --images x --split part --group donor --budget 200k --out runs/c --seed 3"
    line += " --device cpu --threads 2 --set train.batch=32 --set plan.width=8 --quiet"
    assert run(line.split()) == 0
    asked = workflow.called["train"]
    assert asked["source"] == Path("cells")
    assert asked["out"] == Path("runs/c")
    assert {key: asked[key] for key in ("labels", "images", "split", "group")} == {
        "labels": "type",
        "images": "x",
        "split": "part",
        "group": "donor",
    }
    assert (asked["budget"], asked["seed"], asked["device"], asked["threads"]) == ("200k", 3, "cpu", 2)
    assert list(asked["overrides"]) == ["train.batch=32", "plan.width=8"]


def test_train_then_judges_and_reports(workflow, capsys):
    assert run(["images", "train", "data/cells.npz"]) == 0
    assert workflow.called["train"]["out"] == Path("runs/cells")
    assert workflow.called["build"]["run"] == Path("runs/cells")
    shown = capsys.readouterr()
    for text in ("12.3", "30.0", "runs/cells/report.html", *EVALUATION["verdict"]):
        assert text in shown.out
    assert "2,000 of 4,000 samples · 3 s · Fréchet 41.2 · coverage 0.500" in shown.err.splitlines()


def test_train_without_report_stops_after_training(workflow, capsys):
    assert run(["images", "train", "cells", "--no-report"]) == 0
    assert "build" not in workflow.called
    assert capsys.readouterr().out == "run  runs/cells\n"


def test_generate_passes_every_option_on(workflow):
    line = "images generate runs/c -n 5 --where type=a --where donor=7 -o made --seed 4 --start 9"
    line += " --truncation 0.8 --keep 0.5"
    assert run(line.split()) == 0
    assert workflow.called["generate"] == {
        "n": 5,
        "where": {"type": "a", "donor": "7"},
        "seed": 4,
        "start": 9,
        "truncation": 0.8,
        "keep": 0.5,
    }
    assert workflow.called["write"] == {"count": 5, "path": Path("made")}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("images inspect cells", INSPECTION),
        ("images evaluate runs/c", EVALUATION),
        ("report runs/c", {"run": "runs/c", "report": "runs/c/report.html"}),
        ("images train cells --no-report", {"run": "runs/cells"}),
        ("images train cells", {"run": "runs/cells", "report": "runs/cells/report.html", "evaluation": EVALUATION}),
        (
            "images generate runs/c -n 2 -o made",
            {"run": "runs/c", "folder": "made", "count": 2, "seed": 0, "start": 0, "where": None},
        ),
    ],
)
def test_json_is_one_document_and_nothing_else(workflow, capsys, line, expected):
    assert run([*line.split(), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == expected


@pytest.mark.parametrize(
    "line",
    ["images inspect c", "images train c", "images generate r", "images evaluate r", "report r", "doctor", "demo"],
)
def test_quiet_prints_nothing(workflow, capsys, line):
    assert run([*line.split(), "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_inspect_shows_the_first_refusals_and_counts_the_rest(workflow, capsys):
    assert run(["images", "inspect", "cells"]) == 0
    shown = capsys.readouterr().out
    assert "classes.type.a" in shown
    assert "note: 2 duplicates" in shown
    assert shown.count("refused: cells/x.png: cut short") == 20
    assert "… and 5 more refused" in shown


def test_the_demo_trains_on_data_beside_its_run(workflow, capsys, tmp_path):
    assert run(["demo", "--out", str(tmp_path / "demo"), "--budget", "9k"]) == 0
    assert workflow.called["write_patches"]["folder"] == tmp_path / "demo-data"
    assert workflow.called["train"]["source"] == tmp_path / "demo-data" / "ihc.npz"
    assert workflow.called["train"]["budget"] == "9k"
    ending = capsys.readouterr().out.splitlines()
    assert ending[-3:] == EVALUATION["verdict"]
    assert f"report  {tmp_path / 'demo' / 'report.html'}" in ending
