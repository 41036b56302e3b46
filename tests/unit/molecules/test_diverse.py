"""Picks that differ."""

from __future__ import annotations

import itertools

from rdkit import DataStructs
from rdkit.Chem import MolFromSmiles, rdFingerprintGenerator

from vivogan.domains.molecules.diverse import apart, spread

SMILES = ["CCO", "CCCO", "CCCCO", "c1ccccc1", "Cc1ccccc1", "CC(=O)Nc1ccc(O)cc1", "CC(=O)Nc1ccc(C)cc1", "C1CCNCC1"]


def alike(one: str, other: str) -> float:
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    return DataStructs.TanimotoSimilarity(*(generator.GetFingerprint(MolFromSmiles(s)) for s in (one, other)))


def test_spheres_exclude_what_is_more_similar_and_the_first_stay() -> None:
    kept = apart(SMILES, 10, 0.4)
    assert kept[0] == 0
    assert kept == sorted(kept)
    assert all(alike(SMILES[a], SMILES[b]) <= 0.4 for a, b in itertools.combinations(kept, 2))
    for i in set(range(len(SMILES))) - set(kept):
        assert any(alike(SMILES[i], SMILES[j]) > 0.4 for j in kept if j < i)
    assert apart(SMILES, 2, 0.4) == kept[:2]
    assert apart(SMILES, 99, 1.0) == list(range(len(SMILES)))


def test_the_next_is_the_least_like_all_before() -> None:
    kept = spread(SMILES, 4)
    assert kept[0] == 0
    for number in range(1, 4):
        nearest = [max(alike(SMILES[i], SMILES[j]) for j in kept[:number]) for i in range(len(SMILES))]
        assert nearest[kept[number]] == min(value for i, value in enumerate(nearest) if i not in kept[:number])
    assert sorted(spread(SMILES, 99)) == list(range(len(SMILES)))
    assert spread([], 3) == []
