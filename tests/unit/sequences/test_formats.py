"""Every format gives the same sequences, whatever its line ends, packing and name."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivogan.domains.sequences.data import ReadOptions, read
from vivogan.domains.sequences.formats.fasta import fields
from vivogan.domains.sequences.write import quoted
from vivogan.errors import InputError

THREE = {"one": "ACGTACGTAA", "two": "GGGTTTACGT", "three": "TTTTACGTAC"}
GENBANK = """LOCUS       {0}  10 bp DNA
DEFINITION  none.
VERSION     {0}
SOURCE      x
  ORGANISM  Escherichia coli
FEATURES             Location/Qualifiers
ORIGIN
        1 {1}
//
"""
TEXTS = {
    "a.fasta": "".join(f">{name} more words\n{s[:4]}\n{s[4:]}\n" for name, s in THREE.items()),
    "a.fastq": "".join(f"@{name}\n{s}\n+\n{'I' * 10}\n" for name, s in THREE.items()),
    "a.csv": "id,sequence\n" + "".join(f"{name},{s}\n" for name, s in THREE.items()),
    "a.tsv": "name\tbases\tscore\n" + "".join(f"{name}\t{s}\t0.{i}\n" for i, (name, s) in enumerate(THREE.items())),
    "a.gb": "".join(GENBANK.format(name, s.lower()) for name, s in THREE.items()),
    "a.sto": "# STOCKHOLM 1.0\n#=GF ID x\n" + "".join(f"{n} {s[:6]}\n" for n, s in THREE.items())
    + "\n" + "".join(f"{n}  {s[6:]}\n#=GR {n} SS ....\n" for n, s in THREE.items()) + "//\n",
}  # fmt: skip


def put(path: Path, text: str) -> Path:
    path.write_text(text, newline="")
    return path


@pytest.mark.parametrize("name", TEXTS)
class TestEveryFormat:
    def same(self, path: Path) -> None:
        records = read(path, ReadOptions())
        assert dict(zip(records.ids, records.sequences, strict=True)) == THREE
        assert records.refusals == []

    def test_plain(self, tmp_path: Path, name: str) -> None:
        self.same(put(tmp_path / name, TEXTS[name]))

    @pytest.mark.parametrize("end", ["\r\n", "\r"])
    def test_line_ends(self, tmp_path: Path, name: str, end: str) -> None:
        self.same(put(tmp_path / name, TEXTS[name].replace("\n", end)))

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
    def test_byte_order_marks(self, tmp_path: Path, name: str, encoding: str) -> None:
        (tmp_path / name).write_bytes(TEXTS[name].encode(encoding))
        self.same(tmp_path / name)

    def test_packed_in_two_members(self, tmp_path: Path, name: str) -> None:
        content = TEXTS[name].encode()
        path = tmp_path / f"{name}.gz"
        path.write_bytes(gzip.compress(content[:60]) + gzip.compress(content[60:]))
        self.same(path)

    def test_no_last_line_end(self, tmp_path: Path, name: str) -> None:
        self.same(put(tmp_path / name, TEXTS[name].rstrip("\n")))

    def test_the_name_of_the_file_does_not_matter(self, tmp_path: Path, name: str) -> None:
        self.same(put(tmp_path / "a.txt", TEXTS[name]))


class TestHeaders:
    def test_labels_parts_and_groups(self, tmp_path: Path) -> None:
        text = '>a expr=3.5 class="two words" split=test donor=x\nACGT\n>b expr=1 class=q split=train donor=y\nGGGG\n'
        options = ReadOptions(labels="expr,class", split="split", group="donor")
        records = read(put(tmp_path / "a.fa", text), options)
        assert records.labels["expr"].tolist() == ["3.5", "1"]
        assert records.labels["class"].tolist() == ["two words", "q"]
        assert records.part is not None
        assert records.part.tolist() == ["test", "train"]
        assert records.group is not None
        assert records.group.tolist() == ["x", "y"]

    def test_unknown_key(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"no header has 'activity='\. Its headers have expr"):
            read(put(tmp_path / "a.fa", ">a expr=3\nACGT\n"), ReadOptions(labels="activity"))

    @given(st.text(min_size=1), st.text())
    def test_quotes_come_back(self, key: str, value: str) -> None:
        clean = {text: " ".join(text.splitlines()) for text in (key, value)}
        if '"' in clean[key] or "\\" in clean[key] or not clean[key]:
            return
        assert fields(f"name {quoted(key)}={quoted(value)} more") == {clean[key]: clean[value]}


class TestTables:
    def test_sequence_column_is_found(self, tmp_path: Path) -> None:
        rows = "".join(
            f"{i},CLASS,{'ACGT' * 3}{'ACGT'[i % 4] * (i + 1)},{'MMNN' * 4}{'A' * i},{i / 3}\n" for i in range(6)
        )
        records = read(put(tmp_path / "a.csv", "n,kind,realB,realA,score\n" + rows), ReadOptions())
        assert records.sequences[0] == "ACGTACGTACGTA"
        assert records.ids[0] == "a-1"

    def test_columns_that_are_missing(self, tmp_path: Path) -> None:
        path = put(tmp_path / "a.csv", "id,sequence,x\na,ACGTACGT,1\n")
        for options in (ReadOptions(labels="y"), ReadOptions(sequence="y"), ReadOptions(group="y")):
            with pytest.raises(InputError, match=r"has no column 'y'\. Its columns: id, sequence, x"):
                read(path, options)

    def test_classes_but_not_measurements_are_taken(self, tmp_path: Path) -> None:
        rows = "".join(f"{i},{'ACGT' * 4}{'ACGT'[i % 4] * i},{'xy'[i % 2]},{i / 7},same\n" for i in range(12))
        records = read(put(tmp_path / "a.csv", "id,sequence,kind,score,all\n" + rows), ReadOptions())
        assert list(records.labels) == ["kind"]
        assert any("left out: score, all" in note for note in records.notes)

    def test_rows_of_another_width_are_refused(self, tmp_path: Path) -> None:
        path = put(tmp_path / "a.csv", "id,sequence\na,ACGTACGT\nb\nc,GGGGTTTT\n")
        records = read(path, ReadOptions())
        assert records.ids == ["a", "c"]
        assert records.refusals[0].record == "row 2"
        assert "has 1 values" in records.refusals[0].reason

    def test_split_column_is_found(self, tmp_path: Path) -> None:
        path = put(tmp_path / "a.csv", "id,sequence,split\na,ACGTACGT,train\nb,GGGTTTTT,valid\nc,ACACACAC,test\n")
        part = read(path, ReadOptions()).part
        assert part is not None
        assert part.tolist() == ["train", "selection", "test"]

    def test_semicolons_and_quotes(self, tmp_path: Path) -> None:
        records = read(put(tmp_path / "a.csv", '"id";"sequence"\n"a; b";"ACGTACGT"\n'), ReadOptions())
        assert records.ids == ["a; b"]


class TestLines:
    def test_label_behind_a_tab(self, tmp_path: Path) -> None:
        path = put(tmp_path / "p.fa", "ACGTACGTAA\t1\nGGGTTTACGT\t0\n")
        records = read(path, ReadOptions())
        assert records.ids == ["p-1", "p-2"]
        assert records.labels["label"].tolist() == ["1", "0"]

    def test_no_second_column(self, tmp_path: Path) -> None:
        path = put(tmp_path / "p.txt", "ACGTACGTAA\n")
        with pytest.raises(InputError, match="no second column"):
            read(path, ReadOptions(labels="label"))


class TestVariants:
    wild = "MKTAYIAKQR"

    def scan(self, folder: Path, *variants: str) -> Path:
        put(folder / "wt.fa", f">wt\n{self.wild}\n")
        return put(folder / "scan.csv", "variant,score\n" + "".join(f'"{v}",{i / 3}\n' for i, v in enumerate(variants)))

    def options(self, folder: Path) -> ReadOptions:
        return ReadOptions(labels="score", sequence="variant", reference=folder / "wt.fa")

    def test_counted_from_one(self, tmp_path: Path) -> None:
        path = self.scan(tmp_path, "K2A", "K2A,A4G", "WT", "I6V:Q9E")
        records = read(path, self.options(tmp_path))
        assert records.sequences == ["MATAYIAKQR", "MATGYIAKQR", self.wild, "MKTAYVAKER"]

    def test_counted_from_zero(self, tmp_path: Path) -> None:
        path = self.scan(tmp_path, "K1A", "A3G,Y4F")
        assert read(path, self.options(tmp_path)).sequences == ["MATAYIAKQR", "MKTGFIAKQR"]

    def test_what_disagrees_is_refused(self, tmp_path: Path) -> None:
        path = self.scan(tmp_path, "K2A", "W3A", "A4*", "nonsense!", "T3A,T3C", "I6L")
        records = read(path, self.options(tmp_path))
        assert len(records) == 2
        reasons = " | ".join(refusal.reason for refusal in records.refusals)
        assert "the wild type has T at 3" in reasons
        assert "1 variants hold a stop codon" in reasons
        assert "is no variant" in reasons
        assert "one place twice" in reasons

    def test_needs_the_wild_type(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="Give the FASTA of the wild type with --reference"):
            read(self.scan(tmp_path, "K2A", "A4G"), ReadOptions())


def test_organism_of_genbank(tmp_path: Path) -> None:
    records = read(put(tmp_path / "a.gb", TEXTS["a.gb"]), ReadOptions(labels="organism"))
    assert set(records.labels["organism"].tolist()) == {"Escherichia coli"}
    assert not any("lower-case" in note for note in records.notes)
