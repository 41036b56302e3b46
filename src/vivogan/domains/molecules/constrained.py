"""Molecules that hold a given scaffold or substructure, as a trained run would have made them.

A language model writes atoms in an order of its own, so a scaffold can seldom be given to it as a beginning. Instead
the run's own molecules are cut at bonds outside rings (as decorators of scaffolds are: Arús-Pous et al. 2020), what
hung there is put on the scaffold, by the kind of atom it hung on, and of several such molecules one is kept as the
language model finds it likely, relative to how often it was proposed (sampling importance resampling, Rubin 1988).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from rdkit import Chem
from torch import nn

from vivogan.core.seeds import numpy_generator
from vivogan.domains.molecules.chemistry import Mol, canonical, molecule
from vivogan.domains.molecules.generator import MoleculeGenerator
from vivogan.domains.molecules.parallel import mapped
from vivogan.domains.molecules.records import MoleculeRecords
from vivogan.domains.run import Run
from vivogan.errors import UserError

DRAWN = 4000  # of the run's molecules that are cut
CANDIDATES = 6  # of which one is kept
ROUNDS = 12
LARGEST = 15  # heavy atoms that are put on a point
POINTS = 3  # that are used of a scaffold which marks none, at most

Site = tuple[int, bool]  # atomic number, whether aromatic: what a group hangs on
Groups = Mapping[Site, Counter[str]]  # SMILES with one [*], by how often they hang on such an atom


@dataclass(frozen=True)
class Wish:
    """What every molecule must hold: ``query``; ``cores`` are what it is built on, SMILES with [*] at open points."""

    query: Mol
    cores: tuple[str, ...]


def constrained(
    run: Run,
    n: int,
    scaffold: str | None = None,
    substructure: str | None = None,
    seed: int = 0,
    where: Mapping[str, str] | None = None,
) -> MoleculeRecords:
    """``n`` different molecules, each of which holds the scaffold or the substructure.

    Args:
        scaffold: SMILES; each [*] is a point where something must hang. Without any, up to ``POINTS`` atoms that have
            hydrogens to spare are used.
        substructure: SMARTS. What stands around it is taken from the run's molecules that hold it; where none does, it
            must also be a SMILES.
        where: the class they should be of, as for ``Run.generate``: what hangs on them is taken from its molecules, and
            the language model is asked how likely they are in it.

    Raises ``UserError`` where neither or both are given, one cannot be read, or nothing can be built on it. Fewer than
    ``n`` where no more are found; ``notes`` says so.
    """
    if (scaffold is None) == (substructure is None):
        raise UserError("give a scaffold or a substructure", "--scaffold 'c1ccc([*])cc1' or --substructure SMARTS")
    chosen = run.classes.chosen(where) if where else None
    made = [text for text in run.generate(DRAWN, where, seed=seed).smiles if text]
    wish = scaffold_wish(scaffold) if scaffold is not None else substructure_wish(str(substructure), made)
    found = [] if scaffold is not None else [text for text in dict.fromkeys(made) if holds(text, wish.query)][: n // 2]
    own = groups(made)
    for number in range(ROUNDS):
        if len(found) >= n:
            break
        missing = n - len(found)
        proposals = list(_proposed(wish, own, max(64, 2 * missing) * CANDIDATES, seed, number))
        found += [text for text in _kept(run.generator, proposals, seed, number, chosen or 0) if text not in set(found)]
        found = list(dict.fromkeys(found))
    notes = [] if len(found) >= n else [f"only {len(found)} different molecules were found"]
    if not found:
        raise UserError("nothing could be built on it", "Mark open points with [*] at atoms that have hydrogens")
    ids = [f"seed{seed}-{number:06d}" for number in range(min(n, len(found)))]
    labels = {} if chosen is None else {run.classes.column: np.full(len(ids), run.classes.names[chosen])}
    return MoleculeRecords(found[:n], labels, ids, notes=notes, source="generated")


def scaffold_wish(scaffold: str) -> Wish:
    """A scaffold as what to build on and what to look for."""
    mol = molecule(scaffold)
    if mol is None:
        raise UserError(f"the scaffold '{scaffold}' is no SMILES", "Write it as, say, c1ccc([*])cc1")
    query = Chem.AdjustQueryProperties(mol, _any_at_points())
    return Wish(query, (canonical(mol),))


def substructure_wish(substructure: str, made: Sequence[str]) -> Wish:
    """A substructure with what surrounds it in the run's molecules."""
    query = Chem.MolFromSmarts(substructure)
    if query is None or not query.GetNumAtoms():
        raise UserError(f"the substructure '{substructure}' is no SMARTS", "Write it as, say, c1ccncc1 or C(=O)[NH]")
    cores = Counter(core for text in made for core in _cores(text, query))
    if not cores and (mol := molecule(substructure)) is not None:
        cores[canonical(mol)] += 1
    if not cores:
        raise UserError(
            f"none of {len(made)} molecules of the run holds '{substructure}'", "Give it as a SMILES without wildcards"
        )
    return Wish(query, tuple(text for text, _ in cores.most_common(50)))


def holds(smiles: str, query: Mol) -> bool:
    """Whether a molecule holds a query."""
    mol = molecule(smiles)
    return mol is not None and bool(mol.HasSubstructMatch(query))


def groups(smiles: Sequence[str]) -> Groups:
    """What hangs on rings and chains of molecules, by the atom it hangs on."""
    found: defaultdict[Site, Counter[str]] = defaultdict(Counter)
    for pieces in mapped(cut_all, list(smiles)):
        for site, piece in pieces:
            found[site][piece] += 1
    return found


def cut_all(smiles: Sequence[str]) -> list[list[tuple[Site, str]]]:
    """``cut`` of each molecule."""
    return [cut(text) for text in smiles]


def cut(smiles: str) -> list[tuple[Site, str]]:
    """The smaller side of each single bond that leaves a ring, and the atom of the other side."""
    mol = molecule(smiles)
    found: list[tuple[Site, str]] = []
    if mol is None:
        return found
    for bond in mol.GetBonds():
        ends = bond.GetBeginAtom(), bond.GetEndAtom()
        leaves = bond.GetBondType() == Chem.BondType.SINGLE and not bond.IsInRing() and any(a.IsInRing() for a in ends)
        if not leaves:
            continue
        halves = Chem.GetMolFrags(Chem.FragmentOnBonds(mol, [bond.GetIdx()], dummyLabels=[(0, 0)]), asMols=True)
        small, large = sorted(halves, key=lambda half: half.GetNumAtoms())
        if small.GetNumAtoms() - 1 <= LARGEST:
            found.append((_sites(large)[0], canonical(small)))
    return found


def _sites(mol: Mol) -> list[Site]:
    """The atoms on which the open points of a molecule stand."""
    points = [atom.GetNeighbors() for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0]
    return [(own[0].GetAtomicNum(), own[0].GetIsAromatic()) for own in points if own]


def _cores(smiles: str, query: Mol) -> list[str]:
    """Matches of the query in a molecule with the rings they touch; what hangs there is cut off."""
    mol = molecule(smiles)
    if mol is None:
        return []
    rings = [set(ring) for ring in mol.GetRingInfo().AtomRings()]
    found = []
    for match in mol.GetSubstructMatches(query, maxMatches=2):
        core = set(match)
        while grown := [ring for ring in rings if ring & core and not ring <= core]:
            core.update(*grown)
        bonds = [
            bond.GetIdx()
            for bond in mol.GetBonds()
            if (bond.GetBeginAtomIdx() in core) != (bond.GetEndAtomIdx() in core)
        ]
        if not bonds:
            continue
        if any(mol.GetBondWithIdx(number).GetBondType() != Chem.BondType.SINGLE for number in bonds):
            continue
        pieces = Chem.FragmentOnBonds(mol, bonds, dummyLabels=[(0, 0)] * len(bonds))
        for half, atoms in zip(Chem.GetMolFrags(pieces, asMols=True), Chem.GetMolFrags(pieces), strict=True):
            if core & set(atoms) and half.HasSubstructMatch(query):
                found.append(canonical(half))
    return found


def _proposed(wish: Wish, own: Groups, count: int, seed: int, number: int) -> Iterator[tuple[str, float]]:
    """Built molecules that hold what is wished, each with the logarithm of how often it is proposed."""
    rng = numpy_generator(seed, "decorate", number)
    for _ in range(count):
        core = _opened(wish.cores[int(rng.integers(len(wish.cores)))], rng)
        sites = _sites(core)
        chosen, log = [], 0.0
        for site in sites:
            counts = own.get(site) or sum(own.values(), Counter())
            if not counts:
                break
            names, weights = list(counts), np.array(list(counts.values()), float)
            pick = int(rng.choice(len(names), p=weights / weights.sum()))
            chosen.append(names[pick])
            log += float(np.log(weights[pick] / weights.sum()))
        built = joined(core, chosen) if sites and len(chosen) == len(sites) else None
        if built and holds(built, wish.query):
            yield built, log


def _opened(core: str, rng: np.random.Generator) -> Mol:
    """The core with its open points; where it marks none, with some at atoms that have hydrogens."""
    mol: Any = Chem.Mol(molecule(core))  # type: ignore[arg-type]
    if _sites(mol):
        return mol
    free = [atom.GetIdx() for atom in mol.GetAtoms() if atom.GetTotalNumHs()]
    opened = Chem.RWMol(mol)
    for place in rng.permutation(free)[: int(rng.integers(1, POINTS + 1))].tolist():
        if opened.GetAtomWithIdx(place).GetNumExplicitHs():  # the hydrogen of [nH] makes way
            opened.GetAtomWithIdx(place).SetNumExplicitHs(opened.GetAtomWithIdx(place).GetNumExplicitHs() - 1)
        opened.AddBond(place, opened.AddAtom(Chem.Atom(0)), Chem.BondType.SINGLE)
    Chem.SanitizeMol(opened, catchErrors=True)
    return opened.GetMol()


def joined(core: Mol, pieces: Sequence[str]) -> str | None:
    """The molecule of a core with a piece at each of its open points; None where there is none."""
    whole = Chem.Mol(core)
    points = [atom for atom in whole.GetAtoms() if atom.GetAtomicNum() == 0 and atom.GetDegree()]
    for number, point in enumerate(points, 1):
        point.SetAtomMapNum(number)
    for number, piece in enumerate(pieces, 1):
        other: Any = Chem.Mol(molecule(piece))  # type: ignore[arg-type]
        next(atom for atom in other.GetAtoms() if atom.GetAtomicNum() == 0).SetAtomMapNum(number)
        whole = Chem.CombineMols(whole, other)
    try:
        made = Chem.molzip(whole)
        Chem.SanitizeMol(made)
    except (ValueError, RuntimeError):
        return None
    text = canonical(made)
    return text if molecule(text) is not None and "*" not in text else None


def _kept(
    generator: nn.Module, proposals: Sequence[tuple[str, float]], seed: int, number: int, condition: int
) -> list[str]:
    """One of every ``CANDIDATES`` proposals, by what the language model thinks of it; any where there is none."""
    if not isinstance(generator, MoleculeGenerator):
        return [text for text, _ in proposals[::CANDIDATES]]
    different = dict(proposals)
    smiles = list(different)
    weight = log_likelihood(generator, smiles, condition) - np.array([different[text] for text in smiles])
    noise = numpy_generator(seed, "keep", number).gumbel(size=len(smiles))
    found = []
    for start in range(0, len(smiles), CANDIDATES):
        rows = slice(start, start + CANDIDATES)
        found.append(smiles[start + int(np.argmax(weight[rows] + noise[rows]))])
    return found


@torch.no_grad()
def log_likelihood(generator: MoleculeGenerator, smiles: Sequence[str], condition: int = 0) -> Any:
    """How likely the language model finds molecules, [n] float64 (nats; of the string it would write)."""
    found = []
    for numbers in generator.codec.numbered(smiles).long().split(256):
        numbers = numbers.to(generator.codes.device)
        classes = torch.full((len(numbers),), condition, device=numbers.device)
        shares = generator.logits(numbers, classes).float().log_softmax(2)
        own = shares.gather(2, numbers[..., None])[..., 0] * generator.inside(numbers)
        found.append(own.sum(1).double().cpu().numpy())
    return np.concatenate(found) if found else np.zeros(0)


def _any_at_points() -> Any:
    wanted: Any = Chem.AdjustQueryParameters.NoAdjustments()
    wanted.makeDummiesQueries = True
    return wanted
