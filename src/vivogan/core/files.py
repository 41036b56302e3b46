"""Every file vivogan writes goes through here: whole and on the disk, or not at all."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import json
import math
import os
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from vivogan.errors import InputError, UserError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

TEMPORARY = ".part"  # how the name of an unfinished file ends; it also starts with a dot

_FULL = (errno.ENOSPC, errno.EDQUOT)
_MEND = {
    errno.ENOSPC: "The disk is full: free some space or choose another folder",
    errno.EDQUOT: "Your disk quota is used up: free some space or choose another folder",
    errno.EACCES: "Check the permissions or choose another folder",
    errno.EPERM: "Check the permissions or choose another folder",
    errno.EROFS: "The file system is read-only: choose another folder",
}


def cannot_write(target: Path, error: OSError) -> UserError:
    """Say in one line which folder could not take ``target``, and how to mend it."""
    reason = error.strerror or str(error)
    mend = _MEND.get(error.errno or 0, "Choose another place")
    return UserError(f"{target.parent}: cannot write {target.name} ({reason})", mend)


@contextmanager
def explained(target: Path) -> Iterator[None]:
    """Turn an ``OSError`` of the block into the ``UserError`` that names ``target``."""
    try:
        yield
    except OSError as error:
        raise cannot_write(target, error) from error


@contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Write a file whole: the target changes only when the block has ended well.

    The bytes go to a temporary file beside the target, are flushed to the disk, and replace it in one step. After any
    error the target is as it was and the temporary file is gone. Missing parent folders are made. A link is followed,
    and an existing file keeps its permissions.

    Raises:
        UserError: the disk is full, the folder cannot be written, or the target is a folder.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with writing(folder / "a.txt") as file:
    ...     _ = file.write(b"whole")
    >>> (folder / "a.txt").read_bytes()
    b'whole'
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name[:200]}.{os.getpid()}-{secrets.token_hex(4)}{TEMPORARY}")
    with explained(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
        file = open(temporary, "xb")  # noqa: SIM115 - closed below, before the rename
    try:
        with _full_disk_explained(target):
            yield file
        with explained(target):
            file.flush()
            os.fsync(file.fileno())
            file.close()
            if target.exists():
                os.chmod(temporary, stat.S_IMODE(target.stat().st_mode))
            os.replace(temporary, target)
            sync_folder(target.parent)
    except BaseException:
        with suppress(OSError):  # closing flushes again, and fails again on a full disk
            file.close()
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def _full_disk_explained(target: Path) -> Iterator[None]:
    # The caller's block may fail for reasons of its own (a missing input, say): only a full disk is surely ours.
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise cannot_write(target, error) from error
        raise


def sync_folder(folder: Path) -> None:
    """Put the folder's list of names on the disk, so that a rename survives a power cut."""
    if os.name == "nt":  # Windows has no such call
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems do not know it
            raise
    finally:
        os.close(descriptor)


def write_link(path: Path, target: str) -> None:
    """Let ``path`` be a relative link to ``target`` (without links: a text file that names it), in one step."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}{TEMPORARY}")
    with explained(path):
        try:
            os.symlink(target, temporary)
        except (OSError, NotImplementedError) as error:
            if getattr(error, "errno", None) in _FULL:
                raise
            if path.is_symlink():
                path.unlink()
            write_text(path, target + "\n")
            return
        try:
            os.replace(temporary, path)
            sync_folder(path.parent)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def read_link(path: Path) -> str | None:
    """What ``write_link`` wrote, with forward slashes; ``None`` when there is nothing."""
    try:
        return Path(os.readlink(path)).as_posix()
    except FileNotFoundError:
        return None
    except OSError:  # no link: the text file that stands for it
        return path.read_text("utf-8").strip() if path.is_file() else None


def write_bytes(path: str | os.PathLike[str], content: bytes) -> None:
    """Write ``content`` whole or not at all (see ``writing``)."""
    with writing(path) as file:
        file.write(content)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write ``text`` as UTF-8, whole or not at all."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: str | os.PathLike[str], value: object) -> None:
    """Write ``value`` as indented JSON that every parser reads (see ``plain``), whole or not at all."""
    write_text(path, json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | os.PathLike[str]) -> Any:
    """Read a JSON file; ``InputError`` when it is missing or broken, with the line of the fault."""
    try:
        return json.loads(Path(path).read_bytes())
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from error
    except json.JSONDecodeError as error:
        raise InputError(path, f"is not valid JSON ({error.msg})", f"line {error.lineno}") from error
    except UnicodeDecodeError as error:
        raise InputError(path, "is not UTF-8 text") from error


def plain(value: object, *, exact: bool = False) -> Any:
    """Turn ``value`` into what JSON can hold: arrays and tuples to lists, NumPy scalars to numbers, paths to text.

    A number that is not finite becomes ``None``, as JSON has no word for it; with ``exact`` it stays, for files that
    only Python reads back. Raises ``TypeError`` for anything else, also for a key that is not text (JSON would change
    it).
    """
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if exact or math.isfinite(value) else None
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"a JSON key must be text, not {key!r}")
        return {str(key): plain(item, exact=exact) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, exact=exact) for item in value]
    if hasattr(value, "tolist"):  # NumPy arrays and scalars, tensors
        return plain(value.tolist(), exact=exact)
    raise TypeError(f"JSON cannot hold a {type(value).__name__}")


def append_line(path: str | os.PathLike[str], text: str) -> None:
    """Add one line to a text file and see it onto the disk; after an error the file is as it was.

    A last line that a killed process left without its end is closed first, so that it cannot swallow the new one.
    Raises ``UserError`` when the disk is full or the folder cannot be written.
    """
    if "\n" in text:
        raise ValueError("append_line writes one line")
    target = Path(path)
    with explained(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(target, "ab+", buffering=0) as file:
            before = file.seek(0, os.SEEK_END)
            try:
                _write_all(file.fileno(), _line_break_if_torn(file, before) + text.encode("utf-8") + b"\n")
                os.fsync(file.fileno())
                if before == 0:  # the name itself may be new
                    sync_folder(target.parent)
            except BaseException:
                os.ftruncate(file.fileno(), before)
                raise


def _line_break_if_torn(file: BinaryIO | Any, length: int) -> bytes:
    if length == 0:
        return b""
    file.seek(length - 1)
    return b"" if file.read(1) == b"\n" else b"\n"


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def read_lines(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """Read a file of JSON lines; lines that are no JSON object (torn by a kill) are passed over. No file: no lines."""
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        return []
    records = [_record(line) for line in content.split(b"\n")]
    return [record for record in records if record is not None]


def truncate_lines(path: str | os.PathLike[str], keep: Callable[[dict[str, Any]], bool]) -> int:
    """Keep the JSON lines for which ``keep`` says yes, byte for byte; returns how many lines went. No file: none."""
    try:
        lines = [line for line in Path(path).read_bytes().split(b"\n") if line]
    except FileNotFoundError:
        return 0
    kept = [line for line in lines if (record := _record(line)) is not None and keep(record)]
    if len(kept) < len(lines):
        write_bytes(path, b"".join(line + b"\n" for line in kept))
    return len(lines) - len(kept)


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:  # JSONDecodeError and UnicodeDecodeError are both kinds of it
        return None
    return record if isinstance(record, dict) else None


def sha256(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_tensors(
    path: str | os.PathLike[str],
    tensors: Mapping[str, Tensor | NDArray[Any]],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write named tensors (any device, shape and type; NumPy arrays too) and text metadata as safetensors."""
    write_bytes(path, pack_tensors(tensors, metadata))


def pack_tensors(tensors: Mapping[str, Tensor | NDArray[Any]], metadata: Mapping[str, str] | None = None) -> bytes:
    """The safetensors bytes of named tensors."""
    import torch
    from safetensors.torch import save

    # Each tensor is copied: safetensors refuses two names for one storage, which tied weights and views have.
    own = {
        name: torch.as_tensor(tensor).detach().to("cpu").clone(memory_format=torch.contiguous_format)
        for name, tensor in tensors.items()
    }
    return save(own, None if metadata is None else dict(metadata))


def read_tensors(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Read a safetensors file onto the CPU; ``InputError`` when it is missing or damaged."""
    try:
        return unpack_tensors(Path(path).read_bytes())
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise InputError(path, str(error)) from error


def unpack_tensors(content: bytes) -> dict[str, Tensor]:
    """The named tensors of safetensors bytes; ``ValueError`` when they are damaged."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        return load(content)
    except (SafetensorError, ValueError, KeyError) as error:
        raise ValueError(f"is not a readable safetensors file ({error})") from error


def read_metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """The text metadata of a safetensors file; ``InputError`` when it is missing or damaged."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise InputError(path, f"is not a readable safetensors file ({error})") from error
