"""Reading as a whole: what real and small files give, and the fingerprint."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vivogan.domains.molecules.data import MoleculeRecords, ReadOptions, content_hash, fingerprint, read
from vivogan.domains.molecules.notation import charge, elements, heavy_atoms
from vivogan.errors import InputError

REAL = Path(os.environ.get("VIVOGAN_DATA", "/nowhere"))
needs_data = pytest.mark.skipif(not REAL.is_dir(), reason="VIVOGAN_DATA names no folder")


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


class TestFolders:
    def test_one_class_a_file(self, tmp_path: Path) -> None:
        put(tmp_path / "hits.smi", "CCO\nCN\n")
        put(tmp_path / "misses.csv", "id,smiles\nx,CCC\n")
        put(tmp_path / "README.txt", "nothing to read")
        assert read(tmp_path, ReadOptions()).labels["class"].tolist() == ["hits", "hits", "misses"]

    def test_parts_and_broken_files(self, tmp_path: Path) -> None:
        put(tmp_path / "train.smi", "CCO a\n")
        put(tmp_path / "test.smi", "CN b\n")
        put(tmp_path / "other.csv", "id,name\n1,x\n2,y\n")
        records = read(tmp_path, ReadOptions())
        assert records.part is not None
        assert dict(zip(records.ids, records.part.tolist(), strict=True)) == {"a": "train", "b": "test"}
        assert [Path(refusal.file).name for refusal in records.refusals] == ["other.csv"]

    def test_nothing_there(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="holds no files of molecules"):
            read(tmp_path, ReadOptions())
        with pytest.raises(InputError, match="does not exist"):
            read(tmp_path / "a.smi", ReadOptions())


def small() -> MoleculeRecords:
    smiles = ["CCO", "c1ccccc1", "CC[NH+](C)C", "F/C=C/F", "Clc1ccccc1"]
    return MoleculeRecords(smiles, {"kind": np.array(["a", "b", "", "a", "a"])}, list("vwxyz"))


class TestFingerprint:
    def test_says_what_is_there(self) -> None:
        found = json.loads(json.dumps(fingerprint(small())))
        assert found["count"] == 5
        assert found["heavy_atoms"] == {"min": 3, "median": 5, "max": 7}
        assert found["elements"] == {"C": 5, "O": 1, "N": 1, "F": 1, "Cl": 1}
        assert (found["charged"], found["stereo"]) == (1, 1)
        assert (found["scaffolds"], found["acyclic"]) == (1, 3)
        assert found["classes"] == {"a": 3, "b": 1}
        assert found["unlabelled"] == 1

    def test_measurements_are_no_classes(self) -> None:
        records = replace(small(), labels={"p": np.array(["5.5", "6", "", "7", "8"])}, units={"p": "pIC50"})
        found = fingerprint(records)
        assert found["classes"] == {}
        assert found["measured"] == {"p": {"min": 5.5, "median": 6.5, "max": 8.0}}
        assert found["units"] == {"p": "pIC50"}

    def test_the_hash_changes_with_anything(self) -> None:
        one = small()
        others = [
            replace(one, smiles=["CCN", *one.smiles[1:]]),
            replace(one, ids=list("vwxya")),
            replace(one, labels={"kind": np.array(["b", "b", "", "a", "a"])}),
            replace(one, part=np.array(["train"] * 4 + ["test"])),
            replace(one, splitting="random"),
        ]
        hashes = {content_hash(records) for records in (one, *others)}
        assert len(hashes) == 6
        assert content_hash(small()) == content_hash(one)


def test_what_a_smiles_says_unparsed() -> None:
    from rdkit import Chem

    for smiles in ["C[Si](C)c1cc[nH]c1Cl", "[2H]OC", "[Fe+2].[Cl-].[Cl-]", "C[N+](=O)[O-]", "c1cc[se]c1", "BrCC#N"]:
        mol = Chem.MolFromSmiles(smiles)
        assert heavy_atoms(smiles) == mol.GetNumHeavyAtoms()
        assert charge(smiles) == Chem.GetFormalCharge(mol)
        assert elements(smiles) >= {atom.GetSymbol() for atom in mol.GetAtoms()} - {"H"}


@needs_data
class TestReal:
    def test_moleculenet(self) -> None:
        records = read(REAL / "moleculenet" / "bbbp.csv.gz", ReadOptions())
        assert len(records) == 1966
        assert list(records.labels) == ["p_np"]
        assert len(records.refusals) == 11  # as its README counts

    def test_a_target_is_what_was_published(self) -> None:
        path = REAL / "target_activity" / "CHEMBL2835_Ki.csv.gz"
        records = read(path, ReadOptions(labels="exp_mean [nM],y [pEC50/pKi]"))
        measured, published = (np.array(values.tolist(), float) for values in records.labels.values())
        assert len(records) == 615
        np.testing.assert_allclose(measured, published, atol=1e-4)
        assert records.part is not None
        assert set(records.part.tolist()) == {"train", "test"}
