"""From what was read to records that can be trusted: one alphabet, one layout, unique names, no sequence twice."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vivogan.domains.checks import balance, crossing_groups, filled, numbered, renaming
from vivogan.domains.columns import is_measured, some
from vivogan.domains.parts import PARTS
from vivogan.domains.sequences.alphabets import ALPHABETS, DNA, GAP, PROTEIN, Alphabet
from vivogan.domains.sequences.codec import START, STOPS
from vivogan.domains.sequences.layouts import aligned_rows, found_alphabet, is_alignment, majority
from vivogan.domains.sequences.records import Draft, Item, ReadOptions, SequenceRecords
from vivogan.errors import InputError

FRAMES = 0.99  # the share of reading frames from where DNA is taken for coding


def clean(draft: Draft, options: ReadOptions) -> SequenceRecords:
    """Refuse, merge and note. Raises ``InputError`` when no usable sequence is left."""
    items = keep(draft, draft.items, lambda item: None if item.sequence else "is empty. Remove it or fill it in")
    letters = ALPHABETS.get(options.alphabet) or found_alphabet([item.sequence for item in items])
    aligned = options.layout == "aligned" or (
        options.layout == "auto" and (draft.aligned or is_alignment([item.sequence for item in items]))
    )
    if aligned:
        line_up(draft, items)
    elif any(GAP in item.sequence or "." in item.sequence for item in items):
        remove_gaps(draft, items)
    spell(draft, items, letters)
    known = letters.known | {GAP} if aligned else letters.known
    items = keep(draft, items, lambda item: wrong_letters(item.sequence, known, letters))
    if aligned and items:
        length = majority([len(item.sequence) for item in items])
        items = keep(draft, items, lambda item: wrong_length(item.sequence, length))
    coding = letters is DNA and not aligned and is_coding(items, options.layout)
    if coding:
        items = keep(draft, items, lambda item: broken_frame(item.sequence))
    if not items:
        raise InputError(draft.source, nothing_left(draft), mend=nothing_mend(draft))
    unique_names(draft, items)
    items = merge_duplicates(draft, items)
    records = to_records(draft, items, letters, aligned, coding, options.identity)
    records.notes.extend([*crossing_groups(records), *balance(records)])
    return records


def keep(draft: Draft, items: list[Item], fault: Callable[[Item], str | None]) -> list[Item]:
    """The items without a fault; the others are refused by name."""
    kept = []
    for item in items:
        reason = fault(item)
        if reason is None:
            kept.append(item)
        else:
            draft.refuse(item.file, item.id, reason)
    return kept


def line_up(draft: Draft, items: list[Item]) -> None:
    """Rows of an alignment: insert columns dropped where the format has them, "." read as a gap where it has not."""
    rows, dropped = aligned_rows([item.sequence for item in items], draft.insertions)
    for item, row in zip(items, rows, strict=True):
        item.sequence = row
    if dropped:
        draft.notes.append(f"{dropped} records had insert columns (lower case and '.'), which were dropped")


def remove_gaps(draft: Draft, items: list[Item]) -> None:
    gapped = [item for item in items if GAP in item.sequence or "." in item.sequence]
    for item in gapped:
        item.sequence = item.sequence.replace(GAP, "").replace(".", "")
    draft.notes.append(f"{len(gapped)} records had gaps and no common length; the gaps were removed")


def spell(draft: Draft, items: list[Item], letters: Alphabet) -> None:
    """Upper case, T or U as the alphabet has it, and no "*" at the end of a protein; each is noted."""
    lower, thymine, stars = 0, 0, 0
    other, own = ("U", "T") if letters is DNA else ("T", "U")
    for item in items:
        upper = item.sequence.upper()
        lower += upper != item.sequence
        if letters is PROTEIN:
            bare = upper.rstrip("*")
            stars += bare != upper
        else:
            bare = upper.replace(other, own)
            thymine += bare != upper
        item.sequence = bare
    if lower:
        draft.notes.append(f"{lower} records had lower-case letters (soft masking); read as upper case")
    if thymine:
        draft.notes.append(f"{thymine} records had {other}, which {letters.name} writes {own}; read as {own}")
    if stars:
        draft.notes.append(f"{stars} records ended in a stop (*), which was removed")


def wrong_letters(sequence: str, known: frozenset[str], letters: Alphabet) -> str | None:
    """Why the letters cannot be used; None when they can."""
    if not sequence.strip(GAP):
        return "has no letters, gaps alone. Remove it" if sequence else "is empty. Remove it or fill it in"
    strange = set(sequence) - known
    if not strange:
        return None
    place = next(i for i, letter in enumerate(sequence) if letter in strange)
    count = sum(map(sequence.count, strange))
    more = f" and {count - 1} more such letters" if count > 1 else ""
    return f"has {sequence[place]!r} at position {place + 1}{more}, no letter of {letters.name}. Correct or remove it"


def wrong_length(sequence: str, length: int) -> str | None:
    if len(sequence) == length:
        return None
    return f"has {len(sequence)} columns, most of the alignment has {length}. Align it again, or use layout=free"


def is_coding(items: list[Item], layout: str) -> bool:
    """Whether the sequences are reading frames from start to stop: as asked, else when nearly all are."""
    if layout != "auto":
        return layout == "coding"
    return sum(broken_frame(item.sequence) is None for item in items) >= FRAMES * max(1, len(items))


def broken_frame(sequence: str) -> str | None:
    """Why a sequence is no reading frame; None when it is one."""
    codons = [sequence[i : i + 3] for i in range(0, len(sequence), 3)]
    if len(sequence) % 3:
        return f"has {len(sequence)} letters, no whole number of codons. Correct it, or use layout=free"
    if codons[0] != START:
        return f"begins with {codons[0]}, not {START}. Correct it, or use layout=free"
    if codons[-1] not in STOPS:
        return f"ends with {codons[-1]}, no stop codon. Correct it, or use layout=free"
    inner = next((i for i, codon in enumerate(codons[:-1]) if codon in STOPS), None)
    if inner is not None:
        return f"has the stop codon {codons[inner]} at position {3 * inner + 1}. Correct it, or use layout=free"
    return None


def unique_names(draft: Draft, items: list[Item]) -> None:
    """Number the second and later records of one name: name, name-2, name-3."""
    names, renamed = numbered([item.id for item in items])
    for item, name in zip(items, names, strict=True):
        item.id = name
    draft.notes += renaming(renamed)


def merge_duplicates(draft: Draft, items: list[Item]) -> list[Item]:
    """Keep one of each set of identical sequences: the held-out one, so that no test sequence was trained on.

    Measurements of one sequence are averaged; of other labels those of the kept record count.
    """
    sets: dict[str, list[Item]] = {}
    for item in sorted(items, key=lambda item: -PARTS.index(item.part) if item.part else 0):
        sets.setdefault(item.sequence, []).append(item)
    if len(sets) == len(items):
        return items
    columns = list(dict.fromkeys(column for item in items for column in item.labels))
    measured = [column for column in columns if is_measured(item.labels.get(column, "") for item in items)]
    copies: list[str] = []
    leaks: list[str] = []
    conflicts: list[str] = []
    averaged = 0
    for kept, *others in sets.values():
        copies += [item.id for item in others]
        leaks += [f"{i.id} ({i.part or 'no part'}) = {kept.id} ({kept.part})" for i in others if i.part != kept.part]
        conflicts += [f"{item.id} = {kept.id}" for item in others if in_conflict(item, kept, measured)]
        averaged += any([average(kept, others, column) for column in measured if others])
    draft.notes.append(f"{len(copies)} exact duplicates were merged: {some(copies)}")
    if averaged:
        draft.notes.append(f"{averaged} sequences were measured several times with different values; their mean counts")
    if leaks:
        draft.notes.append(f"{len(leaks)} sequences leak between the parts; the held-out copy was kept: {some(leaks)}")
    if conflicts:
        draft.notes.append(f"{len(conflicts)} identical sequences carry different labels; check: {some(conflicts)}")
    gone = set(copies)
    return [item for item in items if item.id not in gone]


def in_conflict(one: Item, other: Item, measured: list[str]) -> bool:
    return any(one.labels.get(c, "") != other.labels.get(c, "") for c in one.labels if c not in measured)


def average(kept: Item, others: list[Item], column: str) -> bool:
    """Put the mean of the measured values on the kept record; whether there were different ones."""
    values = [value for item in (kept, *others) if (value := item.labels.get(column, ""))]
    if len(set(values)) > 1:
        kept.labels[column] = repr(float(np.mean([float(value) for value in values])))
        return True
    kept.labels[column] = values[0] if values else ""
    return False


def to_records(
    draft: Draft, items: list[Item], letters: Alphabet, aligned: bool, coding: bool, identity: float
) -> SequenceRecords:
    """Columns out of items; a column that no item fills is absent."""
    columns = list(dict.fromkeys(column for item in items for column in item.labels))
    labels = {column: np.array([item.labels.get(column, "") for item in items], dtype=np.str_) for column in columns}
    return SequenceRecords(
        sequences=[item.sequence for item in items],
        labels=labels,
        ids=[item.id for item in items],
        refusals=draft.refusals,
        notes=draft.notes,
        part=filled([item.part for item in items]),
        group=filled([item.group for item in items]),
        source=draft.source,
        alphabet=letters,
        aligned=aligned,
        coding=coding,
        identity=identity,
    )


def nothing_left(draft: Draft) -> str:
    if not draft.refusals:
        return "there is no sequence in it"
    first = draft.refusals[0]
    record = f", {first.record}" if first.record else ""
    return (
        f"no usable sequence is left ({len(draft.refusals)} refused; the first: {first.file}{record}: {first.reason})"
    )


def nothing_mend(draft: Draft) -> str:
    return "" if draft.refusals else "Give FASTA, FASTQ, Stockholm, GenBank, CSV or a sequence a line"
