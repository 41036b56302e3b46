"""Whatever people call a file of molecules: lines, tables, Parquet and SDF, packed or not, tidy or not."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from rdkit import Chem

from vivogan.domains.molecules.data import MoleculeRecords, ReadOptions, read
from vivogan.domains.molecules.formats.layout import layout
from vivogan.domains.molecules.formats.sdf import properties
from vivogan.errors import InputError


def given(folder: Path, name: str, content: str | bytes, **options: str) -> MoleculeRecords:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(path, ReadOptions.model_validate(options))


def table(records: MoleculeRecords) -> dict[str, str]:
    return dict(zip(records.ids, records.smiles, strict=True))


EXPECTED = {"ethanol": "CCO", "benzene": "c1ccccc1", "methylamine": "CN"}


class TestLines:
    @pytest.mark.parametrize("between", [" ", "\t", "  ", ",", ", ", ";"])
    @pytest.mark.parametrize("header", ["", "SMILES{}name\n", "#smiles{}id\n"])
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_structure_and_name(self, tmp_path: Path, between: str, header: str, end: str) -> None:
        text = header.format(between) + "".join(f"{s}{between}{n}\n" for n, s in EXPECTED.items())
        records = given(tmp_path, "a.smi", text.replace("\n", end))
        assert table(records) == EXPECTED
        assert records.refusals == []

    def test_bare_structures_are_named_by_file_and_line(self, tmp_path: Path) -> None:
        assert given(tmp_path, "hits.smi", "CCO\nCN\n").ids == ["hits-1", "hits-2"]

    def test_names_may_have_blanks(self, tmp_path: Path) -> None:
        assert given(tmp_path, "a.smi", "CCO ethyl alcohol\nCN methyl amine\n").ids == ["ethyl alcohol", "methyl amine"]

    def test_one_column_with_a_header(self, tmp_path: Path) -> None:
        assert given(tmp_path, "a.txt", "SMILES\nCCO\nCN\n").smiles == ["CCO", "CN"]

    def test_a_first_line_of_unknown_names_is_a_header(self, tmp_path: Path) -> None:
        records = given(tmp_path, "a.smi", "agent potency\nCCO 5.1\nCN 6.2\nCCC 6.3\n", labels="potency")
        assert records.smiles == ["CCO", "CN", "CCC"]
        assert records.labels["potency"].tolist() == ["5.1", "6.2", "6.3"]

    def test_a_broken_first_line_is_no_header(self, tmp_path: Path) -> None:
        records = given(tmp_path, "a.smi", "C1CC broken\nCCO fine\nCN too\n")
        assert records.ids == ["fine", "too"]
        assert records.refusals[0].record == "row 1 (broken)"
        assert "ring bond 1" in records.refusals[0].reason

    def test_mixed_separators_are_read_and_noted(self, tmp_path: Path) -> None:
        records = given(tmp_path, "a.smi", "CCO\tethanol\nc1ccccc1,benzene\nCN\tmethylamine\n\nCC ethane\n")
        assert table(records) == EXPECTED | {"ethane": "CC"}
        assert any("mixed separators" in note and "row 2, row 5" in note for note in records.notes)
        assert any("1 empty rows" in note and "row 4" in note for note in records.notes)

    def test_more_columns_and_words(self, tmp_path: Path) -> None:
        text = "CCO\ta\tkind=x\tIC50 (nM)=10\nCN\tb\tkind=y\tIC50 (nM)=100\n"
        records = given(tmp_path, "a.smi", text, labels="kind,IC50 (nM)")
        assert records.labels["kind"].tolist() == ["x", "y"]
        assert records.labels["IC50 (nM)"].tolist() == ["8", "7"]
        assert given(tmp_path, "b.smi", "CCO\ta\t1\nCN\tb\t0\n").labels["column 3"].tolist() == ["1", "0"]

    def test_extended_smiles_and_comments(self, tmp_path: Path) -> None:
        assert table(given(tmp_path, "a.smi", "# made today\nCCO |f:0| ethanol\nCN amine\n")) == {
            "ethanol": "CCO",
            "amine": "CN",
        }


class TestTables:
    @pytest.mark.parametrize("column", ["smiles", "SMILES", "Canonical SMILES", "canonical_smiles", "structure", "x"])
    @pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
    def test_finds_the_structures(self, tmp_path: Path, column: str, separator: str) -> None:
        rows = [["weight", "name", column], *(["46.1", name, smiles] for name, smiles in EXPECTED.items())]
        text = "".join(separator.join(row) + "\n" for row in rows)
        assert table(given(tmp_path, "a.csv", text)) == EXPECTED

    def test_oddities_of_spreadsheets(self, tmp_path: Path) -> None:
        text = '\ufeff"Name";"SMILES";"Note"\r\n"a;b";"CCO";"two\r\nlines"\r\nc;CN;caf\u00e9;;\r\n;;\r\n'
        records = given(tmp_path, "a.csv", text)
        assert table(records) == {"a;b": "CCO", "c": "CN"}
        assert given(tmp_path, "b.csv", "id,smiles,n\né,CCO,1\nb,CN,2\n".encode("latin-1")).ids == ["é", "b"]

    def test_a_quote_that_never_ends_costs_one_row(self, tmp_path: Path) -> None:
        text = 'id,smiles\na,CCO\n"b,CN\n' + "".join(f"c{i},{'C' * (i + 3)}\n" for i in range(60))
        records = given(tmp_path, "a.csv", text)
        assert len(records) == 61
        assert [refusal.record for refusal in records.refusals] == ["row 3"]

    def test_rows_of_another_width_or_separator(self, tmp_path: Path) -> None:
        records = given(tmp_path, "a.csv", "id,smiles,x\na,CCO,1\nb;CN;2\nc,CCC\nd,,3\ne,CCN,4\n")
        assert records.ids == ["a", "e"]
        reasons = {refusal.record: refusal.reason for refusal in records.refusals}
        assert "separated by semicolons" in reasons["row 3"]
        assert "2 values, the header has 3" in reasons["row 4"]
        assert "no structure" in reasons["row 5 (d)"]

    def test_no_header(self, tmp_path: Path) -> None:
        records = given(tmp_path, "a.csv", "m1,CCO,5.5\nm2,CN,6.5\n", labels="column 3")
        assert records.smiles == ["CCO", "CN"]
        assert records.ids == ["m1", "m2"]
        assert records.labels["column 3"].tolist() == ["5.5", "6.5"]

    def test_decimal_commas_and_semicolons(self, tmp_path: Path) -> None:
        text = "smiles;IC50 [nM]\nCCO;1.000,0\nCCN;6,25\n"
        records = given(tmp_path, "a.csv", text, labels="IC50 [nM]")
        assert records.labels["IC50 [nM]"].tolist() == ["6", "8.20412"]

    def test_a_wrong_column_lists_the_columns(self, tmp_path: Path) -> None:
        text = "id,name,smiles\n1,ethanol,CCO\n2,amine,CN\n"
        with pytest.raises(InputError, match=r"no column 'smile'.*id, name, smiles"):
            given(tmp_path, "a.csv", text, smiles="smile")
        with pytest.raises(InputError, match=r"'name' holds no SMILES.*'ethanol'.*'smiles' does"):
            given(tmp_path, "a.csv", text, smiles="name")
        with pytest.raises(InputError, match="no column holds SMILES"):
            given(tmp_path, "b.csv", "id,name\n1,ethanol\n2,methanol\n")
        with pytest.raises(InputError, match=r"no column 'active'.*qed"):
            given(tmp_path, "a.csv", text, labels="active")
        with pytest.raises(InputError, match="no column 'part'"):
            given(tmp_path, "a.csv", text, split="part")

    def test_parts_and_groups(self, tmp_path: Path) -> None:
        text = "smiles,split,batch\nCCO,train,a\nCN,TEST,b\nCCC,valid,b\n"
        records = given(tmp_path, "a.csv", text, group="batch")
        assert records.part is not None
        assert records.group is not None
        assert records.part.tolist() == ["train", "test", "selection"]
        assert records.group.tolist() == ["a", "b", "b"]
        with pytest.raises(InputError, match=r"row 2.*train, selection and test"):
            given(tmp_path, "b.csv", "smiles,fold\nCCO,elsewhere\n", split="fold")

    def test_two_columns_of_one_name(self, tmp_path: Path) -> None:
        assert given(tmp_path, "a.csv", "smiles,x,x\nCCO,1,2\nCN,2,3\n", labels="x (2)").labels["x (2)"].tolist() == [
            "2",
            "3",
        ]

    def test_tables_of_chembl(self, tmp_path: Path) -> None:
        head = '"Molecule ChEMBL ID";"Smiles";"Standard Relation";"Standard Value";"Standard Units"\n'
        rows = '"C1";"CCO";"\'=\'";"10";"nM"\n"C2";"CN";"\'>\'";"10000";"nM"\n"C3";"CCC";"\'=\'";"1";"uM"\n'
        records = given(tmp_path, "a.csv", head + rows, labels="Standard Value")
        assert dict(zip(records.ids, records.labels["Standard Value"].tolist(), strict=True)) == {
            "C1": "8",
            "C2": "",
            "C3": "6",
        }

    def test_classes_are_found_and_the_rest_is_noted(self, tmp_path: Path) -> None:
        rows = "".join(f"{'C' * (i + 1)},{i % 2},{i / 7}\n" for i in range(30))
        records = given(tmp_path, "a.csv", "smiles,toxic,value\n" + rows)
        assert list(records.labels) == ["toxic"]
        assert any("value" in note and "left out" in note for note in records.notes)


class TestPacked:
    def test_gzip_whatever_the_name(self, tmp_path: Path) -> None:
        text = gzip.compress(b"smiles,id\nCCO,ethanol\n")
        for name in ("a.csv.gz", "b.csv"):
            assert table(given(tmp_path, name, text)) == {"ethanol": "CCO"}

    def test_parquet(self, tmp_path: Path) -> None:
        pyarrow = pytest.importorskip("pyarrow")
        import pyarrow.parquet as parquet

        columns = {"smiles": ["CCO", "CN", None], "id": [7, 8, 9], "pIC50": [5.5, None, 6.0]}
        parquet.write_table(pyarrow.table(columns), tmp_path / "a.parquet")
        records = read(tmp_path / "a.parquet", ReadOptions(labels="pIC50"))
        assert table(records) == {"7": "CCO", "8": "CN"}
        assert records.labels["pIC50"].tolist() == ["5.5", ""]
        assert records.refusals[0].record == "row 3 (9)"
        content = (tmp_path / "a.parquet").read_bytes()
        with pytest.raises(InputError, match="no Parquet"):
            given(tmp_path, "b.parquet", content[: len(content) // 2])
        assert len(given(tmp_path, "c.parquet.gz", gzip.compress(content), labels="pIC50")) == 2


def block(smiles: str, title: str) -> str:
    return Chem.MolToMolBlock(Chem.MolFromSmiles(smiles)).replace("\n", f"{title}\n", 1)


class TestStructures:
    def test_properties_and_titles(self, tmp_path: Path) -> None:
        text = "".join(
            f"{block(smiles, name)}>  <IC50 (uM)>\n{i + 1}\n\n> <note>\na\n\n$$$$\n"
            for i, (name, smiles) in enumerate(EXPECTED.items())
        )
        for name, content in {"a.sdf": text.encode(), "a.sdf.gz": gzip.compress(text.encode())}.items():
            records = given(tmp_path, name, content, labels="IC50 (uM)")
            assert table(records) == EXPECTED
            assert records.labels["IC50 (uM)"].tolist() == ["6", "5.69897", "5.52288"]
            assert records.units == {"IC50 (uM)": "pIC50"}

    def test_a_broken_record_costs_itself_alone(self, tmp_path: Path) -> None:
        good = [f"{block(smiles, name)}$$$$\n" for name, smiles in EXPECTED.items()]
        five = block("CC(C)C", "five").replace("  1  2  1  0", "  1  2  3  0")
        broken = ["nothing\n$$$$\n", f"{five}$$$$\n", block("CCN", "torn")[:90] + "\n$$$$\n"]
        records = given(tmp_path, "a.sdf", good[0] + broken[0] + good[1] + broken[1] + broken[2] + good[2])
        assert table(records) == EXPECTED
        assert [refusal.record for refusal in records.refusals] == [
            "record 2 (nothing)",
            "record 4 (five)",
            "record 5 (torn)",
        ]
        assert "bonds" in records.refusals[1].reason

    def test_one_mol_file_and_stereo_of_wedges(self, tmp_path: Path) -> None:
        mol = Chem.MolFromSmiles("C[C@H](N)C(=O)O")
        from rdkit.Chem import rdDepictor

        rdDepictor.Compute2DCoords(mol)
        assert given(tmp_path, "a.mol", Chem.MolToMolBlock(mol)).smiles == ["C[C@H](N)C(=O)O"]

    def test_properties(self) -> None:
        found = properties(["> <a>", "1", "> <a>", "2", "", "3", ">  <IC50>  (7)", ">10000", ""])
        assert found == {"a": "1", "a (2)": "2 3", "IC50": ">10000"}


def test_layouts_of_nothing() -> None:
    assert layout(["C1CC", "C(C"], is_table=False).names == []
    assert layout(["id,name", "1,2"], is_table=True).names == ["id", "name"]
