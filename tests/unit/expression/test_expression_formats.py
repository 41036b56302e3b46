"""Every format gives the same cells; what is damaged is named in one line."""

from __future__ import annotations

import gzip
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix

from vivogan.domains.expression.data import ExpressionRecords, ReadOptions, read
from vivogan.errors import InputError

COUNTS: NDArray[np.int32] = np.random.default_rng(0).poisson(0.7, (12, 7)).astype(np.int32)
COUNTS[:, 0] += 1  # no cell is empty
GENES = ["ACTB", "B2M", "CD3E", "CD19", "NKG7", "LYZ", "MS4A1"]
BARCODES = [f"AAACCTGA{'ACGT'[i % 4]}{'ACGT'[i // 4]}GATC-1" for i in range(12)]
TYPES = ["B", "T", "NK"] * 4
TIME = [f"{i / 11:.3f}" for i in range(12)]


def strings(group: Any, name: str, values: list[str]) -> None:
    group.create_dataset(name, data=np.array(values, dtype=h5py.string_dtype()))


def sparse(group: Any, matrix: Any) -> None:
    for name in ("data", "indices", "indptr"):
        group.create_dataset(name, data=getattr(matrix, name))


def h5ad(path: Path, matrix: str = "csr_matrix") -> Path:
    """What anndata ≥ 0.8 writes."""
    with h5py.File(path, "w") as file:
        frames(file)
        if matrix == "dense":
            file.create_dataset("X", data=COUNTS.astype(np.float32))
        else:
            group = file.create_group("X")
            group.attrs.update({"encoding-type": matrix, "encoding-version": "0.1.0", "shape": COUNTS.shape})
            sparse(group, (csr_matrix if matrix == "csr_matrix" else csc_matrix)(COUNTS.astype(np.float32)))
    return path


def frames(file: Any) -> None:
    for name, index in (("obs", BARCODES), ("var", GENES)):
        group = file.create_group(name)
        group.attrs.update({"encoding-type": "dataframe", "encoding-version": "0.2.0", "_index": "names"})
        strings(group, "names", index)
        group["names"].attrs.update({"encoding-type": "string-array", "encoding-version": "0.2.0"})
        group.attrs["column-order"] = np.array([], dtype=h5py.string_dtype())
    obs = file["obs"]
    obs.attrs["column-order"] = np.array(["type", "time"], dtype=h5py.string_dtype())
    kind = obs.create_group("type")
    kind.attrs.update({"encoding-type": "categorical", "encoding-version": "0.2.0", "ordered": False})
    words = ["B", "NK", "T", "nowhere"]
    strings(kind, "categories", words)
    kind["categories"].attrs.update({"encoding-type": "string-array", "encoding-version": "0.2.0"})
    kind.create_dataset("codes", data=np.array([words.index(one) for one in TYPES], np.int8))
    for element in (kind["codes"], obs.create_dataset("time", data=np.array(TIME, float))):
        element.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})


def old_h5ad(path: Path) -> Path:
    """What anndata 0.6 wrote: tables of records, words of categories in uns."""
    with h5py.File(path, "w") as file:
        codes = ["B", "NK", "T"]
        obs = np.array(
            list(zip(map(str.encode, BARCODES), [codes.index(t) for t in TYPES], map(float, TIME), strict=True)),
            dtype=[("index", "S20"), ("type", "i1"), ("time", "f4")],
        )
        file.create_dataset("obs", data=obs)
        file.create_dataset("var", data=np.array([(g.encode(),) for g in GENES], dtype=[("index", "S10")]))
        strings(file.create_group("uns"), "type_categories", codes)
        group = file.create_group("X")
        group.attrs.update({"h5sparse_format": b"csr", "h5sparse_shape": COUNTS.shape})
        sparse(group, csr_matrix(COUNTS.astype(np.float32)))
    return path


def tenx(path: Path, version: int = 3) -> Path:
    with h5py.File(path, "w") as file:
        group = file.create_group("matrix" if version == 3 else "GRCh38")
        matrix = csc_matrix(COUNTS.T)
        sparse(group, matrix)
        group.create_dataset("shape", data=np.array(matrix.shape, np.int32))
        group.create_dataset("barcodes", data=np.array(BARCODES, "S"))
        ids = [f"ENSG{i:011d}" for i in range(len(GENES))]
        if version == 2:
            group.create_dataset("gene_names", data=np.array(GENES, "S"))
            group.create_dataset("genes", data=np.array(ids, "S"))
        else:
            features = group.create_group("features")
            features.create_dataset("_all_tag_keys", data=np.array(["genome"], "S"))
            for name, values in {"id": ids, "name": GENES, "feature_type": ["Gene Expression"] * len(GENES)}.items():
                features.create_dataset(name, data=np.array(values, "S"))
    return path


def loom(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file.create_dataset("matrix", data=COUNTS.T, chunks=(3, 5))
        strings(file.create_group("row_attrs"), "Gene", GENES)
        columns = file.create_group("col_attrs")
        for name, values in {"CellID": BARCODES, "type": TYPES, "time": TIME}.items():
            strings(columns, name, values)
    return path


def mtx(folder: Path, packed: bool = False, prefix: str = "", transposed: bool = False) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    matrix = csr_matrix(COUNTS if transposed else COUNTS.T).tocoo()
    entries = "".join(f"{r + 1} {c + 1} {v}\n" for r, c, v in zip(matrix.row, matrix.col, matrix.data, strict=True))
    head = "%%MatrixMarket matrix coordinate integer general\n%made by hand\n"
    texts = {
        "matrix.mtx": f"{head}{matrix.shape[0]} {matrix.shape[1]} {matrix.nnz}\n{entries}",
        "barcodes.tsv": "".join(f"{b}\n" for b in BARCODES),
        "features.tsv" if packed else "genes.tsv": "".join(f"ENSG{i}\t{g}\n" for i, g in enumerate(GENES)),
    }
    for name, text in texts.items():
        path = folder / f"{prefix}{name}{'.gz' if packed else ''}"
        path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    return folder


def table(path: Path, separator: str = ",", transposed: bool = False) -> Path:
    rows = [["", *GENES], *([b, *map(str, row)] for b, row in zip(BARCODES, COUNTS.tolist(), strict=True))]
    if not transposed:
        for row, kind, time in zip(rows, ["type", *TYPES], ["time", *TIME], strict=True):
            row[1:1] = [kind, time]
    else:
        rows = [list(row) for row in zip(*rows, strict=True)]
    text = "\n".join(separator.join(row) for row in rows) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def zarr_store(path: Path) -> Path:
    zarr = pytest.importorskip("zarr")
    folder = path.with_suffix(".folder")
    root = zarr.open_group(folder, mode="w", zarr_format=2)
    for name, index in (("obs", BARCODES), ("var", GENES)):
        group = root.create_group(name)
        group.attrs.update(
            {"encoding-type": "dataframe", "encoding-version": "0.2.0", "_index": "names", "column-order": []}
        )
        array = group.create_array("names", data=np.array(index, "<U20"))
        array.attrs.update({"encoding-type": "string-array", "encoding-version": "0.2.0"})
    group = root.create_group("X")
    group.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": list(COUNTS.shape)})
    for name in ("data", "indices", "indptr"):
        group.create_array(name, data=getattr(csr_matrix(COUNTS), name))
    with zipfile.ZipFile(path, "w") as archive:
        for one in sorted(folder.rglob("*")):
            if one.is_file():
                archive.write(one, str(one.relative_to(folder)))
    return path


MADE: dict[str, Callable[[Path], Path]] = {
    "h5ad, csr": lambda folder: h5ad(folder / "a.h5ad"),
    "h5ad, csc": lambda folder: h5ad(folder / "a.h5ad", "csc_matrix"),
    "h5ad, dense": lambda folder: h5ad(folder / "a.h5ad", "dense"),
    "h5ad, old": lambda folder: old_h5ad(folder / "a.h5ad"),
    "zarr": lambda folder: zarr_store(folder / "a.zarr.zip"),
    "10x v3": lambda folder: tenx(folder / "a.h5"),
    "10x v2": lambda folder: tenx(folder / "a.h5", 2),
    "loom": lambda folder: loom(folder / "a.loom"),
    "mtx": lambda folder: mtx(folder / "m"),
    "mtx.gz": lambda folder: mtx(folder / "m", packed=True),
    "mtx, prefix": lambda folder: mtx(folder / "m", prefix="GSM1_") / "GSM1_matrix.mtx",
    "mtx, cells × genes": lambda folder: mtx(folder / "m", transposed=True),
    "csv": lambda folder: table(folder / "a.csv"),
    "tsv.gz": lambda folder: table(folder / "a.tsv.gz", "\t"),
    "csv, genes in rows": lambda folder: table(folder / "a.csv", transposed=True),
}
LABELLED = ("h5ad, csr", "h5ad, csc", "h5ad, dense", "h5ad, old", "loom", "csv", "tsv.gz")


def given(records: ExpressionRecords) -> NDArray[np.int32]:
    """The counts in the order of ``GENES``."""
    found: NDArray[np.int32] = records.counts.toarray()[:, [records.genes.index(gene) for gene in GENES]]
    return found


@pytest.mark.parametrize("name", MADE)
def test_every_format_gives_the_same_cells(tmp_path: Path, name: str) -> None:
    asked = "type,time" if name in LABELLED else None
    records = read(MADE[name](tmp_path), ReadOptions(labels=asked))
    assert records.ids == BARCODES
    assert np.array_equal(given(records), COUNTS)
    assert records.counts.dtype == np.int32
    assert not records.refusals
    if asked:
        assert records.labels["type"].tolist() == TYPES
        assert [float(t) for t in records.labels["time"]] == [float(t) for t in TIME]
        assert records.classes[0] == f"B{' | '}{records.labels['time'][0]}"


def tried(path: Path) -> tuple[ExpressionRecords | None, str]:
    """What reading gives, or what it says; anything but an ``InputError`` fails the test."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return read(path, ReadOptions()), ""
    except InputError as error:
        return None, str(error)


@pytest.mark.parametrize("name", MADE)
def test_a_file_cut_anywhere_is_named(tmp_path: Path, name: str) -> None:
    path = MADE[name](tmp_path)
    file = path if path.is_file() else next(path.glob("*matrix.mtx*"))
    content = file.read_bytes()
    for share in (0.0, 0.02, 0.3, 0.6, 0.95):
        file.write_bytes(content[: int(len(content) * share)])
        records, told = tried(path)
        if records is None:
            assert told
            assert "\n" not in told
        else:  # a text table that was cut still has whole rows
            assert records.refusals or "csv" in name


@pytest.mark.parametrize("name", MADE)
def test_damaged_bytes_never_end_in_a_traceback(tmp_path: Path, name: str) -> None:
    path = MADE[name](tmp_path)
    file = path if path.is_file() else next(path.glob("*matrix.mtx*"))
    content = file.read_bytes()
    rng = np.random.default_rng(1)
    for _ in range(25):
        broken = bytearray(content)
        for place in rng.integers(0, len(content), rng.integers(1, 30)).tolist():
            broken[place] = int(rng.integers(256))
        file.write_bytes(bytes(broken))
        records, told = tried(path)
        assert (records is None) == bool(told)


class TestSeveral:
    def test_gene_names_by_another_column(self, tmp_path: Path) -> None:
        assert read(tenx(tmp_path / "a.h5"), ReadOptions(gene_names="id")).genes[0].startswith("ENSG")
        with pytest.raises(InputError, match=r"genes have no column 'symbol'.*feature_type"):
            read(tenx(tmp_path / "a.h5"), ReadOptions(gene_names="symbol"))

    def test_proteins_are_no_genes(self, tmp_path: Path) -> None:
        path = tenx(tmp_path / "a.h5")
        with h5py.File(path, "r+") as file:
            file["matrix/features/feature_type"][-1] = b"Antibody Captur"
        records = read(path, ReadOptions())
        assert "MS4A1" not in records.genes
        assert any("features that are no genes were left out: 1 of Antibody" in note for note in records.notes)

    def test_labels_in_a_second_file(self, tmp_path: Path) -> None:
        mtx(tmp_path / "m")
        rows = "".join(f"{b},{t}\n" for b, t in list(zip(BARCODES, TYPES, strict=True))[2:])
        (tmp_path / "m" / "metadata.csv").write_text(f"cell,type\n{rows}")
        records = read(tmp_path / "m", ReadOptions(labels="type"))
        assert records.classes.tolist() == ["", "", *TYPES[2:]]
        assert any("2 cells are not in metadata.csv" in note for note in records.notes)
        other = tmp_path / "other.tsv"
        other.write_text("cell\ttype\nnobody\tB\n")
        with pytest.raises(InputError, match=r"no cell of the data is in this table. The cells are called AAAC"):
            read(tmp_path / "m", ReadOptions(metadata=str(other)))

    def test_a_folder_in_a_folder(self, tmp_path: Path) -> None:
        mtx(tmp_path / "outs" / "filtered")
        assert len(read(tmp_path, ReadOptions())) == 12
        table(tmp_path / "outs" / "more.csv")
        with pytest.raises(InputError, match=r"holds several kinds of data: outs/filtered, outs/more.csv"):
            read(tmp_path, ReadOptions())

    def test_unused_categories_are_told(self, tmp_path: Path) -> None:
        records = read(h5ad(tmp_path / "a.h5ad"), ReadOptions(labels="type"))
        assert "1 classes of type have no cells: nowhere" in records.notes


class TestRefused:
    @pytest.mark.parametrize(
        ("name", "content", "told"),
        [
            ("a.h5ad", b"<html>not found</html>", "is no HDF5 file, whatever its name says"),
            ("a.rds", gzip.compress(b"X\n\x00\x00\x00\x03", mtime=0), "is an R object"),
            ("a.h5ad.gz", gzip.compress(b"\x89HDF\r\n\x1a\n" + bytes(99), mtime=0), "is HDF5 packed with gzip"),
            ("a.rda", b"RDX3\nX\n", "is an R object"),
            ("a.csv", b"<!DOCTYPE html>", "is a web page"),
            ("a.csv", b"cell,ACTB\n", "has no rows below its header"),
            ("a.csv", b"1,0,0,3\n0,0,1,1\n", "has no names of genes in its first line"),
            ("a.bin", bytes(range(256)) * 9, "is no text and no known format"),
            ("a.xlsx", None, "is a zip or an Excel file"),
            ("a.csv", b"", "is empty"),
        ],
    )
    def test_other_files(self, tmp_path: Path, name: str, content: bytes | None, told: str) -> None:
        path = tmp_path / name
        if content is None:
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("xl/workbook.xml", "x")
        else:
            path.write_bytes(content)
        with pytest.raises(InputError, match=told):
            read(path, ReadOptions())

    def test_hdf_of_another_kind(self, tmp_path: Path) -> None:
        with h5py.File(tmp_path / "a.h5", "w") as file:
            file["Y"] = [1, 2]
        with pytest.raises(InputError, match="is HDF5, but no AnnData, 10x or loom: it holds Y"):
            read(tmp_path / "a.h5", ReadOptions())

    def test_missing_names(self, tmp_path: Path) -> None:
        folder = mtx(tmp_path / "m")
        (folder / "barcodes.tsv").unlink()
        with pytest.raises(InputError, match=r"has no barcodes.tsv.*Put it into the same folder"):
            read(folder, ReadOptions())
        (folder / "matrix.mtx").unlink()
        (folder / "barcodes.tsv").write_text("a\n")
        with pytest.raises(InputError, match=r"holds no matrix.mtx"):
            read(folder, ReadOptions())

    def test_names_that_do_not_fit(self, tmp_path: Path) -> None:
        folder = mtx(tmp_path / "m")
        (folder / "barcodes.tsv").write_text("a\nb\n")
        with pytest.raises(InputError, match="is 7 × 12, but there are 7 names of genes and 2 barcodes"):
            read(folder, ReadOptions())

    def test_text_among_entries(self, tmp_path: Path) -> None:
        folder = mtx(tmp_path / "m")
        text = (folder / "matrix.mtx").read_text().splitlines()
        text[7] = "1 x 3"
        (folder / "matrix.mtx").write_text("\n".join(text) + "\n")
        with pytest.raises(InputError, match="line 8: '1 x 3' is no entry"):
            read(folder, ReadOptions())

    def test_text_in_a_table_costs_its_row(self, tmp_path: Path) -> None:
        path = table(tmp_path / "a.csv")
        lines = path.read_text().splitlines()
        cells = lines[3].split(",")
        cells[4] = "many"
        lines[3], lines[5] = ",".join(cells), lines[5] + ",1"
        path.write_text("\n".join(lines))
        records = read(path, ReadOptions(labels="type,time"))
        assert len(records) == 10
        told = [(refusal.record, refusal.reason) for refusal in records.refusals]
        assert told[0] == (f"line 4 ({BARCODES[2]})", "has 'many' for gene B2M. Give a count")
        assert told[1][1] == "has 11 cells instead of 10. Complete the row, or leave it out"

    def test_genes_beyond_the_matrix(self, tmp_path: Path) -> None:
        path = h5ad(tmp_path / "a.h5ad")
        with h5py.File(path, "r+") as file:
            file["X/indices"][3] = 99
        with pytest.raises(InputError, match="names a gene number beyond its 7 genes"):
            read(path, ReadOptions())

    def test_links_to_other_files(self, tmp_path: Path) -> None:
        path = h5ad(tmp_path / "a.h5ad")
        with h5py.File(path, "r+") as file:
            file["secret"] = h5py.ExternalLink("/etc/other.h5", "/")
        with pytest.raises(InputError, match="secret: leads to another file"):
            read(path, ReadOptions())

    def test_pickles_in_zarr(self, tmp_path: Path) -> None:
        folder = tmp_path / "a.zarr"
        (folder / "obs").mkdir(parents=True)
        (folder / ".zgroup").write_text('{"zarr_format": 2}')
        (folder / "obs" / ".zarray").write_text('{"filters": [{"id": "pickle", "protocol": 5}]}')
        with pytest.raises(InputError, match="holds pickled objects, which are not opened"):
            read(folder, ReadOptions())
