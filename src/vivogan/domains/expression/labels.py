"""Which obs columns are labels, parts and groups; several that are asked for are joined to one condition."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.columns import columns_named, is_measured, some
from vivogan.domains.expression.formats.sheet import Sheet
from vivogan.domains.expression.records import ReadOptions
from vivogan.domains.parts import part_named
from vivogan.errors import InputError

JOIN = " | "  # between the columns, and the values, of a joined condition
MOST_CLASSES = 500  # values of a column that is still taken for classes without being asked for
FEW = 20
PART_NAMES = ("split", "part", "subset")
# Columns that are likely to be the type of the cell, the likeliest first.
TYPES = re.compile(
    r"(?i)(.*[^a-z])?(bulk|cell|celltypes?|types?|annot(ation)?s?|labels?|clusters?|leiden|louvain)s?([^a-z].*)?"
)
LIKELY = (
    "celltype",
    "celltypes",
    "celltypeannotation",
    "annotation",
    "celllabel",
    "label",
    "labels",
    "bulklabels",
    "type",
)
DONORS = ("donor", "donorid", "patient", "patientid", "individual", "subject", "sample", "sampleid", "batch", "mouse")

Column = NDArray[np.str_]


def labels_of(sheet: Sheet, options: ReadOptions) -> tuple[dict[str, Column], list[str]]:
    """The label columns, that which conditions first, and notes.

    Those that the options name; several are joined to one, which comes first. Without a name, every column that looks
    like classes, likely types of cells first. Raises ``InputError`` that lists the columns.
    """
    asked = columns_named(options.labels)
    for column in asked:
        require(sheet, column)
    if asked:
        found = {column: sheet.obs[column] for column in asked}
        return (found if len(asked) == 1 else {JOIN.join(asked): joined(list(found.values())), **found}), []
    usable, left = {}, []
    for name, values in sheet.obs.items():
        if name in (options.name, options.split, options.group):
            continue
        if looks_like_classes(values):
            usable[name] = values
        else:
            left.append(name)
    order = sorted(usable, key=likelihood)
    notes = []
    if order:
        others = f"; others: {some(order[1:], 12)}" if order[1:] else ""
        notes.append(f"cells are conditioned on {order[0]}, as labels names no column{others}")
    if left:
        notes.append(f"columns that do not look like classes were left out: {some(left, 12)}; name one to use it")
    return {name: usable[name] for name in order}, notes


def require(sheet: Sheet, column: str) -> None:
    """Raises ``InputError`` that lists the obs columns where this is none of them."""
    if column not in sheet.obs:
        has = some(list(sheet.obs), 20) if sheet.obs else "none; give a table of them with metadata="
        raise InputError(sheet.path, f"cells have no column '{column}'", mend=f"Their columns: {has}")


def joined(columns: Sequence[Column]) -> Column:
    """The values of several columns as one, [n]; "" where one of them is missing."""
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return np.array([JOIN.join(row) if all(row) else "" for row in rows], np.str_)


def apart(labels: Mapping[str, Column]) -> dict[str, Column]:
    """Labels with every joined column followed by those it was joined of.

    >>> {name: values.tolist() for name, values in apart({"type | state": np.array(["B | rest", ""])}).items()}
    {'type | state': ['B | rest', ''], 'type': ['B', ''], 'state': ['rest', '']}
    """
    found: dict[str, Column] = {}
    for name, values in labels.items():
        found[name] = values
        names = name.split(JOIN)
        if len(names) > 1:
            rows = [value.split(JOIN) if value else [""] * len(names) for value in values.tolist()]
            if all(len(row) == len(names) for row in rows):
                for i, one in enumerate(names):
                    found.setdefault(one, np.array([row[i] for row in rows], np.str_))
    return found


def is_measurement(values: Column | Sequence[str]) -> bool:
    """Whether a column holds measurements. Whole numbers, most of which come several times, are names of clusters."""
    given = [value for value in (values.tolist() if isinstance(values, np.ndarray) else values) if value]
    different = set(given)
    if not is_measured(different):
        return False
    return len(different) > len(given) / 2 or any(float(value) % 1 for value in different)


def looks_like_classes(values: Column) -> bool:
    """Whether a column has a few values, most of which come several times."""
    different = set(values.tolist()) - {""}
    return 1 < len(different) <= min(MOST_CLASSES, max(FEW, len(values) // 2)) and not is_measurement(values)


def likelihood(name: str) -> tuple[int, int]:
    """How little a column looks like the type of the cell."""
    bare = re.sub(r"[^a-z]", "", name.lower())
    if bare in LIKELY:
        return 0, LIKELY.index(bare)
    return (1 if TYPES.fullmatch(name) else 2), 0


def parts_of(sheet: Sheet, options: ReadOptions) -> Column | None:
    """The given parts, [n] of "train", "selection", "test" or "". Raises ``InputError`` for another word."""
    name = options.split
    if name is None:
        named = [column for column in sheet.obs if column.lower() in PART_NAMES]
        whole = [c for c in named if all(part_named(word) for word in set(sheet.obs[c].tolist()) - {""})]
        asked = {*columns_named(options.labels), options.group}
        name = next((column for column in whole if column not in asked and any(sheet.obs[column].tolist())), None)
        if name is None:
            return None
    require(sheet, name)
    words = sheet.obs[name].tolist()
    parts = {word: part_named(word) if word else "" for word in set(words)}
    wrong = next((word for word in words if parts[word] is None), None)
    if wrong is not None:
        cell = sheet.barcodes[words.index(wrong)]
        raise InputError(sheet.path, f"column '{name}' has '{wrong}'", cell, "Use train, selection and test")
    return np.array([parts[word] for word in words], np.str_)


def groups_of(sheet: Sheet, options: ReadOptions) -> tuple[Column | None, list[str]]:
    """What must stay on one side, [n], and a note where a column looks as if it should."""
    if options.group is not None:
        require(sheet, options.group)
        return sheet.obs[options.group], []
    for name, values in sheet.obs.items():
        if re.sub(r"[^a-z]", "", name.lower()) in DONORS and len(set(values.tolist()) - {""}) > 2:
            return None, [f"cells of one {name} are on several sides of the split; group={name} keeps each on one"]
    return None, []
