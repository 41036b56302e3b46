"""FASTA and FASTQ: one record after the other. ``key=value`` words of a header are its labels."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vivogan.domains.columns import columns_named, some
from vivogan.domains.parts import part_named
from vivogan.domains.sequences.records import Draft, Item, ReadOptions
from vivogan.domains.source import Source
from vivogan.errors import InputError

FIELD = re.compile(
    r'(?:^|(?<=\s))(?:"(?P<quoted>[^"]+)"|(?P<key>[^\s="]+))=(?:"(?P<text>(?:[^"\\]|\\.)*)"|(?P<word>\S*))'
)
SPACE = str.maketrans("", "", " \t\v\f\xa0")


def fields(header: str) -> dict[str, str]:
    """What a header says of its record.

    >>> fields('p1 expr=3.2 class="stress response"')
    {'expr': '3.2', 'class': 'stress response'}
    """
    found = {}
    for match in FIELD.finditer(header):
        quoted = match["text"]
        value = match["word"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        found[match["quoted"] or match["key"]] = value
    return found


class Headers:
    """Makes items of headers: the name is the first word, and the keys that the options name are labels."""

    def __init__(self, source: Source, draft: Draft, options: ReadOptions) -> None:
        self.draft, self.options, self.file = draft, options, source.name
        self.labels = columns_named(options.labels)
        self.wanted = {*self.labels, *filter(None, (options.split, options.group))}
        self.keys: dict[str, None] = {}
        self.count = 0
        self.stem = source.suffixes[0]

    def add(self, header: str, sequence: str) -> None:
        self.count += 1
        name = (header.split(None, 1) or [f"{self.stem}-{self.count}"])[0]
        item = Item(sequence.translate(SPACE), name, self.file)
        if self.wanted:
            said = fields(header)
            self.keys.update(dict.fromkeys(said))
            item.labels = {label: said.get(label, "") for label in self.labels}
            item.group = said.get(self.options.group, "") if self.options.group else ""
            if self.options.split and (word := said.get(self.options.split)) is not None:
                part = part_named(word)
                if part is None:
                    self.draft.refuse(self.file, name, f"has the part '{word}'. Use train, selection or test")
                    return
                item.part = part
        self.draft.add(item)

    def finish(self) -> None:
        """Raises ``InputError`` when no header has a key that was asked for."""
        missing = sorted(self.wanted - set(self.keys))
        if missing and self.count:
            keys = f"Its headers have {some(list(self.keys), 12)}" if self.keys else "Write headers as >name key=value"
            raise InputError(self.file, f"no header has '{missing[0]}='", mend=keys)


def read_fasta(source: Source, draft: Draft, options: ReadOptions) -> None:
    """Every record; what stands before the first header is refused."""
    headers = Headers(source, draft, options)
    header: str | None = None
    pieces: list[str] = []
    for line in source.lines():
        if line.startswith(">"):
            if header is not None:
                headers.add(header, "".join(pieces))
            header, pieces = line[1:], []
        elif header is not None:
            pieces.append(line)
        elif line.strip() and not line.startswith(";"):
            draft.refuse(source.name, "the first line", "stands before the first header. Give every record a >name")
            header, pieces = None, []
    if header is not None and source.damage:
        name = (header.split(None, 1) or ["the last record"])[0]
        draft.refuse(source.name, name, f"is cut off: {source.damage}. Copy the file again")
    elif header is not None:
        headers.add(header, "".join(pieces))
    headers.finish()


def read_fastq(source: Source, draft: Draft, options: ReadOptions) -> None:
    """Every read of four lines; qualities are not looked at beyond their number."""
    headers = Headers(source, draft, options)
    lines = (line for line in source.lines() if line.strip())
    line = next(lines, None)
    while line is not None:
        if not line.startswith("@"):  # out of step: find the next header
            line = next(lines, None)
            continue
        line = read_one(source, draft, headers, line, lines)
    headers.finish()


def read_one(source: Source, draft: Draft, headers: Headers, first: str, lines: Iterator[str]) -> str | None:
    """One read that begins with ``first``; returns the line after it."""
    name = (first[1:].split(None, 1) or [f"read {headers.count + 1}"])[0]
    sequence, plus, quality = next(lines, None), next(lines, None), next(lines, None)
    if sequence is None or plus is None or quality is None:
        draft.refuse(source.name, name, "is cut off before its four lines are complete. Copy the file again")
        return None
    if not plus.startswith("+"):
        draft.refuse(source.name, name, "has no '+' in its third line. Write each read in four lines")
        return next((line for line in (sequence, plus, quality) if line.startswith("@")), quality)
    if len(quality) != len(sequence):
        reason = f"has {len(sequence)} letters and {len(quality)} qualities. Write the read again"
        draft.refuse(source.name, name, reason)
    else:
        headers.add(first[1:], sequence)
    return next(lines, None)
