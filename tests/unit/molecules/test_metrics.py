"""Summaries of molecules and the scores of papers."""

import numpy as np
import pytest
import torch

from tests.unit.molecules.test_features import CHAINS, RINGS, Words
from vivogan.domains.molecules import metrics
from vivogan.domains.molecules.suites import chemnet


def test_summaries_are_numbers_also_for_what_is_no_molecule():
    codec = Words(["c1ccccc1", "CCO", "C1CC"])
    found = metrics.summaries(torch.arange(3)[:, None], codec)
    assert list(found) == ["logP", "SA", "QED", "weight"]
    weight = found["weight"]
    assert weight.shape == (3, 1)
    assert weight[0, 0] == pytest.approx(78.114, abs=1e-3)
    assert weight[2, 0] == pytest.approx(weight[:2].mean())


def test_without_any_molecule_there_are_still_numbers():
    assert np.isfinite(metrics.described(["", "C1CC"])["QED"]).all()


def test_shares():
    assert metrics.valid(["CCO", "", "C1CC"]).tolist() == [True, False, False]
    assert metrics.unique(["CCO", "CCO", "CC"]) == pytest.approx(2 / 3)
    assert metrics.novelty(["CCO", "CCO", "CC"], ["CC"]) == pytest.approx(1 / 2)


def test_a_set_is_most_like_itself():
    assert metrics.nearest_similarity(RINGS[:5], RINGS).tolist() == [1.0] * 5
    assert metrics.fragment_similarity(RINGS, RINGS) == pytest.approx(1)
    assert metrics.fragment_similarity(RINGS, CHAINS) < 0.2
    assert metrics.diversity(["CCO"] * 3) == pytest.approx([0, 0, 0])


def test_literature_of_good_and_of_bad_molecules(monkeypatch):
    monkeypatch.setattr(chemnet, "installed", lambda: False)
    good, bad = metrics.literature(RINGS, RINGS[::2]), metrics.literature(RINGS, [*CHAINS[::2], "C1CC"])
    assert "FCD" not in good
    for name in ("valid", "SNN", "fragment similarity"):
        assert good[name][0] > bad[name][0]
        assert good[name][1] == "higher"
    assert metrics.literature(RINGS, ["C1CC"]) == {"valid": (0.0, "higher")}


@pytest.mark.skipif(not chemnet.installed(), reason="the package fcd is not installed")
def test_fcd_tells_sets_apart():
    near, far = chemnet.fcd(RINGS[::2], RINGS[1::2]), chemnet.fcd(RINGS, CHAINS)
    assert far > 2 * near > 0
    assert np.isnan(chemnet.fcd(RINGS, ["CCO"]))
