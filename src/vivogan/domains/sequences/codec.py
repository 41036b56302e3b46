"""Sequences ⇄ tensors: one row a symbol, one column a place; a symbol is a letter, a gap, a codon, or the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vivogan.domains.sequences.alphabets import ALPHABETS, GAP, Alphabet
from vivogan.domains.sequences.records import SequenceRecords
from vivogan.errors import DamagedRun

END = ""  # after the last letter of a sequence shorter than the longest
STOPS = ("TAA", "TAG", "TGA")
START = "ATG"
LONGEST = 2000  # letters of a generated sequence


@dataclass(frozen=True)
class SequenceCodec:
    """x [n, A, L] float32: a column is the share of each of the A ``symbols`` at one of ``length`` places.

    Known letters are one-hot; an ambiguity letter is shared evenly by those that it may stand for. Sequences longer
    than ``length`` are cut (codons: never, they set the length).
    """

    alphabet: Alphabet
    symbols: tuple[str, ...]
    length: int
    aligned: bool = False

    @property
    def coding(self) -> bool:
        """Whether a symbol is a codon."""
        return len(self.symbols[0]) == 3

    @property
    def ends(self) -> bool:
        """Whether sequences may be shorter than ``length``."""
        return self.symbols[-1] == END

    @classmethod
    def fit(cls, records: SequenceRecords, train: NDArray[np.intp], longest: int = LONGEST) -> SequenceCodec:
        """The symbols that the records need; the length is that of the longest training sequence, at most ``longest``
        letters."""
        lengths = [len(records.sequences[i]) for i in np.asarray(train).tolist()]
        symbols = tuple(records.alphabet.letters)
        if records.aligned:
            return cls(records.alphabet, (*symbols, GAP), max(lengths), True)
        if records.coding:
            codons = tuple("".join(letters) for letters in product("ACGT", repeat=3))
            return cls(records.alphabet, (*codons, END), min(longest, max(lengths)) // 3)
        length = min(longest, max(lengths))
        return cls(records.alphabet, symbols if min(lengths) >= length else (*symbols, END), length)

    @cached_property
    def follows(self) -> Tensor:
        """[A + 1, A] bool: which symbol may follow which; row A is for the first place.

        After the end comes nothing but the end; a reading frame begins with ATG and ends with a stop codon.
        """
        count = len(self.symbols)
        allowed = torch.ones(count + 1, count, dtype=torch.bool)
        if self.ends:
            allowed[count, -1] = False  # no empty sequence
            allowed[-2] = False
            allowed[-2, -1] = True
        if self.coding:
            stops = [self.symbols.index(stop) for stop in STOPS]
            allowed[: count - 1, -1] = False
            allowed[stops] = False
            allowed[stops, -1] = True
            allowed[count] = False
            allowed[count, self.symbols.index(START)] = True
        return allowed

    @cached_property
    def last(self) -> Tensor:
        """[A] bool: which symbols the last place may hold; a reading frame must have been closed by then."""
        allowed = torch.ones(len(self.symbols), dtype=torch.bool)
        if self.coding:
            allowed[:] = False
            allowed[[*(self.symbols.index(stop) for stop in STOPS), -1]] = True
        return allowed

    def split(self, sequence: str) -> list[str]:
        """A sequence in pieces of one symbol."""
        return [sequence[i : i + 3] for i in range(0, len(sequence), 3)] if self.coding else list(sequence)

    @cached_property
    def columns(self) -> dict[str, NDArray[np.float32]]:
        """The column [A] of every symbol and ambiguity letter."""
        unit = np.eye(len(self.symbols), dtype=np.float32)
        table = {symbol: unit[i] for i, symbol in enumerate(self.symbols)}
        if not self.coding:
            for letter, stands in self.alphabet.ambiguous.items():
                table[letter] = np.mean([table[other] for other in stands], axis=0, dtype=np.float32)
        return table

    def encode(self, records: SequenceRecords, indices: NDArray[np.intp]) -> Tensor:
        """The chosen sequences as x [n, A, L]."""
        return self.encoded([records.sequences[i] for i in np.asarray(indices).tolist()])

    def encoded(self, sequences: Sequence[str]) -> Tensor:
        """Sequences as x [n, A, L]. A codon with an ambiguity letter is shared by all codons that it may stand for."""
        x = np.zeros((len(sequences), len(self.symbols), self.length), np.float32)
        for row, sequence in enumerate(sequences):
            pieces = self.split(sequence)[: self.length]
            for place, piece in enumerate(pieces):
                column = self.columns.get(piece)
                x[row, :, place] = self._shared(piece) if column is None else column
            if self.ends:
                x[row, -1, len(pieces) :] = 1
        return torch.from_numpy(x)

    def _shared(self, codon: str) -> NDArray[np.float32]:
        choices = product(*(self.alphabet.ambiguous.get(letter, letter) for letter in codon))
        return np.mean([self.columns["".join(choice)] for choice in choices], axis=0, dtype=np.float32)

    def decode(self, x: Tensor) -> list[str]:
        """The likeliest symbol of each place, up to the first end; at least one letter."""
        best = x.detach().cpu().argmax(1).numpy()
        if not self.ends:  # one letter a place
            letters = np.frombuffer("".join(self.symbols).encode(), np.uint8)[best]
            return [row.tobytes().decode() for row in letters]
        table = np.array([*self.symbols], dtype=object)
        found, end = [], len(self.symbols) - 1
        for number, row in enumerate(best):
            stop = int(np.argmax(row == end)) if (row == end).any() else len(row)
            found.append("".join(table[row[:stop] if stop else [int(x[number, :end, 0].argmax())]]))
        return found

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        return {"follows": self.follows}, {
            "alphabet": self.alphabet.name.lower(),
            "symbols": list(self.symbols),
            "length": self.length,
            "aligned": self.aligned,
        }

    @classmethod
    def from_state(cls, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> SequenceCodec:
        """The codec that gave this state. Raises ``DamagedRun`` when the state is not one."""
        try:
            return cls(ALPHABETS[state["alphabet"]], tuple(state["symbols"]), int(state["length"]), state["aligned"])
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedRun(
                f"the codec of the run cannot be read ({error})", "Train again, or copy the run again"
            ) from error
