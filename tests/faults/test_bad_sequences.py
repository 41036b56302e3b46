"""Bad sequences are normal sequences: whatever the bytes, reading gives records and refusals, or one InputError."""

from __future__ import annotations

import contextlib
import gzip
import random
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vivogan.core.limits import Limits
from vivogan.domains.sequences.data import ReadOptions, SequenceRecords, fingerprint, read
from vivogan.domains.sequences.split import split
from vivogan.domains.sequences.survey import survey
from vivogan.errors import InputError

FASTA = "".join(f">r{i} k={i % 3}\n{'ACGTTGCA' * 5}{'ACGT'[i % 4] * i}\n" for i in range(20))
GOOD: dict[str, bytes] = {
    ".fa": FASTA.encode(),
    ".fa.gz": gzip.compress(FASTA.encode(), mtime=0),
    ".fastq": "".join(f"@r{i}\n{'ACGT' * 4}{'A' * i}\n+\n{'I' * (16 + i)}\n" for i in range(9)).encode(),
    ".a2m": b">a\nMK-aTA\n>b\nMKW.TA\n>c\nM-W.TC\n",
    ".sto": b"# STOCKHOLM 1.0\n#=GS a DE k=1\na MK-TA\nb MKWTA\n//\n",
    ".csv": b'id,sequence,kind,"score"\na,ACGTACGTAC,x,1.5\nb,"GGGTTTACAC",y,2\nc,TTTTTTTTTT,x,3\n',
    ".gb": b"LOCUS a\nVERSION a.1\n  ORGANISM x\nORIGIN\n   1 acgtacgtac\n//\n",
    ".txt": b"ACGTACGTAC\t1\nGGGTTTACAC\t0\n",
}
PACKED_NOTHING = gzip.compress(b"", mtime=0)


def endures(path: Path) -> SequenceRecords | None:
    """Read, and prove that the answer keeps the contract. Anything but an InputError fails the test."""
    with contextlib.suppress(InputError):
        survey(path, ReadOptions())
    refused: InputError | None = None
    try:
        records = read(path, ReadOptions())
    except InputError as error:
        refused = error
    if refused is not None:
        assert "\n" not in str(refused)
        assert str(path) in str(refused)
        return None
    known = records.alphabet.known | ({"-"} if records.aligned else set())
    assert len(records) > 0
    assert len(set(records.ids)) == len(records.ids) == len(records)
    assert all(sequence and known.issuperset(sequence) for sequence in records.sequences)
    assert not records.aligned or len(set(map(len, records.sequences))) == 1
    assert all(len(values) == len(records) for values in records.labels.values())
    fingerprint(records)
    return records


class TestHostileBytes:
    """Fuzzing: random bytes, truncations and bit flips of valid files."""

    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.sampled_from(sorted(GOOD)), st.binary(max_size=300))
    def test_random_bytes(self, tmp_path: Path, suffix: str, content: bytes) -> None:
        path = tmp_path / f"f{suffix}"
        path.write_bytes(content)
        endures(path)
        path.write_bytes(GOOD[suffix][:16] + content)
        endures(path)

    @settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.sampled_from(sorted(GOOD)), st.floats(0, 1))
    def test_truncations(self, tmp_path: Path, suffix: str, share: float) -> None:
        path = tmp_path / f"f{suffix}"
        path.write_bytes(GOOD[suffix][: int(share * len(GOOD[suffix]))])
        endures(path)

    @settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
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


class TestTruncated:
    def test_a_torn_gz_keeps_what_came_before(self, tmp_path: Path) -> None:
        rng = random.Random(0)
        text = "".join(f">r{i}\n{''.join(rng.choices('ACGT', k=300))}\n" for i in range(400))
        content = gzip.compress(text.encode())
        path = tmp_path / "a.fa.gz"
        path.write_bytes(content[: len(content) // 2])
        records = endures(path)
        assert records is not None
        assert 150 < len(records) < 250
        assert {len(sequence) for sequence in records.sequences} == {300}
        torn, whole = records.refusals
        assert torn.record == f"r{len(records)}"
        assert "is cut off" in torn.reason
        assert whole.record is None
        assert "ends too early" in whole.reason
        assert whole.file == str(path)

    def test_a_damaged_gz(self, tmp_path: Path) -> None:
        content = bytearray(GOOD[".fa.gz"])
        content[-6] ^= 255  # the check sum
        (tmp_path / "a.fa.gz").write_bytes(bytes(content))
        records = endures(tmp_path / "a.fa.gz")
        assert records is not None
        assert any("is damaged" in refusal.reason for refusal in records.refusals)


class TestLimits:
    def test_a_bomb_takes_no_memory(self, tmp_path: Path) -> None:
        path = tmp_path / "a.fa.gz"
        path.write_bytes(gzip.compress(b">a\n" + b"A" * 2**27))
        tracemalloc.start()
        with pytest.raises(InputError, match="unpacks to more than the limit"):
            read(path, ReadOptions(limits=Limits(archive_bytes=2**24)))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 100 * 2**20

    def test_too_many_records(self, tmp_path: Path) -> None:
        (tmp_path / "a.fa").write_bytes(GOOD[".fa"])
        with pytest.raises(InputError, match=r"limits\.records"):
            read(tmp_path / "a.fa", ReadOptions(limits=Limits(records=5)))


class TestNoSequences:
    @pytest.mark.parametrize(
        "content", [b"", b"\n\n", b"\x89PNG\r\n\x1a\n\0\0\0", b">a\n", gzip.compress(b"", mtime=0)]
    )
    def test_is_one_line_that_names_the_file(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "a.fa"
        path.write_bytes(content)
        assert endures(path) is None

    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="does not exist"):
            read(tmp_path / "a.fa", ReadOptions())


@pytest.mark.parametrize("count", [1, 2, 3, 10])
def test_very_few_sequences_are_read(tmp_path: Path, count: int) -> None:
    path = tmp_path / "a.fa"
    path.write_text("".join(f">r{i}\n{'ACGT'[i % 4] * (9 + i)}\n" for i in range(count)))
    records = endures(path)
    assert records is not None
    assert len(records) == count
    parts = split(records, seed=0)
    assert sorted([*parts.train, *parts.selection, *parts.test]) == list(range(count))
    assert count < 3 or min(map(len, (parts.train, parts.selection, parts.test))) > 0
