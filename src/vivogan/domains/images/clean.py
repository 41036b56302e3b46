"""From what was read to records that can be trusted: one type, unique names, no broken pixels, no image twice."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.images.records import Draft, ImageRecords, Item, some
from vivogan.domains.parts import PARTS, TEST, TRAIN
from vivogan.errors import InputError

IMBALANCE = 5.0  # largest class over smallest, from where balanced sampling is advised
RARE = 20  # a class below this teaches little
MOST_NEAR = 20_000  # images; near-duplicates are looked for below this
NEAR = 0.01  # mean difference, as a share of the range, below which two images are the same one saved twice
LARGEST = 1e30  # a pixel beyond this squares past float32 and is no measurement


def clean(draft: Draft) -> ImageRecords:
    """Refuse, merge and note. Raises ``InputError`` when no usable image is left."""
    items = one_kind(draft, [item for item in draft.items if sound(draft, item)])
    items = unique_names(draft, items)
    if not items:
        raise InputError(draft.source, nothing_left(draft), mend=nothing_mend(draft))
    marks = [pixel_hash(item.image) for item in items]
    items, marks = merge_duplicates(draft, items, marks)
    note_blank(draft, items)
    records = to_records(draft, items)
    records.notes.extend(near_duplicates(records))
    records.notes.extend(crossing_groups(records))
    records.notes.extend(balance(records))
    return records


def sound(draft: Draft, item: Item) -> bool:
    """Whether the pixels can be used; refuses the item when not."""
    image = item.image
    if image.dtype.kind not in "buif":
        draft.refuse(draft.source, item.id, f"has the pixel type {image.dtype}. Save real numbers")
    elif image.size == 0:
        draft.refuse(draft.source, item.id, "has no pixels. Remove it or save it again")
    elif image.dtype.kind == "f" and not np.isfinite(image).all():
        broken = int(np.count_nonzero(~np.isfinite(image)))
        draft.refuse(draft.source, item.id, f"has {broken} NaN or infinite pixels. Replace them or leave the image out")
    elif image.dtype.kind == "f" and image.dtype.itemsize > 2 and np.abs(image).max() > LARGEST:
        draft.refuse(draft.source, item.id, f"has pixels beyond {LARGEST:g}. Rescale it or leave it out")
    else:
        return True
    return False


def one_kind(draft: Draft, items: list[Item]) -> list[Item]:
    """Keep the commonest pixel type and channel count; the others are refused by name."""
    for item in items:
        if item.image.dtype == np.bool_:
            item.image = item.image.astype(np.uint8) * np.uint8(255)
        elif not item.image.dtype.isnative:
            item.image = item.image.astype(item.image.dtype.newbyteorder("="))
    kinds = Counter((item.image.dtype.name, item.image.shape[2]) for item in items)
    if len(kinds) < 2:
        return items
    (dtype, channels), count = kinds.most_common(1)[0]
    kept = []
    for item in items:
        kind = (item.image.dtype.name, item.image.shape[2])
        if kind == (dtype, channels):
            kept.append(item)
            continue
        reason = f"is {kind[0]} with {kind[1]} channels, {count} others are {dtype} with {channels}"
        draft.refuse(draft.source, item.id, f"{reason}. Save all images alike, or train on each kind by itself")
    return kept


def unique_names(draft: Draft, items: list[Item]) -> list[Item]:
    """Refuse a second record of the same name, because a name must mean one image."""
    seen: set[str] = set()
    kept = []
    for item in items:
        if item.id in seen:
            draft.refuse(draft.source, item.id, "is the second record of this name. Give it another name or remove it")
            continue
        seen.add(item.id)
        kept.append(item)
    return kept


def pixel_hash(image: NDArray[Any]) -> bytes:
    """The same 16 bytes for the same pixels, shape and type."""
    digest = hashlib.blake2b(f"{image.shape}{image.dtype.str}".encode(), digest_size=16)
    digest.update(np.ascontiguousarray(image).data.cast("B"))
    return digest.digest()


def constant(image: NDArray[Any]) -> bool:
    """Whether every channel has one value only."""
    return bool((image == image[:1, :1]).all())


def merge_duplicates(draft: Draft, items: list[Item], marks: list[bytes]) -> tuple[list[Item], list[bytes]]:
    """Keep one of each set of identical images: the held-out one, so that no test image was trained on.

    Blank images stay: many empty fields of view are data, not copies.
    """
    order = sorted(range(len(items)), key=lambda i: -PARTS.index(items[i].part) if items[i].part else 0)
    first: dict[bytes, int] = {}
    dropped: set[int] = set()
    leaks: list[str] = []
    conflicts: list[str] = []
    for index in order:
        keeper = first.setdefault(marks[index], index)
        if keeper == index or constant(items[index].image):
            continue
        kept, copy = items[keeper], items[index]
        dropped.add(index)
        if kept.part != copy.part:
            leaks.append(f"{copy.id} ({copy.part or 'no part'}) = {kept.id} ({kept.part or 'no part'})")
        if kept.labels != copy.labels:
            conflicts.append(f"{copy.id} = {kept.id}")
    if dropped:
        names = some([items[i].id for i in sorted(dropped)])
        draft.notes.append(f"{len(dropped)} exact duplicates were merged: {names}")
    if leaks:
        draft.notes.append(
            f"{len(leaks)} images leak between the given parts; the held-out copy was kept: {some(leaks)}"
        )
    if conflicts:
        draft.notes.append(f"{len(conflicts)} identical images carry different labels; check them: {some(conflicts)}")
    kept_indices = [i for i in range(len(items)) if i not in dropped]
    return [items[i] for i in kept_indices], [marks[i] for i in kept_indices]


def note_blank(draft: Draft, items: list[Item]) -> None:
    blank = [item.id for item in items if constant(item.image)]
    if blank:
        draft.notes.append(f"{len(blank)} images are blank (one value only) and were kept: {some(blank)}")


def to_records(draft: Draft, items: list[Item]) -> ImageRecords:
    """Columns out of items; a column that no item fills is absent."""
    columns = list(dict.fromkeys(column for item in items for column in item.labels))
    labels = {column: np.array([item.labels.get(column, "") for item in items], dtype=np.str_) for column in columns}
    part = np.array([item.part for item in items], dtype=np.str_)
    group = np.array([item.group for item in items], dtype=np.str_)
    return ImageRecords(
        images=[item.image for item in items],
        labels=labels,
        ids=[item.id for item in items],
        refusals=draft.refusals,
        notes=draft.notes,
        part=part if (part != "").any() else None,
        group=group if (group != "").any() else None,
        source=draft.source,
    )


def balance(records: ImageRecords) -> list[str]:
    """Notes on one class, unlabelled records, imbalance and rare classes of the first label column."""
    notes = []
    if len(records) == 1:
        notes.append("there is one image only; nothing can be learnt about variety")
    if not records.labels:
        return notes
    column, values = next(iter(records.labels.items()))
    counts = Counter(value for value in values.tolist() if value)
    unlabelled = len(values) - sum(counts.values())
    if unlabelled:
        notes.append(f"{unlabelled} images have no {column} and were kept unlabelled")
    if len(counts) == 1:
        notes.append(f"there is one {column} only: {next(iter(counts))}")
    if not counts:
        return notes
    (most, many), (least, few) = counts.most_common()[0], counts.most_common()[-1]
    if many > IMBALANCE * few:
        notes.append(f"the classes are unbalanced: {most} has {many} images, {least} has {few}")
    rare = [f"{name} ({count})" for name, count in sorted(counts.items()) if count < RARE]
    if rare:
        notes.append(f"{len(rare)} classes are rare (under {RARE} images): {some(rare)}")
    return notes


def near_duplicates(records: ImageRecords) -> list[str]:
    """A note on images of different given parts that are the same picture saved twice."""
    if records.part is None or len(records) > MOST_NEAR or len(set(records.part.tolist())) < 2:
        return []
    small = np.stack([thumbnail(image) for image in records.images])  # [n, 64] in 0..1
    marks = [row.tobytes() for row in np.packbits(small > small.mean(axis=1, keepdims=True), axis=1)]
    buckets: dict[bytes, list[int]] = {}
    for index, mark in enumerate(marks):
        buckets.setdefault(mark, []).append(index)
    pairs = []
    for bucket in buckets.values():
        if len({records.part[i] for i in bucket}) < 2:
            continue
        held_out = [i for i in bucket if records.part[i] != TRAIN]
        train = [i for i in bucket if records.part[i] == TRAIN]
        pairs += [(i, j) for i in held_out[:50] for j in train[:50] if same_picture(records, small, i, j)]
    if not pairs:
        return []
    names = some([f"{records.ids[j]} ≈ {records.ids[i]}" for i, j in pairs])
    return [
        f"{len(pairs)} near-duplicates lie across the given parts ({TRAIN} and {TEST} are not independent): {names}"
    ]


def crossing_groups(records: ImageRecords) -> list[str]:
    """A note on groups that the given split puts on several sides."""
    if records.part is None or records.group is None:
        return []
    sides: dict[str, set[str]] = {}
    for group, part in zip(records.group.tolist(), records.part.tolist(), strict=True):
        sides.setdefault(group, set()).add(part)
    crossing = sorted(group for group, parts in sides.items() if group and len(parts) > 1)
    return [f"{len(crossing)} groups lie on several sides of the given split: {some(crossing)}"] if crossing else []


def thumbnail(image: NDArray[Any]) -> NDArray[np.float64]:
    """64 block values of the grey image, stretched to 0..1; zeros when it is blank."""
    grey = image[sample(image.shape[0])][:, sample(image.shape[1])].mean(axis=2, dtype=np.float64)  # [16, 16]
    blocks = grey.reshape(8, 2, 8, 2).mean(axis=(1, 3)).ravel()  # [64]
    spread = np.ptp(blocks)
    return (blocks - blocks.min()) / spread if spread > 0 else np.zeros(64)


def sample(side: int) -> NDArray[np.intp]:
    return np.linspace(0, side - 1, 16).astype(np.intp)


def same_picture(records: ImageRecords, small: NDArray[np.float64], i: int, j: int) -> bool:
    """Whether two images agree to within ``NEAR`` of their range, pixel by pixel when they have one size."""
    if np.abs(small[i] - small[j]).mean() > 2 * NEAR or not small[i].any():
        return False
    a, b = records.images[i], records.images[j]
    if a.shape != b.shape:
        return True
    spread = float(np.ptp(a)) or 1.0
    return bool(np.abs(a.astype(np.float64) - b.astype(np.float64)).mean() <= NEAR * spread)


def nothing_left(draft: Draft) -> str:
    if not draft.refusals:
        return "there is no image in it"
    first = draft.refusals[0]
    record = f", {first.record}" if first.record else ""
    return f"no usable image is left ({len(draft.refusals)} refused; the first: {first.file}{record}: {first.reason})"


def nothing_mend(draft: Draft) -> str:
    return "" if draft.refusals else "Give a folder, an archive, a CSV or an array of PNG, JPEG or TIFF images"
