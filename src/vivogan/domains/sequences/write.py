"""Write sequences back: FASTA (packed or not), a table, or a Stockholm alignment."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from vivogan.core.files import write_bytes
from vivogan.domains.sequences.records import SequenceRecords
from vivogan.errors import UserError

WIDTH = 80  # letters of a line of FASTA
PLAIN = re.compile(r'[^\s"=\\]+')  # what stands in a header without quotes
REMARK = "remark"


def write(records: SequenceRecords, path: Path) -> list[Path]:
    """Write every record; returns the one file written.

    ``.fasta`` (and its kin) has headers ``>id column=value … remark``, an alignment keeps its gaps; ``.csv`` and
    ``.tsv`` have the columns id, sequence, labels, remark; ``.sto`` is Stockholm. Each may end in ``.gz``. Any other
    path is a folder that gets ``sequences.fasta``. The file is written whole or not at all, and ``read`` takes it
    back. Raises ``UserError`` when the place cannot be written, or when sequences without a common length should
    become Stockholm.
    """
    path = Path(path)
    packed = path.suffix.lower() == ".gz"
    form = FORMS.get(Path(path.stem).suffix.lower() if packed else path.suffix.lower())
    if form is None:
        path, packed, form = path / "sequences.fasta", False, fasta
    if form is stockholm and not records.aligned:
        raise UserError(f"{path}: only an alignment can be written as Stockholm", "Name the file .fasta or .csv")
    content = form(records).encode("utf-8")
    write_bytes(path, gzip.compress(content, mtime=0) if packed else content)
    return [path]


def columns(records: SequenceRecords) -> dict[str, list[str]]:
    """What is known of each record beside name and sequence."""
    given = {"split": records.part, "group": records.group}
    extra = {name: values for name, values in given.items() if values is not None and name not in records.labels}
    return {name: values.tolist() for name, values in {**records.labels, **extra}.items()}


def quoted(text: str) -> str:
    """A word of a header, in quotes where it would fall apart.

    >>> quoted("tata"), quoted("stress response")
    ('tata', '"stress response"')
    """
    if PLAIN.fullmatch(text):
        return text
    return '"' + re.sub(r'(["\\])', r"\\\1", " ".join(text.splitlines())) + '"'


def headers(records: SequenceRecords) -> list[tuple[str, str]]:
    """Name and description of each record; empty values are left out."""
    known = {quoted(name): values for name, values in columns(records).items()}
    remarks = records.remarks or [""] * len(records)
    found = []
    for i, (name, remark) in enumerate(zip(records.ids, remarks, strict=True)):
        words = [f"{column}={quoted(values[i])}" for column, values in known.items() if values[i]]
        found.append((re.sub(r"\s+", "_", name), " ".join([*words, *remark.split()])))
    return found


def fasta(records: SequenceRecords) -> str:
    lines = []
    for (name, text), sequence in zip(headers(records), records.sequences, strict=True):
        lines.append(f">{name} {text}".rstrip())
        lines += [sequence[i : i + WIDTH] for i in range(0, len(sequence), WIDTH)]
    return "".join(line + "\n" for line in lines)


def stockholm(records: SequenceRecords) -> str:
    described = headers(records)
    width = max((len(name) for name, _ in described), default=0) + 1
    marks = [f"#=GS {name:<{width}}DE {text}" for name, text in described if text]
    rows = [f"{name:<{width}}{row}" for (name, _), row in zip(described, records.sequences, strict=True)]
    return "\n".join(["# STOCKHOLM 1.0", "", *marks, *rows, "//", ""])


def table(records: SequenceRecords, delimiter: str) -> str:
    known = columns(records)
    remark = {REMARK: records.remarks} if records.remarks else {}
    text = io.StringIO()
    rows = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    rows.writerow(["id", "sequence", *known, *remark])
    rows.writerows(zip(records.ids, records.sequences, *known.values(), *remark.values(), strict=True))
    return text.getvalue()


FORMS: Mapping[str, Callable[[SequenceRecords], str]] = {
    **dict.fromkeys((".fasta", ".fa", ".fna", ".faa", ".fas", ".afa"), fasta),
    ".csv": lambda records: table(records, ","),
    ".tsv": lambda records: table(records, "\t"),
    **dict.fromkeys((".sto", ".stk", ".stockholm"), stockholm),
}
