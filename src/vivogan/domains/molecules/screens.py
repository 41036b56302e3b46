"""Many substructure queries on one molecule, without trying those that its atoms and bonds rule out one by one.

A query can only match a molecule that has, for each of the query's atoms, an atom that passes its test, and for each
bond a bond between two such atoms; as many of them as the query has. Tests are read from RDKit's description of the
query; what cannot be read (recursive SMARTS, say) counts as passed, so that no match is lost. About one query in
fifty is left to be tried.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from vivogan.domains.molecules.chemistry import Mol


class Atom(NamedTuple):
    """What the tests of an atom ask, as far as RDKit's connectivity invariant tells atoms apart."""

    number: int
    aromatic: bool
    charge: int
    labelled: bool  # with an isotope
    hydrogens: int
    ring: bool
    degree: int  # with hydrogens


class Bond(NamedTuple):
    """What the tests of a bond ask; ``order`` is 1.5 where it is aromatic. It may be in a ring where its atoms are."""

    order: float
    ring: bool


Tree = tuple[str, list[Any]]
Both = tuple[bool, bool]  # whether a test may pass, and whether it may fail
UNKNOWN: Both = (True, True)
HYDROGEN = Atom(1, False, 0, False, 0, False, 1)
AROMATIC = 1000  # what RDKit adds to the atomic number in the type of an aromatic atom


class Screen:
    """Queries that are asked together; ``hydrogens``: they see the molecule's hydrogens as atoms."""

    def __init__(self, queries: Sequence[Mol], hydrogens: bool = False) -> None:
        self.queries, self.hydrogens = list(queries), hydrogens
        needs = [_needs(query) for query in self.queries]
        names = sorted({name for need in needs for name in need}, key=len)
        number = {name: i for i, name in enumerate(names)}
        texts = {text: i for i, text in enumerate(sorted({text for name in names for text in name[:2]}))}
        self.tests = [_tree(text) for text in texts]
        self.alone = np.array([texts[name[0]] for name in names if len(name) == 1], np.intp)
        bonds = [name for name in names if len(name) > 1]
        self.ends = np.array([[texts[end] for end in name[:2]] for name in bonds], np.intp).reshape(-1, 2)
        self.between = [(_tree(name[2]), name[3]) for name in bonds]
        self.feature = np.array([number[name] for need in needs for name in need], np.intp)
        self.least = np.array([least for need in needs for least in need.values()], np.int64)
        self.starts = np.cumsum([0, *(len(need) for need in needs[:-1])])
        self.passed: dict[Atom, NDArray[np.bool_]] = {}
        self.kinds: list[Atom] = []
        self.known: dict[tuple[int, ...], int] = {}  # a kind of atom or bond: its row of the table
        self.table = np.zeros((256, len(names)), np.uint8)  # how many tests of each feature a kind may pass

    def matches(self, mol: Mol) -> Iterator[int]:
        """The numbers of the queries that the molecule has, one after another."""
        candidates = self.candidates(mol)
        if len(candidates) and self.hydrogens:
            mol = Chem.AddHs(mol)
        for k in candidates.tolist():
            if mol.HasSubstructMatch(self.queries[k]):
                yield k

    def candidates(self, mol: Mol) -> NDArray[np.intp]:
        """The queries that are not ruled out."""
        orders = Chem.GetAdjacencyMatrix(mol, useBO=True)
        first, second = np.nonzero(np.triu(orders))
        if len(first) != mol.GetNumBonds():  # bonds of order zero
            return np.arange(len(self.queries))
        aromatic = (orders == 1.5).any(1).tolist()
        atoms = [*zip(rdMolDescriptors.GetConnectivityInvariants(mol, True), aromatic, strict=True)]
        known = self.known
        rows = [known[kind] if kind in known else self._learned_atom(kind, mol, i) for i, kind in enumerate(atoms)]
        pairs = zip(first.tolist(), second.tolist(), orders[first, second].tolist(), strict=True)
        for pair in [(rows[i], rows[j], order) for i, j, order in pairs]:
            rows.append(known[pair] if pair in known else self._learned_bond(*pair))
        counts = self.table[rows].sum(0, dtype=np.int64)
        return np.flatnonzero(np.logical_and.reduceat(counts[self.feature] >= self.least, self.starts))

    def _learned_atom(self, key: tuple[int, bool], mol: Mol, index: int) -> int:
        """The row of a kind of atom that no molecule had so far; its hydrogens count with it."""
        atom = mol.GetAtomWithIdx(index)
        kind = Atom(
            atom.GetAtomicNum(), key[1], atom.GetFormalCharge(), atom.GetIsotope() > 0,
            atom.GetTotalNumHs(True), atom.IsInRing(), atom.GetTotalDegree(),
        )  # fmt: skip
        passed = self._atom_row(kind)
        if self.hydrogens:
            bond = self._bond_row(kind, HYDROGEN, Bond(1.0, False))
            passed = passed + atom.GetTotalNumHs() * (self._atom_row(HYDROGEN) + bond)
        return self._kept(key, passed, kind)

    def _learned_bond(self, first: int, second: int, order: float) -> int:
        a, b = self.kinds[first], self.kinds[second]
        return self._kept((first, second, order), self._bond_row(a, b, Bond(order, a.ring and b.ring)), HYDROGEN)

    def _kept(self, key: tuple[Any, ...], passed: NDArray[np.uint8], kind: Atom) -> int:
        row = len(self.known)
        if row == len(self.table):
            self.table = np.concatenate([self.table, np.zeros_like(self.table)])
        self.table[row] = passed
        self.known[key] = row
        self.kinds.append(kind)
        return row

    def _atom_row(self, kind: Atom) -> NDArray[np.uint8]:
        row = np.zeros(self.table.shape[1], np.uint8)
        row[: len(self.alone)] = self._passed(kind)[self.alone]
        return row

    def _bond_row(self, a: Atom, b: Atom, bond: Bond) -> NDArray[np.uint8]:
        row = np.zeros(self.table.shape[1], np.uint8)
        one, other = self._passed(a)[self.ends], self._passed(b)[self.ends]  # bonds x 2
        orders = [(bond.ring or not ring) and _may(test, bond, BOND_TESTS) for test, ring in self.between]
        row[len(self.alone) :] = ((one[:, 0] & other[:, 1]) | (one[:, 1] & other[:, 0])) & np.array(orders, bool)
        return row

    def _passed(self, kind: Atom) -> NDArray[np.bool_]:
        """Which of the tests of atoms a kind may pass."""
        if kind not in self.passed:
            self.passed[kind] = np.array([_may(test, kind, ATOM_TESTS) for test in self.tests], bool)
        return self.passed[kind]


def _needs(query: Mol) -> Counter[tuple[Any, ...]]:
    """How many atoms and bonds of each description a query has; a bond of a ring can only be matched by one."""
    Chem.FastFindRings(query)
    atoms = [atom.DescribeQuery() for atom in query.GetAtoms()]
    found: Counter[tuple[Any, ...]] = Counter((text,) for text in atoms)
    for bond in query.GetBonds():
        ends = sorted((atoms[bond.GetBeginAtomIdx()], atoms[bond.GetEndAtomIdx()]))
        found[*ends, bond.DescribeQuery(), bond.IsInRing()] += 1
    return found


def _tree(text: str) -> Tree:
    """RDKit's indented description of a query as (line, children)."""
    stack: list[tuple[int, Tree]] = []
    root: Tree = ("", [])
    for line in text.splitlines():
        depth = len(line) - len(line.lstrip())
        node: Tree = (line.strip(), [])
        while stack and stack[-1][0] >= depth:
            stack.pop()
        if stack:
            stack[-1][1][1].append(node)
        else:
            root = node
        stack.append((depth, node))
    return root


def _sure(passed: bool) -> Both:
    return passed, not passed


def _isotope(atom: Atom, value: int) -> Both:
    """An atom without a label shares its kind with labelled ones as heavy as the element is on average."""
    weight = Chem.GetPeriodicTable().GetAtomicWeight(atom.number)
    return UNKNOWN if atom.labelled or abs(value - weight) < 1.5 else (False, True)


def _order(bond: Bond, value: int) -> Both:
    known = {1: 1.0, 2: 2.0, 3: 3.0, 12: 1.5}  # RDKit's numbers of bond types
    return (bond.order == known[value], True) if value in known else UNKNOWN


Tests = dict[str, Callable[[Any, int], Both]]
ATOM_TESTS: Tests = {
    "AtomAtomicNum": lambda atom, value: _sure(atom.number == value),
    "AtomType": lambda atom, value: _sure((atom.number, atom.aromatic) == (value % AROMATIC, value >= AROMATIC)),
    "AtomIsAromatic": lambda atom, value: _sure(atom.aromatic == bool(value)),
    "AtomIsAliphatic": lambda atom, value: _sure(atom.aromatic != bool(value)),
    "AtomFormalCharge": lambda atom, value: _sure(atom.charge == value),
    "AtomIsotope": _isotope,
    "AtomHCount": lambda atom, value: _sure(atom.hydrogens == value),
    "AtomTotalDegree": lambda atom, value: _sure(atom.degree == value),
    "AtomInRing": lambda atom, value: _sure(atom.ring == bool(value)),
    "AtomInNRings": lambda atom, value: _sure(atom.ring == bool(value)) if value <= 0 else (atom.ring, True),
}
BOND_TESTS: Tests = {
    "BondOrder": _order,
    "SingleOrAromaticBond": lambda bond, value: (bond.order in (1, 1.5), True),
    "BondInRing": lambda bond, value: UNKNOWN if bond.ring else _sure(not value),
}


def _may(tree: Tree, kind: Any, tests: Tests) -> bool:
    return _outcome(tree, kind, tests)[0]


def _outcome(tree: Tree, kind: Any, tests: Tests) -> Both:
    """Whether a test may pass and may fail for a kind of atom or bond: both where its description is not understood."""
    words, below = tree[0].split(), [_outcome(child, kind, tests) for child in tree[1]]
    name = words[0].removeprefix("Atom").removeprefix("Bond")
    if len(words) == 1 and below and name == "And":
        return all(may for may, _ in below), any(fail for _, fail in below)
    if len(words) == 1 and below and name == "Or":
        return any(may for may, _ in below), all(fail for _, fail in below)
    if below or len(words) != 4 or words[0] not in tests or words[2] not in ("=", "!="):
        return UNKNOWN
    may, fail = tests[words[0]](kind, int(words[1]))
    return (may, fail) if words[2] == "=" else (fail, may)
