"""Small molecules ⇄ graphs: the kinds of their heavy atoms, and the bonds between each two (De Cao and Kipf 2018)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rdkit import Chem
from torch import Tensor

from vivogan.domains.molecules.chemistry import Mol, canonical, molecule
from vivogan.domains.molecules.parallel import mapped
from vivogan.domains.molecules.records import MoleculeRecords
from vivogan.errors import DamagedRun, UserError

ATOMS = 9  # heavy atoms of the largest graph
LEFT_OUT = 0.05  # share of the molecules that may be larger
BONDS = (Chem.BondType.ZERO, Chem.BondType.SINGLE, Chem.BondType.DOUBLE, Chem.BondType.TRIPLE)  # by their number


@dataclass(frozen=True)
class GraphCodec:
    """x [n, N, T + N · B] float32: a row is an atom, its kind one-hot and then its bond to every atom, each one-hot.

    The first kind is no atom and the first bond is none. Bonds are Kekulé's; hydrogens follow from the valences, and
    stereochemistry is left out. ``kinds`` are (element, charge), ``valences`` the most bonds that each had in training.
    """

    kinds: tuple[tuple[str, int], ...]
    valences: tuple[int, ...]
    atoms: int
    left_out: int = 0  # training molecules that are larger

    @classmethod
    def fit(cls, records: MoleculeRecords, train: NDArray[np.intp]) -> GraphCodec:
        """The kinds of atoms of the training part. Raises ``UserError`` where many molecules are too large."""
        smiles = [records.smiles[i] for i in np.asarray(train).tolist()]
        graphs = [graph for graph in mapped(_graphs, smiles) if graph is not None]
        left_out = len(smiles) - len(graphs)
        if left_out > LEFT_OUT * len(smiles):
            raise UserError(
                f"{left_out} of {len(smiles)} training molecules have more than {ATOMS} heavy atoms or bonds that are "
                "neither single, double nor triple; the graph model is for smaller ones",
                "Train with --model language or --model latent",
            )
        most: Counter[tuple[str, int]] = Counter()
        for kinds, bonds in graphs:
            for kind, valence in zip(kinds, bonds.sum(1).tolist(), strict=True):
                most[kind] = max(most[kind], valence)
        found = sorted(most)
        return cls(tuple(found), tuple(most[k] for k in found), max(len(kinds) for kinds, _ in graphs), left_out)

    @property
    def width(self) -> int:
        """Numbers a row of x."""
        return len(self.kinds) + 1 + self.atoms * len(BONDS)

    def encode(self, records: MoleculeRecords, indices: NDArray[np.intp]) -> Tensor:
        """The graphs of the chosen molecules. One that is too large, or has a kind of atom that training never saw, is
        left out: the next one that fits stands in its place. No molecule ("") is an empty graph."""
        return self.encoded([records.smiles[i] for i in np.asarray(indices).tolist()])

    def encoded(self, smiles: Sequence[str]) -> Tensor:
        """SMILES as x [n, N, T + N · B]."""
        numbers = {kind: number for number, kind in enumerate(self.kinds, 1)}
        graphs = mapped(_graphs, smiles)
        fit = [g is not None and len(g[0]) <= self.atoms and all(k in numbers for k in g[0]) for g in graphs]
        kinds = np.zeros((len(smiles), self.atoms), np.intp)
        bonds = np.zeros((len(smiles), self.atoms, self.atoms), np.intp)
        for row, stand_in in enumerate(_next(fit)):
            graph = graphs[stand_in] if smiles[row] and stand_in is not None else None
            if graph is not None:
                count = len(graph[0])
                kinds[row, :count] = [numbers[kind] for kind in graph[0]]
                bonds[row, :count, :count] = graph[1]
        return self.packed(torch.from_numpy(kinds), torch.from_numpy(bonds))

    def packed(self, kinds: Tensor, bonds: Tensor) -> Tensor:
        """x of the numbers of kinds [n, N] and of bonds [n, N, N]."""
        nodes = torch.eye(len(self.kinds) + 1)[kinds]
        edges = torch.eye(len(BONDS))[bonds]
        return torch.cat([nodes, edges.flatten(2)], 2)

    def numbers(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The numbers of kinds [n, N] and of bonds [n, N, N] of x."""
        nodes, edges = unpacked(x.detach().cpu().float(), len(self.kinds) + 1)
        return nodes.argmax(2), edges.argmax(3)

    def decode(self, x: Tensor) -> list[str]:
        """Canonical SMILES. "" unless the whole graph is one molecule with possible valences: nothing is mended."""
        return self._read(x, _whole)

    def largest(self, x: Tensor) -> list[str]:
        """Canonical SMILES of the largest piece of each graph; "" where it has impossible valences."""
        return self._read(x, _piece)

    def _read(self, x: Tensor, reader: Any) -> list[str]:
        kinds, bonds = self.numbers(x)
        table = ((("", 0)), *self.kinds)
        graphs = [
            ([table[k] for k in row], matrix)
            for row, matrix in zip(kinds.tolist(), bonds.numpy().astype(np.uint8), strict=True)
        ]
        return mapped(reader, graphs)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        return {"valences": torch.tensor(self.valences)}, {
            "model": "graph",
            "kinds": [list(kind) for kind in self.kinds],
            "atoms": self.atoms,
            "left_out": self.left_out,
        }

    @classmethod
    def from_state(cls, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> GraphCodec:
        """The codec that gave this state. Raises ``DamagedRun`` when the state is not one."""
        try:
            kinds = tuple((str(element), int(charge)) for element, charge in state["kinds"])
            return cls(kinds, tuple(tensors["valences"].tolist()), int(state["atoms"]), int(state["left_out"]))
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedRun(
                f"the codec of the run cannot be read ({error})", "Train again, or copy the run again"
            ) from error


def unpacked(x: Tensor, kinds: int) -> tuple[Tensor, Tensor]:
    """Nodes [n, N, T] and bonds [n, N, N, B] of x [n, N, T + N · B]."""
    return x[..., :kinds], x[..., kinds:].unflatten(2, (x.shape[1], len(BONDS)))


Kind = tuple[str, int]
Graph = tuple[list[Kind], NDArray[np.uint8]]  # kinds of N atoms, and their bonds [N, N] by number


def _graphs(smiles: Sequence[str]) -> list[Graph | None]:
    """The graphs of molecules; None where one is too large."""
    return [_graph(text) for text in smiles]


def _graph(smiles: str) -> Graph | None:
    mol = molecule(smiles)
    if mol is None or not 0 < mol.GetNumAtoms() <= ATOMS:
        return None
    mol = Chem.Mol(mol)
    Chem.Kekulize(mol, clearAromaticFlags=True)
    bonds = np.zeros((mol.GetNumAtoms(), mol.GetNumAtoms()), np.uint8)
    for bond in mol.GetBonds():
        if bond.GetBondType() not in BONDS:
            return None
        i, j = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        bonds[i, j] = bonds[j, i] = BONDS.index(bond.GetBondType())
    return [(atom.GetSymbol(), atom.GetFormalCharge()) for atom in mol.GetAtoms()], bonds


def _next(fit: Sequence[bool]) -> list[int | None]:
    """For each place the next one that fits, counting on from the beginning after the end."""
    if not any(fit):
        return [None] * len(fit)
    following = fit.index(True)
    found: list[int | None] = []
    for place in range(len(fit) - 1, -1, -1):
        following = place if fit[place] else following
        found.append(following)
    return found[::-1]


def _built(graph: Graph) -> Mol:
    """An RDKit molecule of a graph, unchecked."""
    kinds, bonds = graph
    mol, places = Chem.RWMol(), {}
    for number, (element, charge) in enumerate(kinds):
        if element:
            atom = Chem.Atom(element)
            atom.SetFormalCharge(charge)
            places[number] = mol.AddAtom(atom)
    for i in places:
        for j in places:
            if i < j and bonds[i, j]:
                mol.AddBond(places[i], places[j], BONDS[bonds[i, j]])
    return mol


def _sound(mol: Mol) -> str:
    """The canonical SMILES of a molecule, "" where RDKit finds it impossible."""
    if not mol.GetNumAtoms() or Chem.SanitizeMol(mol, catchErrors=True) != Chem.SanitizeFlags.SANITIZE_NONE:
        return ""
    again = Chem.MolFromSmiles(canonical(mol))
    return "" if again is None else canonical(again)


def _whole(graphs: Sequence[Graph]) -> list[str]:
    found = [_sound(_built(graph)) for graph in graphs]
    return ["" if "." in text else text for text in found]


def _piece(graphs: Sequence[Graph]) -> list[str]:
    found = []
    for graph in graphs:
        pieces = Chem.GetMolFrags(_built(graph), asMols=True, sanitizeFrags=False)
        found.append(_sound(max(pieces, key=lambda piece: piece.GetNumAtoms())) if pieces else "")
    return found
