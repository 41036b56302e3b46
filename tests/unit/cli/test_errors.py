"""What a failure looks like: one line on stderr, nothing on stdout, and the exit code that scripts rely on."""

import subprocess
import sys
from pathlib import Path

import pytest

from vivogan.cli.app import run
from vivogan.errors import DamagedRun, InputError, RunInUse, SettingsError, TrainingStopped, UserError


def one_line(capsys):
    shown = capsys.readouterr()
    assert shown.out == ""
    lines = shown.err.splitlines()
    assert len(lines) == 1, shown.err
    return lines[0]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UserError("runs/x: not a run", "Train one first"), 2),
        (InputError("cells/a.png", "cut short", record=3, mend="Copy it again"), 2),
        (SettingsError("seed: 0 → 1"), 2),
        (RunInUse("runs/x: process 7 holds it"), 2),
        (DamagedRun("runs/x: no valid checkpoint"), 3),
        (TrainingStopped("the discriminator died", diagnosis="three rollbacks"), 4),
    ],
)
@pytest.mark.parametrize("line", ["images train cells", "images train cells --json", "images evaluate r", "report r"])
def test_a_known_error_is_one_line_and_its_code(workflow, capsys, line, error, code):
    workflow.error = error
    assert run(line.split()) == code
    assert one_line(capsys) == f"vivogan: {error}"


def test_interruption_is_130_and_says_how_to_continue(workflow, capsys):
    workflow.error = KeyboardInterrupt()
    assert run(["images", "train", "cells"]) == 130
    assert "same command again" in one_line(capsys)


def test_a_bug_names_the_file_that_holds_its_traceback(workflow, capsys):
    workflow.error = RuntimeError("tensors\ndisagree")
    assert run(["images", "train", "cells"]) == 1
    line = one_line(capsys)
    assert "this is a bug in vivogan" in line
    assert "RuntimeError: tensors disagree" in line
    log = Path(line.rsplit(" ", 1)[1])
    try:
        assert "Traceback (most recent call last)" in log.read_text()
    finally:
        log.unlink()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("imges", "Did you mean 'images'?"),
        ("images train", "'PATH'"),
        ("images train cells --colour red", "--colour"),
        ("images train cells --device tpu", "'tpu' is not one of 'auto', 'cpu', 'cuda'"),
        ("images train cells --threads 0", "--threads"),
        ("images generate runs/c -n 0", "-n"),
        ("images generate runs/c --keep 0", "--keep"),
        ("images generate runs/c --keep 1.5", "--keep"),
        ("images generate runs/c --truncation 0", "--truncation"),
        ("images generate runs/c --where monocyte", "--where type=monocyte"),
        ("images generate runs/c --where type=a --where type=b", "both a and b"),
    ],
)
def test_a_wrong_command_is_one_line_that_says_what(workflow, capsys, line, said):
    assert run(line.split()) == 2
    assert said in one_line(capsys)
    assert workflow.called == {}


def test_a_closed_pipe_is_no_error():
    """``vivogan … | head -1``: the reader goes away after one line."""
    script = "from vivogan.cli.app import run; import sys; sys.exit(run(['images', 'train', '--help']))"
    program = subprocess.Popen([sys.executable, "-u", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert program.stdout is not None
    program.stdout.readline()
    program.stdout.close()
    assert program.stderr is not None
    assert b"Traceback" not in program.stderr.read()
    program.wait()
