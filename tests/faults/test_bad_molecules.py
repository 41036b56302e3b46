"""Bad molecules are normal molecules: whatever the bytes, reading gives records and refusals, or one InputError."""

from __future__ import annotations

import contextlib
import gzip
import io
import random
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rdkit import Chem

from vivogan.core.limits import Limits
from vivogan.domains.molecules.assays import cleaned, is_assay, unit_of, value_of
from vivogan.domains.molecules.data import MoleculeRecords, ReadOptions, fingerprint, read
from vivogan.domains.molecules.split import split
from vivogan.domains.molecules.standardise import Rules, standard
from vivogan.domains.molecules.survey import survey
from vivogan.errors import InputError

NAMES = ["CCO", "c1ccccc1", "CC(=O)[O-].[Na+]", "C[C@H](N)C(=O)O", "O=[N+]([O-])c1ccccc1", "CN1CCC[C@H]1c1cccnc1"]
SDF = "".join(
    Chem.MolToMolBlock(Chem.MolFromSmiles(one)) + f">  <IC50 (nM)>\n{i + 1}\n\n$$$$\n" for i, one in enumerate(NAMES)
)
CSV = "id,smiles,IC50 (nM),split\n" + "".join(f"m{i},{one},>{i},train\n" for i, one in enumerate(NAMES))
PACKED_NOTHING = gzip.compress(b"", mtime=0)


def parquet() -> bytes:
    pyarrow = pytest.importorskip("pyarrow")
    import pyarrow.parquet as format

    sink = io.BytesIO()
    format.write_table(pyarrow.table({"smiles": NAMES, "x": range(len(NAMES))}), sink)
    return sink.getvalue()


GOOD: dict[str, bytes] = {
    ".smi": "".join(f"{one}\tm{i}\n" for i, one in enumerate(NAMES)).encode(),
    ".smi.gz": gzip.compress("".join(f"{one} m{i}\n" for i, one in enumerate(NAMES)).encode(), mtime=0),
    ".csv": CSV.encode(),
    ".tsv": CSV.replace(",", "\t").encode("utf-16"),
    ".txt": CSV.replace(",", " ").encode(),
    ".sdf": SDF.encode(),
    ".sdf.gz": gzip.compress(SDF.encode(), mtime=0),
    ".parquet": parquet(),
}


PLAIN = ReadOptions()


def endures(path: Path, options: ReadOptions = PLAIN) -> MoleculeRecords | None:
    """Read, and prove that the answer keeps the contract. Anything but an InputError fails the test."""
    with contextlib.suppress(InputError):
        survey(path, options, workers=1)
    refused: InputError | None = None
    try:
        records = read(path, options)
    except InputError as error:
        refused = error
    if refused is not None:
        assert "\n" not in str(refused)
        assert str(path) in str(refused)
        return None
    assert len(records) > 0
    assert len(set(records.ids)) == len(records.ids) == len(records) == len(set(records.smiles))
    assert all(Chem.MolFromSmiles(smiles) is not None for smiles in records.smiles)
    assert all(len(values) == len(records) for values in records.labels.values())
    assert all(refusal.reason for refusal in records.refusals)
    assert fingerprint(records)["count"] == len(records)
    if len(records) > 3 and records.part is None:
        split(records, 0)
    return records


class TestHostileBytes:
    """Fuzzing: random bytes, truncations and bit flips of valid files."""

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.sampled_from(sorted(GOOD)), st.binary(max_size=300))
    def test_random_bytes(self, tmp_path: Path, suffix: str, content: bytes) -> None:
        path = tmp_path / f"f{suffix}"
        path.write_bytes(content)
        endures(path)
        path.write_bytes(GOOD[suffix][:16] + content)
        endures(path)

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.sampled_from(sorted(GOOD)), st.floats(0, 1))
    def test_truncations(self, tmp_path: Path, suffix: str, share: float) -> None:
        path = tmp_path / f"f{suffix}"
        path.write_bytes(GOOD[suffix][: int(share * len(GOOD[suffix]))])
        endures(path)

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.sampled_from(sorted(GOOD)),
        st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 7)), min_size=1, max_size=8),
    )
    def test_bit_flips(self, tmp_path: Path, suffix: str, flips: list[tuple[float, int]]) -> None:
        content = bytearray(GOOD[suffix])
        for place, bit in flips:
            content[int(place * len(content))] ^= 1 << bit
        path = tmp_path / f"f{suffix}"
        path.write_bytes(bytes(content))
        endures(path)

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(st.text(alphabet='CNOcn()[]=#12%@+-.*/ ,\t;|"\nsmilef>:', max_size=30), min_size=1, max_size=12))
    def test_lines_of_any_letters(self, tmp_path: Path, lines: list[str]) -> None:
        path = tmp_path / "f.csv"
        path.write_text("\n".join(lines))
        endures(path)
        endures(path, ReadOptions(labels="x,logp", units="nM"))


class TestHostileText:
    @settings(max_examples=400, deadline=None)
    @given(st.text(alphabet="CNOSPFclnosp()[]=#123%@+-./\\HaNBr*:~$>", max_size=60))
    def test_any_smiles_is_a_molecule_or_a_fault(self, smiles: str) -> None:
        found = standard(smiles, Rules())
        assert bool(found.smiles) != bool(found.fault)
        assert not found.smiles or Chem.MolFromSmiles(found.smiles) is not None

    @given(
        st.text(max_size=40), st.lists(st.text(alphabet="0123456789.,<>=~±+-eE nNuUmM%/x'", max_size=12), max_size=9)
    )
    def test_any_cell_is_a_number_or_a_fault(self, column: str, cells: list[str]) -> None:
        unit_of(column)
        for cell in cells:
            value_of(cell)
        is_assay(cells, "")
        found = cleaned(column, cells, "nM")
        assert len(found.values) == len(cells)
        assert all(float(value) is not None for value in found.values if value)


class TestTruncated:
    def test_a_torn_gz_keeps_what_came_before(self, tmp_path: Path) -> None:
        rng = random.Random(0)
        text = "".join(f"{'C' * rng.randint(1, 9)}{''.join(rng.choices('CNOS', k=12))} m{i}\n" for i in range(2000))
        content = gzip.compress(text.encode())
        path = tmp_path / "a.smi.gz"
        path.write_bytes(content[: len(content) // 2])
        records = endures(path)
        assert records is not None
        assert 500 < len(records) < 1500
        assert any("ends too early" in refusal.reason for refusal in records.refusals)

    def test_a_damaged_gz(self, tmp_path: Path) -> None:
        content = bytearray(GOOD[".smi.gz"])
        content[-6] ^= 255  # the check sum
        (tmp_path / "a.smi.gz").write_bytes(bytes(content))
        records = endures(tmp_path / "a.smi.gz")
        assert records is not None
        assert any("is damaged" in refusal.reason for refusal in records.refusals)


class TestLimits:
    def test_a_bomb_takes_no_memory(self, tmp_path: Path) -> None:
        path = tmp_path / "a.smi.gz"
        path.write_bytes(gzip.compress(b"C" * 2**27))
        tracemalloc.start()
        with pytest.raises(InputError, match="unpacks to more than the limit"):
            read(path, ReadOptions(limits=Limits(archive_bytes=2**24)))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 200 * 2**20

    def test_too_many_records(self, tmp_path: Path) -> None:
        (tmp_path / "a.smi").write_bytes(GOOD[".smi"])
        with pytest.raises(InputError, match=r"limits\.records"):
            read(tmp_path / "a.smi", ReadOptions(limits=Limits(records=5)))

    @pytest.mark.parametrize("giant", ["C" * 10**6, "(" * 10**6, "C1" * 10**5, "[C@@H](" * 10**5, "C." * 10**5])
    def test_giants_do_not_hang(self, tmp_path: Path, giant: str) -> None:
        path = tmp_path / "a.smi"
        path.write_text(f"CCO fine\n{giant} giant\nCN too\n")
        began = time.monotonic()
        records = endures(path)
        assert time.monotonic() - began < 20
        assert records is not None
        assert records.ids == ["fine", "too"]
        assert records.refusals[0].record == "row 2 (giant)"
        assert "heavy atoms" in records.refusals[0].reason


class TestNoMolecules:
    @pytest.mark.parametrize(
        "content", [b"", b"\n\n", b"\x89PNG\r\n\x1a\n\0\0\0", b"smiles\n", gzip.compress(b"", mtime=0)]
    )
    def test_is_one_line_that_names_the_file(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "a.smi"
        path.write_bytes(content)
        assert endures(path) is None
