"""A folder of files of molecules: one class a file, or one a folder; those called train or test are parts."""

from __future__ import annotations

from pathlib import Path

from vivogan.domains.molecules.formats.registry import SUFFIXES, read_into
from vivogan.domains.molecules.records import Draft, ReadOptions
from vivogan.domains.parts import part_named
from vivogan.errors import InputError

CLASS = "class"  # the column that files and folders give


def read_folder(draft: Draft, folder: Path, options: ReadOptions) -> None:
    """Read every file of molecules in the folder and in those in it, in the order of their names.

    Where ``labels`` names nothing and there are several files, the folder (else the file) of a record is its class.
    A file that cannot be read is refused and the rest goes on. Raises ``InputError`` when there is no file.
    """
    files = sorted(path for path in folder.rglob("*") if is_molecule_file(path.relative_to(folder)) and path.is_file())
    if not files:
        raise InputError(folder, "holds no files of molecules", mend=f"Give files named {', '.join(SUFFIXES)} (or .gz)")
    words = {path: list(path.relative_to(folder).parts[:-1]) for path in files}
    nested = any(not part_named(word) for several in words.values() for word in several)
    for path in files:
        parts = [part_named(word) for word in [*words[path], stem(path)]]
        name = "/".join(word for word in words[path] if not part_named(word)) if nested else stem(path)
        start = len(draft.items)
        try:
            read_into(draft, path, options)
        except InputError as error:
            draft.refuse(error.file, error.record, f"{error.reason}. {error.mend}" if error.mend else error.reason)
            del draft.items[start:]
        for item in draft.items[start:]:
            item.part = item.part or next((part for part in parts if part), "")
            if options.labels is None and len(files) > 1 and name and not part_named(name):
                item.labels = {CLASS: name, **item.labels}


def is_molecule_file(path: Path) -> bool:
    """Whether a file of a folder is read: by its suffix, unless it is hidden or a README."""
    hidden = any(part.startswith(".") for part in path.parts) or path.name.lower().startswith(("readme", "licen"))
    return not hidden and path.name.lower().removesuffix(".gz").endswith(SUFFIXES)


def stem(path: Path) -> str:
    """The name of a file without its suffixes: hits.smi.gz → hits."""
    name = path.name[:-3] if path.name.lower().endswith(".gz") else path.name
    return Path(name).stem
