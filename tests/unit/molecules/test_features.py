"""The feature space of molecules: what it keeps apart, what it stores, and that a tensor is read once."""

import numpy as np
import pytest
import torch

from vivogan.domains.molecules.features import fit_extractor, load_extractor, remembered, smiles_of
from vivogan.errors import DamagedRun
from vivogan.metrics.frechet import frechet_distance

TAILS = ["", "C", "CC", "O", "CO", "N", "F", "Cl", "C(C)C", "C#N", "CCO", "OC"]
RINGS = [f"c1cc{a}ccc1{b}" for a in ("(C)", "(O)", "(F)", "(N)", "") for b in TAILS]
CHAINS = [f"CCC{a}CC{b}" for a in ("(C)", "(O)", "O", "N", "") for b in TAILS]


class Words:
    """A codec of a list of SMILES."""

    def __init__(self, smiles):
        self.smiles, self.read = smiles, 0

    def encode(self, records, indices):
        return torch.as_tensor(indices)[:, None]

    def decode(self, x):
        self.read += 1
        return [self.smiles[i] for i in x[:, 0].tolist()]

    def state(self):
        return {}, {}


def rows(*numbers):
    return torch.tensor(numbers)[:, None]


@pytest.fixture
def codec():
    return Words([*RINGS, *CHAINS, "", "no molecule"])


@pytest.fixture
def extractor(codec):
    return fit_extractor(codec, torch.arange(120)[:, None], np.zeros(120, np.intp), 0)


def test_rings_are_further_from_chains_than_from_rings(extractor):
    a, b, c = (extractor(torch.arange(start, end)[:, None]) for start, end in ((0, 30), (30, 60), (60, 90)))
    assert frechet_distance(a, c) > 5 * frechet_distance(a, b)


def test_features_are_64_numbers_and_what_is_no_molecule_has_some(extractor):
    found = extractor(rows(0, 120, 121))
    assert found.shape == (3, 64)
    assert found.dtype == np.float64
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[1], found[2], rtol=1e-9)


def test_the_state_gives_the_extractor_back(extractor, codec):
    again = load_extractor(codec, *extractor.state())
    assert again.name == extractor.name
    x = rows(3, 70)
    np.testing.assert_allclose(again(x), extractor(x.clone()), rtol=1e-9)
    assert extractor.name.startswith("morgan64-")


def test_a_damaged_state_is_refused(codec):
    with pytest.raises(DamagedRun):
        load_extractor(codec, {}, {"seed": 0})


def test_fewer_molecules_give_fewer_axes(codec):
    assert fit_extractor(codec, rows(0, 1, 2, 70), np.zeros(4, np.intp), 0)(rows(5)).shape == (1, 3)


def test_a_tensor_is_read_once_until_it_changes(codec):
    x = rows(0, 1)
    assert smiles_of(codec, x) == smiles_of(codec, x) == RINGS[:2]
    assert codec.read == 1
    x[0, 0] = 60
    assert smiles_of(codec, x) == [CHAINS[0], RINGS[1]]
    assert codec.read == 2


def test_two_readings_of_a_tensor_are_kept_apart():
    x = rows(1)
    assert remembered(x, "a", lambda: 1) == 1
    assert remembered(x, "b", lambda: 2) == 2
    assert remembered(x, "a", lambda: 3) == 1
