"""The commands of molecules as a user types them: acids and amines, one of them measured.

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

from tests.contract.cases import SMALL_LANGUAGE, SMALL_LATENT, acids_and_amines, measured_compounds
from tests.e2e.test_commands import document as in_a_process
from vivogan.cli.app import run
from vivogan.domains.molecules.chemistry import molecule

MACHINE = ("--threads", "1", "--device", "cpu")
SMALL = (*MACHINE, *(word for setting in SMALL_LANGUAGE for word in ("--set", setting)))
LATENT = (*MACHINE, *(word for setting in SMALL_LATENT[1:] for word in ("--set", setting)))
QUICK = ("--set", 'members=["kernel"]', "--set", 'counted=["ecfp6"]')
DRAWN = re.compile(r"<svg[^>]*>.*</svg>", re.S)


def document(*words: object) -> Any:
    """What a command that must succeed prints with ``--json``."""
    with redirect_stdout(io.StringIO()) as said:
        assert run([*map(str, words), "--json"]) == 0
    return json.loads(said.getvalue())


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.open()))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return acids_and_amines(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def assay(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return measured_compounds(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def trained(source: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A run of 320 samples, and what training printed."""
    out = tmp_path_factory.mktemp("runs") / "kinds"
    return out, in_a_process("molecules", "train", source, "--labels", "kind", "--out", out, "--budget", "320", *SMALL)


@pytest.fixture(scope="module")
def latent(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "latent"
    words = ("--model", "latent", "--out", out, "--budget", "320", "--no-report", *LATENT)
    document("molecules", "train", source, *words)
    return out


def test_inspect_reads_without_writing(source):
    found = document("molecules", "inspect", source, "--labels", "kind")
    assert found["fingerprint"]["count"] > 60
    assert set(found["fingerprint"]["classes"]) == {"acid", "amine"}
    assert [path.name for path in source.parent.iterdir()] == ["kinds.csv"]


def test_clean_writes_p_values_that_are_read_as_such_again(assay, tmp_path):
    out = tmp_path / "clean.csv"
    found = document("molecules", "clean", assay, "--labels", "IC50 (nM)", "-o", out)
    assert Path(found["report"]).is_file()
    values = [float(row["pIC50"]) for row in rows(out)]
    assert len(values) == found["molecules"]
    assert all(4 < value < 10 for value in values)
    again = document("molecules", "inspect", out, "--labels", "pIC50")
    assert again["fingerprint"]["measured"]["pIC50"]["max"] == pytest.approx(max(values))


def test_train_ends_with_a_judged_run_and_its_report(trained):
    out, printed = trained
    assert Path(printed["run"]) == out
    page = Path(printed["report"]).read_text()
    assert '<img src="http' not in page
    text = re.sub(r"<style.*?</style>|<script.*?</script>|<[^>]+>|data:image/\w+|scikit-image", "", page, flags=re.S)
    assert "image" not in text
    assert "sequence" not in text
    assert "vivogan molecules train" in page
    names = {score["name"] for score in printed["evaluation"]["scores"]}
    assert {"valid", "unique", "novel", "logP W1", "SNN"} <= names, names
    for name in ("config.toml", "env.json", "data.json", "metrics.jsonl", "evaluation.json", "start.json", "card.md"):
        assert (out / name).stat().st_size > 0


def test_generate_writes_molecules_with_what_is_known_of_each(trained, tmp_path):
    out, _ = trained
    made, drawn = tmp_path / "made.csv", tmp_path / "made.svg"
    words = ("-n", 20, "--where", "kind=amine", "--seed", 1, "-o", made, "--draw", drawn)
    found = document("molecules", "generate", out, *words)
    table = rows(made)
    assert found["count"] == len(table) > 0
    assert found["screening"].startswith("screened against")
    assert all(molecule(row["smiles"]) is not None and row["kind"] == "amine" for row in table)
    assert all(0 <= float(row["qed"]) <= 1 and 0 <= float(row["similarity"]) <= 1 for row in table)
    assert all(row["nearest"].startswith("CPD-") and molecule(row["nearest_smiles"]) for row in table)
    assert {row["order"].split(":")[0] for row in table} <= {"yes", "no"}
    assert DRAWN.search(drawn.read_text())


@pytest.mark.parametrize("name", ["made.smi", "made.sdf.gz", "made.tsv"])
def test_generate_writes_what_can_be_read_again(trained, tmp_path, name):
    out, _ = trained
    found = document("molecules", "generate", out, "-n", 12, "-o", tmp_path / name, "--no-compare")
    again = document("molecules", "inspect", tmp_path / name)
    assert again["fingerprint"]["count"] == found["different"]


def test_new_ones_differ_from_one_another_and_from_those_learned_from(trained, source, tmp_path):
    out, _ = trained
    document("molecules", "generate", out, "-n", 15, "--new", "-o", tmp_path / "new.csv")
    made = [row["smiles"] for row in rows(tmp_path / "new.csv")]
    assert len(set(made)) == len(made) > 0
    learned = {line.split(";")[1] for line in source.read_text().splitlines()[1:]}
    assert not learned & set(made)


def test_scaffolds_and_substructures_are_kept(trained, tmp_path):
    out, _ = trained
    for option, given, pattern in (("--scaffold", "c1ccc([*])nc1", "c1ccncc1"), ("--contains", "c1ccccc1", "c1ccccc1")):
        made = tmp_path / f"{option}.csv"
        document("molecules", "generate", out, "-n", 5, option, given, "-o", made, "--no-compare")
        query = molecule(pattern)
        assert rows(made)
        assert all(molecule(row["smiles"]).HasSubstructMatch(query) for row in rows(made))


def test_what_is_of_concern_is_withheld_and_not_shown(trained, tmp_path):
    out, _ = trained
    document("molecules", "generate", out, "-n", 20, "--new", "-o", tmp_path / "all.csv")
    secret = max((row["smiles"] for row in rows(tmp_path / "all.csv")), key=len)
    concern = tmp_path / "concern.smi"
    concern.write_text(f"{secret} ours\n")
    words = ("-n", 20, "--new", "-o", tmp_path / "rest.csv", "--screen", concern)
    found = document("molecules", "generate", out, *words)
    assert "withheld by screening" in found["screening"]
    assert found["withheld"]["listed in concern.smi"] == 1
    assert secret not in (tmp_path / "rest.csv").read_text()
    assert secret not in json.dumps(found)


def test_evaluate_and_report_repeat_on_a_finished_run(trained):
    out, _ = trained
    assert document("molecules", "evaluate", out, "--threads", 1)["verdict"]
    assert Path(document("report", out)["report"]).is_file()


def test_any_two_files_are_judged_by_the_suites(source, tmp_path):
    learned = [row.split(";")[1] for row in source.read_text().splitlines()[1:]]
    (tmp_path / "made.smi").write_text("\n".join([*learned[:30], "nonsense", "CCO"]) + "\n")
    (tmp_path / "real.smi").write_text("\n".join(learned[30:]) + "\n")
    words = ("--reference", tmp_path / "real.smi", "--train", source, "--no-fcd")
    found = document("molecules", "evaluate", tmp_path / "made.smi", *words)
    assert len(found["scores"]) > 10


def test_ones_own_molecules_are_screened(tmp_path):
    (tmp_path / "own.smi").write_text("CC(=O)Nc1ccc(O)cc1 a\nC[NH+](CCCl)CCCl b\nO=C1C=CC(=O)C=C1 c\n")
    found = document("molecules", "screen", tmp_path / "own.smi")
    assert sum(found["hazards"]["withheld"].values()) == 1
    assert [row["id"] for row in found["rows"] if row["hazard"]] == ["b"]


def test_predict_learns_and_explains(assay, tmp_path):
    out, answers = tmp_path / "activity", tmp_path / "answers.csv"
    learned = ("predict", "train", assay, "--labels", "IC50 (nM)", "--out", out, "--budget", "60", "--threads", 1)
    printed = document("molecules", *learned, "--no-curve", *QUICK)
    assert Path(printed["report"]).stat().st_size > 10_000
    assert "Every dot is a molecule" in Path(printed["report"]).read_text()
    found = document("molecules", "predict", "run", out, assay, "-o", answers, "--explain", 2, "--threads", 1)
    assert len(rows(answers)) == found["molecules"]
    column = next(name.removesuffix(" predicted") for name in rows(answers)[0] if name.endswith(" predicted"))
    for row in rows(answers):
        assert float(row[f"{column} low"]) <= float(row[f"{column} predicted"]) <= float(row[f"{column} high"])
    assert len(found["explained"]) == 2
    assert all(DRAWN.search(Path(file).read_text()) for file in found["explained"])


def test_optimize_keeps_several_objectives_and_constraints(source, tmp_path):
    asked = ("--objective", "qed", "--objective", "logp=1..3*2", "--must", "C(=O)[OH]", "--must-not", "[Cl]")
    words = ("optimize", source, *asked, "-n", 4, "--calls", 60, "-o", tmp_path / "designs")
    found = document("molecules", *words)
    assert found["lines"]
    assert found["calls"] <= 60
    table = rows(tmp_path / "designs" / "molecules.csv")
    assert 0 < len(table) <= 4
    acid, chlorine = molecule("C(=O)O"), molecule("Cl")
    for row in table:
        assert molecule(row["smiles"]).HasSubstructMatch(acid)
        assert not molecule(row["smiles"]).HasSubstructMatch(chlorine)
    assert (tmp_path / "designs" / "molecules.sdf").stat().st_size > 0
    assert DRAWN.search((tmp_path / "designs" / "molecules.svg").read_text())


def test_optimize_asks_a_python_function_and_begins_at_a_run(trained, tmp_path, monkeypatch):
    (tmp_path / "flavour.py").write_text("def nitrogens(rows):\n    return [row.upper().count('N') for row in rows]\n")
    monkeypatch.chdir(tmp_path)
    words = ("--objective", "flavour:nitrogens", "-n", 3, "--calls", 40, "-o", tmp_path / "designs")
    found = document("molecules", "optimize", trained[0], *words)
    assert found["designs"] > 0


def test_a_latent_run_has_neighbours_paths_and_directions(latent, source, tmp_path):
    learned = [row.split(";")[1] for row in source.read_text().splitlines()[1:]]
    first, last = known_to(latent, learned, tmp_path)
    found = document("molecules", "neighbours", latent, first, "-n", 5, "--radius", 3, "-o", tmp_path / "near.csv")
    assert found["count"] == len(rows(tmp_path / "near.csv"))
    words = (first, last, "--steps", 6, "-o", tmp_path / "path.csv", "--draw", tmp_path / "path.svg")
    document("molecules", "between", latent, *words)
    path = rows(tmp_path / "path.csv")
    assert (path[0]["smiles"], path[-1]["smiles"]) == (first, last)
    assert DRAWN.search((tmp_path / "path.svg").read_text())
    document("molecules", "edit", latent, first, "--property", "logp", "-o", tmp_path / "edited.csv")
    assert rows(tmp_path / "edited.csv")[0]["smiles"] == first


def known_to(latent: Path, learned: list[str], folder: Path) -> tuple[str, str]:
    """Two molecules that a hardly trained autoencoder gives back as they were."""
    found = []
    for smiles in learned:
        if run(["molecules", "neighbours", str(latent), smiles, "-n", "1", "-o", str(folder / "try.csv"), "-q"]) == 0:
            found.append(smiles)
        if len(found) == 2:
            return found[0], found[1]
    raise AssertionError("the autoencoder knows none of its molecules")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("train", "absent.smi"), "absent.smi"),
        (("inspect", "words.smi"), "words.smi"),
        (("train", "kinds.csv", "--labels", "colour", "--out", "run"), "colour"),
        (("train", "kinds.csv", "--budget", "soon", "--out", "run"), "soon"),
        (("train", "ten.smi", "--out", "run"), "only 10 usable records"),
        (("train", "kinds.csv", "--model", "diffusion", "--out", "run"), "diffusion"),
        (("train", "kinds.csv", "--units", "furlongs", "--out", "run"), "furlongs"),
        (("inspect", "bytes.smi"), "bytes.smi"),
        (("inspect", "huge.smi"), "10000"),
        (("clean", "words.smi", "-o", "clean.csv"), "words.smi"),
        (("clean", "kinds.csv", "-o", "clean.docx"), "clean.docx"),
        (("generate", "RUN", "--where", "kind=base", "-o", "made.csv"), "acid, amine"),
        (("generate", "RUN", "--screen", "absent.smi", "-o", "made.csv"), "absent.smi"),
        (("generate", "RUN", "--contains", "c1ccc(", "-o", "made.csv"), "c1ccc("),
        (("generate", "RUN", "--scaffold", "c1ccc(", "-o", "made.csv"), "c1ccc("),
        (("generate", "RUN", "--scaffold", "c1ccccc1[*]", "--keep", "0.5", "-o", "made.csv"), "keep"),
        (("generate", "RUN", "--keep", "2", "-o", "made.csv"), "--keep"),
        (("evaluate", "kinds.csv"), "--reference"),
        (("evaluate", "kinds.csv", "--reference", "absent.smi"), "absent.smi"),
        (("neighbours", "RUN", "CCO"), "latent"),
        (("optimize", "kinds.csv", "--objective", "no.such:thing", "-o", "designs"), "no.such"),
        (("optimize", "kinds.csv", "--objective", "toxicity:score", "-o", "designs"), "tox"),
        (("optimize", "kinds.csv", "--objective", "qed", "--must", "[U]", "-o", "designs"), "--must"),
        (("predict", "train", "bare.smi", "--out", "run"), "no labels"),
        (("predict", "run", "RUN", "kinds.csv"), "RUN"),
        (("screen", "absent.smi"), "absent.smi"),
    ],
)
def test_mistakes_are_one_line_and_code_2(words, said, source, trained, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kinds.csv").write_text(source.read_text())
    (tmp_path / "words.smi").write_text("this is no molecule!\n12345\n")
    (tmp_path / "bytes.smi").write_bytes(bytes(range(256)) * 8)
    (tmp_path / "huge.smi").write_text(f"{'C' * 10_000}\n")
    (tmp_path / "ten.smi").write_text("".join(f"{'C' * i}O\n" for i in range(1, 11)))
    (tmp_path / "bare.smi").write_text("".join(f"{'C' * i}O\n" for i in range(1, 30)))
    (tmp_path / "toxicity.py").write_text("def score(rows):\n    return [1.0 for _ in rows]\n")
    given = [str(trained[0]) if word == "RUN" else word for word in words]
    expected = str(trained[0]) if said == "RUN" else said
    capfd.readouterr()
    code = run(["molecules", *given, "--quiet"])
    stdout, stderr = capfd.readouterr()
    assert code == 2, stderr
    assert stdout == ""
    assert len(stderr.splitlines()) == 1, stderr
    assert expected in stderr
    assert not (tmp_path / "made.csv").exists()
    assert not (tmp_path / "designs").exists()
