"""Which reader a file needs. The content decides: names of sequence files lie too often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from vivogan.domains.sequences.formats.fasta import read_fasta, read_fastq
from vivogan.domains.sequences.formats.genbank import read_genbank
from vivogan.domains.sequences.formats.plain import read_plain
from vivogan.domains.sequences.formats.stockholm import read_stockholm
from vivogan.domains.sequences.formats.tables import LETTERS, SEQUENCE_NAMES, read_table
from vivogan.domains.sequences.records import Draft, ReadOptions
from vivogan.domains.source import Source
from vivogan.errors import InputError

Reader = Callable[[Source, Draft, ReadOptions], None]
BEGINNINGS: Mapping[str, Reader] = {
    ">": read_fasta,
    ";": read_fasta,  # a comment, as the first FASTA had them
    "@": read_fastq,
    "# STOCKHOLM": read_stockholm,
    "LOCUS": read_genbank,
}
TABLES = (".csv", ".tsv")
INSERTIONS = (".a2m", ".a3m")
ALIGNMENTS = (*INSERTIONS, ".afa")
# What is read out of a folder; a single file may have any name.
SUFFIXES = (
    ".fa", ".fasta", ".fna", ".faa", ".ffn", ".frn", ".fas", ".mfa", ".afa", ".aln", ".a2m", ".a3m",
    ".fq", ".fastq", ".sto", ".stk", ".stockholm", ".gb", ".gbk", ".gbff", ".genbank", ".txt", *TABLES,
)  # fmt: skip
LONG = 10  # letters that make a sequence of the first cell of a table, not a name of its column


def read_into(draft: Draft, path: Path, options: ReadOptions) -> None:
    """Read one file into the draft. Raises ``InputError`` when nothing of it can be understood."""
    source = Source(path, options.limits)
    reader = reader_of(source)
    reader(source, draft, options)
    draft.aligned = draft.aligned or source.suffixes[1] in ALIGNMENTS
    draft.insertions = draft.insertions or source.suffixes[1] in INSERTIONS
    if source.damage:
        reason = f"{source.damage}; what was read before is used. Copy the file again"
        draft.refuse(source.name, None, reason)


def reader_of(source: Source) -> Reader:
    """The reader that a file needs, by how its text begins. Raises ``InputError`` when it is no text."""
    head = source.head()
    if "\0" in head:
        raise InputError(source.path, "is no text file", mend="Give FASTA, FASTQ, Stockholm, GenBank, CSV or lines")
    lines = [line for line in head.split("\n") if line.strip()]
    if not lines:
        raise InputError(source.path, "has no content")
    reader = next((reader for start, reader in BEGINNINGS.items() if lines[0].lstrip().startswith(start)), None)
    if reader is not None:
        return reader
    return read_table if has_header(lines, source.suffixes[1] in TABLES) else read_plain


def has_header(lines: list[str], named_table: bool) -> bool:
    """Whether the first line names columns. It does not when one of its cells, like the one below, is a sequence."""
    delimiter = max(",;\t", key=lines[0].count)
    if delimiter not in lines[0]:
        return (named_table and not is_sequence(lines[0], LONG)) or lines[0].strip().lower() in SEQUENCE_NAMES
    rows = [[cell.strip().strip('"') for cell in line.split(delimiter)] for line in lines[:2]]
    least = LONG if named_table else 1
    return not any(
        is_sequence(cell, least) and is_sequence(other, least) for cell, other in zip(rows[0], rows[-1], strict=False)
    )


def is_sequence(cell: str, least: int) -> bool:
    """Whether a cell may be a sequence of that many letters: upper case, and not a known name of a column."""
    letters = len(cell) >= least and cell.upper() == cell and LETTERS.issuperset(cell)
    return letters and cell.lower() not in SEQUENCE_NAMES
