"""The promise that no work is lost, on the real command: kill, fill, flip, interrupt, and the same bits come out."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits
from torch import Tensor

from vivogan.core.checkpoints import Checkpoints

TICK, BUDGET = 80, 1040
SMALL = ("game.batch=16", f"game.tick={TICK}", "generator_width=16", "discriminator_width=16",
         "discriminator_features=16", "latent_dim=8", "extractor_steps=5")  # fmt: skip


class Command:
    """One command under way; ``wait`` gives its exit code, negative for a signal."""

    def __init__(self, shop: Shop, pid: int, errors: Path) -> None:
        self.shop, self.pid, self._errors = shop, pid, errors

    def wait(self) -> int:
        return int(self.shop.ask({"wait": self.pid})["code"])

    def kill(self, number: int = signal.SIGKILL) -> None:
        os.kill(self.pid, number)

    @property
    def errors(self) -> str:
        return self._errors.read_text()


class Shop:
    """Starts commands in forks of a warm process."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.count = folder, 0
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.warm"],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(["src", "."]), "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def start(self, *arguments: object, **more: object) -> Command:
        self.count += 1
        errors = self.folder / f"{self.count}.errors"
        output = self.folder / f"{self.count}.output"
        request = {"arguments": [str(a) for a in arguments], "output": str(output), "errors": str(errors)}
        return Command(self, int(self.ask(request | more)["pid"]), errors)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    made = Shop(tmp_path_factory.mktemp("shop"))
    yield made
    made.process.kill()
    made.process.communicate()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """64 handwritten digits of 16 x 16 pixels, odd and even."""
    path = tmp_path_factory.mktemp("data") / "digits.npz"
    digits = load_digits()
    np.savez(path, x=(digits.images[:64] * 15.9).astype(np.uint8).repeat(2, 1).repeat(2, 2), y=digits.target[:64] % 2)
    return path


Train = Callable[..., Command]


@pytest.fixture(scope="module")
def train(shop: Shop, data: Path) -> Train:
    """Starts training into a run folder."""

    def start(
        out: Path, *more: object, budget: int = BUDGET, source: Path = data, quiet: bool = True, **fate: object
    ) -> Command:
        settings = [word for setting in SMALL for word in ("--set", setting)]
        words = ["--budget", budget, "--threads", 1, "--no-report", *(["--quiet"] if quiet else [])]
        return shop.start("images", "train", source, "--labels", "y", "--out", out, *words, *settings, *more, **fate)

    return start


@pytest.fixture(scope="module")
def whole(train: Train, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing disturbed, and in ``calls`` how often it changed the disk."""
    out = tmp_path_factory.mktemp("whole") / "run"
    command = train(out, count=True)
    assert command.wait() == 0, command.errors
    (out.parent / "calls").write_text(command.errors)
    return out


@pytest.fixture(scope="module")
def half(train: Train, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run killed between its third tick and its end."""
    out = tmp_path_factory.mktemp("half") / "run"
    command = train(out)
    until(lambda: len(ticks(out)) >= 3)
    command.kill()
    assert command.wait() == -signal.SIGKILL
    assert TICK < ended(out) < BUDGET
    return out


def until(true: Callable[[], bool], seconds: float = 120) -> None:
    """Wait for something that a command does."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "the command does not get there"
        time.sleep(0.005)


def weights(run: Path) -> dict[str, Tensor]:
    """Every tensor of the last checkpoint, optimisers and averages too."""
    checkpoints = Checkpoints(run / "checkpoints")
    newest = checkpoints.newest()
    assert newest is not None
    assert checkpoints.damaged == []
    assert newest.path.name == checkpoints.names()[-1]
    return {f"{part}.{name}": tensor for part, named in newest.tensors.items() for name, tensor in named.items()}


def ended(run: Path) -> int:
    newest = Checkpoints(run / "checkpoints").newest()
    return 0 if newest is None else newest.samples


def ticks(run: Path) -> list[dict[str, Any]]:
    """The lines of the log, without the time they took."""
    path = run / "metrics.jsonl"
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    records = [json.loads(line) for line in lines if line.endswith("\n")]
    return [{key: value for key, value in record.items() if key != "seconds"} for record in records]


def assert_same(run: Path, whole: Path) -> None:
    """The same bits, the same log, the same best checkpoint."""
    found, expected = weights(run), weights(whole)
    assert {name.split(".")[0] for name in found} == {
        "generator", "discriminator", "ema", "optimizer_generator", "optimizer_discriminator",
    }  # fmt: skip
    assert found.keys() == expected.keys()
    assert [name for name in found if not found[name].equal(expected[name])] == []
    assert ticks(run) == ticks(whole)
    assert [line["samples"] for line in ticks(run)] == [*range(TICK, BUDGET, TICK), BUDGET]
    assert Checkpoints(run / "checkpoints").best_name() == Checkpoints(whole / "checkpoints").best_name()
    assert sorted(p.name for p in run.iterdir()) == sorted(p.name for p in whole.iterdir())
    assert [p.name for p in (run / "checkpoints").iterdir() if p.name.startswith(".")] == []


def assert_refused(command: Command, *words: str) -> None:
    """Exit code 2 and one line that has all of these words."""
    assert command.wait() == 2
    assert command.errors.count("\n") == 1, command.errors
    for word in words:
        assert word in command.errors


def test_ten_kills_at_random_moments_change_no_bit(train: Train, whole: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    run, struck = tmp_path / "run", 0
    for _ in range(10):
        goal = min(len(ticks(run)) + 1, 8)
        command = train(run)
        if rng.random() < 0.7:  # in training; else wherever it is after a moment
            until(lambda goal=goal: len(ticks(run)) >= goal)
        time.sleep(rng.uniform(0, 0.1))
        command.kill()
        struck += command.wait() == -signal.SIGKILL
    assert struck >= 8  # a busy machine may be late once
    command = train(run)
    assert command.wait() == 0, command.errors
    assert_same(run, whole)


def test_kills_in_the_middle_of_writing_change_no_bit(train: Train, whole: Path, tmp_path: Path) -> None:
    assert int((whole.parent / "calls").read_text()) > 150, "too few: the calls are no longer those that write"
    rng = np.random.default_rng(3)
    run = tmp_path / "run"
    # First where there is no configuration yet, then wherever something is written in training.
    for at in [6, 12, 18, *rng.integers(25, 70, size=6).tolist()]:
        command = train(run, die_at=at)
        assert command.wait() == -signal.SIGKILL, (at, command.errors)
    command = train(run)
    assert command.wait() == 0, command.errors
    assert_same(run, whole)


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(("harm", "part"), [(truncated, "ema"), (flipped, "optimizer_generator")])
def test_a_damaged_checkpoint_is_named_and_the_one_before_it_used(
    train: Train, whole: Path, half: Path, tmp_path: Path, harm: Callable[[Path], None], part: str
) -> None:
    run = tmp_path / "run"
    shutil.copytree(half, run, symlinks=True)
    newest = run / "checkpoints" / Checkpoints(run / "checkpoints").names()[-1]
    harm(newest / f"{part}.safetensors")
    command = train(run, quiet=False)
    assert command.wait() == 0, command.errors
    named = [line for line in command.errors.splitlines() if str(newest) in line]
    assert len(named) == 1
    assert f"{part}.safetensors" in named[0]
    assert_same(run, whole)


def test_no_valid_checkpoint_is_a_damaged_run(train: Train, half: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(half, run, symlinks=True)
    for path in (run / "checkpoints").glob("step-*/generator.safetensors"):
        truncated(path)
    command = train(run)
    assert command.wait() == 3
    assert command.errors.count("\n") == 1


def test_an_interruption_writes_a_checkpoint_and_changes_no_bit(train: Train, whole: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"

    def interrupted(command: Command) -> None:
        assert command.wait() == 130
        assert command.errors.count("\n") == 1
        assert "interrupted" in command.errors
        assert ticks(run)[-1]["samples"] <= ended(run) < BUDGET
        assert not (run / "LOCK").exists()

    command = train(run)
    until(lambda: len(ticks(run)) >= 1)
    command.kill(signal.SIGINT)
    interrupted(command)
    for number in (signal.SIGTERM, signal.SIGINT):  # while the next checkpoints are written
        interrupted(train(run, die_at=12, signal=number))
    command = train(run)
    assert command.wait() == 0, command.errors
    assert_same(run, whole)


def test_a_second_process_is_refused_with_the_number_of_the_first(train: Train, half: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(half, run, symlinks=True)
    first = train(run)
    until(lambda: str(first.pid) in (run / "LOCK").read_text())
    first.kill(signal.SIGSTOP)
    try:
        assert_refused(train(run), str(first.pid), str(run))
    finally:
        first.kill()
        first.wait()


def snapshot(run: Path) -> dict[str, bytes]:
    return {str(p.relative_to(run)): p.read_bytes() for p in run.rglob("*") if p.is_file()}


def test_changed_settings_are_refused_and_listed(train: Train, whole: Path) -> None:
    before = snapshot(whole)
    changed = train(whole, "--seed", 1, "--set", "game.learning_rate=0.5")
    assert_refused(changed, "seed: 0 → 1", "game.learning_rate=0.5", "other --out")
    assert_refused(train(whole, "--threads", 2), "threads: 1 → 2")
    assert_refused(train(whole, budget=BUDGET - 400), f"budget: {BUDGET} → {BUDGET - 400}")
    assert_refused(train(whole, "--set", "game.lerning_rate=0.5"), "learning_rate")
    assert snapshot(whole) == before


def test_changed_data_are_refused(train: Train, data: Path, half: Path) -> None:
    before, content = snapshot(half), data.read_bytes()
    with np.load(data) as arrays:
        x, y = arrays["x"].copy(), arrays["y"]
    x[5, 3, 3] ^= 1  # one pixel by one level
    try:
        np.savez(data, x=x, y=y)
        assert_refused(train(half), str(data), "changed")
    finally:
        data.write_bytes(content)
    after = snapshot(half)
    before.pop("LOCK"), after.pop("LOCK", None)
    assert after == before


def test_a_larger_budget_goes_on_where_the_run_stopped(train: Train, whole: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(whole, run, symlinks=True)
    command = train(run, budget=BUDGET + 320)
    assert command.wait() == 0, command.errors
    assert ended(run) == BUDGET + 320
    assert ticks(run)[: len(ticks(whole))] == ticks(whole)
    assert [line["samples"] for line in ticks(run)[len(ticks(whole)) :]] == [1120, 1200, 1280, 1360]


def test_a_run_that_is_done_is_left_as_it_is(train: Train, whole: Path) -> None:
    before = snapshot(whole)
    assert train(whole).wait() == 0
    assert snapshot(whole) == before


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Three megabytes: a codec, an extractor, and not quite three checkpoints."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2600k", "tmpfs", folder], capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if mounted.returncode:
        pytest.skip("mounting a small disk is not permitted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_one_line_and_costs_nothing_once_there_is_room(train: Train, whole: Path, disk: Path) -> None:
    run = disk / "run"
    assert_refused(train(run), "disk is full", str(run))
    assert Checkpoints(run / "checkpoints").newest() is not None
    assert_refused(train(run), "disk is full")
    subprocess.run(["mount", "-o", "remount,size=16m", str(disk)], check=True)
    command = train(run)
    assert command.wait() == 0, command.errors
    assert_same(run, whole)
