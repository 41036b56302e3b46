"""Reading as a whole: real data, the fingerprint, the survey, and the most variable genes."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from vivogan.domains.expression.data import (
    ExpressionRecords,
    ReadOptions,
    content_hash,
    fingerprint,
    most_variable,
    read,
    survey,
    write,
)
from vivogan.errors import InputError

REAL = Path(os.environ.get("VIVOGAN_DATA", "/nowhere")) / "pbmc68k_reduced"
needs_data = pytest.mark.skipif(not REAL.is_dir(), reason="VIVOGAN_DATA has no pbmc68k_reduced")


def small() -> ExpressionRecords:
    return ExpressionRecords(
        counts=csr_matrix(np.array([[1, 0, 3], [2, 2, 0], [0, 1, 0], [4, 0, 1]], np.int32)),
        genes=["a", "b", "c"],
        labels={"type": np.array(["B", "T", "B", ""]), "time": np.array(["0.1", "0.2", "0.5", "0.9"])},
        ids=list("wxyz"),
    )


class TestFingerprint:
    def test_says_what_is_there(self) -> None:
        found = json.loads(json.dumps(fingerprint(small())))
        assert (found["count"], found["genes"], found["modelled"]) == (4, 3, 3)
        assert found["zeros"] == pytest.approx(5 / 12)
        assert found["library"] == {"min": 1, "median": 4, "max": 5}
        assert found["detected"] == {"min": 1, "median": 2, "max": 2}
        assert found["classes"] == {"B": 2, "T": 1}
        assert (found["unlabelled"], found["imbalance"], found["greatest"]) == (1, 2.0, 4)
        assert found["measured"] == {"time": {"min": 0.1, "median": 0.35, "max": 0.9}}

    def test_the_hash_changes_with_anything(self) -> None:
        one = small()
        others = [
            replace(one, counts=csr_matrix(np.array([[1, 0, 3], [2, 2, 0], [0, 1, 0], [4, 0, 2]], np.int32))),
            replace(one, counts=csr_matrix(np.array([[1, 3, 0], [2, 2, 0], [0, 1, 0], [4, 0, 1]], np.int32))),
            replace(one, ids=list("wxyu")),
            replace(one, genes=["a", "b", "d"]),
            replace(one, labels={"type": np.array(["B", "T", "T", ""])}),
            replace(one, part=np.array(["train"] * 4)),
            replace(one, group=np.array(["d"] * 4)),
            replace(one, most_variable=2),
        ]
        assert len({content_hash(records) for records in [one, *others]}) == len(others) + 1
        assert content_hash(one) == content_hash(small())


class TestSurvey:
    def test_agrees_with_reading(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(0)
        counts = csr_matrix(rng.poisson(0.4, (300, 40)).astype(np.int32))
        records = replace(
            small(),
            counts=counts,
            genes=[f"g{i}" for i in range(40)],
            ids=[f"c{i}" for i in range(300)],
            labels={"type": np.array(["B", "T", "NK"] * 100)},
        )
        path = write(records, tmp_path / "a.h5ad")[0]
        found = survey(path, ReadOptions())
        whole = fingerprint(read(path, ReadOptions()))
        for key in ("count", "genes", "zeros", "library", "detected", "classes", "greatest", "label", "refused"):
            assert found["fingerprint"][key] == whole[key], key
        assert found["fingerprint"]["layers"] == {"X": "counts"}
        assert sum(bin["count"] for bin in found["histograms"]["library"]) == 300
        json.dumps(found)

    def test_names_what_is_no_count(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_text("cell,a,b\nx,0.5,1.3\ny,1.7,0.2\nz,0.11,0.9\n")
        with pytest.raises(InputError, match="holds no counts"):
            survey(path, ReadOptions())

    def test_duplicates_are_counted(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_text("cell,a,b,a\nx,1,1,0\ny,1,0,3\nx,2,2,2\nw,-1,0,0\nv,0,0,0\n")
        found = survey(path, ReadOptions())
        assert found["fingerprint"]["duplicate_genes"] == 1
        assert found["fingerprint"]["duplicate_barcodes"] == 1
        assert (found["fingerprint"]["count"], found["fingerprint"]["cells"]) == (3, 5)
        assert [refusal["record"] for refusal in found["refusals"]] == ["w"]


class TestMostVariable:
    def test_finds_the_genes_that_differ(self) -> None:
        rng = np.random.default_rng(0)
        rates = np.full((400, 60), 2.0)
        rates[:200, [5, 17, 33]] = 15  # in half of the cells
        rates[:, 40] = 30  # much of it everywhere
        found = most_variable(csr_matrix(rng.poisson(rates)), [f"g{i}" for i in range(60)], 3)
        assert found.tolist() == [5, 17, 33]

    def test_all_where_there_are_no_more(self) -> None:
        assert most_variable(small().counts, small().genes, 3).tolist() == [0, 1, 2]

    def test_genes_without_counts_come_last(self) -> None:
        counts = np.random.default_rng(0).poisson(1, (50, 6))
        counts[:, [1, 4]] = 0
        assert most_variable(csr_matrix(counts), list("abcdef"), 5).tolist() == [0, 1, 2, 3, 5]
        assert not {1, 4} & set(most_variable(csr_matrix(counts), list("abcdef"), 3).tolist())


@needs_data
class TestReal:
    def test_counts_are_found_in_a_layer(self) -> None:
        records = read(REAL, ReadOptions(labels="bulk_labels"))
        assert records.counts.shape == (700, 765)
        assert "counts are those of counts" in records.notes
        assert "LYZ" in records.genes
        assert not records.refusals

    def test_scaled_values_are_refused(self) -> None:
        with pytest.raises(InputError, match=r"holds no counts: scaled or centred values \(the least is -"):
            read(REAL, ReadOptions(layer="X"))

    def test_counts_come_back_out_of_logged_values(self, tmp_path: Path) -> None:
        import h5py

        records = read(REAL, ReadOptions(labels="bulk_labels"))
        hidden = np.random.default_rng(0).integers(200, 2000, (700, 1))  # molecules of genes that are not there
        counts = records.counts.toarray()
        scaled = counts * (1e4 / (counts.sum(1, keepdims=True) + hidden))
        logged = csr_matrix(np.log1p(scaled.astype(np.float32)))
        path = write(records, tmp_path / "logged.h5ad")[0]
        with h5py.File(path, "r+") as file:
            del file["X/data"]
            file["X/data"] = logged.data
        back = read(path, ReadOptions(counts="recover"))
        assert len(back) == 700
        assert np.array_equal(back.counts.toarray(), records.counts.toarray())
        assert any("counts were recovered from X" in note for note in back.notes)

    def test_scanpys_own_copy_gives_the_same_counts_out_of_its_raw(self) -> None:
        from importlib.util import find_spec

        scanpy = find_spec("scanpy")
        assert scanpy is not None
        assert scanpy.origin is not None
        copy = Path(scanpy.origin).parent / "datasets" / "10x_pbmc68k_reduced.h5ad"
        if not copy.is_file():
            pytest.skip("this scanpy does not bring the data along")
        back = read(copy, ReadOptions(labels="bulk_labels", counts="recover"))
        records = read(REAL, ReadOptions(labels="bulk_labels"))
        assert (back.ids, back.genes, back.refusals) == (records.ids, records.genes, [])
        assert (back.counts != records.counts).nnz == 0
