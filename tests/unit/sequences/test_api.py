"""The words of the command line as functions."""

import gzip

import pytest

from vivogan.domains.sequences import api
from vivogan.errors import InputError

LINES = "".join(f">r{i}\n{'ACGT' * (i % 5 + 4)}\n" for i in range(50)) + ">bad\nAC!GT\n"


def test_a_large_file_is_counted_and_says_the_same(tmp_path, monkeypatch):
    path = tmp_path / "reads.fasta"
    path.write_text(LINES)
    read = api.inspect(path)
    monkeypatch.setattr(api, "LARGE", 1000)
    counted = api.inspect(path)
    assert counted["fingerprint"]["count"] == 51  # the bad one and the copies are counted too
    assert counted["fingerprint"]["duplicates"] == 45
    assert read["fingerprint"]["count"] == 5
    for name in ("min", "max"):
        assert read["fingerprint"]["length"][name] in (16, 32)
        assert counted["fingerprint"]["length"]["max"] == 32
    assert counted["fingerprint"]["refused"] == 1
    assert [refusal["record"] for refusal in counted["refusals"]] == ["bad"]
    assert counted["refusals"][0]["file"] == str(path)
    assert "counted" in counted["notes"][0]
    assert sum(bin_["count"] for bin_ in counted["lengths"]) == 51


def test_a_packed_file_is_larger_than_it_looks(tmp_path, monkeypatch):
    path = tmp_path / "reads.fasta.gz"
    path.write_bytes(gzip.compress(LINES.encode()))
    size = path.stat().st_size
    monkeypatch.setattr(api, "LARGE", 2 * size)
    assert "duplicates" in api.inspect(path)["fingerprint"]
    monkeypatch.setattr(api, "LARGE", 5 * size)
    assert "duplicates" not in api.inspect(path)["fingerprint"]


def test_a_wrong_option_of_a_large_file_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(api, "LARGE", 0)
    (tmp_path / "empty.fasta").write_text("")
    with pytest.raises(InputError, match=r"empty.fasta"):
        api.inspect(tmp_path / "empty.fasta")
