"""Which image an annotation means: people write paths, bare names, stems, or the same name in another folder."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from vivogan.domains.images import tables, trees

# Folders that hold what was drawn; the spellings that people use beside those the image reader knows.
DRAWN = trees.DRAWN | {"mask", "label", "dots", "rois", "roi", "labelsets", "instances", "segmentation"}
AFFIX = re.compile(r"[_\-. ]*(?:cp_masks|masks?|labels?|seg|dots?|gt|annotations?|instances?|rois?|roiset)$", re.I)
PICTURE = re.compile(r"[_\-. ]*(?:cells?|images?|img|raw)$", re.I)  # the other half of "001cell" and "001dots"
IMAGE_SUFFIX = re.compile(r"\.(?:png|jpe?g|tiff?|bmp|gif|webp|json|xml|csv|tsv|zip|roi)$", re.I)
PLANE = re.compile(r"#[\d-]+$")
Key = tuple[str, ...]


def in_drawn(name: str) -> bool:
    """Whether a file lies in a folder of drawings."""
    return any(part.lower() in DRAWN for part in PurePosixPath(name).parts[:-1])


def key(name: str) -> Key:
    """A path without suffix and without the folders that say only what kind of file is inside."""
    *folders, last = PurePosixPath(name.replace("\\", "/")).parts or ("",)
    kept = [folder for folder in folders if folder.lower() not in DRAWN | trees.PLAIN and folder != "."]
    return (*kept, IMAGE_SUFFIX.sub("", last))


def file_of(record: str) -> str:
    """The file of a record; planes of a stack are called ``file#plane``."""
    return PLANE.sub("", record)


class Index:
    """The images by all that they may be called. ``ids`` keeps their order."""

    def __init__(self, ids: Iterable[str]) -> None:
        self.ids = list(ids)
        self._planes: dict[str, list[str]] = {}
        for record in self.ids:
            self._planes.setdefault(file_of(record), []).append(record)
        self._exact = set(self.ids)
        self.names = tables.Names(self._planes)
        self._keys: dict[Key, set[str]] = {}
        self._folders: dict[Key, set[str]] = {}
        for file in self._planes:
            *folders, stem = key(file)
            for form in {stem, PICTURE.sub("", stem) or stem}:
                self._keys.setdefault((*folders, form), set()).add(file)
            self._folders.setdefault(tuple(folders), set()).add(file)

    def __len__(self) -> int:
        return len(self.ids)

    def find(self, value: str) -> list[str]:
        """The records that a name means: none, one, the planes of one stack, or those of several files (ambiguous)."""
        if value in self._exact:
            return [value]
        stem = key(value)[-1]
        bare = AFFIX.sub("", stem)
        files = (
            self._longest(key(value))
            or self.names(value)
            or (self._longest((*key(value)[:-1], bare)) or self.names(bare) if bare else set())
        )
        return [record for file in sorted(files) for record in self._planes[file]]

    def owner(self, value: str) -> list[str]:
        """The image of a file that draws one object of it: ``a/masks/7.png`` of ``a/images/a.png`` or of ``a.png``."""
        folders = key(value)[:-1]
        for start in range(len(folders) + 1):
            files = self._keys.get(folders[start:]) or self._folders.get(folders[start:], set())
            if files and in_drawn(value):
                return self._planes[next(iter(files))] if len(files) == 1 else []
        return []

    def _longest(self, wanted: Key) -> set[str]:
        """The files whose key is the longest end of this one: people name files from any folder on."""
        return next((files for i in range(len(wanted)) if (files := self._keys.get(wanted[i:]))), set())

    def several(self, records: list[str]) -> bool:
        """Whether a name means more than one file."""
        return len({file_of(record) for record in records}) > 1
