"""Pascal VOC: one XML of boxes per image, and ``ImageSets/Main`` with the split."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from vivogan.domains.images.annotations.drawn import Desk, Drawn, Reader, Sheet, Stranger, from_corners, number, size_of
from vivogan.domains.images.records import plain
from vivogan.domains.parts import TRAIN, part_named
from vivogan.errors import InputError

CORNERS = ("xmin", "ymin", "xmax", "ymax")


def parse_xml(file: str, content: bytes) -> Element:
    """The root of an XML without document type, entities or anything else that reaches outside the file.

    Raises ``InputError`` with the line where it breaks.
    """
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data

    def refuse(*_: object) -> None:
        raise InputError(file, "has a document type or entities, which annotations need not", mend="Remove the DOCTYPE")

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(content, True)
        return builder.close()
    except expat.ExpatError as error:
        reason = f"is no XML ({expat.errors.messages[error.code]})"
        raise InputError(file, reason, f"line {error.lineno}", "Export it again") from error
    except (ValueError, LookupError, AssertionError) as error:  # an encoding nobody knows
        raise InputError(file, f"is no XML ({plain(error)})", mend="Export it again") from error


def read_voc(file: str, root: Element, desk: Desk) -> list[Sheet]:
    """The boxes of one image. Corners are taken from pixel edges, as LabelImg writes them."""
    named = (root.findtext("filename") or "").strip()
    sheet = Sheet(
        file,
        (file, named) if named else (file,),
        size=size_of(root.findtext("size/height"), root.findtext("size/width")),
    )
    for position, one in enumerate(root.iterfind("object"), 1):
        record = f"object {position}"
        box = one.find("bndbox")
        if box is None:
            desk.refuse(file, record, "has no bndbox. Draw its box again or remove it", sheet)
            continue
        left, top, right, bottom = (number(box.findtext(side)) for side in CORNERS)
        name = " ".join((one.findtext("name") or "").split())
        sheet.drawn.append(Drawn(record, name, box=from_corners(left, top, right, bottom)))
    return [sheet]


def read_counter(file: str, root: Element, desk: Desk) -> list[Sheet]:
    """The dots of ImageJ's Cell Counter, one class per counter type."""
    named = (root.findtext("Image_Properties/Image_Filename") or "").strip()
    sheet = Sheet(file, (named, file) if named else (file,), loose=not named)
    for kind in root.iterfind("Marker_Data/Marker_Type"):
        name = (kind.findtext("Name") or kind.findtext("Type") or "").strip()
        for position, marker in enumerate(kind.iterfind("Marker"), 1):
            point = (number(marker.findtext("MarkerY")), number(marker.findtext("MarkerX")))
            sheet.drawn.append(Drawn(f"type {name}, marker {position}", name, point))
    return [sheet]


ROOTS = {"annotation": read_voc, "CellCounter_Marker_File": read_counter}


def read_xml(file: str, content: bytes, desk: Desk) -> list[Sheet]:
    """Whatever annotation an XML holds, told by its root. Raises ``InputError`` when it is none that is known."""
    root = parse_xml(file, content)
    reader = ROOTS.get(root.tag)
    if reader is None:
        raise Stranger(file, f"is an XML of <{root.tag}>", mend=f"Known are {' and '.join(ROOTS)}")
    return reader(file, root, desk)


_: Reader = read_xml


def is_list(name: str) -> bool:
    """Whether a file is one of the lists that make a VOC split."""
    path = PurePosixPath(name)
    return path.suffix == ".txt" and "imagesets" in (part.lower() for part in path.parts[:-1])


def read_lists(lists: Mapping[str, bytes]) -> dict[str, str]:
    """Image name → part, from ``train.txt``, ``val.txt``, ``test.txt``; ``trainval`` counts where no finer list speaks.

    Lists of one class (``cat_train.txt``) are left out. A line may carry a second column, which is not read.
    """
    parts: dict[str, str] = {}
    for name, content in sorted(lists.items()):
        stem = PurePosixPath(name).stem.lower()
        part = part_named(stem) if stem != "trainval" else TRAIN
        if part is None:
            continue
        for line in content.decode("utf-8", errors="replace").splitlines():
            image = line.split()[0] if line.split() else ""
            if image and (stem != "trainval" or image not in parts):
                parts[image] = part
    return parts
