"""Molecules ⇄ tokens: the symbols of SELFIES or of SMILES, and frequent neighbours of them merged into one.

SELFIES (Krenn et al. 2020) stand for a molecule whatever their order. Merging (byte pair encoding, Sennrich et al.
2016; of SMILES: Li and Fourches 2021) makes sequences about three times shorter, and a step costs the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vivogan.core.seeds import derive
from vivogan.domains.molecules.chemistry import canonical, molecule
from vivogan.domains.molecules.parallel import mapped
from vivogan.errors import DamagedRun

Ints = NDArray[np.int64]
END = ""  # token 0: after the last token of a molecule
LOOKED_AT = 20_000  # molecules that merges are learned from
RARE = 50  # pairs seen less often there are not merged
_MOST_KNOWN = 400_000  # strings that are remembered


class Notation(Protocol):
    """How molecules are spelt, and what the symbols of a string are."""

    name: str

    def spell(self, smiles: Sequence[str]) -> list[str]:
        """The strings of SMILES; a function that another process can be sent."""
        ...

    def read(self, strings: Sequence[str]) -> list[str]:
        """Canonical SMILES of strings; "" where one stands for no molecule."""
        ...

    def split(self, string: str) -> list[str]:
        """A string in symbols; joined they give it again."""
        ...


class Selfies:
    """Symbols in brackets; every string of them is a molecule.

    Molecules beyond the usual valences (hypervalent halogens) are spelt as they are and read as their nearest
    relatives within them.
    """

    name = "selfies"
    _symbol = re.compile(r"\[[^\]]*\]|\.")

    def spell(self, smiles: Sequence[str]) -> list[str]:
        import selfies

        found = []
        for text in smiles:
            try:
                found.append(str(selfies.encoder(text, strict=False)))
            except selfies.EncoderError:  # what SELFIES has no symbol for, such as an atom "*"
                found.append("")
        return found

    def read(self, strings: Sequence[str]) -> list[str]:
        import selfies

        found = []
        for text in strings:
            try:
                found.append(str(selfies.decoder(text)))
            except selfies.DecoderError:  # a symbol that SELFIES has not
                found.append("")
        return SMILES.read(found)

    def split(self, string: str) -> list[str]:
        return self._symbol.findall(string)


class Smiles:
    """Atoms, bonds, brackets and ring numbers."""

    name = "smiles"
    _symbol = re.compile(r"\[[^\]]+\]|Br|Cl|%\d\d|.")

    def spell(self, smiles: Sequence[str]) -> list[str]:
        return list(smiles)

    def read(self, strings: Sequence[str]) -> list[str]:
        found = (molecule.__wrapped__(text) for text in strings)
        return ["" if mol is None or not mol.GetNumAtoms() else canonical(mol) for mol in found]

    def split(self, string: str) -> list[str]:
        return self._symbol.findall(string)


SELFIES, SMILES = Selfies(), Smiles()
NOTATIONS: Mapping[str, Notation] = {notation.name: notation for notation in (SELFIES, SMILES)}

_known: dict[tuple[str, str], str] = {}  # a training set is spelt several times on the way to a run
_found: dict[tuple[str, str], str] = {}  # what is drawn is read by the generator, and again by whoever wants it


def spelt(smiles: Sequence[str], notation: Notation) -> list[str]:
    """The strings of molecules, remembered."""
    return _remembered(_known, notation.name, smiles, lambda new: mapped(notation.spell, new))


def read(strings: Sequence[str], notation: Notation, workers: int | None = None) -> list[str]:
    """Canonical SMILES of strings, remembered; "" where one stands for no molecule."""
    return _remembered(_found, notation.name, strings, lambda new: mapped(notation.read, new, workers))


def _remembered(
    memory: dict[tuple[str, str], str], name: str, texts: Sequence[str], of: Callable[[list[str]], list[str]]
) -> list[str]:
    own = {text: memory.get((name, text)) for text in texts}
    new = [text for text, known in own.items() if known is None]
    own.update(zip(new, of(new), strict=True))
    if len(memory) + len(new) > _MOST_KNOWN:
        memory.clear()
    memory.update(((name, text), str(own[text])) for text in new)
    return [str(own[text]) for text in texts]


def reordered(smiles: Sequence[str], number: int) -> list[str]:
    """SMILES that start at another atom and turn another way at each branch: the ``number``-th at random."""
    from rdkit import Chem

    found = []
    for text in smiles:
        mol = molecule(text)
        one = None if mol is None else Chem.MolToRandomSmilesVect(mol, 1, derive(0, "order", text, number) % 2**31)
        found.append(one[0] if one else text)
    return found


@dataclass(frozen=True)
class Vocabulary:
    """Tokens by number: 0 is the end, then ``symbols``, then one for each of ``merges`` (two earlier numbers)."""

    notation: Notation
    symbols: tuple[str, ...]
    merges: tuple[tuple[int, int], ...] = ()

    def __len__(self) -> int:
        return 1 + len(self.symbols) + len(self.merges)

    @cached_property
    def texts(self) -> list[str]:
        """What each token stands for."""
        found = [END, *self.symbols]
        for a, b in self.merges:
            found.append(found[a] + found[b])
        return found

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each symbol."""
        return {symbol: number for number, symbol in enumerate(self.symbols, 1)}

    @classmethod
    def fit(cls, smiles: Sequence[str], notation: Notation, merges: int) -> Vocabulary:
        """The symbols of these molecules and the ``merges`` pairs of neighbours that are most frequent, each found
        after those before it are merged."""
        pieces = [notation.split(string) for string in spelt(smiles, notation)]
        plain = cls(notation, tuple(sorted({symbol for row in pieces for symbol in row})))
        flat = plain._flat(pieces[:: max(1, len(pieces) // LOOKED_AT)])
        learned: list[tuple[int, int]] = []
        rare = min(RARE, max(2, len(pieces) // 20))
        for number in range(len(plain), len(plain) + merges):
            inside = (flat[:-1] > 0) & (flat[1:] > 0)
            counts = np.bincount((flat[:-1] * number + flat[1:])[inside], minlength=1)
            best = int(counts.argmax())
            if counts[best] < rare:
                break
            learned.append((best // number, best % number))
            flat = _merged(flat, *learned[-1], number)
        return cls(notation, plain.symbols, tuple(learned))

    def encode(self, smiles: Sequence[str]) -> list[Ints]:
        """The token numbers of each molecule, without the end.

        A symbol that no training molecule had becomes the plain atom of its element where there is one, and is left
        out otherwise.
        """
        flat = self._flat([self.notation.split(string) for string in spelt(smiles, self.notation)])
        for number, (a, b) in enumerate(self.merges, 1 + len(self.symbols)):
            flat = _merged(flat, a, b, number)
        ends = np.flatnonzero(flat == 0)
        return [flat[start + 1 : stop] for start, stop in pairwise(ends.tolist())]

    def _flat(self, pieces: Sequence[Sequence[str]]) -> Ints:
        """All symbols in a row, a 0 before each molecule and after the last."""
        numbers = [0]
        for row in pieces:
            numbers += [number for number in map(self._number, row) if number]
            numbers.append(0)
        return np.array(numbers, np.int64)

    def _number(self, symbol: str) -> int:
        return self.numbers.get(symbol) or self.numbers.get(plain_atom(symbol), 0)

    def decode(self, codes: NDArray[np.integer[Any]], workers: int | None = None) -> list[str]:
        """Canonical SMILES of token numbers [n, L], each up to its first end; "" where they stand for no molecule.

        ``workers`` is the number of processes; every free core when None.
        """
        table = np.array(self.texts, dtype=object)
        inside = np.cumprod(codes != 0, axis=1).sum(1)
        strings = ["".join(table[row[:stop]]) for row, stop in zip(codes, inside, strict=True)]
        return read(strings, self.notation, workers)

    def state(self) -> dict[str, Any]:
        return {"notation": self.notation.name, "symbols": list(self.symbols), "merges": [list(p) for p in self.merges]}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Vocabulary:
        """The vocabulary that gave this state. Raises ``DamagedRun`` when the state is not one."""
        try:
            merges = tuple((int(a), int(b)) for a, b in state["merges"])
            found = cls(NOTATIONS[state["notation"]], tuple(state["symbols"]), merges)
            found.texts  # noqa: B018 (merges of tokens that do not exist are refused here)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise DamagedRun(
                f"the vocabulary of the run cannot be read ({error})", "Train again, or copy the run again"
            ) from error
        return found


def _merged(flat: Ints, a: int, b: int, number: int) -> Ints:
    """Every token ``a`` followed by ``b`` as the one token ``number``; of "aaa" the first two."""
    found = np.flatnonzero((flat[:-1] == a) & (flat[1:] == b))
    if not len(found):
        return flat
    if a == b:
        first = np.r_[True, np.diff(found) != 1]
        start = np.maximum.accumulate(np.where(first, np.arange(len(found)), 0))
        found = found[(np.arange(len(found)) - start) % 2 == 0]
    keep = np.ones(len(flat), bool)
    keep[found + 1] = False
    merged = flat.copy()
    merged[found] = number
    return merged[keep]


_BRACKET = re.compile(r"\[(?P<bond>[=#/\\-]?)(?!Branch|Ring)\d*(?P<element>[A-Z][a-z]?|[bcnops])[^\]]*\]")


def plain_atom(symbol: str) -> str:
    """The symbol without isotope, stereo, hydrogens and charge.

    >>> plain_atom("[=13C@@H1]"), plain_atom("[nH]")
    ('[=C]', '[n]')
    """
    found = _BRACKET.fullmatch(symbol)
    return f"[{found['bond'].strip('/' + chr(92))}{found['element']}]" if found else symbol
