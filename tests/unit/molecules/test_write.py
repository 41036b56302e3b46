"""What is written comes back."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem

from vivogan.domains.molecules.data import MoleculeRecords, ReadOptions, read, write, write_table
from vivogan.errors import UserError


def records() -> MoleculeRecords:
    return MoleculeRecords(
        ["CCO", "C[C@H](N)C(=O)O", "F/C=C/F", "c1ccncc1"],
        {"kind": np.array(["a", "b c", "", 'say "x", y']), "pIC50": np.array(["5.5", "", "6.25", "7"])},
        ["ethanol", "alanine", "with blank", "d"],
        part=np.array(["train", "test", "train", "train"]),
        group=np.array(["g1", "g2", "g1", "g3"]),
        remarks=["", "not screened", "", ""],
    )


@pytest.mark.parametrize("name", ["a.smi", "a.csv", "a.tsv", "a.sdf", "a.parquet", "a.smi.gz", "a.csv.gz", "a.sdf.gz"])
def test_comes_back(tmp_path: Path, name: str) -> None:
    pytest.importorskip("pyarrow")
    (path,) = write(records(), tmp_path / name)
    found = read(path, ReadOptions(labels="kind,pIC50,remark", group="group"))
    expected = records()
    assert found.smiles == expected.smiles
    assert found.ids == expected.ids
    assert found.labels["kind"].tolist() == expected.labels["kind"].tolist()
    assert [float(v or 0) for v in found.labels["pIC50"].tolist()] == [5.5, 0, 6.25, 7]
    assert found.labels["remark"].tolist() == expected.remarks
    assert found.part is not None
    assert found.group is not None
    assert found.part.tolist() == ["train", "test", "train", "train"]
    assert found.group.tolist() == ["g1", "g2", "g1", "g3"]
    if name.endswith(".gz"):
        assert gzip.decompress(path.read_bytes())


def test_other_programs_read_it(tmp_path: Path) -> None:
    (path,) = write(records(), tmp_path / "a.sdf")
    mols = list(Chem.SDMolSupplier(str(path)))
    assert [Chem.MolToSmiles(mol) for mol in mols] == records().smiles
    assert mols[1].GetProp("_Name") == "alanine"
    assert mols[1].GetProp("kind") == "b c"
    (path,) = write(records(), tmp_path / "a.smi")
    mols = [mol for mol in Chem.SmilesMolSupplier(str(path), delimiter="\t", titleLine=False)]
    assert [mol.GetProp("_Name") for mol in mols] == records().ids


def test_a_folder_by_default(tmp_path: Path) -> None:
    assert write(records(), tmp_path / "made") == [tmp_path / "made" / "molecules.csv"]


def test_tables_of_any_columns(tmp_path: Path) -> None:
    columns = {"qed": [0.1234567, None], "alerts": ["", "PAINS"], "n": np.array([1, 2]), "smiles": ["x", "y"]}
    (path,) = write_table(tmp_path / "a.csv", ["CCO", "CN"], ["a", "b"], columns)
    assert path.read_text().splitlines() == [
        "id,smiles,qed,alerts,n,smiles (given)",
        "a,CCO,0.123457,,1,x",
        "b,CN,,PAINS,2,y",
    ]
    with pytest.raises(UserError, match="no such format"):
        write_table(tmp_path / "a.docx", ["C"], ["a"], {})
    with pytest.raises(ValueError, match="zip"):
        write_table(tmp_path / "a.csv", ["C"], ["a"], {"x": [1, 2]})


def test_numbers_stay_numbers_in_parquet(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    import pyarrow.parquet as parquet

    (path,) = write_table(tmp_path / "a.parquet", ["CCO", "CN"], ["a", "b"], {"qed": [0.5, None], "w": ["x", "1"]})
    found = parquet.read_table(path).to_pydict()
    assert found["qed"] == [0.5, None]
    assert found["w"] == ["x", "1"]
