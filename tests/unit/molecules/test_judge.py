"""The measures of molecules: intervals that hold their value, floors that are no copies, and nothing valid."""

from functools import cache

import numpy as np
import pytest
import torch

from tests.unit.molecules.test_features import CHAINS, RINGS, Words
from vivogan.domains.molecules.judge import measures
from vivogan.domains.scores import Sample, score

PAIRS = [f"c1ccc({a}c2ccccn2)cc1{b}" for a in ("", "C", "O", "N", "CC") for b in ("C", "O", "F", "N", "CC", "OC")]
ALL = [*RINGS, *PAIRS, *CHAINS, "", "C1CC"]


def sample(numbers) -> Sample:
    x = torch.as_tensor(list(numbers))[:, None]
    return Sample(np.zeros((len(x), 1)), {}, np.zeros(len(x), np.intp), x)


@cache
def judged(kind: str) -> dict:
    codec, train = Words(ALL), sample(range(0, 90, 2))
    real, floor = sample(range(1, 90, 2)), sample(range(0, 90, 4))
    made = {"good": range(3, 90, 6), "copies": [*range(0, 40, 2), 0], "chains": range(90, 140), "none": [150, 151] * 3}
    found = measures(train, codec)
    return {m.name: score(m, real, sample(made[kind]), floor, {"floor": floor}, None) for m in found}


def test_every_measure_has_a_value_in_its_interval_and_a_floor():
    for name, found in judged("good").items():
        assert found.low - 1e-9 <= found.value <= found.high + 1e-9, name
        assert np.isfinite(found.floor), name
    assert {"valid", "unique", "novel", "IntDiv", "filters", "fragment similarity", "scaffold similarity", "SNN"} < {
        *judged("good")
    }


def test_copies_are_seen():
    copies, good = judged("copies"), judged("good")
    assert copies["novel"].value == 0
    assert good["novel"].value == good["novel"].floor == 1
    assert copies["unique"].value == pytest.approx(20 / 21)
    assert copies["nearest similarity, median"].value == 1 > good["nearest similarity, median"].value
    assert copies["nearest similarity, median"].floor < 1


def test_other_chemistry_is_seen():
    chains, good = judged("chains"), judged("good")
    for name in ("fragment similarity", "SNN", "scaffold similarity"):
        assert chains[name].value < 0.5 * good[name].value


def test_without_a_molecule_there_are_numbers():
    found = judged("none")
    assert found["valid"].value == 0
    assert all(np.isfinite([one.value, one.low, one.high]).all() for one in found.values())


def test_scaffolds_are_compared_where_there_are_some():
    assert "scaffold similarity" not in {m.name for m in measures(sample(range(90, 150)), Words(ALL))}
