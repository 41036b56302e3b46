from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import torch

from vivogan.core import machine
from vivogan.errors import UserError


def test_the_machine_is_described_in_json() -> None:
    described = machine.describe()
    assert json.loads(json.dumps(described)) == described
    assert described["versions"]["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert 1 <= described["threads"] <= (os.cpu_count() or 1)
    assert len(described["gpu"]) == (torch.cuda.device_count() if torch.cuda.is_available() else 0)
    assert described["memory_available_bytes"] <= described["memory_bytes"]


def groups(monkeypatch: pytest.MonkeyPatch, root: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.setattr(machine, "_CGROUPS", root)
    real = machine._text
    monkeypatch.setattr(machine, "_text", lambda path: "0::/a/b\n" if path.name == "cgroup" else real(path))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))


@pytest.mark.parametrize(
    ("texts", "threads"),
    [
        ({}, 8),
        ({"a/b/cpu.max": "max 100000\n"}, 8),
        ({"a/b/cpu.max": "250000 100000\n"}, 2),
        ({"a/b/cpu.max": "400000 100000", "a/cpu.max": "300000 100000"}, 3),
        ({"cpu.max": "100000 100000"}, 1),
        ({"a/b/cpu.max": "50000 100000"}, 1),
        ({"a/b/cpu.max": "9900000 100000"}, 8),
    ],
)
def test_a_containers_quota_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, texts: dict[str, str], threads: int
) -> None:
    groups(monkeypatch, tmp_path, texts)
    assert machine.free_threads() == threads


def test_a_containers_memory_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    groups(monkeypatch, tmp_path, {"a/memory.max": "1000000", "a/memory.current": "400000", "a/b/memory.max": "max"})
    assert machine._memory() == (1_000_000, 600_000)


@pytest.mark.parametrize(
    ("flags", "fast"), [("sse avx512_bf16", True), ("amx_bf16", True), ("avx2 avx512f", False), ("", False)]
)
def test_bf16_follows_the_processors_flags(monkeypatch: pytest.MonkeyPatch, flags: str, fast: bool) -> None:
    monkeypatch.setattr(machine, "_cpuinfo", lambda: f"model name\t: Thing 9\nflags\t\t: {flags}\n")
    assert machine.bf16_is_fast("cpu") is fast
    assert machine.bf16_is_fast(torch.device("cpu")) is fast
    assert machine._cpu_model() == "Thing 9"


@pytest.mark.parametrize(("capability", "fast"), [((7, 5), False), ((8, 0), True), ((9, 0), True)])
def test_bf16_follows_the_cards_capability(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], fast: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    assert machine.bf16_is_fast("cuda:0") is fast


@pytest.mark.parametrize(("cards", "auto"), [(0, "cpu"), (2, "cuda")])
def test_auto_takes_a_card_where_there_is_one(monkeypatch: pytest.MonkeyPatch, cards: int, auto: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cards > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cards)
    assert machine.device() == auto
    assert machine.device("cpu") == "cpu"
    if cards:
        assert machine.device("cuda:1") == "cuda:1"
        with pytest.raises(UserError, match="no cuda:2"):
            machine.device("cuda:2")
    else:
        with pytest.raises(UserError, match="no CUDA device"):
            machine.device("cuda")


@pytest.mark.parametrize("name", ["gpu", "cpu:1", "cuda:x", "auto:0", ""])
def test_unknown_devices_are_refused(name: str) -> None:
    with pytest.raises(UserError, match="auto, cpu or cuda"):
        machine.device(name)


def test_the_commit_is_that_of_a_tracked_source_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "src" / "core"
    package.mkdir(parents=True)
    source = package / "machine.py"
    source.write_text("# first\n")
    monkeypatch.setattr(machine, "__file__", str(source))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(tmp_path)]
    found = machine.commit.__wrapped__
    assert found() is None
    try:
        subprocess.run([*git, "init", "-q"], check=True)
    except FileNotFoundError:
        pytest.skip("there is no git here")
    assert found() is None
    subprocess.run([*git, "add", "src"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "x"], check=True)
    head = subprocess.check_output([*git, "rev-parse", "HEAD"], text=True).strip()
    assert found() == head
    source.write_text("# second\n")
    assert found() == f"{head}+changes"
