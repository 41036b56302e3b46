"""Collect what lies in a folder or an archive: pictures, drawings of them, and the sheets that describe them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

from vivogan.core.limits import Limits, check_records, safe_members
from vivogan.domains.images import trees
from vivogan.domains.images.annotations import voc
from vivogan.domains.images.annotations.match import AFFIX, DRAWN, PICTURE, in_drawn, key
from vivogan.domains.images.formats import SUFFIXES, decode
from vivogan.domains.images.records import Draft, Item, ReadOptions
from vivogan.errors import InputError, UserError

ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2")
SHEETS = (".csv", ".tsv", ".json", ".xml", ".roi", ".zip")
Load = Callable[[], bytes]


@dataclass
class Found:
    """What lies at one place, by path: images decoded, everything else ready to be loaded."""

    images: dict[str, list[Item]] = field(default_factory=dict)
    drawings: dict[str, Load] = field(default_factory=dict)
    sheets: dict[str, Load] = field(default_factory=dict)
    lists: dict[str, Load] = field(default_factory=dict)

    @property
    def items(self) -> list[Item]:
        return [item for items in self.images.values() for item in items]

    def take(self, other: Found) -> None:
        """Add the annotations of another place."""
        self.drawings |= other.drawings
        self.sheets |= other.sheets
        self.lists |= other.lists


def gather(path: Path, draft: Draft, limits: Limits, apart: Path | None = None, drawn: bool = False) -> Found:
    """Collect from a folder, an archive or one image; what cannot be read is refused in ``draft``.

    With ``drawn`` every picture is a drawing; else those in folders of drawings and those named after another picture
    (``a_mask.png`` beside ``a.png``). What lies below ``apart`` is left out.
    """
    names, contents = listing(path, draft, limits)
    if apart is not None and apart.is_relative_to(path) and apart != path:
        inside = apart.relative_to(path).as_posix()
        names = [name for name in names if name != inside and not name.startswith(inside + "/")]
    names = [name for name in names if not trees.hidden(name)]
    pictures = [name for name in names if name.lower().endswith(SUFFIXES)]
    masks = set(pictures) if drawn else drawings(pictures)
    sheets = {name for name in names if name.lower().endswith(SHEETS)} - {path.name if path.is_file() else ""}
    lists = {name for name in names if voc.is_list(name)}
    found = Found()
    places = {**dict.fromkeys(masks, found.drawings), **dict.fromkeys(sheets, found.sheets)}
    places |= dict.fromkeys(lists, found.lists)
    chosen = set(pictures) - masks
    base = path if path.is_dir() or path.suffix.lower() in ARCHIVES else path.parent
    keep = path.is_dir()
    for name, load in contents:
        try:
            if name in places:
                places[name][f"{base}/{name}"] = load if keep else partial(bytes, load())
            elif name in chosen and name not in found.images:
                planes = decode(name, load(), limits)
                found.images[name] = [Item(p.image, f"{name}#{p.index}" if p.index else name) for p in planes]
        except UserError as error:
            draft.refuse(str(path), name, trees.said(error))
    trees.from_folders(found.images, ReadOptions())  # train/, val/ and test/ give the part
    return found


def listing(path: Path, draft: Draft, limits: Limits) -> tuple[list[str], Iterable[tuple[str, Load]]]:
    """The names at a place and, one after the other, what loads them. Raises ``InputError`` when it is none."""
    if path.is_dir():
        names = sorted(trees.walk(path))
        check_records(path, len(names), limits)
        return names, [(name, partial(trees.load, path / name, limits)) for name in names]
    if path.suffix.lower() in ARCHIVES:
        return [member.name for member in safe_members(path, limits)], trees.members(draft, path, limits)
    if path.suffix.lower() in SUFFIXES:
        return [path.name], [(path.name, partial(trees.load, path, limits))]
    mend = f"Give a folder, an archive, an .npz or one of {', '.join(SUFFIXES)}"
    raise InputError(path, "is no kind of file that holds images", mend=mend)


def drawings(pictures: list[str]) -> set[str]:
    """The pictures that are drawings of others; none when all of them would be."""
    masks = {name for name in pictures if in_drawn(name)}
    rest = {key(name): name for name in pictures if name not in masks}
    stems = {(*folders, form) for *folders, stem in rest for form in (stem, PICTURE.sub("", stem))}
    for own, name in rest.items():
        bare = AFFIX.sub("", own[-1])
        if bare and bare != own[-1] and (*own[:-1], bare) in stems:
            masks.add(name)
    return masks if len(masks) < len(pictures) else set()


def beside(path: Path, draft: Draft, limits: Limits) -> Found:
    """Drawings beside a folder or file: a sibling folder of drawings, or a sheet in the same folder.

    Sheets beside a folder that lies among strangers are taken all the same: those that name none of its images say so.
    """
    found = Found()
    stem = path.name if path.is_dir() else path.name.split(".")[0]
    try:
        neighbours = sorted(path.absolute().parent.iterdir())
    except OSError:
        return found
    pictures = [one.name for one in neighbours if one.name.lower().endswith(SUFFIXES)]
    masks = set() if path.is_dir() else drawings([path.name, *(one for one in pictures if of_stem(one, stem))])
    for neighbour in neighbours:
        name = neighbour.name.lower()
        if neighbour.is_dir() and (name in DRAWN or AFFIX.sub("", name) == stem.lower()) and neighbour.name != stem:
            found.take(gather(neighbour, draft, limits, drawn=True))
        elif neighbour.is_dir() and name == "imagesets":
            files = [one for one in trees.walk(neighbour) if one.endswith(".txt")]
            loads = {f"{neighbour}/{one}": partial(trees.load, neighbour / one, limits) for one in files}
            found.lists |= {one: load for one, load in loads.items() if voc.is_list(one)}
        elif neighbour.name in masks:
            found.drawings[str(neighbour)] = partial(trees.load, neighbour, limits)
        elif neighbour.is_file() and neighbour != path.absolute() and is_sheet(neighbour, stem, path.is_dir()):
            found.sheets[str(neighbour)] = partial(trees.load, neighbour, limits)
    return found


def of_stem(name: str, stem: str) -> bool:
    """Whether a file is named after a picture: ``a_mask.png`` after ``a``."""
    bare = AFFIX.sub("", name.split(".")[0])
    return bare != name.split(".")[0] and bare == stem


def is_sheet(neighbour: Path, stem: str, folder: bool) -> bool:
    """Whether a file beside the source may annotate it: any table beside a folder, else one of the same name."""
    suffix = neighbour.suffix.lower()
    own = AFFIX.sub("", neighbour.name.split(".")[0]).lower() in ("", stem.lower())
    return suffix in SHEETS and (own or (folder and suffix in (".csv", ".tsv", ".json")))


def given(path: Path, draft: Draft, limits: Limits) -> Found:
    """What a person named as annotations: a folder, an archive of drawings, one sheet or one mask.

    Raises ``InputError`` when it does not exist or is nothing of these.
    """
    if not path.exists():
        raise InputError(path, "does not exist", mend="Check the path")
    suffix = path.suffix.lower()
    if path.is_file() and (suffix in SHEETS and (suffix != ".zip" or only_rois(path, limits))):
        return Found(sheets={str(path): partial(trees.load, path, limits)})
    if path.is_file() and suffix not in (*ARCHIVES, *SUFFIXES):
        mend = f"Give a folder, a mask image, or one of {', '.join(SHEETS)}"
        raise InputError(path, "is no kind of file that holds annotations", mend=mend)
    return gather(path, draft, limits, drawn=True)


def only_rois(path: Path, limits: Limits) -> bool:
    """Whether a zip is a RoiSet of ImageJ (also an empty one), not an archive of drawings."""
    return all(PurePosixPath(member.name).suffix.lower() == ".roi" for member in safe_members(path, limits))


def loaded(lists: Mapping[str, Load]) -> dict[str, bytes]:
    return {name: load() for name, load in lists.items()}
