"""The surrogate: its kernels by their definitions, its predictions by plain linear algebra, and what it can learn."""

from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import Descriptors, rdFingerprintGenerator

from vivogan.domains.molecules.surrogate import ELEMENTS, Features, Surrogate, features, tanimoto

PIECES = ("C", "O", "N", "c1ccccc1", "C(=O)", "S", "CC", "C(F)", "c1ccncc1", "C(Cl)")


def molecules(count: int, seed: int = 0) -> list[Chem.Mol]:
    rng = np.random.default_rng(seed)
    found: dict[str, Chem.Mol] = {}
    while len(found) < count:
        mol = Chem.MolFromSmiles("C" + "".join(rng.choice(PIECES, rng.integers(3, 8))) + "C")
        if mol is not None:
            found[Chem.MolToSmiles(mol)] = mol
    return list(found.values())


def logp(mols: list[Chem.Mol]) -> np.ndarray:
    return np.array([Descriptors.MolLogP(mol) for mol in mols])


def test_features_are_counts_and_descriptors() -> None:
    mol = Chem.MolFromSmiles("OC(=O)c1ccc(Cl)cc1C[N+](C)(C)C")
    found = features([mol])
    expected = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048).GetCountFingerprintAsNumPy(mol)
    assert found.blocks[0][0].tolist() == expected.tolist()
    counts = dict(zip(ELEMENTS, found.plain[0], strict=False))
    whole = Chem.AddHs(mol)
    for symbol in ELEMENTS:
        assert counts[symbol] == sum(atom.GetSymbol() == symbol for atom in whole.GetAtoms())
    assert found.plain[0, len(ELEMENTS)] == 1  # charge
    assert len(features([])) == 0
    assert len(found.joined(found)) == 2


def test_the_tanimoto_kernel_of_bits_is_shared_over_all() -> None:
    rng = np.random.default_rng(0)
    x, y = (rng.integers(0, 2, (n, 30)).astype(np.float32) for n in (4, 5))
    expected = [[np.logical_and(a, b).sum() / np.logical_or(a, b).sum() for b in y] for a in x]
    assert tanimoto(x, y) == pytest.approx(np.array(expected))


def test_predictions_are_those_of_a_gaussian_process() -> None:
    mols = molecules(40)
    x, y = features(mols), logp(mols)
    train, test = np.arange(30), np.arange(30, 40)
    model = Surrogate()
    model.shares, model.noise = (1.0, 0.0, 0.0), 0.01
    model.fit(x.rows(train), y[train])
    mean, deviation = model.predict(x.rows(test))
    roots = np.sqrt(x.blocks[0].astype(float))
    kernel = tanimoto(roots, roots).astype(float)  # type: ignore[arg-type]
    inverse = np.linalg.inv(kernel[:30, :30] + (0.01 + 1e-5) * np.eye(30))
    centre, sd = y[train].mean(), y[train].std()
    assert mean == pytest.approx(centre + kernel[30:, :30] @ inverse @ (y[train] - centre), abs=1e-3)
    variance = 1 - np.einsum("ij,jk,ik->i", kernel[30:, :30], inverse, kernel[30:, :30])
    assert deviation == pytest.approx(sd * np.sqrt(variance), abs=1e-2)


def test_it_learns_what_descriptors_say_and_chooses_them() -> None:
    mols = molecules(160)
    x, y = features(mols), logp(mols)
    train, test = np.arange(120), np.arange(120, 160)
    model = Surrogate()
    model.choose(x.rows(train), y[train])
    assert model.shares[2] > 0
    model.fit(x.rows(train), y[train])
    mean, deviation = model.predict(x.rows(test))
    error = np.abs(mean - y[test])
    assert error.mean() < 0.5 * np.abs(y[test] - y[train].mean()).mean()
    assert (error < 2 * deviation).mean() > 0.6


def test_what_it_has_seen_it_knows() -> None:
    mols = molecules(30)
    x, y = features(mols), logp(mols)
    model = Surrogate()
    model.noise = 1e-3
    model.fit(x, y)
    mean, deviation = model.predict(x)
    assert mean == pytest.approx(y, abs=0.15)
    far = Features(tuple(np.zeros((1, b.shape[1]), np.uint8) for b in x.blocks), x.plain[:1] + 500)
    assert model.predict(far)[1][0] > 2 * deviation.max()


def test_scores_that_are_all_alike_do_no_harm() -> None:
    x = features(molecules(10))
    model = Surrogate()
    model.choose(x, np.ones(10))
    model.fit(x, np.ones(10))
    mean, deviation = model.predict(x)
    assert mean == pytest.approx(np.ones(10))
    assert np.isfinite(deviation).all()
