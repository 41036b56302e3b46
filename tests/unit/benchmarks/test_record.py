"""What a benchmark writes down, and the tables made of it."""

import json

import numpy as np
import pytest

from benchmarks import readme_table, record

ROWS = [
    {"what": "Fréchet | blood", "value": np.float32(12.5), "low": 11.0, "high": 14.0, "floor": 5.0, "baseline": 30.0}
    | {"goal": 10.0, "better": "lower", "note": "64 images"},
    {"what": "coverage", "value": 0.9, "goal": 0.8, "better": "higher"},
    {"what": "not measurable", "value": float("nan")},
]


@pytest.fixture
def written(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(record, "RESULTS", tmp_path)
    path = record.write_result("quality", ROWS, seeds=[0, 1], seconds=12.34)
    return json.loads(path.read_text()), capsys.readouterr().out


def test_a_result_says_who_when_and_where(written):
    result, _ = written
    assert {"name", "date", "commit", "machine", "versions", "seeds", "seconds", "rows"} == set(result)
    assert result["versions"]["torch"]
    assert result["rows"][0]["value"] == 12.5
    assert result["rows"][2]["value"] is None


def test_a_missed_goal_is_printed_like_a_reached_one(written):
    _, printed = written
    assert [record.verdict(row) for row in written[0]["rows"]] == ["no", "yes", ""]
    assert "12.5" in printed
    assert "11.0 to 14.0" in printed


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"what": "a", "value": 1, "goal": 2}, "better"),
        ({"what": "a", "value": 1, "hight": 2}, "hight"),
        ({"what": "a"}, "needed"),
    ],
)
def test_a_malformed_row_is_refused(tmp_path, monkeypatch, row, said):
    monkeypatch.setattr(record, "RESULTS", tmp_path)
    with pytest.raises(ValueError, match=said):
        record.write_result("quality", [row], seeds=[0], seconds=1)
    assert list(tmp_path.iterdir()) == []


def test_the_readme_counts_goals_and_names_those_missed(written):
    result, _ = written
    line = readme_table.summary([result]).splitlines()[-1]
    assert line == "| [quality](docs/results.md#quality) | 1 of 2 | Fréchet \\| blood 12.5 (10.0) |"


def test_the_table_of_all_results_holds_every_row(written):
    result, _ = written
    lines = readme_table.table([result]).splitlines()
    rows = [line for line in lines if line.startswith("|")][2:]
    assert len(rows) == len(ROWS)
    assert rows[0] == "| Fréchet \\| blood (64 images) | 12.5 | 11.0 to 14.0 | 5.00 | 30.0 | 10.0 | no |"


def test_the_tables_are_up_to_date_with_the_committed_results():
    assert readme_table.main(["--check"]) == 0
