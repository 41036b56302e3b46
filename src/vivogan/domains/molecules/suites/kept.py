"""Descriptions of reference sets, kept in the cache: the same set is compared with many others."""

from __future__ import annotations

import hashlib
from collections import Counter
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from rdkit import rdBase

from vivogan.core.downloads import cache_folder
from vivogan.core.files import write_bytes
from vivogan.domains.molecules.suites.sets import ARRAYS, Described, Molecules, Parts, describe
from vivogan.errors import UserError
from vivogan.metrics.statistics import Moments

FORM = 1  # changes whenever a description does


def kept(molecules: Molecules, parts: Parts, workers: int | None = None) -> Described:
    """``describe``, from the cache where this set was described before by this version of RDKit."""
    path = cache_folder() / "molecules" / f"{_key(molecules, parts)}.npz"
    try:
        return _read(path)
    except (OSError, ValueError, KeyError, BadZipFile):  # not there yet, or not whole
        found = describe(molecules, parts, workers)
    with suppress(UserError):  # a cache that cannot be written is no reason to stop
        _write(path, found)
    return found


def _key(molecules: Molecules, parts: Parts) -> str:
    digest = hashlib.sha256(f"{FORM} {rdBase.rdkitVersion} {sorted(parts)}".encode())
    if isinstance(molecules, Path):
        with molecules.open("rb") as file:
            while block := file.read(2**20):
                digest.update(block)
    else:
        digest.update("\n".join(molecules).encode())
    return digest.hexdigest()[:24]


def _write(path: Path, found: Described) -> None:
    arrays: dict[str, Any] = {name: getattr(found, name) for name in ARRAYS}
    for name in ("fragments", "scaffolds"):
        counts: Counter[str] = getattr(found, name)
        arrays[name] = _texts(list(counts))
        arrays[f"{name} counts"] = np.array(list(counts.values()), np.int64)
    arrays["first"] = _texts(found.first)
    if found.moments is not None:
        arrays |= {"n": np.array(found.moments.count), "mean": found.moments.mean, "m2": found.moments.m2}
    stream = BytesIO()
    np.savez_compressed(stream, **arrays)
    write_bytes(path, stream.getvalue())


def _read(path: Path) -> Described:
    with np.load(path, allow_pickle=False) as file:
        found = Described(**{name: file[name] for name in ARRAYS}, first=_list(file["first"]))
        for name in ("fragments", "scaffolds"):
            counts = zip(_list(file[name]), file[f"{name} counts"].tolist(), strict=True)
            setattr(found, name, Counter(dict(counts)))
        if "n" in file:
            found.moments = Moments(int(file["n"]), file["mean"], file["m2"])
    return found


def _texts(texts: list[str]) -> Any:
    """Texts without line ends as bytes."""
    return np.frombuffer("\n".join(texts).encode(), np.uint8)


def _list(array: Any) -> list[str]:
    return array.tobytes().decode().split("\n") if array.size else []
