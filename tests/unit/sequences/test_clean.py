"""What is refused, merged, read otherwise than written, and noted."""

from __future__ import annotations

from pathlib import Path

import pytest

from vivogan.domains.columns import is_measured
from vivogan.domains.sequences.data import ReadOptions, SequenceRecords, read
from vivogan.errors import InputError


def reading(folder: Path, *sequences: str, name: str = "a.fa", **options: str) -> SequenceRecords:
    path = folder / name
    path.write_text("".join(f">s{i}\n{sequence}\n" for i, sequence in enumerate(sequences)))
    return read(path, ReadOptions.model_validate(options))


class TestLetters:
    def test_a_wrong_letter_is_named(self, tmp_path: Path) -> None:
        records = reading(tmp_path, "ACGTACGTAC" * 3, "ACGTEACGTE")
        (refusal,) = records.refusals
        assert refusal.file.endswith("a.fa")
        assert refusal.record == "s1"
        assert refusal.reason.startswith("has 'E' at position 5 and 1 more such letters, no letter of DNA")

    def test_lower_case_is_read_and_noted(self, tmp_path: Path) -> None:
        records = reading(tmp_path, "ACGTnnacgt", "GGGGGGGGGG")
        assert records.sequences[0] == "ACGTNNACGT"
        assert "1 records had lower-case letters (soft masking); read as upper case" in records.notes

    def test_rna_and_dna(self, tmp_path: Path) -> None:
        rna = reading(tmp_path, "ACGUUUACG", "ACGTACGGU")
        assert rna.alphabet.name == "RNA"
        assert rna.sequences[1] == "ACGUACGGU"
        assert any("had T" in note for note in rna.notes)
        dna = reading(tmp_path, "ACGUUUACG", alphabet="dna")
        assert dna.sequences == ["ACGTTTACG"]

    def test_protein_with_stops(self, tmp_path: Path) -> None:
        records = reading(tmp_path, "MKTAYIAKQR*", "MKT*YIAKQW", "MKXBZUOAWY")
        assert records.alphabet.name == "protein"
        assert records.sequences == ["MKTAYIAKQR", "MKXBZUOAWY"]
        assert "has '*' at position 4" in records.refusals[0].reason

    def test_masks_do_not_make_a_protein(self, tmp_path: Path) -> None:
        assert reading(tmp_path, "MMMMMMMMACGTMMMMMM").alphabet.name == "DNA"

    def test_empty_records(self, tmp_path: Path) -> None:
        records = reading(tmp_path, "ACGT", "")
        assert records.refusals[0].record == "s1"
        assert "is empty" in records.refusals[0].reason

    def test_nothing_left(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"no usable sequence is left .*s0: has 'E'"):
            reading(tmp_path, "EEEE", alphabet="dna")


class TestLayouts:
    def test_odd_rows_of_an_alignment_are_refused(self, tmp_path: Path) -> None:
        records = reading(tmp_path, "MK-TA", "MKWTA", "M--TA", "MKTAWWW")
        assert records.aligned
        assert len(records) == 3
        assert records.refusals[0].record == "s3"
        assert "most of the alignment has 5" in records.refusals[0].reason

    @pytest.mark.parametrize("rows", [["mK-.TA", ".KWaTA", ".-W.TA"], ["mK-TA", "KWaTA", "-WTA"]])
    def test_insert_columns_go(self, tmp_path: Path, rows: list[str]) -> None:
        """A2M, padded with dots; A3M, not padded."""
        records = reading(tmp_path, *rows)
        assert records.aligned
        assert records.sequences == ["K-TA", "KWTA", "-WTA"]
        assert any("insert columns" in note for note in records.notes)

    def test_soft_masked_alignment_keeps_its_columns(self, tmp_path: Path) -> None:
        records = reading(tmp_path, "ACgt-A", "ACG--A", "acG-TA")
        assert records.aligned
        assert records.sequences == ["ACGT-A", "ACG--A", "ACG-TA"]

    def test_dots_as_gaps(self, tmp_path: Path) -> None:
        assert reading(tmp_path, "AC..TA", "ACG-TA").sequences == ["AC--TA", "ACG-TA"]

    def test_gaps_without_common_length_go(self, tmp_path: Path) -> None:
        records = reading(tmp_path, "AC-GT", "ACG", "A-C", "GGTTAACC")
        assert not records.aligned
        assert records.sequences[0] == "ACGT"

    def test_rows_of_gaps_alone(self, tmp_path: Path) -> None:
        assert "gaps alone" in reading(tmp_path, "AC-T", "ACGT", "----").refusals[0].reason

    def test_frames_are_found(self, tmp_path: Path) -> None:
        assert reading(tmp_path, "ATGAAATAA", "ATGCCCCCCTGA").coding
        assert not reading(tmp_path, "ATGAAATAA", "ATGCCCCCCTG").coding

    @pytest.mark.parametrize(
        ("frame", "reason"),
        [
            ("ATGAAAATAA", "no whole number of codons"),
            ("GTGAAATAA", "begins with GTG"),
            ("ATGAAAAAA", "ends with AAA"),
            ("ATGTAGAAATAA", "stop codon TAG at position 4"),
        ],
    )
    def test_broken_frames_are_refused(self, tmp_path: Path, frame: str, reason: str) -> None:
        records = reading(tmp_path, "ATGAAATAA", frame, layout="coding")
        assert len(records) == 1
        assert reason in records.refusals[0].reason


class TestNamesAndDuplicates:
    def read(self, folder: Path, text: str, **options: str) -> SequenceRecords:
        (folder / "a.fa").write_text(text)
        return read(folder / "a.fa", ReadOptions.model_validate(options))

    def test_names_become_unique(self, tmp_path: Path) -> None:
        records = self.read(tmp_path, ">a\nAAC\n>a-2\nAAG\n>a\nAAT\n>a\nACC\n")
        assert records.ids == ["a", "a-2", "a-3", "a-4"]
        assert any("were numbered" in note for note in records.notes)

    def test_copies_are_merged(self, tmp_path: Path) -> None:
        records = self.read(tmp_path, ">a k=x\nAAC\n>b k=x\nAAC\n>c k=y\nAAT\n", labels="k")
        assert records.ids == ["a", "c"]
        assert any("1 exact duplicates" in note for note in records.notes)
        assert not any("different labels" in note for note in records.notes)

    def test_conflicts_are_noted(self, tmp_path: Path) -> None:
        records = self.read(tmp_path, ">a k=x\nAAC\n>b k=y\nAAC\n", labels="k")
        assert any("different labels" in note for note in records.notes)

    def test_measurements_are_averaged(self, tmp_path: Path) -> None:
        records = self.read(tmp_path, ">a k=1.5\nAAC\n>b k=2.0\nAAC\n>c k=7\nAAT\n", labels="k")
        assert records.labels["k"].tolist() == ["1.75", "7"]

    def test_the_held_out_copy_stays(self, tmp_path: Path) -> None:
        records = self.read(tmp_path, ">a s=train\nAAC\n>b s=test\nAAC\n>c s=train\nGGG\n", split="s")
        assert records.ids == ["b", "c"]
        assert any("1 sequences leak" in note for note in records.notes)


def test_measured_columns() -> None:
    assert is_measured(["1e-3", "2"])
    assert is_measured([str(i) for i in range(30)])
    assert not is_measured(["0", "1"])
    assert not is_measured(["", ""])
    assert not is_measured(["nan", "1.5"])
