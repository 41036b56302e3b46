"""Two processes, one run: the second is refused, the dead are not, and nothing half written is believed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from vivogan.core import locks
from vivogan.core.run_folder import RunFolder
from vivogan.errors import RunInUse

HOLD = """
import sys, time
from vivogan.core.run_folder import RunFolder
with RunFolder.create(sys.argv[1]).lock():
    print("held", flush=True)
    sys.stdin.read()
"""

# The parent goes on only when the worker runs: a fork that the scheduler has not yet let begin still holds everything.
FORK = """
    import os, pathlib
    ready = pathlib.Path(sys.argv[1], "worker")
    if os.fork() == 0:
        ready.write_text(str(os.getpid()))
        time.sleep(120)
        os._exit(0)
    while not (ready.exists() and ready.read_text()):
        time.sleep(0.01)
"""

RACE = """
import sys
from vivogan.core.run_folder import RunFolder
from vivogan.errors import RunInUse
run = RunFolder.create(sys.argv[1])
counter, taken = run.path / "counter", 0
print("ready", flush=True)
sys.stdin.readline()
while taken < 50:
    try:
        with run.lock():
            before = int(counter.read_text())
            counter.write_text(str(before + 1))
            taken += 1
    except RunInUse:
        pass
"""


def started(code: str, folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        env=os.environ | {"PYTHONPATH": "src"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


@contextmanager
def held_by_another(folder: Path) -> Iterator[subprocess.Popen[str]]:
    process = started(HOLD, folder)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def write_lock(run: RunFolder, **record: object) -> None:
    own = locks._self()
    (run.path / "LOCK").write_text(json.dumps(own | record))


def test_a_second_process_is_refused_by_name(tmp_path: Path) -> None:
    with held_by_another(tmp_path / "run") as process:
        with pytest.raises(RunInUse) as caught, RunFolder.create(tmp_path / "run").lock():
            pass
        for words in (str(process.pid), socket.gethostname(), str(tmp_path / "run")):
            assert words in str(caught.value)
        assert caught.value.exit_code == 2


def test_the_same_process_is_refused_too(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run")
    with run.lock():
        with pytest.raises(RunInUse), RunFolder.create(tmp_path / "run").lock():
            pass
        assert json.loads((run.path / "LOCK").read_text())["pid"] == os.getpid()
    assert not (run.path / "LOCK").exists()
    with run.lock():
        pass


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path: Path) -> None:
    with held_by_another(tmp_path / "run") as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert (tmp_path / "run" / "LOCK").exists()
        with RunFolder.create(tmp_path / "run").lock():
            assert json.loads((tmp_path / "run" / "LOCK").read_text())["pid"] == os.getpid()


def test_a_forked_worker_does_not_keep_the_lock_of_its_dead_parent(tmp_path: Path) -> None:
    code = HOLD.replace('    print("held"', FORK + '    print("held"')
    process = started(code, tmp_path / "run")
    process.kill()
    process.wait()
    worker = int((tmp_path / "run" / "worker").read_text())
    try:
        assert locks._alive(worker)
        with RunFolder(tmp_path / "run").lock():
            pass
    finally:
        os.kill(worker, signal.SIGKILL)
        process.communicate()


@pytest.mark.parametrize("change", [{"pid": 2**22 + 1}, {"started": 1}, {"boot": "another"}])
def test_a_stale_lock_is_taken_over(tmp_path: Path, change: dict[str, object]) -> None:
    run = RunFolder.create(tmp_path / "run")
    write_lock(run, **change)
    with run.lock():
        assert json.loads((run.path / "LOCK").read_text())["pid"] == os.getpid()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}'])
def test_a_torn_lock_is_taken_over(tmp_path: Path, content: str) -> None:
    run = RunFolder.create(tmp_path / "run")
    (run.path / "LOCK").write_text(content)
    with run.lock():
        assert json.loads((run.path / "LOCK").read_text())["pid"] == os.getpid()


def test_the_lock_of_another_host_is_refused_with_how_to_mend_it(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run")
    write_lock(run, host="node17", pid=4321)
    with pytest.raises(RunInUse, match=r"4321 on node17.*delete .*LOCK"), run.lock():
        pass
    assert json.loads((run.path / "LOCK").read_text())["host"] == "node17"


def test_without_kernel_locks_the_record_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def unsupported(*_: object) -> None:
        raise OSError(38, "Function not implemented")

    with held_by_another(tmp_path / "run") as process:
        monkeypatch.setattr(fcntl, "flock", unsupported)
        with pytest.raises(RunInUse, match=str(process.pid)), RunFolder.create(tmp_path / "run").lock():
            pass


def test_many_processes_never_hold_it_at_once(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run")
    write_lock(run, pid=2**22 + 1)  # stale: the takeover itself is raced for
    processes = [started(RACE, run.path) for _ in range(4)]
    (run.path / "samples" / "x").touch()
    (run.path / "counter").write_text("0")
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    codes = [(process.communicate()[0], process.returncode)[1] for process in processes]
    assert codes == [0, 0, 0, 0]
    assert (run.path / "counter").read_text() == "200"


def test_leftovers_of_the_dead_go_when_the_lock_is_taken(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run")
    (run.path / ".config.toml.77-abc.part").write_bytes(b"half")
    with run.lock():
        assert not list(run.path.glob(".*.part"))


def test_a_line_torn_by_a_kill_is_passed_over_and_forgotten(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run")
    run.log({"samples": 1})
    with (run.path / "metrics.jsonl").open("a") as file:
        file.write('{"samples": 2, "lo')
    assert run.metrics() == [{"samples": 1}]
    run.log({"samples": 2})
    assert run.metrics() == [{"samples": 1}, {"samples": 2}]
    run.forget_after(2)
    assert (run.path / "metrics.jsonl").read_text() == '{"samples": 1}\n{"samples": 2}\n'
