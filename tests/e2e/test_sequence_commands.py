"""The commands of sequences as a user types them: promoters of two classes.

Training is a process of its own; the others are run in this one, because importing torch takes longer than they do.
"""

from __future__ import annotations

import csv
import io
import json
import re
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from tests.contract.cases import drawn, fasta, promoters
from tests.e2e.test_commands import document as in_a_process
from vivogan.cli.app import run

SMALL = (
    "--threads", "1", "--device", "cpu",
    *(word for setting in ("width=16", "discriminator_width=8", "likelihood.epochs=1", "game.batch=16")
      for word in ("--set", setting)),
)  # fmt: skip
TEMPLATE = "N" * 60 + "TATAAA" + "N" * 34


def document(*words: object) -> Any:
    """What a command that must succeed prints with ``--json``."""
    with redirect_stdout(io.StringIO()) as said:
        assert run([*map(str, words), "--json"]) == 0
    return json.loads(said.getvalue())


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return promoters(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def trained(source: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A run of 600 samples, and what training printed."""
    out = tmp_path_factory.mktemp("runs") / "promoters"
    return out, in_a_process("sequences", "train", source, "--labels", "kind", "--out", out, "--budget", "600", *SMALL)


@pytest.fixture(scope="module")
def assay(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 sequences of 24 bases, measured: the more G and C, the more active."""
    path = tmp_path_factory.mktemp("data") / "assay.csv"
    rows = [drawn(i, (0.25,) * 4, 24) for i in range(48)]
    values = [f"{sum(base in 'GC' for base in row) / 24 + 0.001 * i:.4f}" for i, row in enumerate(rows)]
    path.write_text("\n".join(["sequence,expr", *(f"{row},{v}" for row, v in zip(rows, values, strict=True))]) + "\n")
    return path


def read(path: Path) -> dict[str, str]:
    """Header and sequence of every record of a FASTA."""
    records = [record.split("\n", 1) for record in path.read_text().split(">")[1:]]
    return {header: body.replace("\n", "") for header, body in records}


def test_inspect_reads_without_writing(source):
    found = document("sequences", "inspect", source, "--labels", "kind")
    assert found["fingerprint"]["count"] == 120
    assert found["fingerprint"]["classes"] == {"cpg": 60, "tata": 60}
    assert [path.name for path in source.parent.iterdir()] == ["promoters.fasta"]


def test_train_ends_with_a_judged_run_and_its_report(trained):
    out, printed = trained
    assert Path(printed["run"]) == out
    page = Path(printed["report"]).read_text()
    assert '<img src="http' not in page
    assert "image" not in re.sub(
        r"<style.*?</style>|<script.*?</script>|<[^>]+>|data:image/\w+|scikit-image", "", page, flags=re.S
    )
    names = {score["name"] for score in printed["evaluation"]["scores"]}
    assert {"JSD 6-mers", "CNN AUC", "forest AUC", "nearest identity, max", "unique", "GC W1"} <= names
    for name in ("config.toml", "env.json", "data.json", "metrics.jsonl", "evaluation.json", "start.json"):
        assert (out / name).stat().st_size > 0


def test_a_made_sequence_is_not_its_own_nearest_neighbour(trained):
    _, printed = trained
    nearest = next(s for s in printed["evaluation"]["scores"] if s["name"] == "nearest identity, max")
    assert nearest["floor"] < 1  # held-out records beside training, not training beside itself


def test_generate_makes_the_class_that_was_asked_for_and_says_not_screened(trained, tmp_path, monkeypatch):
    monkeypatch.delenv("VIVOGAN_SCREEN_LIST", raising=False)
    out, _ = trained
    made = tmp_path / "made.fasta"
    found = document("sequences", "generate", out, "-n", 7, "--where", "kind=tata", "--seed", 1, "-o", made)
    assert found["count"] == 7
    assert found["screening"] == "not screened"
    records = read(made)
    assert len(records) == 7
    assert all(set(row) <= set("ACGT") and len(row) == 100 for row in records.values())
    assert all("kind=tata" in header and header.endswith("not screened") for header in records)


def test_generate_writes_tables_and_keeps_the_letters_of_a_template(trained, tmp_path):
    out, _ = trained
    made = tmp_path / "made.csv"
    document("sequences", "generate", out, "-n", 5, "--template", TEMPLATE, "-o", made)
    rows = list(csv.DictReader(made.open()))
    assert [row["sequence"][60:66] for row in rows] == ["TATAAA"] * 5
    assert {row["kind"] for row in rows} <= {"cpg", "tata"}
    assert len({row["sequence"] for row in rows}) == 5
    assert {row["remark"] for row in rows} == {"not screened"}


def test_what_is_of_concern_is_withheld(trained, tmp_path):
    out, _ = trained
    document("sequences", "generate", out, "-n", 4, "-o", tmp_path / "all.fasta")
    header, third = list(read(tmp_path / "all.fasta").items())[2]
    concern = fasta(tmp_path / "concern.fasta", [("toxin", third)])
    found = document("sequences", "generate", out, "-n", 4, "-o", tmp_path / "rest.fasta", "--screen", concern)
    assert found["count"] == 3
    assert "1 of 4 sequences withheld" in found["screening"]
    assert header.split()[0] in found["screening"]
    rest = read(tmp_path / "rest.fasta")
    assert third not in rest.values()
    assert not any("not screened" in header for header in rest)


def test_evaluate_and_report_repeat_on_a_finished_run(trained):
    out, _ = trained
    assert document("sequences", "evaluate", out, "--threads", 1)["verdict"]
    assert Path(document("report", out)["report"]).is_file()


def test_predict_learns_and_is_asked(assay, tmp_path):
    out, answers = tmp_path / "oracle", tmp_path / "answers.csv"
    settings = ("learn.steps=4", "learn.tick=2", "members=2", "reader.channels=16", "landmarks=30")
    small = [word for setting in settings for word in ("--set", setting)]
    learned = ("predict", "train", assay, "--labels", "expr", "--out", out, "--budget", "96", "--threads", 1)
    printed = document("sequences", *learned, *small, "--no-curve")
    assert Path(printed["report"]).stat().st_size > 10_000
    document("sequences", "predict", "run", out, assay, "-o", answers, "--threads", 1)
    rows = list(csv.DictReader(answers.open()))
    assert len(rows) == 48
    assert all(float(row["expr low"]) < float(row["expr predicted"]) < float(row["expr high"]) for row in rows)


def test_optimize_asks_a_python_function(trained, tmp_path, monkeypatch):
    (tmp_path / "taste.py").write_text("def adenines(rows):\n    return [row.count('A') / len(row) for row in rows]\n")
    monkeypatch.chdir(tmp_path)
    out, _ = trained
    wanted = ("--oracle", "taste:adenines", "--method", "evolution", "-n", 4, "--rounds", 2, "-o", tmp_path / "designs")
    found = document("sequences", "optimize", out, *wanted, "--threads", 1)
    assert found["lines"]
    designs = [path for path in (tmp_path / "designs").iterdir() if path.suffix == ".fasta"]
    assert len(designs) == 1
    records = read(designs[0])
    assert len(records) == 4
    assert all("not screened" in header for header in records)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("train", "absent.fasta"), "absent.fasta"),
        (("inspect", "words.fasta"), "words.fasta"),
        (("train", "promoters.fasta", "--labels", "colour", "--out", "run"), "colour"),
        (("train", "promoters.fasta", "--budget", "soon", "--out", "run"), "soon"),
        (("train", "ten.fasta", "--out", "run"), "only 10 usable records"),
        (("train", "one.fasta", "--out", "run"), "only 1 usable record"),
        (("generate", "RUN", "--where", "kind=pribnow", "-o", "made.fasta"), "cpg, tata"),
        (("generate", "RUN", "--where", "expr=high", "-o", "made.fasta"), "kind"),
        (("generate", "RUN", "--template", "NNNNTATAAA", "-o", "made.fasta"), "the template has 10 letters"),
        (("generate", "RUN", "--screen", "absent.fasta", "-o", "made.fasta"), "absent.fasta"),
        (("optimize", "RUN", "--oracle", "no.such:thing", "-o", "designs"), "no.such"),
    ],
)
def test_mistakes_are_one_line_and_code_2(words, said, source, trained, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "promoters.fasta").write_text(source.read_text())
    fasta(tmp_path / "words.fasta", [("a", "this is no sequence!"), ("b", "12345")])
    fasta(tmp_path / "ten.fasta", [(f"{i}", drawn(i, (0.25,) * 4, 30)) for i in range(10)])
    fasta(tmp_path / "one.fasta", [("alone", drawn(0, (0.25,) * 4, 30))])
    given = [str(trained[0]) if word == "RUN" else word for word in words]
    capfd.readouterr()
    code = run(["sequences", *given, "--quiet"])
    stdout, stderr = capfd.readouterr()
    assert code == 2, stderr
    assert stdout == ""
    assert len(stderr.splitlines()) == 1, stderr
    assert said in stderr
    assert not (tmp_path / "made.fasta").exists()
