"""The survey of a large file agrees with reading it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from vivogan.domains.molecules import survey as room
from vivogan.domains.molecules.data import ReadOptions, fingerprint, read
from vivogan.domains.molecules.survey import Spread, different, survey

OPTIONS = ReadOptions()


def rows(count: int = 50) -> str:
    found = [f"m{i},{'C' * (i % 20 + 1)}{'O' if i % 3 else 'c1ccccc1'},{i % 2}\n" for i in range(count)]
    return "id,smiles,toxic\n" + "".join(found) + "x,C1CC,0\ny,CC(=O)[O-].[Na+],1\nz,,1\n"


@pytest.mark.parametrize("chunk", [3, 17, 4000])
@pytest.mark.parametrize("workers", [1, 2])
def test_agrees_with_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int, workers: int) -> None:
    monkeypatch.setattr(room, "CHUNK", chunk)
    path = tmp_path / "a.csv"
    path.write_text(rows())
    told = json.loads(json.dumps(survey(path, OPTIONS, workers=workers)))
    found = told["fingerprint"]
    records = read(path, OPTIONS)
    expected = fingerprint(records)
    assert found["refused"] == expected["refused"] == 2
    assert [one["record"] for one in told["refusals"]] == [refusal.record for refusal in records.refusals]
    assert found["count"] - found["duplicates"] == expected["count"]
    assert found["changed"] == {"fragments": 1, "charges": 1}
    for key in ("min", "max"):
        assert found["heavy_atoms"][key] == expected["heavy_atoms"][key]
    assert found["elements"]["C"] == found["count"]
    assert sum(one["count"] for one in told["histograms"]["weight"]) == found["count"]


def test_many_refusals_are_counted_and_few_named(tmp_path: Path) -> None:
    path = tmp_path / "a.smi.gz"
    path.write_bytes(gzip.compress(b"CCO\n" + b"C1CC\n" * 500))
    found = survey(path, OPTIONS, workers=1)
    assert (found["fingerprint"]["refused"], len(found["refusals"])) == (500, room.NAMED)
    assert found["refusals"][0]["record"] == "row 2"


def test_bins_and_hashes() -> None:
    spread = Spread(10.0)
    for values in ([1.0, 12.0], [np.nan, 35.0], []):
        spread.add(np.array(values, np.float32))
    assert spread.described() == {"min": 1.0, "mean": 16.0, "max": 35.0}
    assert [one["count"] for one in spread.histogram()] == [1, 1, 0, 1]
    assert Spread(1.0).histogram() == []
    assert different(np.array([3, 1, 3, 2], np.uint64)) == 3
    assert different(np.empty(0, np.uint64)) == 0
