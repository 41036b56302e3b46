"""From what was read to records that can be trusted: standard structures, clean labels, each once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from vivogan.domains.checks import balance, crossing_groups, filled, numbered, renaming
from vivogan.domains.columns import some
from vivogan.domains.molecules import assays
from vivogan.domains.molecules.chemistry import molecule
from vivogan.domains.molecules.parallel import mapped
from vivogan.domains.molecules.records import Draft, Item, MoleculeRecords, ReadOptions
from vivogan.domains.molecules.standardise import UNCLEAR, Rules, standardised
from vivogan.domains.parts import PARTS
from vivogan.errors import InputError

MENDS = {
    UNCLEAR: "Leave it out, or set fragments=keep and charges=keep",
    "has no structure": "Give a SMILES, or leave the row out",
    "has an open place": "Give the whole structure",
    "is a reaction": "Give one molecule a row",
}
HEAVY = "heavy atoms"


@dataclass
class Units:
    """What is measured: the unit of each column, and which are p-values."""

    of: dict[str, str] = field(default_factory=dict)
    measured: set[str] = field(default_factory=set)

    def potency(self, column: str) -> bool:
        """Whether values of a column are p-values, of which one is a factor of ten."""
        unit = self.of.get(column, "")
        return unit.startswith("p(") or assays.POTENCY.fullmatch(unit) is not None


def clean(draft: Draft, options: ReadOptions) -> MoleculeRecords:
    """Refuse, standardise, merge and note. Raises ``InputError`` when no usable molecule is left."""
    units = assays.checked_units(options.units)
    items = standardise(draft, options)
    if not items:
        raise InputError(draft.source, nothing_left(draft), mend=nothing_mend(draft))
    unique_names(draft, items)
    found = clean_labels(draft, items, units)
    items = merge_duplicates(draft, items, found)
    compute(draft, items)
    records = to_records(draft, items, options, found)
    records.notes.extend([*crossing_groups(records), *balance(records, found.measured)])
    return records


def standardise(draft: Draft, options: ReadOptions) -> list[Item]:
    """The items whose structures can be used, standardised; the others are refused by row."""
    kept, changed = [], Counter[str]()
    found = standardised([item.smiles for item in draft.items], Rules.of(options))
    for item, one in zip(draft.items, found, strict=True):
        if one.fault:
            draft.refuse(item.file, item.place, f"{one.fault}. {mend_of(one.fault)}")
            continue
        item.smiles = one.smiles
        changed.update(one.changed)
        kept.append(item)
    told = {
        "fragments": "had several parts (salts, solvents, mixtures), of which the largest was kept",
        "charges": "had charges that were taken away",
        "redrawn": "were drawn in another way and were redrawn",
    }
    draft.notes += [f"{changed[word]} structures {text}" for word, text in told.items() if changed[word]]
    return kept


def mend_of(fault: str) -> str:
    if HEAVY in fault:
        return "Leave it out, or set heaviest higher"
    return next((mend for start, mend in MENDS.items() if fault.startswith(start)), "Correct the SMILES")


def unique_names(draft: Draft, items: list[Item]) -> None:
    """Number the second and later records of one name: name, name-2, name-3."""
    names, renamed = numbered([item.id for item in items])
    for item, name in zip(items, names, strict=True):
        item.id = name
    draft.notes += renaming(renamed)


def clean_labels(draft: Draft, items: list[Item], units: str) -> Units:
    """Turn measurements into numbers of one unit, and classes into words; what is wrong is refused by row, and the
    molecule stays without that label."""
    found = Units()
    for column in dict.fromkeys(column for item in items for column in item.labels):
        texts = [item.labels.get(column, "") for item in items]
        unit = assays.unit_of(column) or units
        if not assays.is_assay(texts, unit):
            values = assays.classes(texts)
        else:
            assay = assays.cleaned(column, texts, units)
            values = assay.values
            found.measured.add(column)
            if assay.unit:
                found.of[column] = assay.unit
            for row, reason in assay.faults.items():
                draft.refuse(items[row].file, f"{items[row].place}, {column}", f"{reason}. Kept without this label")
            draft.notes += assay.notes
        for item, value in zip(items, values, strict=True):
            if column in item.labels:
                item.labels[column] = value
    return found


def merge_duplicates(draft: Draft, items: list[Item], units: Units) -> list[Item]:
    """Keep one of each set of equal structures: the held-out one, so that no test molecule was trained on.

    Of measurements of one molecule (in one part) the median counts; classes that contradict each other are removed.
    """
    sets: dict[str, list[Item]] = {}
    for item in sorted(items, key=lambda item: -PARTS.index(item.part) if item.part else 0):
        sets.setdefault(item.smiles, []).append(item)
    if len(sets) == len(items):
        return items
    several = [members for members in sets.values() if len(members) > 1]
    copies = [item for _, *others in several for item in others]
    leaks = [(i, kept) for kept, *others in several for i in others if i.part != kept.part]
    notes = [f"{len(copies)} copies of other structures were merged: {some([item.id for item in copies])}"]
    for column in dict.fromkeys(column for item in items for column in item.labels):
        notes += merge_labels(column, several, units, spread(items, column) if column in units.measured else 0.0)
    if leaks:
        told = some([f"{i.id} ({i.part or 'no part'}) = {kept.id} ({kept.part})" for i, kept in leaks])
        notes.append(f"{len(leaks)} molecules leak between the parts; the held-out copy was kept: {told}")
    draft.notes += notes
    gone = set(map(id, copies))
    return [item for item in items if id(item) not in gone]


def merge_labels(column: str, several: list[list[Item]], units: Units, spread: float) -> list[str]:
    """Give the first of each set of copies the label of all that are in its part; returns notes on contradictions."""
    measured, conflicts, replicates = column in units.measured, [], 0
    for kept, *others in several:
        same = [kept, *(item for item in others if item.part == kept.part)]
        given = [(item.id, value) for item in same if (value := item.labels.get(column, ""))]
        values = [value for _, value in given]
        if measured:
            kept.labels[column], clash = assays.merged(values, units.potency(column), spread)
            replicates += len(values) > 1
        else:
            clash = len(set(values)) > 1
            kept.labels[column] = "" if clash or not values else values[0]
        if clash:
            conflicts.append(" = ".join(f"{name} ({value})" for name, value in given))
    notes = [f"{column}: {replicates} molecules were measured several times; their median counts"] if replicates else []
    if conflicts:
        what = "measurements, far apart" if measured else "classes, which were removed"
        notes.append(f"{column}: {len(conflicts)} molecules have contradictory {what}: {some(conflicts)}")
    return notes


def spread(items: list[Item], column: str) -> float:
    """The standard deviation of a column."""
    values = [float(value) for item in items if (value := item.labels.get(column, ""))]
    return float(np.std(values)) if values else 0.0


def compute(draft: Draft, items: list[Item]) -> None:
    """Give the items the properties that were asked for as labels and that their files do not have."""
    for name in draft.computed:
        values = mapped(partial(computed, name=name), [item.smiles for item in items])
        for item, value in zip(items, values, strict=True):
            item.labels.setdefault(name, f"{value:.6g}" if np.isfinite(value) else "")


def computed(smiles: list[str], name: str) -> list[float]:
    from vivogan.domains.molecules.properties import PROPERTIES

    return [float(PROPERTIES[name](molecule(one))) for one in smiles]


def to_records(draft: Draft, items: list[Item], options: ReadOptions, units: Units) -> MoleculeRecords:
    """Columns out of items; a column that no item fills is absent."""
    columns = list(dict.fromkeys(column for item in items for column in item.labels))
    labels = {column: np.array([item.labels.get(column, "") for item in items], dtype=np.str_) for column in columns}
    return MoleculeRecords(
        smiles=[item.smiles for item in items],
        labels=labels,
        ids=[item.id for item in items],
        refusals=draft.refusals,
        notes=draft.notes,
        part=filled([item.part for item in items]),
        group=filled([item.group for item in items]),
        units=units.of,
        splitting=options.splitting,
        source=draft.source,
    )


def nothing_left(draft: Draft) -> str:
    if not draft.refusals:
        return "there is no molecule in it"
    first = draft.refusals[0]
    record = f", {first.record}" if first.record else ""
    return (
        f"no usable molecule is left ({len(draft.refusals)} refused; the first: {first.file}{record}: {first.reason})"
    )


def nothing_mend(draft: Draft) -> str:
    return "" if draft.refusals else "Give SMILES lines, CSV, TSV, Parquet or SDF"
