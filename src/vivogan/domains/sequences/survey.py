"""A look at a sequence file of any size, in bounded memory: what ``inspect`` says of files too large to be read."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.sequences.alphabets import ALPHABETS, GAP, PROTEIN, Alphabet
from vivogan.domains.sequences.formats.fasta import read_fasta
from vivogan.domains.sequences.formats.registry import reader_of
from vivogan.domains.sequences.formats.tables import opened, read_table, row_name
from vivogan.domains.sequences.layouts import found_alphabet
from vivogan.domains.sequences.records import Draft, Item, ReadOptions, Refusal
from vivogan.domains.source import Source

MOST_HASHED = 1_000_000  # different sequences among which duplicates are looked for
NAMED = 20  # refusals that are named; the others are counted
LONG = 2**24  # letters of one record, beyond which it is counted piece by piece
BATCH = 2**22  # letters counted at once
LOWER = np.frombuffer(bytes(range(97, 123)), np.uint8)
SPACE = b" \t\v\f\n"


def survey(path: Path, options: ReadOptions) -> dict[str, Any]:
    """Count a file, as plain JSON.

    ``letters`` maps upper-case letters, "-", "." and "*" to their numbers; ``length`` has min, median, max, mean and
    ten ``bins`` of equal width; ``lower`` counts records with lower-case letters; ``duplicates`` those equal to an
    earlier one among the first ``duplicates_among`` different ones. ``refused`` counts the unusable records, ``first``
    names some of them. Raises ``InputError`` as ``read`` does.
    """
    source = Source(Path(path), options.limits)
    reader = reader_of(source)
    tally = Tally(str(path), ALPHABETS.get(options.alphabet))
    if reader is read_fasta:
        for name, body in fasta_records(source, tally):
            tally.take(name, body)
    elif reader is read_table:
        columns, rows = opened(source, tally, options)
        for number, row in rows:
            tally.take(row_name(source, columns, number, row).encode(), row[columns.sequence].encode())
    else:
        reader(source, tally, options)
    tally.count_batch()
    if source.damage:
        tally.refuse(str(path), None, f"{source.damage}; what was read before is counted")
    return {"file": str(path), "bytes": source.size, **tally.result()}


class Tally(Draft):
    """A draft that counts its items instead of keeping them."""

    def __init__(self, source: str, alphabet: Alphabet | None) -> None:
        super().__init__(source)
        self.alphabet = alphabet
        self.lengths: Counter[int] = Counter()
        self.symbols: NDArray[np.int64] = np.zeros(256, np.int64)
        self.hashes: set[int] = set()
        self.duplicates = self.lower = self.refused = 0
        self.names: list[bytes] = []
        self.bodies: list[bytes] = []
        self.size = 0

    def add(self, item: Item) -> None:
        self.take(item.id.encode(), item.sequence.encode())

    def refuse(self, file: str, record: str | None, reason: str) -> None:
        self.refused += 1
        if len(self.refusals) < NAMED:
            self.refusals.append(Refusal(file, record, reason))

    def take(self, name: bytes, body: bytes) -> None:
        """One record; counted when enough have come."""
        self.names.append(name)
        self.bodies.append(body)
        self.size += len(body)
        if self.size > BATCH:
            self.count_batch()

    def count_batch(self) -> None:
        names, bodies, self.names, self.bodies, self.size = self.names, self.bodies, [], [], 0
        if not bodies:
            return
        if self.alphabet is None:
            self.alphabet = found_alphabet([body.decode("ascii", "replace") for body in bodies])
        bodies = [body.translate(None, SPACE) for body in bodies]
        self.lengths.update(map(len, bodies))
        counts = counted(b"".join(bodies))
        self.symbols += counts
        if counts[LOWER].any():
            upper = [body.upper() for body in bodies]
            self.lower += sum(map(bytes.__ne__, upper, bodies))
            bodies = upper
        self.look_for_copies(bodies)
        self.look_for_faults(names, bodies, counts)

    def look_for_copies(self, bodies: list[bytes]) -> None:
        hashes = list(map(hash, bodies))
        if len(self.hashes) < MOST_HASHED:
            before = len(self.hashes)
            self.hashes.update(hashes)
            self.duplicates += len(hashes) - (len(self.hashes) - before)
        else:
            self.duplicates += sum(map(self.hashes.__contains__, hashes))

    def look_for_faults(self, names: list[bytes], bodies: list[bytes], counts: NDArray[np.int64]) -> None:
        assert self.alphabet is not None
        known = usable_letters(self.alphabet)
        strange = counts.copy()
        strange[np.frombuffer(known, np.uint8)] = 0
        if not strange.any() and all(bodies):
            return
        for name, body in zip(names, bodies, strict=True):
            rest = body.translate(None, known)
            if rest or not body:
                self.refuse(self.source, word(name), fault(body, rest, self.alphabet))

    def result(self) -> dict[str, Any]:
        """The counts so far."""
        alphabet = self.alphabet or PROTEIN
        folded = self.symbols.copy()
        folded[LOWER - 32] += folded[LOWER]
        folded[LOWER] = 0
        letters = {chr(i): int(folded[i]) for i in np.flatnonzero(folded)}
        total = max(1, sum(count for letter, count in letters.items() if letter.isalpha()))
        ambiguous = sum(
            letters.get(letter, 0) for letter in alphabet.ambiguous if not counts_as_plain(letter, alphabet)
        )
        return {
            "count": self.lengths.total(),
            "alphabet": alphabet.name.lower(),
            "length": described(self.lengths),
            "letters": letters,
            "gc": None if alphabet is PROTEIN else (letters.get("G", 0) + letters.get("C", 0)) / total,
            "ambiguous": ambiguous / total,
            "gaps": (letters.get(GAP, 0) + letters.get(".", 0)) / max(1, sum(letters.values())),
            "lower": self.lower,
            "empty": self.lengths.get(0, 0),
            "duplicates": self.duplicates,
            "duplicates_among": len(self.hashes),
            "refused": self.refused,
            "first": [{"record": refusal.record, "reason": refusal.reason} for refusal in self.refusals],
            "notes": list(self.notes),
        }


def counts_as_plain(letter: str, alphabet: Alphabet) -> bool:
    return alphabet is not PROTEIN and letter in "TU"


def usable_letters(alphabet: Alphabet) -> bytes:
    """Every byte that a record may hold."""
    more = "*" if alphabet is PROTEIN else "TU"
    letters = "".join(sorted(alphabet.known)) + more
    return (letters + letters.lower() + GAP + ".").encode()


def counted(content: bytes) -> NDArray[np.int64]:
    """How often each byte occurs, [256]: by pairs of bytes, which halves the work."""
    even = len(content) & ~1
    pairs = np.bincount(np.frombuffer(content[:even], np.uint16), minlength=65536).reshape(256, 256)
    found = pairs.sum(0) + pairs.sum(1)
    if len(content) > even:
        found[content[-1]] += 1
    return found


def word(name: bytes) -> str:
    return (name.split(None, 1) or [b"a record without name"])[0].decode("utf-8", "replace")


def fault(body: bytes, strange: bytes, alphabet: Alphabet) -> str:
    if not body:
        return "is empty"
    place, letter = body.index(strange[:1]) + 1, chr(strange[0])
    more = f" and {len(strange) - 1} more such letters" if len(strange) > 1 else ""
    return f"has {letter!r} at position {place}{more}, no letter of {alphabet.name}"


def described(lengths: Counter[int]) -> dict[str, Any]:
    """Least, middle, greatest, mean, and ten bins of equal width with their numbers of records."""
    if not lengths:
        return {"min": 0, "median": 0, "max": 0, "mean": 0.0, "bins": []}
    values = np.array(sorted(lengths))
    counts = np.array([lengths[int(value)] for value in values])
    middle = values[np.searchsorted(np.cumsum(counts), (counts.sum() + 1) // 2)]
    number, edges = np.histogram(values, bins=min(10, len(values)), weights=counts)
    bins = [
        {"from": float(a), "to": float(b), "count": int(n)} for a, b, n in zip(edges, edges[1:], number, strict=False)
    ]
    return {
        "min": int(values[0]),
        "median": int(middle),
        "max": int(values[-1]),
        "mean": float((values * counts).sum() / counts.sum()),
        "bins": bins,
    }


def fasta_records(source: Source, tally: Tally) -> Iterator[tuple[bytes, bytes]]:
    """Name and body (with its line ends) of each record; one longer than ``LONG`` is counted here, piece by piece."""
    name: bytes | None = None
    long = Long(tally)
    parts: list[bytes] = []
    held = b"\n"
    for chunk in source.chunks():
        content = held + chunk
        last = content.rfind(b"\n") + 1
        # A header may go on in the next chunk, and so may the line end before one; a body can be cut anywhere.
        cut = last - 1 if last and (last == len(content) or content[last : last + 1] == b">") else len(content)
        content, held = content[:cut], content[cut:]
        body, *pieces = content.split(b"\n>")
        parts.append(body)
        for piece in pieces:
            if name is not None and not long.ended(name, parts):
                yield name, b"".join(parts)
            name, _, body = piece.partition(b"\n")
            parts = [body]
        if sum(map(len, parts)) > LONG:
            parts = long.more(parts)
    parts.append(held.partition(b"\n>")[0])
    if name is not None and source.damage:
        tally.refuse(source.name, word(name), f"is cut off: {source.damage}")
    elif name is not None and not long.ended(name, parts):
        yield name, b"".join(parts)
    if not source.damage and b"\n>" in held:
        yield held.partition(b"\n>")[2], b""


class Long:
    """A record of which no more than a piece is kept."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self.length, self.lower, self.strange = 0, False, 0
        self.digest = hashlib.blake2b(digest_size=8)

    def more(self, parts: list[bytes]) -> list[bytes]:
        """Count these pieces; returns the empty list of those to come."""
        body = b"".join(parts).translate(None, SPACE)
        if self.tally.alphabet is None:
            self.tally.alphabet = found_alphabet([body[:100_000].decode("ascii", "replace")])
        for start in range(0, len(body), BATCH):
            counts = counted(body[start : start + BATCH])
            self.tally.symbols += counts
            self.lower = self.lower or bool(counts[LOWER].any())
            counts[np.frombuffer(usable_letters(self.tally.alphabet), np.uint8)] = 0
            self.strange += int(counts.sum())
        self.length += len(body)
        self.digest.update(body.upper())
        return []

    def ended(self, name: bytes, parts: list[bytes]) -> bool:
        """Whether the record was a long one; then it is counted to its end."""
        if not self.length:
            return False
        self.more(parts)
        tally = self.tally
        tally.lengths[self.length] += 1
        tally.lower += self.lower
        tally.look_for_copies([self.digest.digest()])
        if self.strange:
            assert tally.alphabet is not None
            tally.refuse(tally.source, word(name), f"has {self.strange} letters that are none of {tally.alphabet.name}")
        self.__init__(tally)  # type: ignore[misc]
        return True
