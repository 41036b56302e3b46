"""What a file of single cells holds, opened and not yet read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vivogan.core.limits import Limits
from vivogan.domains.expression.formats.layers import Layer
from vivogan.domains.expression.records import Refusal
from vivogan.errors import InputError

X = "X"
RAW = "raw"
SAMPLE = "sample"  # the obs column of the samples that were joined


@dataclass
class Sheet:
    """``layers`` [n, genes] by name ("X" first where there is one), each with its own genes; n ``barcodes``; ``obs``
    columns of n texts ("" where missing). ``types`` are the categories of a column as the file lists them, also those
    without cells."""

    path: Path
    barcodes: list[str]
    layers: dict[str, Layer]
    obs: dict[str, NDArray[np.str_]] = field(default_factory=dict)
    types: dict[str, list[str]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    limits: Limits = field(default_factory=Limits)

    def check(self) -> None:
        """Raises ``InputError`` where names and matrices do not fit together."""
        count = len(self.barcodes)
        if not self.layers:
            raise InputError(self.path, "holds no matrix of cells and genes")
        for name, layer in self.layers.items():
            if layer.shape != (count, len(layer.genes)):
                reason = (
                    f"the matrix is {layer.shape[0]} cells × {layer.shape[1]} genes, but there are {count} names of "
                    f"cells and {len(layer.genes)} of genes"
                )
                raise InputError(self.path, reason, name, "Give the names that belong to this matrix")
        if not count or not all(layer.shape[1] for layer in self.layers.values()):
            raise InputError(self.path, "holds no cells" if not count else "holds no genes")


def chosen_names(path: Path, known: dict[str, list[str]], asked: str | None, usual: tuple[str, ...]) -> list[str]:
    """The names of the genes: the column that was asked for, else the first of the ``usual`` ones that is there.

    Raises ``InputError`` that lists the columns.
    """
    if asked is not None and asked not in known:
        mend = f"Its columns of genes: {', '.join(known) or 'none'}"
        raise InputError(path, f"genes have no column '{asked}'", mend=mend)
    name = asked or next((name for name in usual if name in known), None)
    if name is None:
        raise InputError(path, "has no names of genes", mend=f"Its columns of genes: {', '.join(known) or 'none'}")
    return known[name]
