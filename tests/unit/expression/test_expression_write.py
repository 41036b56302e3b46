"""What is written is read back, by vivogan and by scanpy's reader."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix, issparse

from vivogan.domains.expression.data import ExpressionRecords, ReadOptions, read, write
from vivogan.domains.expression.write import check_name
from vivogan.errors import UserError


def cells() -> ExpressionRecords:
    counts = np.random.default_rng(0).poisson(1, (30, 6)).astype(np.int32)
    counts[:, 0] = 1
    types = np.array(["B cell", "T", "NK"] * 10)
    state = np.array(["rest", "stim"] * 15)
    joined = np.array([f"{a} | {b}" for a, b in zip(types, state, strict=True)])
    time = np.array([f"{i / 29:.4f}" for i in range(30)])
    return ExpressionRecords(
        counts=csr_matrix(counts),
        genes=["ACTB", "B2M", "CD3E", "CD19", "LYZ", "HLA-DRA"],
        labels={"type | state": joined, "time": time},
        ids=[f"seed0-{i:06d}" for i in range(30)],
        provenance={"run": "runs/pbmc", "vivogan": "0.1"},
    )


@pytest.mark.parametrize("name", ["a.h5ad", "a.csv", "a.csv.gz", "a.tsv", "m/matrix.mtx", "m/matrix.mtx.gz", "folder"])
def test_reads_back_what_it_wrote(tmp_path: Path, name: str) -> None:
    records = cells()
    files = write(records, tmp_path / name)
    assert all(file.is_file() for file in files)
    back = read(files[0].parent if ".mtx" in name else files[0], ReadOptions(labels="type,state,time"))
    assert back.ids == records.ids
    assert back.genes == records.genes
    assert np.array_equal(back.counts.toarray(), records.counts.toarray())
    assert back.labels["type"].tolist() == ["B cell", "T", "NK"] * 10
    assert back.labels["state"].tolist() == ["rest", "stim"] * 15
    assert np.allclose(back.labels["time"].astype(float), records.labels["time"].astype(float))
    assert not back.refusals


def test_scanpy_reads_it(tmp_path: Path) -> None:
    import anndata

    records = replace(cells(), part=np.array(["train"] * 20 + ["test"] * 10), group=np.array(["d1"] * 15 + [""] * 15))
    found = anndata.read_h5ad(write(records, tmp_path / "a.h5ad")[0])
    assert issparse(found.X)
    assert found.X.dtype == np.int32
    assert found.obs["type"].dtype.name == "category"
    assert found.obs["time"].dtype.kind == "f"
    assert found.obs["split"].tolist() == ["train"] * 20 + ["test"] * 10
    assert found.obs["group"].isna().sum() == 15
    assert dict(found.uns["vivogan"]) == records.provenance
    assert found.var_names.tolist() == records.genes


def test_names_of_other_formats(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no such format of single cells. Name the file .h5ad, .csv, .tsv, .mtx"):
        check_name(tmp_path / "a.rds")
    check_name(tmp_path / "a.h5ad")
    check_name(tmp_path / "folder")


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.h5ad").mkdir()
    with pytest.raises(UserError, match="cannot write"):
        write(cells(), tmp_path / "a.h5ad")
    assert [one.name for one in tmp_path.iterdir()] == ["a.h5ad"]
