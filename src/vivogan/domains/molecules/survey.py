"""A look at a file of molecules of any size, in bounded memory: what ``inspect`` says of files too large to be read."""

from __future__ import annotations

import hashlib
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit.Chem import rdMolDescriptors

from vivogan.core.machine import free_threads
from vivogan.domains.molecules.clean import mend_of, nothing_left
from vivogan.domains.molecules.formats.registry import rows_of
from vivogan.domains.molecules.formats.rows import Row
from vivogan.domains.molecules.notation import charge, elements, has_stereo, heavy_atoms
from vivogan.domains.molecules.records import Draft, ReadOptions, Refusal
from vivogan.domains.molecules.standardise import Rules, with_molecule
from vivogan.domains.source import Source
from vivogan.errors import InputError

NAMED = 20  # refusals that are named; the others are counted
CHUNK = 4000  # molecules that a process takes at once
AHEAD = 2  # chunks that wait for each process
SAMPLED = 4  # one molecule in so many, chosen by its hash, has its logP computed: it costs as much as all else
# The width of a bin of each property.
WIDTHS = {"heavy_atoms": 5.0, "weight": 50.0, "logp": 1.0}


@dataclass
class Counted:
    """What some molecules are: hashes of their structures [n], properties by name [n], faults by position."""

    hashes: NDArray[np.uint64]
    properties: dict[str, NDArray[np.float32]]
    faults: list[tuple[int, str]]
    elements: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    charged: int = 0
    stereo: int = 0


class Tally(Draft):
    """A draft that counts its refusals and keeps the first of them."""

    def __init__(self, source: str, options: ReadOptions) -> None:
        super().__init__(source, options.limits)
        self.refused = 0

    def refuse(self, file: str, record: str | None, reason: str) -> None:
        self.refused += 1
        if len(self.refusals) < NAMED:
            self.refusals.append(Refusal(file, record, reason))


@dataclass
class Spread:
    """The values of a property, counted in bins of one width."""

    width: float
    bins: Counter[int] = field(default_factory=Counter)
    total: float = 0.0
    least: float = np.inf
    greatest: float = -np.inf

    def add(self, values: NDArray[np.float32]) -> None:
        values = values[np.isfinite(values)]
        if len(values):
            places, counts = np.unique(np.floor(values / self.width).astype(int), return_counts=True)
            self.bins.update(dict(zip(places.tolist(), counts.tolist(), strict=True)))
            self.total += float(values.sum(dtype=np.float64))
            self.least, self.greatest = min(self.least, float(values.min())), max(self.greatest, float(values.max()))

    def described(self) -> dict[str, float]:
        """Least, mean and greatest."""
        count = self.bins.total()
        return {"min": self.least, "mean": self.total / count, "max": self.greatest} if count else {}

    def histogram(self) -> list[dict[str, float]]:
        """The bins from the first to the last that holds any."""
        places = range(min(self.bins, default=0), max(self.bins, default=-1) + 1)
        return [{"from": i * self.width, "to": (i + 1) * self.width, "count": self.bins[i]} for i in places]


class Whole:
    """Everything that was counted."""

    def __init__(self) -> None:
        self.spreads = {name: Spread(width) for name, width in WIDTHS.items()}
        self.hashes: list[NDArray[np.uint64]] = []
        self.elements, self.changed = Counter[str](), Counter[str]()
        self.count = self.charged = self.stereo = 0

    def add(self, found: Counted) -> None:
        for name, spread in self.spreads.items():
            spread.add(found.properties[name])
        self.hashes.append(found.hashes)
        self.count += len(found.hashes)
        self.elements += found.elements
        self.changed += found.changed
        self.charged += found.charged
        self.stereo += found.stereo

    def described(self) -> dict[str, Any]:
        return {
            "count": self.count,
            **{name: spread.described() for name, spread in self.spreads.items()},
            "elements": dict(self.elements.most_common()),
            "charged": self.charged,
            "stereo": self.stereo,
            "changed": dict(self.changed),
            "duplicates": self.count - different(np.concatenate(self.hashes)),
        }


def survey(path: Path, options: ReadOptions, workers: int | None = None) -> dict[str, Any]:
    """What ``inspect`` says of a large file, as plain JSON: counted on every free core (or by ``workers`` processes).

    ``fingerprint``: ``count`` molecules can be used, ``refused`` cannot; ``duplicates`` are equal to an earlier one
    after standardisation; ``heavy_atoms``, ``weight`` and ``logp`` (of one molecule in four) have min, mean and max;
    ``elements`` counts the molecules that hold each; ``changed`` those of which salts or charges were taken, or that
    were redrawn. ``histograms`` has the bins of the three properties; ``refusals`` names some; ``notes`` say the rest.
    Labels are not looked at. Raises ``InputError`` as ``read`` does.
    """
    source = Source(Path(path), options.limits)
    tally = Tally(str(path), options)
    places: list[list[str]] = []
    chunks = chunked(rows_of(source, tally, options), places)
    whole = Whole()
    for found in counted_each(chunks, Rules.of(options), workers or free_threads()):
        here = places.pop(0)
        for position, fault in found.faults:
            tally.refuse(str(path), here[position], f"{fault}. {mend_of(fault)}")
        whole.add(found)
    if not whole.count:
        raise InputError(path, nothing_left(tally))
    fingerprint = {"file": str(path), "bytes": source.size, **whole.described(), "refused": tally.refused}
    return {
        "fingerprint": fingerprint,
        "histograms": {name: spread.histogram() for name, spread in whole.spreads.items()},
        "refusals": [asdict(refusal) for refusal in tally.refusals],
        "notes": [
            "large file: structures were counted, labels and scaffolds were not looked at",
            f"logp is that of one molecule in {SAMPLED}",
            *tally.notes,
        ],
    }


def different(hashes: NDArray[np.uint64]) -> int:
    """How many different ones there are; the order is lost."""
    hashes.sort()
    return int((hashes[1:] != hashes[:-1]).sum()) + min(1, len(hashes))


def chunked(rows: Iterator[Row], places: list[list[str]]) -> Iterator[list[str]]:
    """Structures by the chunk; where they stand is put into ``places``."""
    while chunk := list(islice(rows, CHUNK)):
        places.append([f"{row.place} ({row.name})" if row.name else row.place for row in chunk])
        yield [row.smiles for row in chunk]


def counted_each(chunks: Iterator[list[str]], rules: Rules, workers: int) -> Iterable[Counted]:
    """What each chunk holds, in order; a few are on their way at a time. One chunk is not worth a process."""
    first = list(islice(chunks, 2))
    if workers == 1 or len(first) < 2:
        yield from map(partial(counted, rules=rules), chain(first, chunks))
        return
    from joblib import Parallel, delayed

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="A worker stopped", category=UserWarning)
        work = Parallel(n_jobs=workers, return_as="generator", pre_dispatch=AHEAD * workers, batch_size=1)
        yield from work(delayed(counted)(chunk, rules) for chunk in chain(first, chunks))


def counted(smiles: list[str], rules: Rules) -> Counted:
    """What these molecules are."""
    hashes: list[int] = []
    values: list[tuple[float, float, float]] = []
    found = Counted(np.empty(0, np.uint64), {}, [])
    for position, one in enumerate(smiles):
        standard, mol = with_molecule(one, rules)
        if mol is None:
            found.faults.append((position, standard.fault))
            continue
        written = standard.smiles
        hashes.append(int.from_bytes(hashlib.blake2b(written.encode(), digest_size=8).digest(), "little"))
        logp = np.nan if hashes[-1] % SAMPLED else rdMolDescriptors.CalcCrippenDescriptors(mol)[0]
        values.append((heavy_atoms(written), rdMolDescriptors._CalcMolWt(mol), logp))
        found.elements.update(elements(written))
        found.changed.update(standard.changed)
        found.charged += charge(written) != 0
        found.stereo += has_stereo(written)
    found.hashes = np.array(hashes, np.uint64)
    table = np.array(values, np.float32).reshape(-1, len(WIDTHS))
    found.properties = {name: table[:, i] for i, name in enumerate(WIDTHS)}
    return found
