"""One process at a time: a lock file that says who holds it, and that the dead do not hold."""

from __future__ import annotations

import errno
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from vivogan.core.files import explained
from vivogan.errors import RunInUse

_UNSUPPORTED = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)

_held: set[int] = set()


def _close_in_child() -> None:
    # A forked worker that outlives a killed parent would go on holding the lock through its copy of the descriptor.
    for descriptor in _held:
        with suppress(OSError):
            os.close(descriptor)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)


@contextmanager
def holding(path: Path) -> Iterator[None]:
    """Hold the lock file ``path`` (JSON: pid, host, start of the process) for the block; it is removed afterwards.

    The kernel decides (``flock``), so two processes can never both get it, and it lets go when a process dies however
    that happens. The JSON is for people, and for what the kernel cannot know: processes on other machines.

    Raises:
        RunInUse: another living process, or one on another machine, holds it.
        UserError: the file cannot be written.
    """
    descriptor = _acquire(path)
    _held.add(descriptor)
    try:
        yield
    finally:
        _release(path, descriptor)


def _acquire(path: Path) -> int:
    while True:
        with explained(path):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            with explained(path):
                locked = _lock(descriptor)
            record = _read(descriptor)
            if not locked or (record is not None and _may_live(record)):
                raise _in_use(path, record)
            if _is_still(path, descriptor):
                with explained(path):
                    _write(descriptor)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # its holder removed it between our open and our lock: try the new one


def _release(path: Path, descriptor: int) -> None:
    if descriptor not in _held:  # a forked child leaves the block: the lock is its parent's
        return
    _held.remove(descriptor)
    # Removed while it is still held: a process that waits on the old file sees that it is gone (``_is_still``).
    if _is_still(path, descriptor):
        with suppress(OSError):
            path.unlink()
    os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows: the record alone decides
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        # Some cluster file systems have no locks; there too the record alone decides, which a close race can beat.
        if error.errno not in _UNSUPPORTED:
            raise
    return True


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _write(descriptor: int) -> None:
    content = json.dumps(_self()).encode() + b"\n"
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, content, 0)
    os.fsync(descriptor)


def _read(descriptor: int) -> dict[str, Any] | None:
    """The record in the lock file; ``None`` when it is empty or torn, as after a kill before it was written."""
    try:
        record = json.loads(os.pread(descriptor, 65536, 0))
    except ValueError:
        return None
    return record if isinstance(record, dict) and {"pid", "host"} <= record.keys() else None


def _self() -> dict[str, Any]:
    pid = os.getpid()
    return {"pid": pid, "host": socket.gethostname(), "started": _started(pid), "boot": _boot()}


def _may_live(record: dict[str, Any]) -> bool:
    """Whether the process of ``record`` may be alive; one on another machine may."""
    pid = record["pid"]
    if record["host"] != socket.gethostname() or not isinstance(pid, int):
        return True
    if record.get("boot") != _boot():
        return False
    # The same number may be another process by now; the moment it started tells them apart.
    return _alive(pid) and record.get("started") == _started(pid)


def _alive(pid: int) -> bool:
    fields = _process(pid)
    if fields is not None:
        return fields[0] not in ("Z", "X")
    if Path("/proc/self/stat").exists():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _started(pid: int) -> int | None:
    """When process ``pid`` started, in clock ticks since boot; ``None`` where the system does not say."""
    fields = _process(pid)
    return None if fields is None else int(fields[19])


def _process(pid: int) -> list[str] | None:
    """The fields of /proc/pid/stat from the state on (field 3 of proc(5)); the name before may hold any character."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return None


def _boot() -> str | None:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return None


def _in_use(path: Path, record: dict[str, Any] | None) -> RunInUse:
    if record is None:
        return RunInUse(f"{path.parent}: another process is using it", "Wait for it, or choose another folder")
    who = f"process {record['pid']} on {record['host']}"
    if record["host"] == socket.gethostname():
        return RunInUse(f"{path.parent}: {who} is using it", "Wait for it or stop it, or choose another folder")
    return RunInUse(f"{path.parent}: {who} is using it", f"If that process is gone, delete {path} and try again")
