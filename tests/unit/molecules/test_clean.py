"""What becomes of records that repeat, contradict, or cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from vivogan.domains.molecules.data import MoleculeRecords, ReadOptions, read
from vivogan.errors import InputError, UserError


def given(folder: Path, text: str, **options: object) -> MoleculeRecords:
    path = folder / "a.csv"
    path.write_text(text)
    return read(path, ReadOptions.model_validate(options))


def labels(records: MoleculeRecords, column: str) -> dict[str, str]:
    return dict(zip(records.ids, records.labels[column].tolist(), strict=True))


def noted(records: MoleculeRecords, *words: str) -> bool:
    return any(all(word in note for word in words) for note in records.notes)


def test_bad_rows_are_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    text = f"id,smiles\na,CCO\nb,C1CC\nc,\nd,c1cccc1\ne,CC(C)(C)(C)C\nf,{'C' * 10_000}\ng,CN\n"
    records = given(tmp_path, text)
    assert records.ids == ["a", "g"]
    reasons = {refusal.record: refusal.reason for refusal in records.refusals}
    assert list(reasons) == ["row 3 (b)", "row 4 (c)", "row 5 (d)", "row 6 (e)", "row 7 (f)"]
    assert all(reason.count(". ") == 1 for reason in reasons.values())  # what is wrong, and how to mend it
    assert "set heaviest higher" in reasons["row 7 (f)"]


def test_heaviest_is_an_option(tmp_path: Path) -> None:
    text = "smiles\n" + "\n".join("C" * n for n in (9, 10, 11)) + "\n"
    assert len(given(tmp_path, text, heaviest=10)) == 2


def test_nothing_usable_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no usable molecule is left \(2 refused; the first: .*row 2"):
        given(tmp_path, "smiles\nC1CC\nC2CC\n")


def test_copies_are_merged_after_standardisation(tmp_path: Path) -> None:
    records = given(tmp_path, "id,smiles\na,OCC\nb,CCO\nc,CC(=O)[O-].[Na+]\nd,CC(=O)O\n")
    assert records.smiles == ["CCO", "CC(=O)O"]
    assert records.ids == ["a", "c"]
    assert noted(records, "2 copies", "b, d")
    assert len(given(tmp_path, "smiles\nC[C@H](F)Cl\nC[C@@H](F)Cl\n")) == 2
    assert len(given(tmp_path, "smiles\nC[C@H](F)Cl\nC[C@@H](F)Cl\n", stereo="drop")) == 1


def test_contradictory_classes_are_removed_and_reported(tmp_path: Path) -> None:
    text = "id,smiles,toxic\na,CCO,1\nb,OCC,0\nc,CN,1\nd,NC,1\ne,CC,\nf,C-C,0\n"
    records = given(tmp_path, text, labels="toxic")
    assert labels(records, "toxic") == {"a": "", "c": "1", "e": "0"}
    assert noted(records, "contradictory classes", "a (1) = b (0)")


def test_replicates_count_by_their_median(tmp_path: Path) -> None:
    text = "id,smiles,IC50 (nM)\na,CCO,10\nb,OCC,40\nc,CN,1\nd,NC,1000\ne,CC,5\n"
    records = given(tmp_path, text, labels="IC50 (nM)")
    found = labels(records, "IC50 (nM)")
    assert float(found["a"]) == pytest.approx(7.69897)  # of the geometric mean, 20 nM
    assert float(found["c"]) == pytest.approx(7.5)
    assert records.units == {"IC50 (nM)": "pIC50"}
    assert noted(records, "far apart", "c (9) = d (6)")
    assert not noted(records, "far apart", "a (8)")


def test_a_bad_label_costs_the_label_alone(tmp_path: Path) -> None:
    text = "id,smiles,IC50 (nM),kind\na,CCO,10,x\nb,CN,inactive,y\nc,CC,>10000,x\n"
    records = given(tmp_path, text, labels="IC50 (nM),kind")
    assert labels(records, "IC50 (nM)") == {"a": "8", "b": "", "c": ""}
    assert labels(records, "kind") == {"a": "x", "b": "y", "c": "x"}
    (refusal,) = records.refusals
    assert refusal.record == "row 3 (b), IC50 (nM)"
    assert "'inactive' is no number" in refusal.reason
    assert noted(records, "1 values are only bounds")
    assert not noted(records, "classes have fewer")


def test_units_of_the_option_are_for_columns_without_one(tmp_path: Path) -> None:
    text = "id,smiles,IC50\na,CCO,10\nb,CN,1.5\n"
    assert given(tmp_path, text, labels="IC50").units == {}
    records = given(tmp_path, text, labels="IC50", units="uM")
    assert labels(records, "IC50") == {"a": "5", "b": "5.82391"}
    with pytest.raises(UserError, match="no such unit"):
        given(tmp_path, text, labels="IC50", units="ell")


def test_a_held_out_copy_stays_and_keeps_its_own_label(tmp_path: Path) -> None:
    text = "id,smiles,pIC50,split\na,CCO,5.5,train\nb,OCC,7.5,test\nc,CN,6.1,train\n"
    records = given(tmp_path, text, labels="pIC50")
    assert labels(records, "pIC50") == {"b": "7.5", "c": "6.1"}
    assert noted(records, "leak", "a (train) = b (test)")


def test_names_given_twice_are_numbered(tmp_path: Path) -> None:
    records = given(tmp_path, "id,smiles\na,CCO\na,CN\na-2,CC\n")
    assert records.ids == ["a", "a-3", "a-2"]
    assert noted(records, "had the name of another", "a-3")


def test_a_property_can_be_a_label(tmp_path: Path) -> None:
    records = given(tmp_path, "id,smiles,kind\na,CCO,x\nb,c1ccccc1,y\n", labels="logp,kind")
    assert list(records.labels)[:1] == ["kind"] or list(records.labels)[:1] == ["logp"]
    found = labels(records, "logp")
    assert float(found["a"]) == pytest.approx(-0.0014, abs=1e-4)
    assert float(found["b"]) == pytest.approx(1.6866, abs=1e-4)


def test_given_columns_come_before_computed_ones(tmp_path: Path) -> None:
    assert labels(given(tmp_path, "id,smiles,logp\na,CCO,7.5\n", labels="logp"), "logp") == {"a": "7.5"}
