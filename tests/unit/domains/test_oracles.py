"""What oracles of every domain share: specifications, functions, commands, sums, judges."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from vivogan.domains.oracles import (
    Gain,
    Oracle,
    Words,
    agreement,
    checked,
    command,
    function,
    independent,
    parsed,
    total,
)
from vivogan.errors import UserError

WORDS = Words("--objective", "molecules")
LENGTHS = "import sys\nfor line in {source}: print(len(line.strip()))"


@pytest.mark.parametrize(
    ("spec", "what", "weight"),
    [
        ("a", "a", 1), ("-a", "a", -1), (" - a * 2 ", "a", -2), ("a*-.5", "a", -0.5), ("-a*-1e1", "a", 10),
        ("runs/a:b@lcb", "runs/a:b@lcb", 1), ("f(C*2)", "f(C*2)", 1), ("ls -l *2", "ls -l", 2),
    ],
)  # fmt: skip
def test_specifications(spec: str, what: str, weight: float) -> None:
    assert parsed(spec) == (what, weight)


def test_nothing_is_no_specification() -> None:
    with pytest.raises(UserError, match="without a name"):
        parsed("  ")


def test_functions_are_told_by_their_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_lengths.py").write_text("def f(x):\n    return [len(s) for s in x]\ndef g(x):\n    return 1 / 0\n")
    monkeypatch.chdir(tmp_path)
    values = function("own_lengths:f", WORDS)
    assert values is not None
    assert values(["ab", "c"]).tolist() == [2, 1]
    assert function("no function", WORDS) is None
    assert str(tmp_path) not in sys.path
    with pytest.raises(UserError, match=r"--objective own_lengths:h: cannot be imported \(AttributeError"):
        function("own_lengths:h", WORDS)
    broken = function("own_lengths:g", WORDS)
    assert broken is not None
    with pytest.raises(UserError, match=r"--objective own_lengths:g: failed \(ZeroDivisionError"):
        broken(["a"])


def test_commands_are_told_by_being_installed() -> None:
    for source, place in (("sys.stdin", ""), ("open(sys.argv[1])", " {}")):
        values = command(f"{sys.executable} -c '{LENGTHS.format(source=source)}'{place}", WORDS)
        assert values is not None
        assert values(["abc", "d"]).tolist() == [3, 1]
    assert command("no-such-command-anywhere -x", WORDS) is None
    with pytest.raises(UserError, match="Close the quotation marks"):
        command("ls 'a", WORDS)


def test_a_command_that_fails_says_why_in_one_line() -> None:
    values = command(f'{sys.executable} -c "import sys; sys.exit(chr(10).join([chr(97), chr(98)]))"', WORDS)
    assert values is not None
    with pytest.raises(UserError, match="exit status 1: b"):
        values(["a"])


def test_one_number_a_record_and_infinities_are_unknown() -> None:
    assert np.isnan(checked("a", np.array([1.0, np.inf]), 2)).tolist() == [False, True]
    with pytest.raises(UserError, match=r"--objective a: gave 1 numbers for 2 molecules"):
        checked("a", np.array([1.0]), 2, WORDS)


def test_the_sum_is_in_the_oracles_own_units() -> None:
    two = [Oracle("a", lambda s: np.zeros(len(s)), 2.0), Oracle("b", lambda s: np.zeros(len(s)), -1.0)]
    assert total([np.array([1.0]), np.array([3.0])], two).tolist() == [-1.0]
    assert Oracle("a", lambda s: np.ones(len(s)), -3.0)(["x"]).tolist() == [-3.0]


def test_a_judge_takes_no_part() -> None:
    same = SimpleNamespace(same_as=lambda other: "is the same predictor as")
    free = SimpleNamespace(same_as=lambda other: "")
    own = Oracle("a", lambda s: np.zeros(len(s)), learned=same)
    with pytest.raises(UserError, match="is the oracle itself"):
        independent(Oracle("a", lambda s: np.zeros(len(s))), [own])
    with pytest.raises(UserError, match="same predictor"):
        independent(Oracle("b", lambda s: np.zeros(len(s)), learned=same), [own])
    independent(Oracle("b", lambda s: np.zeros(len(s)), learned=free), [own])
    independent(Oracle("b", lambda s: np.zeros(len(s))), [own])


def test_gains_are_in_deviations_of_the_start() -> None:
    before = np.array([0.0, 2.0, np.nan])
    one, other = Gain("score", before, np.array([4.0])), Gain("judge", before, np.array([1.2]))
    assert (one.shift, one.deviations) == (3.0, 3.0)
    assert not Gain("none", before, np.zeros(0)).known
    assert "disagrees" in agreement([one, other])
    assert "confirms" in agreement([one, one])
    assert "no gain" in agreement([other, one])
