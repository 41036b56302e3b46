"""Samples of a folder are one data set: their cells one after the other, of the genes that all have."""

from __future__ import annotations

from pathlib import Path

import anndata
import numpy as np
import pandas
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vivogan.domains.expression.data import ReadOptions, read, survey
from vivogan.domains.expression.formats.samples import sample_names
from vivogan.errors import InputError

GENES = [f"G{i}" for i in range(6)]


def counts(seed: int, cells: int) -> NDArray[np.float32]:
    return (np.random.default_rng(seed).poisson(2, (cells, len(GENES))) + 1).astype(np.float32)


def categories(values: list[str]) -> pandas.Categorical:
    known = sorted(set(values))
    return pandas.Categorical.from_codes([known.index(one) for one in values], pandas.Index(known, dtype=object))


def sample(path: Path, matrix: NDArray[np.float32], genes: list[str] = GENES, **obs: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    names = pandas.Index([f"AAAC{i}-1" for i in range(len(matrix))], dtype=object)
    frame = pandas.DataFrame({name: categories(own) for name, own in obs.items()}, index=names)
    var = pandas.DataFrame(index=pandas.Index(genes, dtype=object))
    anndata.AnnData(csr_matrix(matrix), obs=frame, var=var).write_h5ad(path)
    return path


def test_cells_follow_each_other(tmp_path: Path) -> None:
    one, other = counts(0, 5), counts(1, 3)
    sample(tmp_path / "GSM1_ctrl_filtered.h5ad", one, type=list("abcab"))
    sample(tmp_path / "GSM2_stim_filtered.h5ad", other, type=list("baa"), batch=list("xxy"))
    records = read(tmp_path, ReadOptions(labels="type,sample", group="sample"))
    assert (records.counts.toarray() == np.concatenate([one, other])).all()
    assert records.genes == GENES
    assert records.ids[4:6] == ["GSM1_ctrl_AAAC4-1", "GSM2_stim_AAAC0-1"]
    assert records.labels["sample"].tolist() == ["GSM1_ctrl"] * 5 + ["GSM2_stim"] * 3
    assert records.classes[5] == "b | GSM2_stim"
    assert records.group is not None
    assert len(set(records.group.tolist())) == 2
    assert records.notes[0] == "2 samples were joined: GSM1_ctrl (5 cells), GSM2_stim (3 cells)"
    assert survey(tmp_path, ReadOptions(labels="type"))["fingerprint"]["count"] == 8
    assert read(tmp_path, ReadOptions(labels="batch")).classes.tolist() == [""] * 5 + list("xxy")


def test_genes_that_all_have_are_kept_by_name(tmp_path: Path) -> None:
    one, other = counts(0, 4), counts(1, 4)
    sample(tmp_path / "a.h5ad", one)
    sample(tmp_path / "b.h5ad", other, ["G3", "new", "G1", "G0", "also", "gone"])
    records = read(tmp_path, ReadOptions())
    assert records.genes == ["G0", "G1", "G3"]
    assert (records.counts.toarray() == np.concatenate([one[:, [0, 1, 3]], other[:, [3, 2, 0]]])).all()
    assert any("the samples share 3 genes, of 6 at most" in note for note in records.notes)
    sample(tmp_path / "c.h5ad", counts(2, 4), [f"ENSG{i}" for i in range(6)])
    with pytest.raises(InputError, match=r"no gene in common: G0, G1.*; G3, new"):
        read(tmp_path, ReadOptions())


def test_the_same_cells_twice_are_refused(tmp_path: Path) -> None:
    sample(tmp_path / "raw.h5ad", np.concatenate([counts(0, 5), counts(3, 4)]))
    sample(tmp_path / "filtered.h5ad", counts(0, 5))
    with pytest.raises(InputError, match="filtered and raw hold the same cells"):
        read(tmp_path, ReadOptions())


def test_a_table_of_samples_labels_their_cells(tmp_path: Path) -> None:
    sample(tmp_path / "d1" / "outs" / "cells.h5ad", counts(0, 3))
    sample(tmp_path / "d2" / "outs" / "cells.h5ad", counts(1, 2))
    (tmp_path / "metadata.csv").write_text("donor,treatment\nd1,none\nd2,interferon\nd3,none\n")
    records = read(tmp_path, ReadOptions(labels="treatment"))
    assert records.labels["treatment"].tolist() == ["none"] * 3 + ["interferon"] * 2


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["a.h5ad", "b.h5ad"], ["a", "b"]),
        (["d1/outs/filtered.h5", "d2/outs/filtered.h5"], ["d1", "d2"]),
        (["GSM1_a_x.csv.gz", "GSM2_b_x.csv.gz"], ["GSM1_a", "GSM2_b"]),
        (["a.1.h5ad", "a.2.h5ad"], ["a.1.h5ad", "a.2.h5ad"]),
    ],
)
def test_names_tell_samples_apart(paths: list[str], names: list[str]) -> None:
    assert sample_names([Path(path) for path in paths]) == names
