"""The survey agrees with reading, however the file falls into pieces."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest

from vivogan.domains import source
from vivogan.domains.sequences import survey as room
from vivogan.domains.sequences.data import ReadOptions, fingerprint, read
from vivogan.domains.sequences.survey import counted, survey

OPTIONS = ReadOptions()


def fasta(count: int = 60, seed: int = 0) -> str:
    rng = random.Random(seed)
    bodies = ["".join(rng.choices("ACGTN", weights=[9, 9, 9, 9, 1], k=rng.randint(30, 400))) for _ in range(count)]
    return "".join(
        f">r{i} with words\n" + "".join(body[j : j + 60] + "\n" for j in range(0, len(body), 60))
        for i, body in enumerate(bodies)
    )


@pytest.mark.parametrize("chunk", [7, 64, 1000, 2**20])
@pytest.mark.parametrize("long", [50, 2**24])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_agrees_with_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int, long: int, end: str) -> None:
    monkeypatch.setattr(source, "CHUNK", chunk)
    monkeypatch.setattr(room, "LONG", long)
    monkeypatch.setattr(room, "BATCH", 500)
    path = tmp_path / "a.fa"
    path.write_text(fasta(), newline=end)
    found = json.loads(json.dumps(survey(path, OPTIONS)))
    expected = fingerprint(read(path, OPTIONS))
    assert {key: found[key] for key in ("count", "alphabet", "refused")} == {
        key: expected[key] for key in ("count", "alphabet", "refused")
    }
    assert {key: found["length"][key] for key in ("min", "max")} == {
        key: expected["length"][key] for key in ("min", "max")
    }
    assert found["gc"] == pytest.approx(expected["gc"])
    assert found["ambiguous"] == pytest.approx(expected["ambiguous"])
    assert sum(piece["count"] for piece in found["length"]["bins"]) == 60
    assert found["duplicates"] == 0


@pytest.mark.parametrize("chunk", [5, 2**20])
def test_faults_are_counted_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(source, "CHUNK", chunk)
    path = tmp_path / "a.fa"
    path.write_text(">a\nACGTACGTAC\n>b\nacgtacgtac\n>c\n\n>d x\nACGTACGTACGTACE\n>e\n" + "ACGT" * 20 + "\n>f")
    found = survey(path, OPTIONS)
    assert (found["count"], found["lower"], found["empty"], found["refused"]) == (6, 1, 2, 3)
    assert found["duplicates"] == 2  # b is a in lower case, f is as empty as c
    assert [fault["record"] for fault in found["first"]] == ["c", "d", "f"]
    assert found["first"][1]["reason"] == "has 'E' at position 15, no letter of DNA"


def test_other_formats(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,sequence,x\na,ACGTACGTGG,1\nb,GGGTTTACAC,2\nc\n")
    found = survey(path, OPTIONS)
    assert (found["count"], found["refused"], found["letters"]["G"]) == (2, 1, 7)
    path = tmp_path / "a.txt"
    path.write_text("ACGTACGTGG\t1\nGGGTTTACAC\t0\n")
    assert survey(path, OPTIONS)["letters"]["G"] == 7


def test_duplicates_are_looked_for_among_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_HASHED", 3)
    monkeypatch.setattr(room, "BATCH", 1)
    path = tmp_path / "a.fa"
    path.write_text("".join(f">{i}\n{'ACGT' * (i % 5 + 1)}\n" for i in range(10)))
    found = survey(path, OPTIONS)
    assert (found["duplicates"], found["duplicates_among"]) == (3, 3)


def test_damaged_file(tmp_path: Path) -> None:
    content = gzip.compress(fasta(500).encode())
    path = tmp_path / "a.fa.gz"
    path.write_bytes(content[: len(content) // 2])
    found = survey(path, OPTIONS)
    assert 100 < found["count"] < 400
    assert found["refused"] == 2
    assert "ends too early" in found["first"][-1]["reason"]


def test_counted() -> None:
    content = bytes(random.Random(0).choices(range(256), k=1001))
    assert counted(content).tolist() == [content.count(i) for i in range(256)]
