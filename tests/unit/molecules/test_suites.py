"""The suites of MOSES and GuacaMol: what they count, and that files, processes and the cache change nothing."""

import gzip

import numpy as np
import pytest

from vivogan.domains.molecules import suites
from vivogan.domains.molecules.suites import guacamol, moses, sets
from vivogan.domains.molecules.suites.against import prepared
from vivogan.domains.molecules.suites.kept import kept
from vivogan.domains.molecules.suites.pieces import cosine, fragments, scaffold
from vivogan.domains.molecules.suites.sets import ALL, ARRAYS, Described, describe, read
from vivogan.errors import UserError

WITHOUT = ALL - {"chemnet"}
REAL = [
    "CC(=O)Nc1ccc(O)cc1", "CC(=O)Oc1ccccc1C(=O)O", "c1ccc(-c2ccccn2)cc1", "O=C(Nc1ccccc1)c1ccccc1", "CCOC(=O)c1ccncc1",
    "CN1CCN(c2ccccc2)CC1", "Cc1ccc(S(=O)(=O)N2CCCCC2)cc1", "COc1ccc2[nH]ccc2c1", "Clc1ccccc1CN1CCOCC1", "CCCCO",
]  # fmt: skip
MADE = ["OCCCC", "C1CC", "c1ccc(-c2ccccn2)cc1", "c1cnc(-c2ccccc2)cc1", "C[C@H](O)c1ccccc1", "C[C@@H](O)c1ccccc1", "CCN"]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VIVOGAN_CACHE", str(tmp_path / "cache"))


def by_name(found):
    return {score.name: score for score in found}


def same(a: Described, b: Described) -> bool:
    arrays = all(np.array_equal(getattr(a, name), getattr(b, name)) for name in ARRAYS)
    return arrays and (a.fragments, a.scaffolds, a.first) == (b.fragments, b.scaffolds, b.first)


def test_counts_of_a_small_set():
    found = by_name(suites.evaluate(MADE, REAL, train=REAL[:9], fcd=False))
    assert found["valid"].value == pytest.approx(6 / 7)
    assert found["unique@1k"].value == pytest.approx(5 / 6)  # the pyridine is there twice
    assert found["Novelty"].value == pytest.approx(4 / 5)  # the pyridine is known; butanol was not for training
    assert found["Novelty"].floor == pytest.approx(1 / 10)
    assert found["GuacaMol validity"].value == pytest.approx(6 / 7)
    assert found["GuacaMol uniqueness"].value == pytest.approx(4 / 6)  # stereoisomers are one
    assert found["GuacaMol novelty"].value == pytest.approx(3 / 5)
    assert np.isnan(found["FCD/Test"].value)
    assert "FCD/TestSF" not in found


def test_the_scaffold_reference_has_rows_of_its_own():
    found = by_name(
        suites.evaluate(MADE, REAL, reference_scaffold=["c1ccc(-c2ccccn2)cc1C"], fcd=False, suites=["moses"])
    )
    assert found["Scaf/TestSF"].value == pytest.approx(1)
    assert "Novelty" not in found


def test_shares_have_intervals_and_rows_their_floor():
    for score in suites.evaluate(MADE, REAL, fcd=False, suites=["moses"]):
        if score.name in ("valid", "unique@1k", "Filters", "SNN/Test", "IntDiv"):
            assert score.low <= score.value <= score.high
        assert np.isfinite(score.floor) or score.name.startswith("FCD")


def test_nothing_to_compare_is_said():
    with pytest.raises(UserError, match="generated: no molecule among 2 records"):
        suites.evaluate(["C1CC", ""], REAL, fcd=False)


def test_a_file_is_as_good_as_a_list(tmp_path):
    plain, packed = tmp_path / "a.smi", tmp_path / "b.csv.gz"
    plain.write_text("\n".join(f"{text} name{i}" for i, text in enumerate(MADE)))
    packed.write_bytes(gzip.compress(("SMILES\n" + "\n".join(MADE) + "\n").encode()))
    for path in (plain, packed):
        assert list(read(path)) == MADE
        assert same(describe(path, WITHOUT), describe(MADE, WITHOUT))


def test_many_processes_find_the_same(monkeypatch):
    monkeypatch.setattr(sets, "FEW", 20)
    monkeypatch.setattr(sets, "CHUNK", 8)
    many = (REAL + MADE) * 2
    assert same(describe(many, WITHOUT, workers=2), describe(many, WITHOUT, workers=1))


def test_what_is_kept_is_what_was_described(tmp_path):
    first, second = (kept(REAL, WITHOUT) for _ in range(2))
    assert len(list((tmp_path / "cache" / "molecules").iterdir())) == 1
    assert same(first, second)
    assert same(first, describe(REAL, WITHOUT))


def test_a_broken_cache_is_made_again(tmp_path):
    before = kept(REAL, WITHOUT)
    (file,) = (tmp_path / "cache" / "molecules").iterdir()
    file.write_bytes(b"PK broken")
    assert same(before, kept(REAL, WITHOUT))


def test_the_floor_is_of_real_molecules_that_are_not_in_their_own_reference():
    against = prepared(MADE, REAL, fcd=False)
    assert len(against.floor) + len(against.floor_reference) == len(against.reference) == len(REAL)
    assert not set(against.floor.codes) & set(against.floor_reference.codes)
    trained = prepared(MADE, REAL, train=REAL[:8] + ["CCCCN"] * 4, fcd=False)
    assert len(trained.floor) == len(trained.made)


def test_fragments_are_cut_where_brics_cuts():
    assert sorted(fragments(describe_mol("CCOc1ccccc1"))) == ["[16*]c1ccccc1", "[3*]O[3*]", "[4*]CC"]
    assert fragments(describe_mol("CCO")) == ["CCO"]


def test_scaffolds_have_two_rings():
    assert scaffold(describe_mol("Cc1ccccc1")) is None
    assert scaffold(describe_mol("CCO")) is None
    assert scaffold(describe_mol("Cc1ccc(Cc2ccccn2)cc1")) == "c1ccc(Cc2ccccn2)cc1"


def describe_mol(smiles):
    from rdkit import Chem

    return Chem.MolFromSmiles(smiles)


def test_cosine_of_nothing_is_not_a_number():
    assert np.isnan(cosine({}, {"a": 1}))
    assert cosine({"a": 3}, {"b": 1}) == 0


def test_stereoisomers_differ_for_moses_only():
    found = describe(MADE[4:6], WITHOUT)
    assert found.codes[0] != found.codes[1]
    assert found.flat[0] == found.flat[1]


def test_the_same_set_has_no_divergence():
    assert guacamol.divergence_score(REAL, REAL) == pytest.approx(1)
    assert guacamol.divergence_score(REAL, MADE[2:]) < 0.9


def test_values_outside_of_all_bins_score_nothing():
    assert guacamol.discrete_divergence(np.arange(5.0), np.full(3, 9.0)) == np.inf
    assert guacamol.continuous_divergence(np.ones(3), np.ones(4)) == 0
    assert guacamol.continuous_divergence(np.ones(3), np.arange(4.0)) == np.inf


def test_every_metric_is_explained():
    names = {score.name for score in suites.evaluate(MADE[:4], REAL[:5], REAL[:5], REAL[:5], fcd=False)}
    assert names == {*moses.NOTES, *guacamol.NOTES}
