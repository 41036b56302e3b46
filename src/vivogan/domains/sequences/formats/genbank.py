"""GenBank flat files: the whole sequence of every record, with its organism as a label where that is asked for."""

from __future__ import annotations

from vivogan.domains.columns import columns_named
from vivogan.domains.sequences.records import Draft, Item, ReadOptions
from vivogan.domains.source import Source
from vivogan.errors import InputError

ORGANISM = "organism"
PLACES = str.maketrans("", "", " \t0123456789")


def read_genbank(source: Source, draft: Draft, options: ReadOptions) -> None:
    """Every record between LOCUS and ``//``; features are not read.

    Raises ``InputError`` when a label other than the organism is asked for.
    """
    labels = columns_named(options.labels)
    if set(labels) - {ORGANISM}:
        raise InputError(source.path, f"has no label '{labels[0]}'", mend=f"GenBank files give '{ORGANISM}'")
    name, organism, pieces, inside = "", "", [""], False
    for line in source.lines():
        word, _, rest = line.strip().partition(" ")
        if line.startswith("LOCUS"):
            name, organism, pieces, inside = rest.split()[0] if rest.split() else "", "", [], False
        elif line.startswith("VERSION") and rest.split():
            name = rest.split()[0]
        elif word == "ORGANISM":
            organism = rest.strip()
        elif line.startswith("ORIGIN"):
            inside = True
        elif line.startswith("//"):
            # Lower case is how GenBank writes all letters; it masks nothing.
            known = {ORGANISM: organism} if labels else {}
            draft.add(Item("".join(pieces).upper(), name or f"{source.suffixes[0]}-{len(draft.items) + 1}",
                           source.name, known))  # fmt: skip
            name, inside = "", False
        elif inside:
            pieces.append(line.translate(PLACES))
    if name:
        draft.refuse(source.name, name, f"is cut off before its end (//){'; ' if source.damage else ''}{source.damage}")
