"""Read images with what people drew on them, wherever they put it and in whatever format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vivogan.core.limits import check_records
from vivogan.domains.images.annotations.drawn import OBJECT, AnnotationOptions, Desk, Sheet, Stranger
from vivogan.domains.images.annotations.gather import Found, beside, gather, given, loaded
from vivogan.domains.images.annotations.masks import read_pictures
from vivogan.domains.images.annotations.match import Index
from vivogan.domains.images.annotations.objects import AnnotatedImages, Objects
from vivogan.domains.images.annotations.registry import READERS, read_sheet
from vivogan.domains.images.annotations.settle import settle
from vivogan.domains.images.annotations.stacks import read_stack
from vivogan.domains.images.annotations.voc import read_lists
from vivogan.domains.images.arrays import read_npz
from vivogan.domains.images.clean import clean
from vivogan.domains.images.records import Draft, ImageRecords, Item, ReadOptions, some
from vivogan.domains.images.trees import said
from vivogan.errors import InputError, UserError

__all__ = ["AnnotationOptions", "read"]


def read(source: Path, annotations: Path | None = None, options: AnnotationOptions | None = None) -> AnnotatedImages:
    """Read images and the dots, boxes, outlines or masks that were drawn on them.

    Args:
        source: a folder, an archive, an ``.npz`` or one image.
        annotations: a folder, an archive or a file of drawings; None looks inside the source and beside it.
        options: see ``AnnotationOptions``.

    Returns:
        Every usable image in the order of the source. ``refusals`` names, one by one, each image and each drawing
        that could not be used; ``notes`` says what was mended.

    Raises:
        InputError: a path does not exist, no image is usable, or no object is drawn on any.
    """
    options = options or AnnotationOptions()
    path = Path(source)
    if not path.exists():
        raise InputError(path, "does not exist", mend="Check the path")
    draft = Draft(str(path))
    if path.suffix.lower() == ".npz" and path.is_file():
        items, sheets = from_arrays(path, annotations, draft, options)
    else:
        items, sheets = from_files(path, annotations, draft, options)
    check_records(path, len(items), options.limits)
    desk = Desk(Index(item.id for item in items), draft, options)
    drawn = assigned(sheets, desk)
    for item in items:
        item.labels = {}
        item.part = next((sheet.part for sheet in drawn.get(item.id, []) if sheet.part), item.part)
    # Of two identical images the annotated one is kept.
    draft.items = sorted(items, key=lambda item: item.id not in drawn)
    return finished(clean(draft), drawn, desk, annotations)


def from_arrays(
    path: Path, annotations: Path | None, draft: Draft, options: AnnotationOptions
) -> tuple[list[Item], list[Sheet]]:
    """Images of an ``.npz``, and the annotations in it or in a file of their own."""
    stack = read_npz(path, ReadOptions(images=options.images, limits=options.limits))
    draft.refusals += stack.refusals
    draft.notes += [note for note in stack.notes if "one label per image" not in note]
    desk = Desk(Index(item.id for item in stack.items), draft, options)
    if annotations is None:
        return stack.items, read_stack(path, desk)
    return stack.items, sheets_in(given(Path(annotations), draft, options.limits), desk, named=True)


def from_files(
    path: Path, annotations: Path | None, draft: Draft, options: AnnotationOptions
) -> tuple[list[Item], list[Sheet]]:
    """Images of a folder, an archive or a file, and the annotations that are named, lie inside, or lie beside."""
    apart = None if annotations is None else Path(annotations).absolute()
    found = gather(path.absolute() if apart else path, draft, options.limits, apart)
    if annotations is not None:
        extra = given(Path(annotations), draft, options.limits)
        found = Found(found.images, extra.drawings, extra.sheets, {**found.lists, **extra.lists})
    items = found.items
    desk = Desk(Index(item.id for item in items), draft, options)
    sheets = sheets_in(found, desk, named=annotations is not None)
    if annotations is None and not sheets:
        other = beside(path, draft, options.limits)
        found.lists |= other.lists
        sheets = sheets_in(other, desk, named=False)
        ours = {sheet.file for sheet in sheets if any(desk.index.find(name) for name in sheet.images) or sheet.loose}
        sheets = [sheet for sheet in sheets if sheet.file in ours]  # what annotates other images merely lies there
    parts = read_lists(loaded(found.lists))
    by_id = {one: part for name, part in parts.items() for one in desk.index.find(name)}
    for item in items:
        item.part = by_id.get(item.id, item.part)
    return items, sheets


def sheets_in(found: Found, desk: Desk, named: bool) -> list[Sheet]:
    """Everything that the drawings and sheets of a place say; what cannot be read is refused.

    Drawings come first, as they say most. Unless a person named the place, a file that is no annotation is passed over.
    """
    sheets = read_pictures(found.drawings, desk)
    for name, load in found.sheets.items():
        try:
            sheets += read_sheet(name, load(), desk)
        except UserError as error:
            if isinstance(error, Stranger) and not named:
                desk.draft.notes.append(f"{name} {error.reason} and was passed over")
                continue
            record = error.record if isinstance(error, InputError) else None
            desk.refuse(name, record, said(error))
    return sheets


def assigned(sheets: Sequence[Sheet], desk: Desk) -> dict[str, list[Sheet]]:
    """Image → its sheets. A sheet of no image or of several is refused; of two sheets the first is kept."""
    drawn: dict[str, list[Sheet]] = {}
    twice: list[str] = []
    for sheet in sheets:
        records = next((found for name in sheet.images if (found := desk.index.find(name))), [])
        if not records and sheet.loose and len(desk.index) == 1:
            records = desk.index.ids
        if not records:
            reason = "no image has this name. Add the image, correct the name or remove the annotation"
            desk.refuse(sheet.file, sheet.record, reason)
        elif len(records) > 1:
            desk.refuse(sheet.file, sheet.record, f"may belong to {some(records, 2)}. Write the whole path")
        elif records[0] in drawn and not (sheet.piece and drawn[records[0]][0].piece):
            twice.append(f"{records[0]} ({drawn[records[0]][0].file} was kept, {sheet.file} not)")
        else:
            drawn.setdefault(records[0], []).append(sheet)
    if twice:
        desk.draft.notes.append(
            f"{len(twice)} images are annotated a second time, which was not read: {some(twice, 2)}"
        )
    return drawn


def finished(
    records: ImageRecords, drawn: dict[str, list[Sheet]], desk: Desk, annotations: Path | None
) -> AnnotatedImages:
    """Lay every sheet on its image and number the classes. Raises ``InputError`` when no object is left."""
    place = {name: i for i, name in enumerate(desk.index.ids)}
    order = sorted(range(len(records)), key=lambda i: place[records.ids[i]])
    tally: Counter[str] = Counter()
    settled: list[tuple[Objects, list[str]] | None] = []
    for i in order:
        sheets, image = drawn.get(records.ids[i]), records.images[i]
        settled.append(None if sheets is None else settle(sheets, (image.shape[0], image.shape[1]), desk, tally))
    names = sorted({name for one in settled if one is not None for name in one[1]}) or [OBJECT]
    number = {name: k for k, name in enumerate(names)}
    objects = [None if one is None else classed(one[0], [number[name] for name in one[1]]) for one in settled]
    if not any(one is not None and len(one) for one in objects):
        raise nothing_drawn(annotations or Path(records.source), annotations is None, bool(drawn), desk)
    notes = records.notes + [f"{count} {text}" for text, count in tally.items()]
    bare = [records.ids[i] for i, one in zip(order, objects, strict=True) if one is None]
    if bare:
        notes.append(f"{len(bare)} images have no usable annotation and stay unlabelled: {some(bare)}")
    return AnnotatedImages(
        images=[records.images[i] for i in order],
        objects=objects,
        ids=[records.ids[i] for i in order],
        names=names,
        refusals=records.refusals,
        notes=notes,
        part=None if records.part is None else records.part[order],
        source=records.source,
    )


def classed(objects: Objects, classes: list[int]) -> Objects:
    """The objects with their class numbers."""
    return Objects(objects.centres, np.array(classes, np.intp), objects.boxes, objects.labels)


def nothing_drawn(place: Path, searched: bool, read_some: bool, desk: Desk) -> InputError:
    """Why there is no object on any image: none drawn, none found (``searched``), or none that could be used."""
    refusals = desk.draft.refusals
    if refusals:
        first = refusals[0]
        where = f"{first.file}, {first.record}" if first.record else first.file
        return InputError(
            place, f"no object is left on any image ({len(refusals)} refused; the first: {where}: {first.reason})"
        )
    if read_some:
        return InputError(place, "its annotations hold no object on any image", mend="Draw some first")
    if not searched:
        return InputError(place, "holds no annotation", mend="Draw some first, or name another file")
    mend = (
        f"Put masks into a folder 'masks' beside the images, or a sheet ({', '.join(READERS)}), or name it; "
        "to learn from imagined images alone, describe the objects with --describe"
    )
    return InputError(place, "no annotations were found in it or beside it", mend=mend)
