"""Stockholm alignments (Pfam, Rfam, HMMER): rows of ``name sequence``, in one block or several."""

from __future__ import annotations

from vivogan.domains.sequences.formats.fasta import Headers
from vivogan.domains.sequences.records import Draft, ReadOptions
from vivogan.domains.source import Source


def read_stockholm(source: Source, draft: Draft, options: ReadOptions) -> None:
    """The rows of the first alignment, with the labels of their descriptions (``#=GS name DE key=value``); other marks
    are not used. A second alignment is noted."""
    rows: dict[str, list[str]] = {}
    described: dict[str, str] = {}
    lines = source.lines()
    for line in lines:
        if line.startswith("//"):
            break
        if line.startswith("#=GS") and (words := line.split(None, 3))[2:3] == ["DE"] and len(words) == 4:
            described[words[1]] = words[3]
        if not line.strip() or line.startswith("#"):
            continue
        name, *rest = line.split(None, 1)
        if not rest:
            draft.refuse(source.name, name, "has a name and no sequence. Write each row as: name sequence")
            continue
        rows.setdefault(name, []).append(rest[0].translate({32: None, 9: None}))
    if next((line for line in lines if line.strip()), None) is not None:
        draft.notes.append(f"{source.path.name} holds several alignments: the first was read")
    headers = Headers(source, draft, options)
    for name, pieces in rows.items():
        headers.add(f"{name} {described.get(name, '')}", "".join(pieces))
    headers.finish()
    draft.aligned = True
