from __future__ import annotations

import numpy as np
import pytest
import torch

from vivogan.domains.molecules.codec import CORNER, MoleculeCodec, corners, nearest
from vivogan.domains.molecules.records import MoleculeRecords
from vivogan.errors import DamagedRun

SMILES = ["CCO", "CCN", "c1ccccc1", "CC(=O)O", "CC(C)C", "OC1CC1"] * 4
RECORDS = MoleculeRecords(SMILES, {}, [str(i) for i in range(len(SMILES))])


@pytest.fixture(scope="module")
def codec() -> MoleculeCodec:
    return MoleculeCodec.fit(RECORDS, np.arange(24), merges=5)


def test_molecules_survive(codec: MoleculeCodec) -> None:
    x = codec.encode(RECORDS, np.arange(24))
    assert x.shape == (24, CORNER, codec.length)
    assert codec.decode(x) == SMILES
    noisy = x.float() + 0.3 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    assert codec.decode(noisy) == SMILES


def test_corners_are_all_different_and_their_own_nearest() -> None:
    for count in (2, 40, 1200):
        codes = corners(count)
        assert torch.equal(nearest(codes.T[None], codes)[0], torch.arange(count))
    assert torch.equal(corners(40), corners(40))


def test_too_long_and_unknown_molecules_are_cut_not_refused(codec: MoleculeCodec) -> None:
    (found,) = codec.decode(codec.points(codec.numbered(["C" * 300 + "[Se]"])))
    assert found
    assert set(found) == {"C"}


def test_random_orders_are_other_strings_of_the_same_molecules() -> None:
    codec = MoleculeCodec.fit(RECORDS, np.arange(24), order="random")
    x = codec.encode(RECORDS, np.arange(24))
    assert codec.decode(x) == SMILES
    assert not torch.equal(codec.numbered(SMILES, 0), codec.numbered(SMILES, 1))
    again = MoleculeCodec.from_state(*codec.state())
    assert torch.equal(again.encode(RECORDS, np.arange(24)), x)


def test_a_damaged_codec_is_refused(codec: MoleculeCodec) -> None:
    tensors, state = codec.state()
    with pytest.raises(DamagedRun):
        MoleculeCodec.from_state({}, state)
    with pytest.raises(DamagedRun):
        MoleculeCodec.from_state(tensors, {"model": "language"})
