"""Bare lines: one sequence a line, and a label behind a tab where there is one."""

from __future__ import annotations

import re

from vivogan.domains.columns import columns_named
from vivogan.domains.sequences.records import Draft, Item, ReadOptions
from vivogan.domains.source import Source
from vivogan.errors import InputError

LABEL = "label"  # the name of the second column, which has no header
BETWEEN = re.compile(r"\s*[\t,;]\s*|\s+")


def read_plain(source: Source, draft: Draft, options: ReadOptions) -> None:
    """A record a line, named by file and line; blank lines and ``#`` comments are passed over."""
    wanted = columns_named(options.labels)
    if set(wanted) - {LABEL}:
        mend = f"The second column is called '{LABEL}'"
        raise InputError(source.path, f"has no names of columns, so no '{wanted[0]}'", mend=mend)
    stem, labelled = source.suffixes[0], False
    for number, line in enumerate(source.lines(), 1):
        row = line.strip()
        if not row or row.startswith("#"):
            continue
        sequence, *rest = BETWEEN.split(row, maxsplit=1)
        labelled = labelled or bool(rest)
        draft.add(Item(sequence, f"{stem}-{number}", source.name, {LABEL: rest[0]} if rest else {}))
    if wanted and not labelled:
        raise InputError(source.path, "has no second column of labels", mend="Put a tab and the label behind each line")
