"""Oracles: predictors, functions and commands, their signs and weights, and what is said when they fail."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from vivogan.domains.sequences.alphabets import DNA, GAP, PROTEIN
from vivogan.domains.sequences.codec import SequenceCodec
from vivogan.domains.sequences.oracles import Oracle, independent, oracle, total
from vivogan.domains.sequences.tools.learned import Learned, bridge
from vivogan.domains.sequences.tools.predictor import Predictor, PredictPlan, fit_predictor
from vivogan.domains.tasks.targets import Targets
from vivogan.errors import UserError

CODONS = SequenceCodec(DNA, (*(a + b + c for a in "ACGT" for b in "ACGT" for c in "ACGT"), ""), 6)
BASES = SequenceCodec(DNA, tuple("ACGT"), 12)
PEPTIDES = SequenceCodec(PROTEIN, (*PROTEIN.letters, ""), 8)
COUNT_G = 'import sys; [print(line.strip().count("G")) for line in {source}]'


def lysines(codec: SequenceCodec, seed: int = 0) -> Predictor:
    """A ridge that has learned how many K a peptide has."""
    rng = np.random.default_rng(seed)
    sequences = ["".join(rng.choice(list(PROTEIN.letters + "KKKK"), rng.integers(3, 8))) for _ in range(80)]
    y = np.array([[s.count("K"), s.count("L")] for s in sequences], float)
    targets = Targets(["k", "l"])
    return fit_predictor(sequences, y, targets, codec, np.arange(80) % 4, PredictPlan(kind="kmers", landmarks=60), seed)


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return lysines(PEPTIDES)


def learned(predictor: Predictor, folder: Path, **changes: Any) -> Learned:
    folder.mkdir(exist_ok=True)
    if not (folder / "model.safetensors").exists():
        (folder / "model.safetensors").write_bytes(folder.name.encode())
    known = {"task": "activity", "kind": "kmers", "seed": 0} | changes
    return Learned(predictor, 0, 0.0, folder, **known)


def test_a_function_also_of_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_scores_for_test.py").write_text(
        "def gs(sequences):\n    return [s.count('G') for s in sequences]\n"
    )
    monkeypatch.chdir(tmp_path)
    assert oracle("own_scores_for_test:gs")(["GG", "A"]).tolist() == [2, 0]
    for spec in ("-own_scores_for_test:gs*0.5", "own_scores_for_test:gs * -.5"):
        assert oracle(spec)(["GG", "A"]).tolist() == [-1, 0]
    assert str(tmp_path) not in sys.path


def test_commands_read_lines_or_a_file_without_a_shell() -> None:
    piped = oracle(f"{sys.executable} -c '{COUNT_G.format(source='sys.stdin')}'")
    filed = oracle(f"{sys.executable} -c '{COUNT_G.format(source='open(sys.argv[1])')}' {{}} * 2")
    assert piped(["GG", "AC", "G"]).tolist() == [2, 0, 1]
    assert (filed.weight, filed(["GG", "AC"]).tolist()) == (2, [4, 0])
    assert oracle("echo $HOME; 1").name == "echo $HOME; 1"  # arguments of echo, nothing more


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import sys; sys.exit('no such model')", "exit status 1: no such model"),
        ("print('high')", "could not convert string to float"),
        ("print(1)", "gave 1 numbers for 2 sequences"),
    ],
)
def test_commands_that_fail_say_why(code: str, said: str) -> None:
    spec = f'{sys.executable} -c "{code}"'
    with pytest.raises(UserError, match=said) as error:
        oracle(spec)(["A", "C"])
    assert sys.executable in str(error.value)
    assert "\n" not in str(error.value)


def test_infinite_and_missing_values_are_invalid() -> None:
    said = oracle(f"{sys.executable} -c \"print('nan'); print('inf'); print(1)\"")(["A", "C", "G"])
    assert np.isnan(said[:2]).all()
    assert said[2] == 1


@pytest.mark.parametrize("spec", ["nothing:here", "runs/none", "no-such-command --x", "", "math:nothing"])
def test_what_is_not_there_is_refused(spec: str) -> None:
    with pytest.raises(UserError):
        oracle(spec)


def test_a_function_that_raises_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_for_test.py").write_text("def f(sequences):\n    raise ValueError('bad\\nletters')\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"broken_for_test:f: failed \(ValueError: bad letters\)"):
        oracle("broken_for_test:f")(["A"])


def test_the_objective_is_the_plain_weighted_sum() -> None:
    two = [Oracle("a", lambda s: np.zeros(len(s)), 2.0), Oracle("b", lambda s: np.zeros(len(s)), -0.5)]
    assert total([np.array([1.0, 2, np.nan]), np.array([4.0, 0, 1])], two)[:2].tolist() == [0, 4]
    assert np.isnan(total([np.array([np.nan]), np.array([1.0])], two)[0])


# ── predictors ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_predictor_reads_the_proteins_of_reading_frames(predictor: Predictor, tmp_path: Path) -> None:
    own = learned(predictor, tmp_path / "a")
    made = Oracle("k", own.values(), learned=own).reading(CODONS)
    straight = predictor.predict(["MKKL"]).mean[0, 0]
    assert made(["ATGAAAAAGCTGTAA"])[0] == pytest.approx(straight)
    assert np.isnan(Oracle("k", own.values())(["M" * 9])[0])  # longer than it learned from
    cautious = replace(own, caution=-1.0).values()(["MKKL"])[0]
    assert cautious == pytest.approx(straight - predictor.predict(["MKKL"]).sd[0, 0])


def test_a_predictor_of_other_sequences_is_refused(predictor: Predictor, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="reads protein, the run generates DNA"):
        Oracle("k", str, learned=learned(predictor, tmp_path / "a")).reading(BASES)  # type: ignore[arg-type]


@pytest.mark.parametrize("sequences", [["ATGAAAAAGCTGTAA", "ATGTGGTGA", "ATGAAAAAACTGAAATAA"]])
def test_the_network_of_codons_agrees_with_what_the_predictor_says(
    predictor: Predictor, tmp_path: Path, sequences: Sequence[str]
) -> None:
    own = learned(predictor, tmp_path / "a")
    network = own.network(CODONS)
    assert network is not None
    x = CODONS.encoded(sequences).requires_grad_(True)
    said = network(x)
    assert said.detach().numpy() == pytest.approx(own.values(CODONS)(list(sequences)), abs=1e-4)
    said.sum().backward()
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()
    assert x.grad.abs().sum() > 0


def test_what_does_not_go_symbol_by_symbol_has_no_bridge() -> None:
    aligned = SequenceCodec(PROTEIN, (*PROTEIN.letters, GAP), 8, True)
    assert bridge(aligned, PEPTIDES) is None
    assert bridge(CODONS, BASES) is None
    assert torch.equal(bridge(BASES, BASES), torch.eye(4))  # type: ignore[arg-type]


def test_run_folders_are_opened_by_column(
    predictor: Predictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vivogan.domains.tasks import run as tasks

    folder = tmp_path / "oracle"
    folder.mkdir()
    (folder / "config.toml").write_text("")
    opened = SimpleNamespace(
        model=predictor, task=SimpleNamespace(name="activity"), plan=predictor.plan, config=SimpleNamespace(seed=3)
    )
    monkeypatch.setattr(tasks.TaskRun, "open", lambda *_, **__: opened)
    mean, sd = (part[0] for part in (predictor.predict(["KLL"]).mean, predictor.predict(["KLL"]).sd))
    assert oracle(f"{folder}:l")(["KLL"])[0] == pytest.approx(mean[1])
    assert oracle(f"-{folder}:k*0.5")(["KLL"])[0] == pytest.approx(-0.5 * mean[0])
    assert oracle(f"{folder}:k@lcb")(["KLL"])[0] == pytest.approx(mean[0] - sd[0])
    assert oracle(f"-{folder}:k@lcb")(["KLL"])[0] == pytest.approx(-(mean[0] + sd[0]))
    with pytest.raises(UserError, match="several"):
        oracle(str(folder))
    with pytest.raises(UserError, match="does not predict 'q'"):
        oracle(f"{folder}:q")


def test_the_judge_must_be_another_one(predictor: Predictor, tmp_path: Path) -> None:
    def one(name: str, folder: str, **changes: Any) -> Oracle:
        return Oracle(name, lambda s: np.zeros(len(s)), learned=learned(predictor, tmp_path / folder, **changes))

    own = one("runs/a", "a")
    with pytest.raises(UserError, match="the oracle itself"):
        independent(one("runs/a", "b"), [own])
    with pytest.raises(UserError, match="same predictor"):
        independent(one("./runs/a", "a", seed=1), [own])
    with pytest.raises(UserError, match=r"same kind \(kmers\) and seed \(0\)"):
        independent(one("runs/b", "b"), [own])
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "model.safetensors").write_bytes((tmp_path / "a" / "model.safetensors").read_bytes())
    with pytest.raises(UserError, match="same predictor"):
        independent(one("runs/copy", "copy", seed=5), [own])
    independent(one("runs/b", "b", seed=1), [own])
    independent(one("runs/b", "b", kind="cnn"), [own])
