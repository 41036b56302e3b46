"""Screening withholds what is on a list, says so, and never passes silently over a screener that failed."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivogan.domains.sequences.alphabets import DNA, PROTEIN, RNA
from vivogan.domains.sequences.records import SequenceRecords
from vivogan.domains.sequences.screening import (
    DATABASES,
    LIST,
    NOT_SCREENED,
    ScreenSettings,
    screen,
    screened,
    screeners,
)
from vivogan.domains.sequences.tools.commec import as_nucleic
from vivogan.domains.sequences.tools.matching import BASES, RESIDUES, Index, Listed, six_frames
from vivogan.errors import InputError, UserError

RNG = np.random.default_rng(0)


def random(letters: str, length: int) -> str:
    return "".join(RNG.choice(list(letters), length))


GENE = random("ACGT", 400)
TOXIN = random("ACDEFGHIKLMNPQRSTVWY", 60)


@pytest.fixture
def concern(tmp_path: Path) -> Path:
    path = tmp_path / "concern.fasta"
    path.write_text(f">gene of concern\n{GENE}\n>toxin\n{TOXIN}\n")
    return path


def mutated(text: str, places: list[int], letters: str) -> str:
    return "".join(letters[(letters.index(c) + 1) % len(letters)] if i in places else c for i, c in enumerate(text))


def hits(path: Path, sequence: str, alphabet: object = DNA) -> str:
    return Listed(path).judge(sequence, alphabet).hit  # type: ignore[arg-type]


def test_a_window_of_a_listed_gene_is_found_on_either_strand_and_as_rna(concern: Path) -> None:
    piece = random("ACGT", 30) + GENE[100:155] + random("ACGT", 30)
    assert hits(concern, piece).startswith("gene")
    assert hits(concern, DNA.reverse_complement(piece)).startswith("gene")
    assert hits(concern, piece.replace("T", "U"), RNA).startswith("gene")
    assert not hits(concern, random("ACGT", 300))


def test_the_threshold_is_five_differences_in_fifty_bases() -> None:
    index = Index([("gene", GENE)], BASES)
    piece = GENE[200:250]
    assert index.hit(mutated(piece, [4, 13, 22, 31, 40], "ACGT")) == "gene (45 of 50)"  # no word of 9 is left
    assert index.hit(mutated(piece, [4, 13, 22, 31, 40, 45], "ACGT")) == ""
    assert index.hit(piece[:49]) == ""


def test_a_protein_hides_neither_behind_other_codons_nor_in_a_frame(concern: Path) -> None:
    coding = as_nucleic(TOXIN[10:40], PROTEIN)
    assert hits(concern, "GA" + coding + "C").startswith("toxin")
    assert hits(concern, DNA.reverse_complement("GA" + coding + "C")).startswith("toxin")
    frame = next(f for f in six_frames(GENE) if max(map(len, f.split("*"))) >= 25)
    spelt = max(frame.split("*"), key=len)[:25]
    assert hits(concern, as_nucleic(spelt, PROTEIN)).startswith("gene")
    assert hits(concern, spelt, PROTEIN).startswith("gene")


@settings(max_examples=40, deadline=None)
@given(st.sets(st.integers(0, RESIDUES.window - 1), max_size=5), st.integers(0, 40))
def test_no_window_of_enough_equal_residues_is_missed(places: set[int], start: int) -> None:
    index = Index([("toxin", TOXIN)], RESIDUES)
    piece = mutated(TOXIN[start : start + RESIDUES.window], sorted(places), "ACDEFGHIKLMNPQRSTVWY")
    assert bool(index.hit(piece)) == (len(places) <= 3)


def test_short_entries_are_looked_for_whole(tmp_path: Path) -> None:
    path = tmp_path / "short.fasta"
    path.write_text(">conotoxin\nGCCSNPVCHLEHW\n")
    listed = Listed(path)
    assert listed.judge("AAGCCSNPVCHLEHWKK", PROTEIN).hit.startswith("conotoxin")
    assert not listed.judge("AAGCCSNPAAAAAHWKK", PROTEIN).hit
    assert not listed.judge("KKLLKWLKKLLK", PROTEIN).judged


@pytest.mark.parametrize("content", ["", ">a\nMKV\n"])
def test_a_list_that_cannot_screen_is_an_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "list.fasta"
    path.write_text(content)
    with pytest.raises(InputError):
        screen(["ACGT"], ["a"], DNA, ScreenSettings(listed=path))
    with pytest.raises(InputError, match="does not exist"):
        screeners(ScreenSettings(listed=tmp_path / "none.fasta"))


def test_what_is_withheld_is_named_and_gone(concern: Path) -> None:
    sequences = [random("ACGT", 120), GENE[:120], random("ACGT", 20)]
    records = SequenceRecords(sequences, {"kind": np.array(["x", "y", "z"])}, ["a", "b", "c"])
    kept, found = screened(records, ScreenSettings(listed=concern))
    assert (kept.sequences, kept.ids, kept.labels["kind"].tolist()) == (
        [sequences[0], sequences[2]],
        ["a", "c"],
        ["x", "z"],
    )
    assert kept.remarks == ["", NOT_SCREENED]  # 20 bases are too short to judge
    assert found.line == "1 of 3 sequences withheld by screening (list concern.fasta: b)"


def test_without_any_screener_every_header_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (LIST, DATABASES):
        monkeypatch.delenv(name, raising=False)
    kept, found = screened(SequenceRecords(["ACGT"] * 2, {}, ["a", "b"]), ScreenSettings.given())
    assert (found.status, found.line, kept.remarks) == (NOT_SCREENED, NOT_SCREENED, [NOT_SCREENED] * 2)


def test_the_environment_names_what_was_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIST, "mine.fasta")
    monkeypatch.setenv(DATABASES, "/dbs")
    assert ScreenSettings.given() == ScreenSettings(listed=Path("mine.fasta"), databases=Path("/dbs"))
    assert ScreenSettings.given("other.fasta").listed == Path("other.fasta")


# ── commec ──────────────────────────────────────────────────────────────────────────────────────────────────────────

FAKE = """#!{python}
import json, pathlib, sys
assert sys.argv[1] == "screen", sys.argv
arguments = sys.argv[2:]
out, source = pathlib.Path(arguments[arguments.index("-o") + 1]), pathlib.Path(arguments[-1])
assert pathlib.Path(arguments[arguments.index("-d") + 1]).is_dir()
statuses = json.loads({statuses!r})
names = [line[1:].strip() for line in source.read_text().splitlines() if line.startswith(">")]
queries = {{n: {{"query": n, "length": 1, "status": s, "hits": {{}}}} for n, s in zip(names, statuses)}}
(out / "queries.output.json").write_text(json.dumps({{"commec_info": {{}}, "queries": queries}}))
print("a last line", file=sys.stderr)
sys.exit({exit})
"""
STEPS = ("biorisk", "protein_taxonomy", "nucleotide_taxonomy")


def status(whole: str, step: str = "Pass", why: str = "-") -> dict[str, str]:
    return {"screen_status": whole, **dict.fromkeys(STEPS, step), "low_concern": "Skip", "rationale": why}


@pytest.fixture
def commec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ScreenSettings]:
    def install(*statuses: dict[str, str], exit_status: int = 0) -> ScreenSettings:
        script = tmp_path / "bin" / "commec"
        script.parent.mkdir(exist_ok=True)
        script.write_text(FAKE.format(python=sys.executable, statuses=json.dumps(statuses), exit=exit_status))
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
        (tmp_path / "dbs").mkdir(exist_ok=True)
        return ScreenSettings(databases=tmp_path / "dbs")

    return install


def test_commec_flags_and_warnings_of_a_step_withhold(commec: Callable[..., ScreenSettings]) -> None:
    asked = commec(
        status("Pass"),
        status("Flag", "Flag", "Matches pathogenic or toxin function"),
        status("Warning", "Pass", "No matches found during any stage of analysis"),  # as is usual for generated ones
        status("Warning", "Warning", "virulence factor"),
        status("Flag (Cleared)", "Flag (Cleared)"),
        status("Skip", "Skip", "Query is too short, and was skipped."),
    )
    found = screen(["ACGT" * 20] * 6, list("abcdef"), DNA, asked)
    assert found.kept.tolist() == [True, False, True, False, True, True]
    assert found.reasons[1] == "commec: Matches pathogenic or toxin function"
    assert found.remarks == [""] * 5 + [NOT_SCREENED]
    assert found.line == "2 of 6 sequences withheld by screening (commec: b, d)"


@pytest.mark.parametrize("broken", [status("Error", "Error"), status("Incomplete"), status("-"), {"biorisk": "Pass"}])
def test_a_step_that_failed_is_an_error(commec: Callable[..., ScreenSettings], broken: dict[str, str]) -> None:
    with pytest.raises(UserError, match="commec"):
        screen(["ACGT" * 20], ["a"], DNA, commec(broken))


def test_commec_that_crashes_or_forgets_a_sequence_is_an_error(commec: Callable[..., ScreenSettings]) -> None:
    with pytest.raises(UserError, match="exit status 3: a last line"):
        screen(["ACGT" * 20], ["a"], DNA, commec(status("Pass"), exit_status=3))
    with pytest.raises(UserError, match="judged 1 of 2"):
        screen(["ACGT" * 20] * 2, ["a", "b"], DNA, commec(status("Pass")))


def test_named_databases_without_commec_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="not installed"):
        screen(["ACGT"], ["a"], DNA, ScreenSettings(databases=tmp_path))


def test_commec_and_a_list_both_withhold(commec: Callable[..., ScreenSettings], concern: Path) -> None:
    asked = commec(status("Flag", "Flag", "bad"), status("Pass"))
    both = screen(
        [random("ACGT", 99), GENE[:99]], ["a", "b"], DNA, ScreenSettings(listed=concern, databases=asked.databases)
    )
    assert not both.kept.any()
    assert both.status == "screened by commec and list concern.fasta"


def test_proteins_are_translated_back_for_commec() -> None:
    from Bio.Seq import translate

    letters = PROTEIN.letters
    assert translate(as_nucleic(letters, PROTEIN)) == letters
    assert as_nucleic("M-XU", PROTEIN) == "ATGNNNTGC"
    assert as_nucleic("ACGU-N", RNA) == "ACGTN"
