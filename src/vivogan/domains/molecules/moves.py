"""Moves on molecular graphs: crossover of two molecules and mutation of one (Jensen 2019, doi 10.1039/C8SC05372C).

Parents are kekulised and lose what a move could not keep right: stereo marks and fixed hydrogens. A child is
sanitised by RDKit and kept when it obeys the rules; most of what is tried is not, so every move is tried some times.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from rdkit import Chem

from vivogan.domains.molecules.chemistry import Mol

RNG = np.random.Generator
Editable = Any  # rdkit.Chem.RWMol
Move = Callable[[Editable, RNG], Editable | None]
TRIES = 10
MOST = 1000  # matches of a bond in a molecule
SINGLE, DOUBLE, TRIPLE = Chem.BondType.SINGLE, Chem.BondType.DOUBLE, Chem.BondType.TRIPLE
ORDERS = (SINGLE, DOUBLE, TRIPLE)
ELEMENTS = (6, 7, 8, 9, 16, 17, 35)
APPENDED: tuple[tuple[int, ...], ...] = (ELEMENTS, (6, 7, 8), (6, 7))  # by the order of the bond
INSERTED: tuple[tuple[int, ...], ...] = ((6, 7, 8, 16), (6, 7), (6,))
SHARES = (0.60, 0.35, 0.05)  # of single, double and triple bonds
ALLENE = Chem.MolFromSmarts("[R]=[R]=[R]")
STRAINED = Chem.MolFromSmarts("[r3,r4]=[r3,r4]")
LINK = Chem.MolFromSmarts("*-;!@*")  # a single bond outside rings


@dataclass(frozen=True)
class Rules:
    """What a child must obey: below a size that is drawn anew for each from N(``size``, ``spread``) heavy atoms.

    The defaults are Jensen's: sizes of ZINC, rings of six at most, no allene within a ring, no double bond in a ring
    of three or four.
    """

    size: float = 39.15
    spread: float = 3.5
    smallest: int = 6
    largest_ring: int = 6

    def obeyed(self, mol: Mol, rng: RNG) -> bool:
        """Whether a sanitised molecule does."""
        if not self.smallest <= mol.GetNumAtoms() < self.size + self.spread * rng.standard_normal():
            return False
        rings = mol.GetRingInfo().AtomRings()
        if not rings:
            return True
        if max(map(len, rings)) > self.largest_ring:
            return False
        return not (mol.HasSubstructMatch(ALLENE) or mol.HasSubstructMatch(STRAINED))


def parent(mol: Mol) -> Mol:
    """A copy that moves can work on: kekulised, without stereo marks, its hydrogens as many as valences allow."""
    copy = Chem.RWMol(mol)
    Chem.RemoveStereochemistry(copy)
    Chem.Kekulize(copy, clearAromaticFlags=True)
    for atom in copy.GetAtoms():
        if not atom.GetNumRadicalElectrons():
            atom.SetNoImplicit(False)
            atom.SetNumExplicitHs(0)
    copy.UpdatePropertyCache(strict=False)
    return copy


def crossover(one: Mol, other: Mol, rng: RNG, rules: Rules = Rules()) -> Mol | None:
    """A child of two parents (as ``parent`` makes them): a piece of each, joined by one bond or into one ring."""
    for _ in range(TRIES):
        way = _joined_by_bond if rng.random() < 0.5 else _joined_in_ring
        child = way(one, other, rng)
        if child is not None and (child := settled(child, rng, rules)) is not None:
            return child
    return None


def mutated(mol: Mol, rng: RNG, rules: Rules = Rules()) -> Mol | None:
    """A parent (as ``parent`` makes it) with one random change."""
    for _ in range(TRIES):
        move = MOVES[int(np.searchsorted(CUMULATED, rng.random(), side="right"))]
        child = move(Chem.RWMol(mol), rng)
        if child is not None and (child := settled(child, rng, rules)) is not None:
            return child
    return None


def settled(child: Editable, rng: RNG, rules: Rules) -> Mol | None:
    """The sanitised child; None where it is no molecule or breaks the rules."""
    if child.GetNumAtoms() > rules.size + 4 * rules.spread:
        return None
    if Chem.SanitizeMol(child, catchErrors=True) != Chem.SanitizeFlags.SANITIZE_NONE:
        return None
    return child.GetMol() if rules.obeyed(child, rng) else None


# ── crossover ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _joined_by_bond(one: Mol, other: Mol, rng: RNG) -> Editable | None:
    """Each parent is cut at a single bond outside rings; one end of each is joined by a single bond."""
    cuts = [_chosen(mol.GetSubstructMatches(LINK, maxMatches=MOST), rng) for mol in (one, other)]
    if cuts[0] is None or cuts[1] is None:
        return None
    both = Chem.RWMol(Chem.CombineMols(one, other))
    ends = []
    for cut, shift in zip(cuts, (0, one.GetNumAtoms()), strict=True):
        a, b = cut[0] + shift, cut[1] + shift
        both.RemoveBond(a, b)
        ends.append(a if rng.random() < 0.5 else b)
    both.AddBond(ends[0], ends[1], SINGLE)
    return _piece(both, ends[0])


def _joined_in_ring(one: Mol, other: Mol, rng: RNG) -> Editable | None:
    """Each parent is cut at two bonds of a ring; the ends of one piece of each are joined, so that a ring closes."""
    cuts = [cut for mol in (one, other) if (cut := _ring_cut(mol, rng)) is not None]
    if len(cuts) < 2:
        return None
    both = Chem.RWMol(Chem.CombineMols(one, other))
    ends = []
    for cut, shift in zip(cuts, (0, one.GetNumAtoms()), strict=True):
        for a, b in cut:
            both.RemoveBond(a + shift, b + shift)
        sides = [(cut[0][0], cut[1][1]), (cut[0][1], cut[1][0])]  # of the piece around the cuts and of that between
        side = sides[int(rng.integers(2))]
        ends.append(tuple(end + shift for end in side))
    (a, b), (c, d) = ends
    if rng.random() < 0.5:
        c, d = d, c
    for start, end in ((a, c), (b, d)):
        if both.GetBondBetweenAtoms(start, end) is not None:
            return None
        both.AddBond(start, end, SINGLE if rng.random() < 0.5 else DOUBLE)
    return _piece(both, a)


def _ring_cut(mol: Mol, rng: RNG) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Two bonds of a ring, next to one another or with one between, the removal of which leaves two pieces."""
    rings = mol.GetRingInfo().AtomRings()
    for _ in range(TRIES if rings else 0):
        ring = rings[int(rng.integers(len(rings)))]
        first, apart = int(rng.integers(len(ring))), int(rng.integers(1, 3))
        atoms = [ring[(first + i) % len(ring)] for i in range(apart + 2)]
        if apart == 1 and mol.GetAtomWithIdx(atoms[1]).GetDegree() == 2:
            continue  # the piece would be a single ring atom that bears nothing
        cut = ((atoms[0], atoms[1]), (atoms[-2], atoms[-1]))
        info = mol.GetRingInfo()
        if all(info.NumBondRings(mol.GetBondBetweenAtoms(a, b).GetIdx()) == 1 for a, b in cut):
            return cut
    return None


def _piece(mol: Editable, atom: int) -> Editable:
    """The connected piece that holds an atom."""
    pieces = Chem.GetMolFrags(mol)
    if len(pieces) == 1:
        return mol
    mol.BeginBatchEdit()
    for piece in pieces:
        if atom not in piece:
            for other in piece:
                mol.RemoveAtom(other)
    mol.CommitBatchEdit()
    return mol


# ── mutations ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _chosen(things: Sequence[Any], rng: RNG) -> Any:
    return things[int(rng.integers(len(things)))] if things else None


def _order(rng: RNG) -> int:
    return int(np.searchsorted(np.cumsum(SHARES), rng.random(), side="right"))


def _append_atom(mol: Editable, rng: RNG) -> Editable | None:
    order = _order(rng)
    place = _chosen([atom.GetIdx() for atom in mol.GetAtoms() if atom.GetTotalNumHs() > order], rng)
    if place is None:
        return None
    mol.AddBond(place, mol.AddAtom(Chem.Atom(_chosen(APPENDED[order], rng))), ORDERS[order])
    return mol


def _insert_atom(mol: Editable, rng: RNG) -> Editable | None:
    """An atom into a bond; where it is held by more than a single bond on one side, that side needs hydrogens."""
    order = _order(rng)
    bond = _chosen(list(mol.GetBonds()), rng)
    if bond is None:
        return None
    a, b = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
    if rng.random() < 0.5:
        a, b = b, a
    mol.RemoveBond(a, b)
    new = mol.AddAtom(Chem.Atom(_chosen(INSERTED[order], rng)))
    mol.AddBond(a, new, ORDERS[order])
    mol.AddBond(new, b, SINGLE)
    return mol


def _delete_atom(mol: Editable, rng: RNG) -> Editable | None:
    """An atom of up to four neighbours, which are then joined in a row."""
    atom = _chosen(list(mol.GetAtoms()), rng)
    if atom is None or mol.GetNumAtoms() < 2:
        return None
    place, around = atom.GetIdx(), [n.GetIdx() for n in atom.GetNeighbors()]
    around = [around[i] for i in rng.permutation(len(around))]
    for a, b in pairwise(around):
        if mol.GetBondBetweenAtoms(a, b) is None:
            mol.AddBond(a, b, SINGLE)
    mol.RemoveAtom(place)
    return mol


def _change_atom(mol: Editable, rng: RNG) -> Editable | None:
    present = sorted({atom.GetAtomicNum() for atom in mol.GetAtoms()} & set(ELEMENTS))
    old = _chosen(present, rng)
    if old is None:
        return None
    atom = _chosen([a for a in mol.GetAtoms() if a.GetAtomicNum() == old and not a.GetFormalCharge()], rng)
    new = _chosen([element for element in ELEMENTS if element != old], rng)
    if atom is None:
        return None
    atom.SetAtomicNum(new)
    return mol


def _change_order(mol: Editable, rng: RNG) -> Editable | None:
    """A double or triple bond becomes a single one, or one is raised where its ends have hydrogens."""
    if rng.random() < 0.5:
        bond = _chosen([b for b in mol.GetBonds() if b.GetBondType() != SINGLE], rng)
        if bond is not None:
            bond.SetBondType(DOUBLE if bond.GetBondType() == TRIPLE and rng.random() < 0.5 else SINGLE)
        return None if bond is None else mol
    order = 1 if rng.random() < 0.9 else 2
    able = [b for b in mol.GetBonds() if b.GetBondType() == SINGLE
            and min(b.GetBeginAtom().GetTotalNumHs(), b.GetEndAtom().GetTotalNumHs()) >= order]  # fmt: skip
    bond = _chosen(able, rng)
    if bond is None:
        return None
    bond.SetBondType(ORDERS[order])
    return mol


def _open_ring(mol: Editable, rng: RNG) -> Editable | None:
    bond = _chosen([b for b in mol.GetBonds() if b.IsInRing()], rng)
    if bond is None:
        return None
    mol.RemoveBond(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())
    return mol


def _close_ring(mol: Editable, rng: RNG) -> Editable | None:
    """A bond between atoms with hydrogens, so that mostly rings of five and six form."""
    size = int(rng.choice((3, 4, 5, 6), p=(0.05, 0.05, 0.45, 0.45)))
    distances = Chem.GetDistanceMatrix(mol)
    free = np.array([atom.GetTotalNumHs() > 0 for atom in mol.GetAtoms()])
    pairs = np.argwhere(np.triu((distances == size - 1) & free & free[:, None]))
    if not len(pairs):
        return None
    a, b = pairs[int(rng.integers(len(pairs)))].tolist()
    mol.AddBond(a, b, SINGLE)
    return mol


MOVES: tuple[Move, ...] = (
    _insert_atom,
    _change_order,
    _open_ring,
    _close_ring,
    _delete_atom,
    _change_atom,
    _append_atom,
)
CUMULATED = np.cumsum((0.15, 0.14, 0.14, 0.14, 0.14, 0.14, 0.15))
