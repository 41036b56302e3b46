"""Fingerprints, and the search for the most alike: equal to comparing all with all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from vivogan.domains.molecules import fingerprints, similarity

SMILES = ["CC(=O)Oc1ccccc1C(=O)O", "CC(=O)Nc1ccc(O)cc1", "CN1CCC[C@H]1c1cccnc1", "CCO", "c1ccc2ccccc2c1", "CCCCCCCCCC"]


def test_bits_are_those_of_rdkit():
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024)
    expected = np.array([generator.GetFingerprintAsNumPy(Chem.MolFromSmiles(s)) for s in SMILES])
    packed = fingerprints.bit_fingerprints(SMILES, size=1024)
    assert (np.unpackbits(packed, axis=1, bitorder="little") == expected).all()


def test_similarities_are_those_of_rdkit():
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    known = [generator.GetFingerprint(Chem.MolFromSmiles(s)) for s in SMILES]
    expected = [DataStructs.BulkTanimotoSimilarity(one, known) for one in known]
    packed = fingerprints.bit_fingerprints(SMILES)
    np.testing.assert_allclose(similarity.tanimoto(packed, packed), expected, rtol=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.sampled_from([0.002, 0.05, 0.5]), st.booleans())
def test_the_index_finds_what_comparing_all_finds(seed, m, share, skewed):
    """Frequent bits go another way than rare ones."""
    rng = np.random.default_rng(seed)
    shares = np.where(rng.random(256) < 0.2, 0.9, 0.03) if skewed else np.full(256, share)
    a, b = (np.packbits(rng.random((n, 256)) < shares, axis=1, bitorder="little") for n in (7, m))
    every = similarity.tanimoto(a, b)
    index = similarity.FingerprintIndex(b)
    value, place = index.nearest(a)
    np.testing.assert_allclose(value, every.max(1), rtol=1e-12)
    found = place >= 0
    assert (every[np.flatnonzero(found), place[found]] == every.max(1)[found]).all()
    assert (every.max(1)[~found] == 0).all()
    means = index.mean(a, (1, 2))
    np.testing.assert_allclose(means, np.stack([every.mean(1), (every**2).mean(1)], 1), rtol=1e-9, atol=1e-15)


def test_a_molecule_need_not_find_itself():
    packed = fingerprints.bit_fingerprints(SMILES)
    every = similarity.tanimoto(packed, packed)
    np.fill_diagonal(every, 0)
    value, place = similarity.most_alike(packed, packed, but=np.arange(len(packed)))
    np.testing.assert_allclose(value, every.max(1))
    assert not (place == np.arange(len(packed))).any()


def test_molecules_with_more_than_255_bits_are_counted_right():
    packed = np.full((3, 128), 255, np.uint8)  # all of 1024 bits
    assert similarity.most_alike(packed, packed)[0].tolist() == [1.0, 1.0, 1.0]


def test_more_than_one_block_is_compared():
    rng = np.random.default_rng(0)
    packed = np.packbits(rng.random((similarity.BLOCK + 10, 64)) < 0.2, axis=1, bitorder="little")
    value, place = similarity.most_alike(packed[-5:], packed, workers=1)
    assert (value == 1).all()
    assert (packed[place] == packed[-5:]).all()


def test_nearest_says_which():
    value, place = fingerprints.nearest(["CCO", "no molecule", "OCC"], SMILES)
    assert value.tolist() == [1, 0, 1]
    assert place.tolist() == [3, -1, 3]


def test_nothing_known_is_nothing_alike():
    assert fingerprints.nearest(["CCO"], [])[0].tolist() == [0]
    assert fingerprints.nearest([], SMILES)[0].shape == (0,)


def test_counts_are_no_bits():
    """Decane has eight carbons between two others, which are two bits less than they are atoms."""
    counts = fingerprints.count_fingerprints(["CCCCCCCCCC"])[0]
    assert counts.max() == 8
    assert counts.sum() > (counts > 0).sum()


@pytest.mark.parametrize(
    ("function", "width"),
    [
        (fingerprints.count_fingerprints, 2048),
        (fingerprints.bit_fingerprints, 256),
        (fingerprints.avalon_fingerprints, 1024),
        (fingerprints.erg_fingerprints, 315),
        (fingerprints.descriptors, len(fingerprints.DESCRIPTORS)),
    ],
)
def test_what_is_no_molecule_is_a_row_of_zeros(function, width):
    table = function(["CC(=O)Nc1ccc(O)cc1", "", "C1CC"])
    assert table.shape == (3, width)
    assert table[0].any()
    assert not table[1:].any()


def test_descriptors_are_finite_where_rdkit_is_not():
    """Ipc grows with size, charges of metals are not known."""
    table = fingerprints.descriptors(["C" * 120, "[Hg+2]", "[H][H]", "[Na+].[Cl-]"])
    assert np.isfinite(table).all()
    assert np.abs(table).max() <= fingerprints.LARGEST
