"""Kill, truncate and flip: whatever happens to the newest checkpoint, a valid one is found and the damage is named."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from vivogan.core.checkpoints import Checkpoints
from vivogan.errors import DamagedRun, UserError

# For n = 1, 2, …: a child saves three times and kills itself with SIGKILL at its n-th call that changes the disk.
# Forked from one process, as importing torch for each would take minutes.
KILLED = """
import os, signal, sys
from pathlib import Path
import torch
from vivogan.core.checkpoints import Checkpoints

def saving(folder, left):
    def deadly(name):
        real = getattr(os, name)
        def call(*arguments, **named):
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **named)
        setattr(os, name, call)

    checkpoints = Checkpoints(folder, keep=1)
    checkpoints.save(100, {"generator": {"w": torch.full((4,), 100.0)}}, {"n": 100})
    for name in ("fsync", "replace", "rename", "unlink", "rmdir", "mkdir", "symlink"):
        deadly(name)
    for samples in (200, 200, 300):
        checkpoints.save(samples, {"generator": {"w": torch.full((4,), float(samples))}}, {"n": samples})
        checkpoints.mark_best(samples)

for call in range(1, 500):
    child = os.fork()
    if child == 0:
        saving(Path(sys.argv[1]) / str(call) / "checkpoints", call)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if status == 0:
        sys.exit(0)
    assert os.WTERMSIG(status) == signal.SIGKILL
sys.exit(3)
"""


def test_a_kill_at_any_call_leaves_a_valid_checkpoint(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": "src", "OMP_NUM_THREADS": "1"}
    assert subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], env=environment).returncode == 0
    runs = sorted(int(folder.name) for folder in tmp_path.iterdir())
    assert len(runs) > 30, "too few kills: the calls are no longer those that write"
    for run in runs:
        folder = tmp_path / str(run) / "checkpoints"
        checkpoints = Checkpoints(folder, keep=1)
        newest = checkpoints.newest()
        assert newest is not None
        assert checkpoints.damaged == []
        assert newest.tensors["generator"]["w"].tolist() == [newest.samples] * 4
        assert newest.state == {"n": newest.samples}
        assert checkpoints.best_name() is None or checkpoints.best() is not None
        checkpoints.save(900, {}, {})
        assert [name for name in os.listdir(folder) if name.startswith(".")] == []


def test_a_kill_between_the_two_renames_of_a_replacement_loses_nothing(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "checkpoints", keep=1)
    checkpoints.save(5, {}, {"n": 1})
    os.rename(tmp_path / "checkpoints" / "step-00000005", tmp_path / "checkpoints" / ".step-00000005.replaced")
    (tmp_path / "checkpoints" / ".step-00000005.1-abc.part").mkdir()
    newest = Checkpoints(tmp_path / "checkpoints").newest()
    assert newest is not None
    assert newest.state == {"n": 1}
    checkpoints.keep = 2
    checkpoints.save(6, {}, {})
    assert sorted(os.listdir(tmp_path / "checkpoints")) == ["step-00000005", "step-00000006"]


def two(tmp_path: Path) -> Path:
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    for samples in (1, 2):
        checkpoints.save(samples, {"generator": {"w": torch.randn(64)}}, {"n": samples})
    return tmp_path / "checkpoints" / "step-00000002"


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-7] ^= 4
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("name", ["generator.safetensors", "manifest.json"])
@pytest.mark.parametrize("harm", [truncate, flip, empty, os.unlink])
def test_a_damaged_newest_is_named_and_the_previous_used(tmp_path: Path, name: str, harm: object) -> None:
    newest = two(tmp_path)
    harm(newest / name)  # type: ignore[operator]
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    found = checkpoints.newest()
    assert found is not None
    assert found.samples == 1
    assert [damage.path for damage in checkpoints.damaged] == [newest]
    assert name in checkpoints.damaged[0].reason
    with pytest.raises(DamagedRun, match=name):
        checkpoints.load("step-00000002")


def test_every_bit_of_the_state_is_protected(tmp_path: Path) -> None:
    manifest = two(tmp_path) / "manifest.json"
    content = json.loads(manifest.read_bytes())
    content["body"]["state"]["n"] = 3
    manifest.write_text(json.dumps(content))
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    found = checkpoints.newest()
    assert found is not None
    assert found.samples == 1
    assert "changed" in checkpoints.damaged[0].reason


def test_a_renamed_checkpoint_is_not_believed(tmp_path: Path) -> None:
    newest = two(tmp_path)
    newest.rename(newest.with_name("step-00000009"))
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    found = checkpoints.newest()
    assert found is not None
    assert found.samples == 1
    assert "2 samples" in checkpoints.damaged[0].reason


def test_nothing_valid_is_a_damaged_run(tmp_path: Path) -> None:
    two(tmp_path)
    for part in (tmp_path / "checkpoints").glob("*/generator.safetensors"):
        truncate(part)
    with pytest.raises(DamagedRun, match="step-00000001") as caught:
        Checkpoints(tmp_path / "checkpoints").newest()
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 3


def test_a_damaged_best_is_named_and_none(tmp_path: Path) -> None:
    newest = two(tmp_path)
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    checkpoints.mark_best(2)
    flip(newest / "generator.safetensors")
    assert checkpoints.best() is None
    assert [damage.path for damage in checkpoints.damaged] == [newest]


def test_a_damaged_checkpoint_takes_no_place_of_a_valid_one(tmp_path: Path) -> None:
    newest = two(tmp_path)
    truncate(newest / "manifest.json")
    checkpoints = Checkpoints(tmp_path / "checkpoints", keep=2)
    checkpoints.newest()
    checkpoints.save(3, {}, {})
    assert "step-00000001" in checkpoints.names()
    checkpoints.save(4, {}, {})
    assert checkpoints.names() == ["step-00000003", "step-00000004"]


def test_a_checkpoint_saved_again_is_damaged_no_more(tmp_path: Path) -> None:
    newest = two(tmp_path)
    truncate(newest / "manifest.json")
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    checkpoints.newest()
    checkpoints.save(2, {}, {"n": 22})
    found = checkpoints.newest()
    assert found is not None
    assert found.state == {"n": 22}
    assert checkpoints.damaged == []


def test_a_checkpoint_pruned_while_it_is_read_is_not_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    two(tmp_path)
    trainer, reader = Checkpoints(tmp_path / "checkpoints", keep=1), Checkpoints(tmp_path / "checkpoints")
    names = reader.names()

    def names_then_pruned() -> list[str]:
        monkeypatch.undo()
        trainer.save(3, {}, {"n": 3})
        return names

    monkeypatch.setattr(reader, "names", names_then_pruned)
    found = reader.newest()
    assert trainer.names() == ["step-00000003"]
    assert found is not None
    assert found.samples == 3
    assert reader.damaged == []


@pytest.mark.parametrize("part", ["generator.safetensors", "manifest.json", "the rename"])
def test_a_full_disk_leaves_the_previous_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    newest = two(tmp_path)
    name = "rename" if part == "the rename" else "replace"
    real = getattr(os, name)

    def full(source: object, target: object, **named: object) -> None:
        if name == "rename" or str(target).endswith(part):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(source, target, **named)

    monkeypatch.setattr(os, name, full)
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    with pytest.raises(UserError, match="disk is full"):
        checkpoints.save(3, {"generator": {"w": torch.randn(8)}}, {})
    monkeypatch.undo()
    assert sorted(os.listdir(tmp_path / "checkpoints")) == ["step-00000001", newest.name]
    found = checkpoints.newest()
    assert found is not None
    assert found.samples == 2


def test_a_failed_replacement_puts_the_old_one_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    two(tmp_path)
    real, calls = os.rename, []

    def second_fails(source: object, target: object) -> None:
        calls.append(source)
        if len(calls) == 2:
            raise OSError(errno.EIO, "Input/output error")
        real(source, target)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "rename", second_fails)
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    with pytest.raises(UserError):
        checkpoints.save(2, {}, {"n": 22})
    found = checkpoints.newest()
    assert found is not None
    assert found.state == {"n": 2}


def test_leftovers_of_the_dead_go_at_the_next_save(tmp_path: Path) -> None:
    newest = two(tmp_path)
    shutil.copytree(newest, newest.with_name(".step-00000003.77-abc.part"))
    shutil.copytree(newest, newest.with_name(".step-00000001.removed"))
    (newest.parent / ".x.77-abc.part").write_bytes(b"half")
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    assert checkpoints.names() == ["step-00000001", "step-00000002"]
    checkpoints.save(3, {}, {})
    assert sorted(os.listdir(newest.parent)) == ["step-00000002", "step-00000003"]
