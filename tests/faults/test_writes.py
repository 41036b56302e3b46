"""A full disk, a folder that may not be written, a kill: the target stays whole and the person is told in one line."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from vivogan.core import files
from vivogan.errors import UserError

ERRORS = {
    errno.ENOSPC: "disk is full",
    errno.EDQUOT: "quota",
    errno.EACCES: "permissions",
    errno.EROFS: "read-only",
    errno.EIO: "Input/output error",
}


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize(("number", "words"), ERRORS.items())
def test_a_failing_write_is_one_line_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, words: str
) -> None:
    target = tmp_path / "made" / "a.txt"
    files.write_text(target, "old")

    def fails(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, fails)
    with pytest.raises(UserError, match=words) as caught:
        files.write_text(target, "new")
    monkeypatch.undo()
    assert str(target.parent) in str(caught.value)
    assert "a.txt" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
    assert target.read_text() == "old"
    assert os.listdir(target.parent) == ["a.txt"]


def test_a_disk_that_fills_in_the_block_is_explained(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    with pytest.raises(UserError, match="disk is full"), files.writing(target):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert os.listdir(tmp_path) == []


def test_a_folder_that_may_not_be_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", denied)
    with pytest.raises(UserError, match="Permission denied"):
        files.write_text(tmp_path / "x" / "a.txt", "new")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if mounted.returncode:
        pytest.skip("mounting a small disk is not permitted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_is_really_full(small_disk: Path) -> None:
    target = small_disk / "a.bin"
    files.write_bytes(target, b"old")
    with pytest.raises(UserError, match="disk is full"):
        files.write_bytes(target, bytes(100_000))
    with pytest.raises(UserError, match="disk is full"):
        files.append_line(small_disk / "lines", "x" * 100_000)
    assert target.read_bytes() == b"old"
    assert (small_disk / "lines").read_bytes() == b""
    assert sorted(os.listdir(small_disk)) == ["a.bin", "lines"]
    files.write_bytes(target, bytes(20_000))  # nothing was left behind that takes the space


def test_a_kill_in_the_middle_of_a_write_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    files.write_text(target, "old")
    code = (
        "import os, signal, sys\nfrom vivogan.core.files import writing\n"
        "with writing(sys.argv[1]) as file:\n"
        "    file.write(b'half'); file.flush(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(target)], env=os.environ | {"PYTHONPATH": "src"})
    assert killed.returncode == -9
    assert target.read_text() == "old"
