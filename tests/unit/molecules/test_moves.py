"""Moves on molecules: children are molecules, obey the rules, and come from their parents."""

from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem

from vivogan.domains.molecules.moves import MOVES, Rules, crossover, mutated, parent

DRUGS = [
    "CC(=O)Oc1ccccc1C(=O)O",
    "Cn1c(=O)c2c(ncn2C)n(C)c1=O",
    "CN1CCN(CC1)c1nc2cc(F)ccc2s1",
    "O=C([O-])[C@@H]([NH3+])Cc1c[nH]c2ccccc12",
    "CC(C)C[N+](C)(C)CC#N",
    "O=[N+]([O-])c1ccc(cc1)S(=O)(=O)N1CCOCC1",
]


def parents() -> list[Chem.Mol]:
    return [parent(Chem.MolFromSmiles(smiles)) for smiles in DRUGS]


def sound(child: Chem.Mol, rules: Rules) -> None:
    smiles = Chem.MolToSmiles(child)
    again = Chem.MolFromSmiles(smiles)
    assert again is not None, smiles
    assert Chem.MolToSmiles(again) == smiles
    assert "." not in smiles
    assert not any(atom.GetNumRadicalElectrons() for atom in child.GetAtoms()), smiles
    rings = child.GetRingInfo().AtomRings()
    assert all(len(ring) <= rules.largest_ring for ring in rings)
    assert child.GetNumAtoms() >= rules.smallest


@pytest.mark.parametrize("rules", [Rules(), Rules(size=20, spread=0.0, largest_ring=5)])
def test_children_are_molecules_that_obey_the_rules(rules: Rules) -> None:
    rng = np.random.default_rng(0)
    made = parents()
    crossed = [crossover(*(made[i] for i in rng.integers(len(made), size=2)), rng, rules) for _ in range(150)]
    changed = [mutated(made[i], rng, rules) for i in rng.integers(len(made), size=150)]
    for children in (crossed, changed):
        kept = [child for child in children if child is not None]
        assert len(kept) > 75
        for child in kept:
            sound(child, rules)
            assert child.GetNumAtoms() < rules.size + 5 * max(rules.spread, 0.1)


def test_parents_keep_their_atoms_and_lose_only_marks_of_stereo() -> None:
    for smiles in DRUGS:
        mol = Chem.MolFromSmiles(smiles)
        copy = parent(mol)
        Chem.SanitizeMol(copy)
        assert Chem.MolToSmiles(copy) == Chem.MolToSmiles(
            Chem.MolFromSmiles(Chem.MolToSmiles(mol, isomericSmiles=False))
        )


@pytest.mark.parametrize("move", MOVES)
def test_every_mutation_changes_something_sometimes_and_leaves_the_parent_alone(move: object) -> None:
    rng = np.random.default_rng(1)
    before = [Chem.MolToSmiles(mol) for mol in parents()]
    made = parents()
    changed = 0
    for _ in range(30):
        for mol, smiles in zip(made, before, strict=True):
            child = move(Chem.RWMol(mol), rng)  # type: ignore[operator]
            if child is not None and not Chem.SanitizeMol(child, catchErrors=True):
                changed += Chem.MolToSmiles(child) != smiles
    assert changed > 10
    assert [Chem.MolToSmiles(mol) for mol in made] == before


def test_crossover_joins_a_piece_of_each() -> None:
    rng = np.random.default_rng(2)
    one, other = parent(Chem.MolFromSmiles("FC(F)(F)CCCCCC")), parent(Chem.MolFromSmiles("BrCCCCCCCC"))
    seen = {Chem.MolToSmiles(child) for _ in range(200) if (child := crossover(one, other, rng)) is not None}
    assert any("Br" in smiles and "F" in smiles for smiles in seen)


def test_the_same_seed_breeds_the_same_children() -> None:
    def bred(seed: int) -> list[str]:
        rng, made = np.random.default_rng(seed), parents()
        return [Chem.MolToSmiles(child) for _ in range(20) if (child := mutated(made[0], rng)) is not None]

    assert bred(3) == bred(3)
    assert bred(3) != bred(4)


def test_what_cannot_be_cut_gives_nothing() -> None:
    rng = np.random.default_rng(0)
    methane = parent(Chem.MolFromSmiles("C"))
    assert crossover(methane, methane, rng) is None
    assert mutated(methane, rng) is None  # too small, whatever is done
