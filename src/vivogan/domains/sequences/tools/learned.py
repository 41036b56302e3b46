"""A trained predictor as an oracle: which of its outputs, and how sequences of a generator become what it reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vivogan.core.files import sha256
from vivogan.core.run_folder import RunFolder
from vivogan.domains.sequences.alphabets import DNA, GAP, PROTEIN, RNA
from vivogan.domains.sequences.codec import END, STOPS, SequenceCodec
from vivogan.errors import UserError

Floats = NDArray[np.float64]
CAUTIOUS = "@lcb"
DOMAIN = "sequences"


@dataclass(frozen=True)
class Learned:
    """One output of a predictor. ``caution`` standard deviations are added to what it says: positive raises it."""

    model: Any  # the predictor: codec, targets, predict(sequences), network(x)
    column: int
    caution: float
    folder: Path
    task: str
    kind: str
    seed: int

    @cached_property
    def digest(self) -> str:
        """Of the weights."""
        return sha256(self.folder / "model.safetensors")

    def same_as(self, other: Learned) -> str:
        """How this predictor is the other one again; empty where it is not."""
        if self.folder.resolve() == other.folder.resolve() or self.digest == other.digest:
            return "is the same predictor as"
        if (self.task, self.kind, self.seed) == (other.task, other.kind, other.seed):
            return f"was trained with the same kind ({self.kind}) and seed ({self.seed}) as"
        return ""

    def values(self, codec: SequenceCodec | None = None) -> Callable[[list[str]], Floats]:
        """The function of sequences (of a generator with this codec); NaN for those longer than it learned from.

        Raises ``UserError`` when it reads another kind of sequence.
        """
        convert = str if codec is None else conversion(codec, self.model.codec)
        wanted = self.model.codec

        def values(sequences: list[str]) -> Floats:
            texts = [convert(sequence) for sequence in sequences]
            sizes = np.array([len(wanted.split(text)) for text in texts], np.int64)
            fits = (sizes > 0) & ((sizes <= wanted.length) if wanted.ends else (sizes == wanted.length))
            found = np.full(len(texts), np.nan)
            if fits.any():
                said = self.model.predict([text for text, fit in zip(texts, fits, strict=True) if fit])
                found[fits] = said.mean[:, self.column] + self.caution * said.sd[:, self.column]
            return found

        return values

    def network(self, codec: SequenceCodec) -> Callable[[Tensor], Tensor] | None:
        """The mean [n] as a differentiable function of x [n, A, L] of a generator; None where there is none."""
        matrix = bridge(codec, self.model.codec)
        length = self.model.codec.length
        if matrix is None or (codec.length != length and not self.model.codec.ends):
            return None
        end = torch.eye(len(self.model.codec.symbols))[:, -1:]  # A' x 1, after the last letter

        def mean(x: Tensor) -> Tensor:
            read = torch.einsum("pa,nal->npl", matrix, x)[..., :length]
            read = torch.cat([read, end.expand(len(read), -1, length - read.shape[2])], 2)
            found: Tensor = self.model.network(read)[:, self.column]
            return found

        return mean


def learned(body: str, sign: float) -> Learned | None:
    """The predictor that ``folder[:column][@lcb]`` names; None where there is no run folder.

    Raises ``UserError`` when the folder holds something else, or has no such column.
    """
    text = body.removesuffix(CAUTIOUS)
    folder, column = text, ""
    if not RunFolder.exists(Path(folder)) and ":" in text:
        folder, column = text.rsplit(":", 1)
    if not RunFolder.exists(Path(folder)):
        return None
    from vivogan.domains.tasks.run import TaskRun

    run = TaskRun.open(folder, device="cpu", domain=DOMAIN)
    model = run.model
    names = list(model.targets.names)
    if not column and len(names) > 1:
        raise UserError(f"--oracle {body}: predicts several things", f"Name one of them: {folder}:{names[0]}, …")
    if column and column not in names:
        raise UserError(f"--oracle {body}: does not predict '{column}'", f"It predicts {', '.join(names)}")
    caution = -sign if body.endswith(CAUTIOUS) else 0.0
    place = names.index(column) if column else 0
    return Learned(model, place, caution, Path(folder), run.task.name, str(run.plan.kind), run.config.seed)


def kind_of(codec: SequenceCodec) -> str:
    return "codons" if codec.coding else codec.alphabet.name


def translated(sequence: str) -> str:
    """The protein that a reading frame spells, up to its stop codon."""
    from Bio.Seq import translate

    return str(translate(sequence, to_stop=True))


# From what a generator makes to what a predictor reads, where the two differ.
CONVERSIONS: dict[tuple[str, str], Callable[[str], str]] = {
    ("codons", PROTEIN.name): translated,
    ("codons", DNA.name): str,
    (DNA.name, RNA.name): lambda text: text.replace("T", "U"),
    (RNA.name, DNA.name): lambda text: text.replace("U", "T"),
}


def conversion(given: SequenceCodec, wanted: SequenceCodec) -> Callable[[str], str]:
    """What becomes of a generated sequence before it is read. Raises ``UserError`` when nothing can."""
    pair = kind_of(given), kind_of(wanted)
    convert = str if pair[0] == pair[1] else CONVERSIONS.get(pair)
    if convert is None or (wanted.aligned and not given.aligned):
        of = " in an alignment" if wanted.aligned else ""
        raise UserError(
            f"the oracle reads {pair[1]}{of}, the run generates {pair[0]}", "Give a predictor of the same sequences"
        )
    if given.aligned and not wanted.aligned:
        return lambda text: convert(text.replace(GAP, ""))
    return convert


def bridge(given: SequenceCodec, wanted: SequenceCodec) -> Tensor | None:
    """[A', A]: which symbol of the wanted codec each of the given ones is; None where they do not go one by one."""
    if (given.aligned and not wanted.aligned) or (given.coding and kind_of(wanted) == DNA.name):
        return None
    convert = conversion(given, wanted)
    matrix = torch.zeros(len(wanted.symbols), len(given.symbols))
    for column, symbol in enumerate(given.symbols):
        stop = symbol == END or (symbol in STOPS and given.coding and not wanted.coding)
        text = END if stop else convert(symbol)
        if text not in wanted.symbols:
            return None
        matrix[wanted.symbols.index(text), column] = 1
    return matrix
