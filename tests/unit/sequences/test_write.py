"""What is written is read back the same, in every format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vivogan.domains.sequences.alphabets import PROTEIN, RNA
from vivogan.domains.sequences.data import ReadOptions, read
from vivogan.domains.sequences.records import SequenceRecords
from vivogan.domains.sequences.write import write
from vivogan.errors import UserError

FREE = SequenceRecords(
    sequences=["ACGT" * 50, "GGGTTTAAC"],
    labels={"expr": np.array(["3.25", "-1"]), "my kind": np.array(['a "b" c', ""])},
    ids=["one", "42"],
    part=np.array(["train", "test"]),
    remarks=["not screened", "not screened"],
)
ALIGNED = SequenceRecords(
    sequences=["MK-WY", "MKT--"], labels={"k": np.array(["x", "y"])}, ids=["a/1-5", "b"], alphabet=PROTEIN, aligned=True
)
BARE = SequenceRecords(sequences=["ACGU", "GGUU"], labels={}, ids=["a", "b"], alphabet=RNA)


@pytest.mark.parametrize("records", [FREE, ALIGNED, BARE], ids=["free", "aligned", "bare"])
@pytest.mark.parametrize("name", ["x.fasta", "x.fa.gz", "x.csv", "x.tsv.gz", "x.sto", "folder", "v1.2"])
def test_round_trip(tmp_path: Path, records: SequenceRecords, name: str) -> None:
    if name == "x.sto" and not records.aligned:
        with pytest.raises(UserError, match="only an alignment"):
            write(records, tmp_path / name)
        return
    (path,) = write(records, tmp_path / name)
    split = "split" if records.part is not None else None
    again = read(path, ReadOptions(labels=",".join(records.labels) or None, split=split))
    assert again.ids == records.ids
    assert again.sequences == records.sequences
    assert {n: v.tolist() for n, v in again.labels.items()} == {n: v.tolist() for n, v in records.labels.items()}
    assert (again.part is None) == (records.part is None)
    assert again.part is None or records.part is None or again.part.tolist() == records.part.tolist()
    assert (again.alphabet, again.aligned) == (records.alphabet, records.aligned)
    assert again.refusals == []


def test_headers_carry_condition_and_remark(tmp_path: Path) -> None:
    (path,) = write(FREE, tmp_path / "out")
    lines = path.read_text().splitlines()
    assert path.name == "sequences.fasta"
    assert lines[0] == '>one expr=3.25 "my kind"="a \\"b\\" c" split=train not screened'
    assert max(map(len, (line for line in lines if line[0] != ">"))) == 80


def test_packed_files_are_the_same_every_time(tmp_path: Path) -> None:
    assert write(BARE, tmp_path / "a.fa.gz")[0].read_bytes() == write(BARE, tmp_path / "b.fa.gz")[0].read_bytes()
