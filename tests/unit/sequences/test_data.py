"""Reading as a whole: what real and small files give, and the fingerprint."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest

from vivogan.domains.sequences.data import ReadOptions, content_hash, fingerprint, read
from vivogan.errors import InputError

REAL = Path(os.environ.get("VIVOGAN_DATA", "/nowhere"))
needs_data = pytest.mark.skipif(not REAL.is_dir(), reason="VIVOGAN_DATA names no folder")


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


class TestFolders:
    def test_one_class_a_file(self, tmp_path: Path) -> None:
        put(tmp_path / "a.fa", ">1\nACGTAC\n>2\nACGTTC\n")
        put(tmp_path / "b.fasta", ">3\nGGGTAC\n")
        put(tmp_path / "README.txt", "nothing to read")
        records = read(tmp_path, ReadOptions())
        assert records.labels["class"].tolist() == ["a", "a", "b"]

    def test_one_class_a_folder_and_parts(self, tmp_path: Path) -> None:
        put(tmp_path / "train/x/1.fa", ">1\nACGTAC\n")
        put(tmp_path / "test/y/2.fa", ">2\nACGTTC\n")
        records = read(tmp_path, ReadOptions())
        assert dict(zip(records.ids, records.labels["class"].tolist(), strict=True)) == {"1": "x", "2": "y"}
        assert records.part is not None
        assert dict(zip(records.ids, records.part.tolist(), strict=True)) == {"1": "train", "2": "test"}

    def test_files_named_for_parts_are_no_classes(self, tmp_path: Path) -> None:
        put(tmp_path / "train.fa", ">1\nACGTAC\n")
        put(tmp_path / "test.fa", ">2\nACGTTC\n")
        records = read(tmp_path, ReadOptions())
        assert not records.labels
        assert records.part is not None
        assert sorted(records.part.tolist()) == ["test", "train"]

    def test_a_broken_file_is_refused_and_the_rest_goes_on(self, tmp_path: Path) -> None:
        put(tmp_path / "a.fa", ">1\nACGTAC\n")
        (tmp_path / "b.fa").write_bytes(b"\x89PNG\0\0")
        records = read(tmp_path, ReadOptions())
        assert len(records) == 1
        assert records.refusals[0].file.endswith("b.fa")

    def test_no_sequence_files(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="holds no sequence files"):
            read(tmp_path, ReadOptions())


class TestFingerprint:
    def test_is_json_and_knows_the_data(self, tmp_path: Path) -> None:
        path = put(tmp_path / "a.csv", "id,sequence,kind\na,ACGTGG,x\nb,ACGNAA,y\nc,TTGTAC,x\n")
        records = read(path, ReadOptions(labels="kind"))
        found = json.loads(json.dumps(fingerprint(records)))
        assert found["count"] == 3
        assert found["alphabet"] == "dna"
        assert found["layout"] == "free"
        assert found["length"] == {"min": 6, "median": 6, "max": 6}
        assert found["gc"] == pytest.approx(8 / 18)
        assert found["ambiguous"] == pytest.approx(1 / 18)
        assert found["classes"] == {"x": 2, "y": 1}
        assert found["imbalance"] == 2
        assert found["sha256"] == content_hash(records)

    def test_measurements_are_no_classes(self, tmp_path: Path) -> None:
        path = put(
            tmp_path / "a.fa", "".join(f">{i} expr={i / 4}\n{'ACGT' * 3}{'ACGT'[i % 4] * i}\n" for i in range(9))
        )
        found = fingerprint(read(path, ReadOptions(labels="expr")))
        assert found["label"] == "expr"
        assert found["classes"] == {}
        assert found["measured"]["expr"] == {"min": 0.0, "median": 1.0, "max": 2.0}

    @pytest.mark.parametrize("change", ["ACGTAG", "label", "name"])
    def test_hash_changes_with_content(self, tmp_path: Path, change: str) -> None:
        text = ">name kind=label\nACGTAC\n>other kind=b\nGGGGGG\n"
        options = ReadOptions(labels="kind")
        before = content_hash(read(put(tmp_path / "a.fa", text), options))
        other = text.replace("ACGTAC", change) if change == "ACGTAG" else text.replace(change, "new")
        assert content_hash(read(put(tmp_path / "b.fa", text), options)) == before
        assert content_hash(read(put(tmp_path / "c.fa", other), options)) != before


@needs_data
class TestRealFiles:
    """Against the counts that the README of each set gives."""

    def test_promoters_a_line(self) -> None:
        found = fingerprint(read(REAL / "human_tata_promoters/hs_pos_TATA.txt.gz", ReadOptions()))
        assert (found["count"], found["alphabet"], found["layout"]) == (2929, "dna", "free")
        assert found["gc"] == pytest.approx(0.5574, abs=1e-4)

    def test_promoters_one_class_a_file(self) -> None:
        found = fingerprint(read(REAL / "bacterial_plant_promoters", ReadOptions()))
        assert found["classes"] == {
            "Arabidopsis_tata": 1497, "Bacillus_non_prom": 1000, "Bacillus_prom": 373,
            "Ecoli_non_prom": 3000, "Ecoli_prom": 839,
        }  # fmt: skip

    def test_activity_of_promoters(self) -> None:
        records = read(REAL / "ecoli_mpra_promoters/ecoli_mpra_expr.csv.gz", ReadOptions(labels="expr"))
        assert len(records) == 12575
        assert {len(sequence) for sequence in records.sequences} == {165}
        assert np.std(records.classes.astype(float)) == pytest.approx(3.05, abs=0.005)

    def test_masked_templates(self) -> None:
        path = REAL / "ecoli_mpra_promoters/ecoli_mpra_3_laco.csv.gz"
        assert "M" not in set("".join(read(path, ReadOptions(labels="expr")).sequences))
        masked = read(path, ReadOptions(sequence="realA"))
        assert masked.alphabet.name == "DNA"
        assert "M" in masked.sequences[0]

    def test_reading_frames(self) -> None:
        found = fingerprint(read(REAL / "fbgan_peptide_dna/AMP_dataset.fa.gz", ReadOptions()))
        assert found["layout"] == "coding"
        assert found["refused"] == 0
        assert found["label"] == "label"
        assert found["classes"] == {"0": 2600, "1": 2600}

    def test_peptides_with_missing_measurements(self) -> None:
        path = REAL / "antimicrobial_peptides/amp_mic_12_bacteria.csv.gz"
        found = fingerprint(read(path, ReadOptions(labels="E_coli")))
        assert (found["count"], found["alphabet"], found["unlabelled"]) == (5249, "protein", 5249 - 4559)

    def test_family_with_insert_columns(self) -> None:
        found = fingerprint(read(REAL / "kunitz_family_msa/PF00014_raw.fasta.gz", ReadOptions()))
        assert (found["count"], found["layout"], found["length"]["max"]) == (3617, "aligned", 53)

    def test_family_of_rna(self) -> None:
        found = fingerprint(read(REAL / "rna_family_rf00379/RF00379.fasta.gz", ReadOptions()))
        assert (found["count"], found["alphabet"], found["length"]["max"]) == (3646, "rna", 136)

    def test_variants_of_a_wild_type(self) -> None:
        folder = REAL / "gfp_fitness"
        options = ReadOptions(labels="score", sequence="variant", reference=folder / "wild_type.fasta")
        records = read(folder / "avgfp.tsv.gz", options)
        wild = "".join((folder / "wild_type.fasta").read_text().split("\n")[1:])
        first = records.sequences[0]
        assert [(a, i, b) for i, (a, b) in enumerate(zip(wild, first, strict=True)) if a != b] == [("A", 108, "D")]
        with gzip.open(folder / "avgfp.tsv.gz", "rt") as file:
            stops = sum("*" in line.split("\t")[0] for line in file)
        assert len(records) == 54024 - stops
        assert len(records.refusals) == 1
        assert f"{stops} variants hold a stop codon" in records.refusals[0].reason
