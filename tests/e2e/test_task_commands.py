"""Counting, segmenting, classifying, embedding and imagining as a user types them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vivogan.cli.app import run
from vivogan.domains.images.scenes.simulator import simulate


@pytest.fixture(scope="module")
def plates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six pictures with a CSV of dots beside them."""
    folder = tmp_path_factory.mktemp("plates")
    rows = []
    for i, pair in enumerate(simulate("fluorescence", 6, (64, 72), seed=2)):
        picture = np.clip(pair.image[0] * 200, 0, 255).astype(np.uint8)
        Image.fromarray(picture).save(folder / f"plate{i}.png")
        rows += [(f"plate{i}.png", x, y) for y, x in pair.objects.centres.tolist()]
    with (folder / "dots.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("image", "x", "y"), *rows])
    return folder


@pytest.fixture(scope="module")
def counter(plates: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run") / "count"
    quick = ["--set", "generated=0", "--budget", "40", "--no-curve", "--quiet", "--threads", "1"]
    code = run(["images", "count", "train", str(plates), "-a", str(plates / "dots.csv"), "--out", str(out), *quick])
    assert code == 0
    return out


def test_a_counter_is_trained_and_reported(counter: Path) -> None:
    assert (counter / "report.html").stat().st_size > 10_000
    assert (counter / "card.md").exists()
    assert json.loads((counter / "evaluation.json").read_text())["tool"] == "count"


def test_it_counts_new_images(counter: Path, plates: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["images", "count", "run", str(counter), str(plates / "plate0.png"), "-o", str(tmp_path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["images"] == 1
    assert (tmp_path / "counts.csv").read_text().startswith("image,object,object low,object high\nplate0.png,")
    assert (tmp_path / "overlays" / "plate0.png").exists()


def test_labelled_images_are_made_from_words(tmp_path: Path) -> None:
    words = "kind=brightfield diameter=8-12 count=4-8"
    out = str(tmp_path / "made")
    assert run(["images", "imagine", "-n", "2", "--describe", words, "-o", out, "--quiet"]) == 0
    assert len(list((tmp_path / "made" / "labels").iterdir())) == 2
    assert (tmp_path / "made" / "objects.csv").read_text().startswith("image,object,class,y,x")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["count", "train", "{plates}", "-a", "{plates}/none.csv"], "none.csv"),
        (["count", "train", "{plates}/plate0.png", "--describe", "diameter"], "not of the form name=value"),
        (["count", "train", "{plates}/plate0.png", "--describe", "diametr=3"], "did you mean diameter"),
        (["segment", "train", "{plates}", "-a", "{plates}/dots.csv"], "learned from outlines"),
        (["classify", "train", "{plates}"], "no labels"),
        (["segment", "run", "{counter}", "{plates}"], "a run of 'count'"),
        (["count", "run", "{plates}", "{plates}"], "plates"),
        (["generate", "{counter}"], "a trained tool ('count')"),
        (["evaluate", "{counter}"], "a trained tool ('count')"),
        (["embed", "{counter}", "{plates}"], "no features of whole images"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    arguments: list[str], says: str, plates: Path, counter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [word.format(plates=plates, counter=counter) for word in arguments]
    if "train" in words:
        words += ["--out", str(tmp_path / "run"), "--quiet"]
    assert run(["images", *words]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert says in said[0]
