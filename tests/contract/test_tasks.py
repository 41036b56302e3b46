"""Every task keeps the same rules: a folder is a model, the same command continues, other settings are refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.contract.cases import measured_compounds
from vivogan.domains.images.scenes.simulator import simulate
from vivogan.domains.tasks.api import TaskDoor
from vivogan.domains.tasks.run import TaskRun
from vivogan.errors import InputError, SettingsError, UserError
from vivogan.reports import build

# Those that predict numbers are called alike in their domains; here the one of molecules is told by its own name.
TASKS = ("count", "segment", "classify", "activity", "molecules")
DOORS = {"activity": ("sequences", "activity"), "molecules": ("molecules", "activity")}  # the others are of images
PREDICTED = {"activity": 80, "molecules": 70}  # items of the set
QUICK: dict[str, list[str]] = {
    "count": [
        "generated=0",
        "learn.tick=2",
        "counter.widths=[8,12]",
        "scenes.crop=48",
        "scenes.prior=20",
        "scenes.particles=10",
        "scenes.rounds=1",
        "scenes.discriminator_steps=2",
    ],
    "segment": ["generated=0", "learn.tick=2"],
    "classify": ["learn.tick=2", "learn.steps=4", "classifier.contrast.steps=2", "classifier.calibration_steps=2"],
    "activity": ["learn.steps=4", "learn.tick=2", "members=2", "reader.channels=16", "landmarks=30"],
    "molecules": ['members=["kernel"]', 'counted=["ecfp6"]'],
}
WRITTEN = {
    "count": ["counts.csv", "objects.csv", "count.json", "overlays"],
    "segment": ["properties.csv", "coco.json", "labels", "rois", "overlays", "segment.json"],
    "classify": ["classes.csv", "attributions", "classify.json"],
    "activity": ["predicted.csv", "predicted.json"],
    "molecules": ["predicted.csv", "predicted.json"],
}


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A small set for each task."""
    folder = tmp_path_factory.mktemp("sets")
    pairs = simulate("fluorescence", 12, (64, 72), seed=1)
    images = np.stack([np.clip(pair.image[0] * 200, 0, 255).astype(np.uint8) for pair in pairs])
    labels = np.stack([pair.objects.labels for pair in pairs])
    np.savez(folder / "outlined.npz", images=images, labels=labels)
    rng = np.random.default_rng(0)
    kinds = np.arange(60) % 2
    shown = rng.integers(0, 60, (60, 16, 16, 1))
    shown[kinds == 1, 4:12, 4:12] += 150
    words = np.array(["round", "square"])[kinds].astype("<U8")
    words[36:] = ""
    np.savez(folder / "labelled.npz", x=shown.astype(np.uint8), y=words)
    letters = rng.choice(list("ACGT"), (80, 24))
    lines = [f"{''.join(row)},{(row == 'G').sum() + rng.normal():.3f}" for row in letters]
    (folder / "measured.csv").write_text("\n".join(["sequence,expr", *lines]) + "\n")
    return {
        "count": folder / "outlined.npz",
        "segment": folder / "outlined.npz",
        "classify": folder / "labelled.npz",
        "activity": folder / "measured.csv",
        "molecules": measured_compounds(folder),
    }


def door(task: str) -> TaskDoor:
    return TaskDoor(*DOORS.get(task, ("images", task)))


def trained(task: str, sets: dict[str, Path], out: Path, **other: Any) -> TaskRun:
    named = {"classify": {"labels": "y", "images": "x"}, "activity": {"labels": "expr"}}
    reading = (named | {"molecules": {"labels": "IC50 (nM)"}}).get(task, {})
    options: dict[str, Any] = {"budget": "60", "overrides": QUICK[task], "threads": 1, "curve": False} | other
    return door(task).train(sets[task], out, **options, **reading)


@pytest.fixture(scope="module")
def runs(sets: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, TaskRun]:
    folder = tmp_path_factory.mktemp("runs")
    return {task: trained(task, sets, folder / task, curve=task == "count") for task in TASKS}


@pytest.mark.parametrize("task", TASKS)
def test_a_run_is_judged_and_reported(task: str, runs: dict[str, TaskRun]) -> None:
    found = runs[task].evaluate().to_dict()
    assert found["tool"] == door(task).name
    assert found["verdict"]
    assert all(np.isfinite(score["value"]) for score in found["scores"])
    if task not in PREDICTED:  # what is found in images is drawn on them
        assert {figure["name"] for figure in found["figures"]} >= {"best", "worst"}
    assert found["domain"] == door(task).domain
    page = build(runs[task].folder.path).read_text()
    assert "http://" not in page.replace("http://www.w3.org", "")


@pytest.mark.parametrize("task", TASKS)
def test_it_is_applied_to_new_items(task: str, runs: dict[str, TaskRun], sets: dict[str, Path], tmp_path: Path) -> None:
    options = {"images": "x"} if task == "classify" else {}
    found = door(task).open(runs[task].folder.path).apply(sets[task], tmp_path / "out", **options)
    many = runs[task].task.words.many
    arrays = {} if task in PREDICTED else np.load(sets[task])
    assert found[many] == (PREDICTED.get(task) or len(arrays["x" if task == "classify" else "images"]))
    for name in WRITTEN[task]:
        assert (tmp_path / "out" / name).exists(), name
    summary = "predicted" if task in PREDICTED else task
    assert json.loads((tmp_path / "out" / f"{summary}.json").read_text())[many] == found[many]


@pytest.mark.parametrize("task", TASKS)
def test_the_same_command_continues_and_another_is_refused(
    task: str, runs: dict[str, TaskRun], sets: dict[str, Path]
) -> None:
    path = runs[task].folder.path
    before = (path / "model.safetensors").stat().st_mtime_ns
    again = trained(task, sets, path, curve=task == "count")
    assert (path / "model.safetensors").stat().st_mtime_ns == before
    assert again.finished
    with pytest.raises(SettingsError, match="seed: 0 → 1"):
        trained(task, sets, path, curve=task == "count", seed=1)


@pytest.mark.parametrize("task", TASKS)
def test_another_task_does_not_open_it(task: str, runs: dict[str, TaskRun]) -> None:
    other = TASKS[(TASKS.index(task) + 1) % len(TASKS)]
    with pytest.raises(UserError, match=f"a run of '{door(task).name}'"):
        door(other).open(runs[task].folder.path)


@pytest.mark.parametrize("task", TASKS)
def test_a_misspelt_setting_is_refused_before_anything_is_written(
    task: str, sets: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="did you mean"):
        trained(task, sets, tmp_path / "run", overrides=["generatet=3"])
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("task", TASKS[:-1])  # the last learns in no steps
def test_a_killed_run_ends_in_the_same_bits(task: str, sets: dict[str, Path], tmp_path: Path) -> None:
    whole = trained(task, sets, tmp_path / "whole")

    class Killed(Exception):
        pass

    def kill(event: dict[str, Any]) -> None:
        if event.get("event") == "tick":
            raise Killed

    with pytest.raises(Killed):
        trained(task, sets, tmp_path / "killed", watch=kill)
    assert not TaskRun.open(tmp_path / "killed").finished
    again = trained(task, sets, tmp_path / "killed")
    names = ("model.safetensors", "model.json")
    for name in names:
        assert (again.folder.path / name).read_bytes() == (whole.folder.path / name).read_bytes()


def test_the_learning_curve_has_both_arms_at_every_size(runs: dict[str, TaskRun]) -> None:
    points = runs["count"].folder.read_json("curve.json")["points"]
    arms = {made: [p["labels"] for p in points if p["generated"] is made] for made in (False, True)}
    assert arms[False] == arms[True] == sorted(set(arms[True]))
    assert len(arms[True]) >= 2


def test_generated_images_join_in(sets: dict[str, Path], tmp_path: Path) -> None:
    small = ["scenes.prior=20", "scenes.particles=10", "scenes.rounds=1", "scenes.discriminator_steps=2"]
    overrides = ["generated=3", "learn.tick=2", *small]
    run = trained("segment", sets, tmp_path / "run", overrides=overrides)
    found = run.evaluate().to_dict()
    assert found["counts"]["generated"] == 3
    assert any(line.get("stage") == "game" for line in run.folder.metrics())
    assert any(figure["name"] == "generated" for figure in found["figures"])


def test_rare_classes_are_generated_on_request(sets: dict[str, Path], tmp_path: Path) -> None:
    overrides = [*QUICK["classify"], "generated=6", "game_samples=128"]
    run = trained("classify", sets, tmp_path / "run", overrides=overrides)
    found = run.evaluate().to_dict()
    assert found["generated_items"]["used"]
    assert any(figure["name"] == "generated" for figure in found["figures"])


def test_counts_stand_beside_their_intervals(runs: dict[str, TaskRun], sets: dict[str, Path], tmp_path: Path) -> None:
    runs["count"].apply(sets["count"], tmp_path / "out")
    rows = list(csv.DictReader((tmp_path / "out" / "counts.csv").open()))
    for row in rows:
        assert float(row["object low"]) <= float(row["object"]) <= float(row["object high"])


def test_images_with_other_channels_are_refused_alone(runs: dict[str, TaskRun], tmp_path: Path) -> None:
    from PIL import Image

    (tmp_path / "in").mkdir()
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (40, 40), np.uint8)).save(tmp_path / "in" / "grey.png")
    Image.fromarray(rng.integers(0, 255, (40, 40, 3), np.uint8)).save(tmp_path / "in" / "colour.png")
    found = runs["count"].apply(tmp_path / "in", tmp_path / "out")
    assert found["images"] == 1
    assert "3 channels" in found["refusals"][0]["reason"]
    (tmp_path / "in" / "grey.png").unlink()
    with pytest.raises(InputError, match="no image that can be used"):
        runs["count"].apply(tmp_path / "in", tmp_path / "again")


def test_one_class_is_no_classifier(tmp_path: Path) -> None:
    np.savez(tmp_path / "one.npz", x=np.random.default_rng(0).integers(0, 255, (30, 16, 16, 1), np.uint8), y=["a"] * 30)
    with pytest.raises(InputError, match="one class only"):
        TaskDoor("images", "classify").train(tmp_path / "one.npz", tmp_path / "run", labels="y", images="x")


def test_dots_are_no_outlines(tmp_path: Path) -> None:
    points = np.array([[i, 10, 12] for i in range(4)])
    np.savez(
        tmp_path / "dots.npz", images=np.random.default_rng(0).integers(0, 255, (4, 40, 40), np.uint8), points=points
    )
    with pytest.raises(InputError, match="learned from outlines"):
        TaskDoor("images", "segment").train(tmp_path / "dots.npz", tmp_path / "run")


def test_words_are_enough_to_begin(sets: dict[str, Path], tmp_path: Path) -> None:
    """No annotation at all: a description, and images that nobody looked at."""
    from PIL import Image

    for i, image in enumerate(np.load(sets["count"])["images"][:3]):
        (tmp_path / "in").mkdir(exist_ok=True)
        Image.fromarray(image).save(tmp_path / "in" / f"{i}.png")
    small = ["scenes.prior=20", "scenes.particles=10", "scenes.rounds=1", "scenes.discriminator_steps=2"]
    run = TaskDoor("images", "count").train(
        tmp_path / "in",
        tmp_path / "run",
        describe="kind=fluorescence diameter=9-14 count=3-20",
        budget="40",
        overrides=["generated=3", *small],
        threads=1,
    )
    found = run.evaluate().to_dict()
    assert found["counts"]["train"] == 0
    assert "No annotated image" in found["verdict"][0]


def test_predictions_stand_beside_their_intervals(
    runs: dict[str, TaskRun], sets: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "new.fasta").write_text(">fits\nACGTACGTACGTACGTACGTACGT\n>short\nACGT\n")
    found = runs["activity"].apply(tmp_path / "new.fasta", tmp_path / "predicted.csv")
    rows = list(csv.DictReader((tmp_path / "predicted.csv").open()))
    assert [row["id"] for row in rows] == ["fits"]
    assert float(rows[0]["expr low"]) < float(rows[0]["expr predicted"]) < float(rows[0]["expr high"])
    assert "has 4 letters; the predictor learned from sequences of 24" in found["refusals"][0]["reason"]


def test_a_class_column_is_predicted_with_its_probability(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = ["".join(rng.choice(list("ACDEFGHIKLMNPQRSTVWY"), rng.integers(6, 12))) for _ in range(60)]
    lines = [f"{row},{'charged' if 'K' in row or 'R' in row else 'other'}" for row in rows]
    (tmp_path / "peptides.csv").write_text("\n".join(["sequence,kind", *lines]) + "\n")
    options: dict[str, Any] = {"labels": "kind", "alphabet": "protein", "budget": "60", "threads": 1, "curve": False}
    run = door("activity").train(tmp_path / "peptides.csv", tmp_path / "run", overrides=QUICK["activity"], **options)
    found = run.evaluate().to_dict()
    assert found["scores"][0]["name"] == "area under the curve"
    assert found["confusion"]["names"] == ["charged", "other"]
    page = build(tmp_path / "run").read_text()
    assert "vivogan sequences predict run" in page
    run.apply(tmp_path / "peptides.csv", tmp_path / "out")
    for row in csv.DictReader((tmp_path / "out" / "predicted.csv").open()):
        assert float(row["charged predicted"]) + float(row["other predicted"]) == pytest.approx(1, abs=1e-4)


def test_without_labels_there_is_no_predictor(tmp_path: Path) -> None:
    (tmp_path / "bare.fasta").write_text("".join(f">{i}\n{'ACGT' * 4}{'ACGT'[i % 4] * 4}\n" for i in range(20)))
    with pytest.raises(InputError, match="has no labels"):
        door("activity").train(tmp_path / "bare.fasta", tmp_path / "run")
