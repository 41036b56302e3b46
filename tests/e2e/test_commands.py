"""The commands as a user types them, on small real data: scikit-learn's digits as an ``.npz`` and as class folders."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

import vivogan

SMALL = ("--budget", "2000", "--threads", "1", "--device", "cpu")


def vivogan_command(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``vivogan …`` in its own process."""
    command = [sys.executable, "-m", "vivogan", *map(str, words)]
    source = Path(vivogan.__file__).parents[1]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, env={**os.environ, "PYTHONPATH": str(source)}
    )


def document(*words: object) -> Any:
    """What a command that must succeed prints with ``--json``."""
    done = vivogan_command(*words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 digits, 16 × 16, with their class."""
    images, classes = load_digits(return_X_y=True)
    path = tmp_path_factory.mktemp("data") / "digits.npz"
    grey = (images[:300].reshape(-1, 8, 8) * 15.9).astype(np.uint8).repeat(2, 1).repeat(2, 2)
    np.savez(path, images=grey, labels=np.array([f"digit {c}" for c in classes[:300]]))
    return path


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 digits as PNG files in one folder a class."""
    images, classes = load_digits(n_class=2, return_X_y=True)
    path = tmp_path_factory.mktemp("data") / "cells"
    for index in range(60):
        folder = path / f"kind-{classes[index]}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray((images[index].reshape(8, 8) * 15.9).astype(np.uint8)).save(folder / f"{index}.png")
    return path


@pytest.fixture(scope="module")
def trained(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    out = tmp_path_factory.mktemp("runs") / "digits"
    return out, document("images", "train", digits, "--labels", "labels", "--out", out, *SMALL)


def test_inspect_reads_without_writing(digits):
    found = document("images", "inspect", digits, "--labels", "labels")
    assert found["fingerprint"]["count"] == 300
    assert [path.name for path in digits.parent.iterdir()] == ["digits.npz"]


def test_train_ends_with_a_judged_run_and_its_report(trained):
    out, printed = trained
    assert Path(printed["run"]) == out
    report = Path(printed["report"])
    assert report.stat().st_size > 10_000
    assert '<img src="http' not in report.read_text()
    evaluation = printed["evaluation"]
    assert evaluation["verdict"]
    assert evaluation["grade"] in ("good", "fair", "poor")
    for score in evaluation["scores"]:
        assert {"name", "value", "low", "high", "floor", "baseline", "better", "n"} <= set(score)
    for name in ("config.toml", "env.json", "data.json", "metrics.jsonl", "evaluation.json"):
        assert (out / name).stat().st_size > 0


def test_generate_makes_the_class_that_was_asked_for_in_the_original_type(trained, tmp_path):
    out, _ = trained
    where = ("--where", "labels=digit 3")
    document("images", "generate", out, "-n", 7, *where, "--seed", 1, "-o", tmp_path / "made", "--threads", 1)
    made = sorted((tmp_path / "made").rglob("*.png"))
    assert len(made) == 7
    with Image.open(made[0]) as first:
        assert (first.size, first.mode) == ((16, 16), "L")
    assert len(np.unique(np.stack([np.asarray(Image.open(path)) for path in made]), axis=0)) > 1


def test_sample_i_of_a_seed_is_the_same_in_every_batch(trained, tmp_path):
    out, _ = trained
    common = ("images", "generate", out, "--seed", 5, "--threads", 1)
    document(*common, "-n", 6, "-o", tmp_path / "all")
    document(*common, "-n", 2, "--start", 4, "-o", tmp_path / "last")
    whole, last = (
        [np.asarray(Image.open(path)) for path in sorted((tmp_path / name).rglob("*.png"), key=lambda p: p.name)]
        for name in ("all", "last")
    )
    assert all(any(np.array_equal(image, other) for other in whole) for image in last)


def test_the_discriminator_may_choose(trained, tmp_path):
    out, _ = trained
    document("images", "generate", out, "-n", 5, "--keep", 0.5, "--truncation", 0.8, "-o", tmp_path / "made")
    assert len(list((tmp_path / "made").rglob("*.png"))) == 5


def test_evaluate_and_report_repeat_on_a_finished_run(trained):
    out, _ = trained
    assert document("images", "evaluate", out, "--threads", 1)["verdict"]
    assert Path(document("report", out)["report"]).is_file()


def test_the_same_command_again_continues_and_other_settings_are_refused(trained, digits):
    out, _ = trained
    again = ("images", "train", digits, "--labels", "labels", "--out", out, *SMALL, "--no-report")
    assert vivogan_command(*again).returncode == 0
    other = vivogan_command(*again, "--seed", "1")
    assert other.returncode == 2
    assert len(other.stderr.strip().splitlines()[-1:]) == 1
    assert "seed" in other.stderr.strip().splitlines()[-1]


def test_class_folders_of_pictures(folders, tmp_path):
    out = tmp_path / "run"
    done = vivogan_command("images", "train", folders, "--out", out, *SMALL, "--no-report")
    assert done.returncode == 0, done.stderr
    assert any(line.endswith("samples") or "samples · " in line for line in done.stderr.splitlines())


def test_an_interrupted_run_keeps_a_checkpoint_and_continues(digits, tmp_path):
    out = tmp_path / "run"
    words = ("images", "train", digits, "--labels", "labels", "--out", out, "--threads", "1", "--no-report")
    command = [sys.executable, "-m", "vivogan", *map(str, words), "--budget", "60k"]
    source = Path(vivogan.__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(source)}
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    assert program.stderr is not None
    begun = next((line for line in program.stderr if line.startswith("training on")), None)
    time.sleep(2)  # some steps
    program.send_signal(signal.SIGINT)
    stdout, stderr = program.communicate(timeout=60)
    assert begun, stderr
    assert program.returncode == 130, stderr
    assert stdout == ""
    assert "same command again" in stderr.splitlines()[-1]
    assert list((out / "checkpoints").glob("step-*"))
    assert vivogan_command("images", "generate", out, "-n", 1, "-o", tmp_path / "made").returncode == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("images", "train", "absent.npz"), 2, "absent.npz"),
        (("images", "inspect", "broken.npz"), 2, "broken.npz"),
        (("images", "train", "digits.npz", "--labels", "colour"), 2, "colour"),
        (("images", "train", "digits.npz", "--labels", "labels", "--budget", "soon"), 2, "soon"),
        (("images", "train", "digits.npz", "--budget", "2000", "--set", "no.such=1"), 2, "no.such"),
        (("images", "generate", "empty", "-n", "1"), 2, "empty"),
        (("images", "evaluate", "absent"), 2, "absent"),
        (("report", "absent"), 2, "absent"),
    ],
)
def test_wrong_input_is_one_line(digits, tmp_path, words, code, said):
    shutil.copy(digits, tmp_path)
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 and no more")
    (tmp_path / "empty").mkdir()
    done = vivogan_command(*words, *(("--quiet",) if "--quiet" not in words else ()), cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert said in done.stderr


def test_a_damaged_run_is_code_3(trained, tmp_path):
    out, _ = trained
    copy = tmp_path / "run"
    shutil.copytree(out, copy, symlinks=True)
    for path in copy.glob("checkpoints/*/*.safetensors"):
        path.write_bytes(path.read_bytes()[:-9])
    done = vivogan_command("images", "generate", copy, "-n", "1", "-o", tmp_path / "made", "--quiet")
    assert done.returncode == 3, done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_where_names_the_classes_there_are(trained, tmp_path):
    out, _ = trained
    done = vivogan_command("images", "generate", out, "-n", 1, "--where", "labels=digit 11", "-o", tmp_path / "x", "-q")
    assert done.returncode == 2
    assert "digit 3" in done.stderr


def test_doctor_knows_this_machine():
    found = document("doctor")
    assert {"python", "disk_free_bytes", "packages"} <= set(found)
    assert {p["name"] for p in found["packages"]} >= {"torch", "numpy"}


def test_the_python_api_says_the_same_words(digits, tmp_path):
    run = vivogan.images.train(digits, tmp_path / "run", labels="labels", budget="2000", threads=1, device="cpu")
    made = run.generate(4, where={"labels": "digit 0"}, seed=0)
    assert len(made.images) == 4
    assert made.images[0].shape == (16, 16, 1)
    assert made.images[0].dtype == np.uint8
