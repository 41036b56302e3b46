"""A set of molecules described in one pass, in pieces on every core and in bounded memory."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from vivogan.core.machine import free_threads
from vivogan.domains.molecules.chemistry import canonical
from vivogan.domains.molecules.filters import passes
from vivogan.domains.molecules.fingerprints import bits
from vivogan.domains.molecules.formats.registry import rows_of
from vivogan.domains.molecules.parallel import CHUNK, FEW
from vivogan.domains.molecules.properties import described
from vivogan.domains.molecules.records import Draft, ReadOptions
from vivogan.domains.molecules.suites import chemnet
from vivogan.domains.molecules.suites.pieces import fragments, scaffold
from vivogan.domains.source import Source
from vivogan.metrics.statistics import Moments

Molecules = Sequence[str] | Path
Parts = frozenset[str]
ALL: Parts = frozenset({"bits", "pieces", "properties", "filters", "chemnet"})
AS_REFERENCE: Parts = ALL - {"filters"}
AS_SCAFFOLDS: Parts = frozenset({"bits", "pieces", "chemnet"})
ONLY_NAMES: Parts = frozenset()
PROPERTIES = ("logp", "sa", "qed", "weight")
SIZE, RADIUS = 1024, 2  # of a fingerprint in MOSES
FIRST = 20_000  # molecules that are kept as SMILES: twice what GuacaMol looks at
MARKS = re.compile(r"[@/\\]|\[\d")  # of stereochemistry and isotopes


@dataclass
class Described:
    """What a set of molecules is; v of its records are molecules, in their order.

    ``fine`` [n]: which records are. ``codes`` and ``flat`` [v]: hashes of the canonical SMILES, with stereochemistry
    and without. ``bits`` [v, 128] packed fingerprints, ``properties`` [v, 4], ``passed`` [v] the filters; counts of
    ``fragments`` and ``scaffolds``; ``first``: the canonical SMILES of the first 20,000; ``moments`` of the ChemNet.
    """

    fine: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))
    codes: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    flat: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    bits: NDArray[np.uint8] = field(default_factory=lambda: np.empty((0, SIZE // 8), np.uint8))
    properties: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, len(PROPERTIES))))
    passed: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))
    fragments: Counter[str] = field(default_factory=Counter)
    scaffolds: Counter[str] = field(default_factory=Counter)
    first: list[str] = field(default_factory=list)
    moments: Moments | None = None

    def __len__(self) -> int:
        """How many records are molecules."""
        return len(self.codes)

    @classmethod
    def joined(cls, pieces: Iterable[Described], network: bool = False) -> Described:
        """Sets one behind the other; ``network``: with the moments of their ``first``, else with those they have."""
        found, arrays = cls(), {name: [getattr(cls(), name)] for name in ARRAYS}
        for piece in pieces:
            for name, parts in arrays.items():
                parts.append(getattr(piece, name))
            found.fragments.update(piece.fragments)
            found.scaffolds.update(piece.scaffolds)
            moments = chemnet.moments(piece.first) if network else piece.moments
            if moments is not None:
                found.moments = moments if found.moments is None else found.moments + moments
            found.first += piece.first[: FIRST - len(found.first)]
        for name, parts in arrays.items():
            setattr(found, name, np.concatenate(parts))
        return found


ARRAYS = ("fine", "codes", "flat", "bits", "properties", "passed")


def describe(molecules: Molecules, parts: Parts, workers: int | None = None) -> Described:
    """Everything the suites need of a set, molecule by molecule; ``parts`` are what is wanted of it."""
    return Described.joined(_pieces(molecules, parts, workers), network="chemnet" in parts)


def _pieces(molecules: Molecules, parts: Parts, workers: int | None) -> Iterator[Described]:
    """The set in pieces, each described by one process, few of them ahead of what is used."""
    texts = read(molecules)
    chunks = iter(lambda: list(islice(texts, CHUNK)), [])
    work, head = partial(described_piece, parts=parts), list(islice(chunks, -(-FEW // CHUNK)))
    count = workers or free_threads()
    if count == 1 or sum(map(len, head)) < FEW:
        yield from map(work, chain(head, chunks))
        return
    from joblib import Parallel, delayed

    pool = Parallel(n_jobs=count, return_as="generator", pre_dispatch="4 * n_jobs")
    yield from pool(delayed(work)(chunk) for chunk in chain(head, chunks))


def described_piece(texts: Sequence[str], parts: Parts) -> Described:
    """Some SMILES, described; like MOSES does it, by the molecules that their canonical SMILES stand for."""
    fine, names, flat, rows, numbers, passed = [], [], [], [], [], []
    found = Described()
    for text in texts:
        mol = Chem.MolFromSmiles(text) if text else None
        name = canonical(mol) if mol is not None else ""
        if name and name != text:
            mol = Chem.MolFromSmiles(name)
        fine.append(bool(name) and mol is not None)
        if not fine[-1]:
            continue
        names.append(name)
        flat.append(Chem.MolToSmiles(mol, isomericSmiles=False) if MARKS.search(name) else name)
        if "bits" in parts:
            rows.append(bits(mol, RADIUS, SIZE))
        if "pieces" in parts:
            found.fragments.update(fragments(mol))
            if (frame := scaffold(mol)) is not None:
                found.scaffolds[frame] += 1
        if "properties" in parts:
            numbers.append(described(mol, PROPERTIES))
        if "filters" in parts:
            passed.append(passes(mol))
    found.fine, found.codes, found.flat = np.array(fine, bool), hashed(names), hashed(flat)
    found.bits = np.array(rows, np.uint8).reshape(-1, SIZE // 8)
    found.properties = np.array(numbers, np.float64).reshape(-1, len(PROPERTIES))
    found.passed, found.first = np.array(passed, bool), names
    return found


def hashed(names: Sequence[str]) -> NDArray[np.uint64]:
    """64 bits for each name: two of a million different ones are the same with a chance of 10⁻⁸."""
    digests = b"".join(hashlib.blake2b(name.encode(), digest_size=8).digest() for name in names)
    return np.frombuffer(digests, np.uint64)


def read(molecules: Molecules) -> Iterator[str]:
    """The structures of a file of any format that is read, or those given, one by one and as they are."""
    if not isinstance(molecules, Path):
        return iter(molecules)
    options = ReadOptions()
    rows = rows_of(Source(molecules, options.limits), Draft(str(molecules)), options)
    return (row.smiles for row in rows)


def counted(molecules: Molecules) -> int:
    """How many records a set has."""
    return sum(1 for _ in read(molecules)) if isinstance(molecules, Path) else len(molecules)


def picked(molecules: Molecules, places: NDArray[np.intp]) -> list[str]:
    """The records at some places, in their order."""
    wanted = set(places.tolist())
    return [text for i, text in enumerate(read(molecules)) if i in wanted]


def flattened(smiles: Sequence[str]) -> list[str]:
    """Canonical SMILES without stereochemistry and isotopes; what is no molecule is left out."""
    mols = (Chem.MolFromSmiles(text) if text else None for text in smiles)
    return [Chem.MolToSmiles(mol, isomericSmiles=False) for mol in mols if mol is not None]
