"""Read images from folders, archives, lists of files and single files: one way for all of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath

from vivogan.core.archives import each_member
from vivogan.core.limits import Limits, check_file, check_records, safe_members
from vivogan.domains.images import tables
from vivogan.domains.images.formats import SUFFIXES, decode
from vivogan.domains.images.records import Draft, Item, ReadOptions, some
from vivogan.domains.parts import part_named
from vivogan.errors import InputError, UserError

# Folders that hold what was drawn on images, not images.
DRAWN = {"annotations", "annotation", "masks", "labels", "ground_truth", "groundtruth", "gt"}
# Folders that say only that images are inside.
PLAIN = {"images", "image", "imgs", "img", "jpegimages", "data"}
BESIDE = 20  # tables beside the source that are looked at
Load = Callable[[], bytes]


def read_folder(path: Path, options: ReadOptions) -> Draft:
    """Read a folder: class sub-folders, train/test sub-folders, or a flat one with a CSV in or beside it."""
    names = sorted(walk(path))
    check_records(path, len(names), options.limits)
    contents = ((name, partial(load, path / name, options.limits)) for name in names)
    return read_tree(Draft(str(path)), path, names, contents, options)


def read_archive(path: Path, options: ReadOptions) -> Draft:
    """Read a zip or tar of such a folder in memory; nothing is unpacked to disk."""
    names = [member.name for member in safe_members(path, options.limits)]
    draft = Draft(str(path))
    return read_tree(draft, path, names, members(draft, path, options.limits), options)


def read_file(path: Path, options: ReadOptions) -> Draft:
    """Read one image file; a stack becomes several records."""
    contents = [(path.name, partial(load, path, options.limits))]
    return read_tree(Draft(str(path)), path, [path.name], contents, options)


def read_listing(path: Path, options: ReadOptions) -> Draft:
    """Read the files that a CSV lists, by paths below its own folder."""
    root = path.parent.resolve()
    table = tables.parse(str(path), load(path, options.limits))
    draft = Draft(str(path))
    column = options.images or listing_column(table, root)
    if column not in table.columns:
        raise InputError(path, f"has no column '{column}'", mend=f"Its columns: {some(table.columns, 12)}")
    rows, names = [], []
    for row in table.rows:
        value = row.values[column]
        place = Path(os.path.normpath(root / value.replace("\\", "/")))
        if not place.is_relative_to(root) or "\0" in value:
            draft.refuse(str(path), f"line {row.line}: {value}", "lies outside the folder of the CSV. Move it below")
            continue
        name = place.relative_to(root).as_posix()
        rows.append(tables.Row(row.line, {**row.values, column: name}))
        if place.is_file():
            names.append(name)
    names = list(dict.fromkeys(names))
    if not names:
        raise InputError(path, "lists no file that exists", mend="Write paths below the folder of the CSV")
    contents = ((name, partial(load, root / name, options.limits)) for name in names)
    listed = tables.Table(table.name, table.columns, rows, table.broken)
    own = options.model_copy(update={"images": column})
    return read_tree(draft, path, names, contents, own, listed)


def listing_column(table: tables.Table, root: Path) -> str:
    """The column whose values are most often image files below ``root``."""

    def hits(column: str) -> int:
        values = [row.values[column] for row in table.rows[:1000]]
        return sum(value.lower().endswith(SUFFIXES) for value in values)

    best = max(table.columns, key=hits)
    if not hits(best):
        mend = "Name the column with --images"
        raise InputError(table.name, f"no column lists image files ({some(table.columns, 12)})", mend=mend)
    return best


def read_tree(
    draft: Draft,
    source: Path,
    names: list[str],
    contents: Iterable[tuple[str, Load]],
    options: ReadOptions,
    table: tables.Table | None = None,
) -> Draft:
    """Decode the images among ``names``, then label them from a table or from their folders."""
    visible = [name for name in names if not hidden(name)]
    images = without_drawings(draft, [name for name in visible if name.lower().endswith(SUFFIXES)])
    sheets = [name for name in visible if name.lower().endswith(tables.SUFFIXES)]
    note_others(draft, visible)
    found: dict[str, list[Item]] = {}
    sheet_loads: dict[str, bytes] = {}
    chosen, wanted_sheets = set(images), set(sheets)
    for name, read in contents:
        try:
            if name in chosen and name not in found:
                planes = decode(name, read(), options.limits)
                found[name] = [Item(p.image, f"{name}#{p.index}" if p.index else name) for p in planes]
            elif name in wanted_sheets and table is None:
                sheet_loads[name] = read()
        except UserError as error:
            draft.refuse(str(source), name, said(error))
    if not found:
        return draft
    if table is None:
        from_folders(found, options)
        table = best_table(draft, source, sheet_loads, images, options)
    if table is not None:
        tables.apply(draft, table, tables.Names(images), found, options)
    check_request(draft, found, options)
    draft.items = [item for items in found.values() for item in items]
    return draft


def walk(path: Path) -> Iterator[str]:
    """Every file below a folder, as a path with forward slashes; linked folders are not followed, as they may loop."""

    def failed(error: OSError) -> None:
        if error.filename and Path(error.filename) == path:
            raise InputError(path, f"cannot be read ({error.strerror})", mend="Check its permissions") from error

    for folder, _, files in os.walk(path, onerror=failed):
        for file in files:
            yield (Path(folder) / file).relative_to(path).as_posix()


def load(path: Path, limits: Limits) -> bytes:
    """The bytes of a file within the limits. Raises ``InputError``."""
    check_file(path, limits)
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", mend="Check its permissions") from error


def members(draft: Draft, path: Path, limits: Limits) -> Iterator[tuple[str, Load]]:
    """The members of an archive; when its structure breaks half-way, what was read before stays."""
    try:
        for member, stream in each_member(path, limits):
            yield member.name, stream.read
    except InputError as error:
        draft.refuse(str(path), error.record, f"{error.reason}; what follows was not read. Pack the archive again")
    except Exception as error:  # a header may lie in ways for which zipfile and tarfile have no error of their own
        draft.refuse(str(path), None, f"is a broken archive ({error}); what follows was not read. Pack it again")


def hidden(name: str) -> bool:
    """Whether a system or a desktop left the file there."""
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)


def said(error: UserError) -> str:
    """The reason of an error without the place, which the refusal names already."""
    if isinstance(error, InputError):
        return f"{error.reason}. {error.mend or 'Save it again or leave it out'}"
    return str(error)


def without_drawings(draft: Draft, images: list[str]) -> list[str]:
    """Leave out masks and annotations when they lie beside images in folders of their own."""
    drawn = [name for name in images if DRAWN & {part.lower() for part in PurePosixPath(name).parts[:-1]}]
    if not drawn or len(drawn) == len(images):
        return images
    draft.notes.append(f"{len(drawn)} images in folders of masks or annotations were left out: {some(drawn, 3)}")
    left = set(drawn)
    return [name for name in images if name not in left]


def note_others(draft: Draft, names: list[str]) -> None:
    others = [name for name in names if not name.lower().endswith(SUFFIXES + tables.SUFFIXES)]
    if others:
        draft.notes.append(f"{len(others)} files are no images and were passed over: {some(others)}")


def from_folders(found: Mapping[str, list[Item]], options: ReadOptions) -> None:
    """Part and class from the folders: ``train/monocyte/a.png`` is both, ``images/a.png`` is neither."""
    _, wanted = tables.requested(options)
    column = wanted[0] if wanted and tables.FOLDERS not in wanted else tables.FOLDERS
    folders = {name: PurePosixPath(name).parts[:-1] for name in found}
    folders = without_root(folders)
    if folders and all(path and not path[0].isdigit() and part_named(path[0]) for path in folders.values()):
        for name, path in folders.items():
            for item in found[name]:
                item.part = part_named(path[0]) or ""
        folders = without_root({name: path[1:] for name, path in folders.items()})
    for name, path in folders.items():
        for item in found[name]:
            item.labels = {column: path[0]} if path else {}


def without_root(folders: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Take off folders that all images share, unless that is the one folder that names their class."""
    while True:
        first = {path[0] if path else "" for path in folders.values()}
        if len(first) != 1 or "" in first:
            return folders
        deeper = all(len(path) > 1 for path in folders.values())
        if not deeper and next(iter(first)).lower() not in PLAIN:
            return folders
        folders = {name: path[1:] for name, path in folders.items()}


def best_table(
    draft: Draft, source: Path, inside: Mapping[str, bytes], images: list[str], options: ReadOptions
) -> tables.Table | None:
    """The CSV that names most of the images: the given one, else one inside, else one beside the source."""
    given, _ = tables.requested(options)
    names = tables.Names(images)
    if given is not None:
        path = next((p for p in (Path(given), source / given, source.parent / given) if p.is_file()), Path(given))
        return inside_or(path, given, inside, options)
    best: tuple[int, tables.Table | None] = (0, None)
    for name, content in inside.items():
        try:
            table = tables.parse(name, content)
            column, hits = tables.file_column(table, names, options.images)
        except InputError as error:
            draft.refuse(str(source), f"{name}, {error.record}" if error.record else name, said(error))
            continue
        if column is None:
            draft.notes.append(f"{name} names none of the images and was passed over")
        best = max(best, (hits, table), key=lambda pair: pair[0])
    if best[0]:
        return best[1]
    for path in sorted(p for p in source.parent.iterdir() if p.suffix.lower() in tables.SUFFIXES)[:BESIDE]:
        try:
            table = tables.parse(str(path), load(path, options.limits))
            _, hits = tables.file_column(table, names, None)
        except InputError:  # a stranger's file that happens to lie beside the source
            continue
        if hits >= len(images) / 2:
            best = max(best, (hits, table), key=lambda pair: pair[0])
    return best[1]


def inside_or(path: Path, given: str, inside: Mapping[str, bytes], options: ReadOptions) -> tables.Table:
    """The table that the user named, from the disk or from within the archive."""
    if not path.is_file() and given in inside:
        return tables.parse(given, inside[given])
    return tables.parse(str(path), load(path, options.limits))


def check_request(draft: Draft, found: Mapping[str, list[Item]], options: ReadOptions) -> None:
    """Refuse options that nothing answered: labels, a split or groups that are not there."""
    items = [item for several in found.values() for item in several]
    asked = {
        "labels": (options.labels, any(any(item.labels.values()) for item in items)),
        "split": (options.split, any(item.part for item in items)),
        "group": (options.group, any(item.group for item in items)),
    }
    for role, (value, answered) in asked.items():
        if value is not None and not answered:
            mend = "Put images into class folders, or a CSV with file names and this column beside them"
            raise InputError(draft.source, f"no {role} '{value}' was found", mend=mend)
