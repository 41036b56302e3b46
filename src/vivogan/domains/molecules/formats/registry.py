"""Which reader a file needs. The content decides; the name only helps where the content says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from vivogan.domains.molecules.formats.gather import Gathering
from vivogan.domains.molecules.formats.layout import Layout, layout, names_structures
from vivogan.domains.molecules.formats.lines import read_lines
from vivogan.domains.molecules.formats.parquet import read_parquet
from vivogan.domains.molecules.formats.rows import Reader, Row
from vivogan.domains.molecules.formats.sdf import END, read_sdf
from vivogan.domains.molecules.formats.tables import read_table
from vivogan.domains.molecules.records import Draft, ReadOptions
from vivogan.domains.source import Source
from vivogan.errors import InputError

PARQUET = b"PAR1"
TABLES = (".csv", ".tsv", ".tab")
BLOCKS = (".sdf", ".sd", ".mol")
# What is read out of a folder; a single file may have any name.
SUFFIXES = (".smi", ".smiles", ".cxsmiles", ".ism", ".can", ".txt", *TABLES, *BLOCKS, ".parquet", ".pq")
KINDS = "SMILES lines, CSV, TSV, Parquet or SDF"


def read_into(draft: Draft, path: Path, options: ReadOptions) -> None:
    """Read one file into the draft. Raises ``InputError`` when nothing of it can be understood."""
    source = Source(path, options.limits)
    gathering = Gathering(source, draft, options)
    for row in rows_of(source, draft, options):
        gathering.add(row)
    gathering.finish()


def rows_of(source: Source, draft: Draft, options: ReadOptions) -> Iterator[Row]:
    """The rows of a file one by one; what is broken is refused on the way."""
    yield from reader_of(source, draft)(source, draft, options)
    if source.damage:
        draft.refuse(source.name, None, f"{source.damage}; what was read before is used. Copy the file again")


def reader_of(source: Source, draft: Draft) -> Reader:
    """The reader that a file needs, by how it begins. Raises ``InputError`` when it is no text."""
    if next(source.raw(), b"").startswith(PARQUET):
        return read_parquet
    head = source.head()
    if "\0" in head:
        raise InputError(source.path, "is no text file", mend=f"Give {KINDS}")
    lines = head.split("\n")
    if len(lines) > 1 and len(head) >= 2**16:
        lines = lines[:-1]  # torn
    if not any(line.strip() for line in lines):
        raise InputError(source.path, "has no content", mend=f"Give {KINDS}")
    if is_blocks(lines, source.suffixes[1]):
        return read_sdf
    found = layout_of(lines, source.suffixes[1] in TABLES)
    return partial(read_table, layout=found) if found.names else read_lines


def is_blocks(lines: list[str], suffix: str) -> bool:
    """Whether the text is one of mol blocks."""
    marked = any(line.rstrip().endswith(("V2000", "V3000")) for line in lines[3:4])
    ended = any(line.startswith((END, "M  END")) for line in lines)
    return suffix in BLOCKS or marked or ended


def layout_of(lines: list[str], is_table: bool) -> Layout:
    """The layout of a table or of SMILES lines. A first line behind # is the header where it names structures."""
    written = [line for line in lines if line.strip()]
    if written[0].startswith("#") and names_structures(written[0]):
        return layout(written, is_table)
    return layout([line for line in written if not line.startswith("#")] or written, is_table)
