"""Folders that appear whole, are replaced whole, and go whole, whatever is killed in between.

Unfinished work has a name that starts with a dot. One process at a time may write among siblings (the run folder's lock
sees to that), so whatever ``clean`` finds there belongs to the dead.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vivogan.core.files import TEMPORARY, explained, sync_folder

_REPLACED = ".replaced"
_REMOVED = ".removed"


@contextmanager
def writing_folder(target: Path) -> Iterator[Path]:
    """Fill a temporary folder that becomes ``target`` when the block has ended well; removed after any error.

    Files inside must be written through ``core.files``, which puts them on the disk. An existing ``target`` is
    replaced; a kill between the two renames leaves it where ``existing`` finds it. Raises ``UserError`` when it cannot
    be written.
    """
    temporary = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}{TEMPORARY}")
    with explained(target):
        temporary.mkdir(parents=True)
    try:
        yield temporary
        with explained(target):
            sync_folder(temporary)
            if target.exists():
                os.rename(target, _dotted(target, _REPLACED))
            os.rename(temporary, target)
            sync_folder(target.parent)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        put_back(target)
        raise
    shutil.rmtree(_dotted(target, _REPLACED), ignore_errors=True)


def existing(target: Path) -> Path | None:
    """Where the content of ``target`` lies: at its name, or aside when a replacement was cut short; else ``None``."""
    for place in (target, _dotted(target, _REPLACED)):
        if place.is_dir():
            return place
    return None


def put_back(target: Path) -> None:
    """Undo a replacement that was cut short between its two renames."""
    aside = _dotted(target, _REPLACED)
    if aside.is_dir() and not target.exists():
        os.rename(aside, target)


def remove_folder(target: Path) -> None:
    """Remove a folder: its name goes first, so that a kill never leaves half a folder behind it."""
    aside = _dotted(target, _REMOVED)
    shutil.rmtree(aside, ignore_errors=True)
    with explained(target):
        os.rename(target, aside)
    shutil.rmtree(aside, ignore_errors=True)


def names(folder: Path) -> list[str]:
    """The folders in ``folder`` by name, sorted; one set aside by a replacement cut short counts by its own name."""
    if not folder.is_dir():
        return []
    found = set()
    for entry in folder.iterdir():
        if entry.name.startswith(".") and entry.name.endswith(_REPLACED):
            found.add(entry.name[1 : -len(_REPLACED)])
        elif not entry.name.startswith(".") and entry.is_dir():
            found.add(entry.name)
    return sorted(found)


def clean(folder: Path) -> None:
    """Remove what dead processes left unfinished in ``folder``, and put back what they had set aside."""
    if not folder.is_dir():
        return
    for entry in sorted(folder.iterdir()):
        if not entry.name.startswith("."):
            continue
        if entry.name.endswith(_REPLACED):
            put_back(folder / entry.name[1 : -len(_REPLACED)])
        if entry.is_dir() and entry.name.endswith((TEMPORARY, _REPLACED, _REMOVED)):
            shutil.rmtree(entry, ignore_errors=True)
        elif entry.name.endswith(TEMPORARY):
            entry.unlink(missing_ok=True)


def _dotted(target: Path, ending: str) -> Path:
    return target.with_name(f".{target.name}{ending}")
