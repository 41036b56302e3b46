"""Every command explains itself, with an example that parses."""

import shlex

import pytest

from vivogan.cli.app import run

COMMANDS = ["images inspect", "images train", "images generate", "images evaluate", "report", "doctor", "demo"]


def example(text: str) -> list[str]:
    """The words of the example in a command's help."""
    line = next(line for line in text.splitlines() if line.strip().startswith("Example:"))
    return shlex.split(line.partition("vivogan ")[2])


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_of_this_command_that_runs(workflow, capsys, command):
    assert run([*command.split(), "--help"]) == 0
    words = example(capsys.readouterr().out)
    assert words[: len(command.split())] == command.split()
    assert run(words) == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_speaks_json_and_keeps_quiet(capsys, command):
    assert run([*command.split(), "-h"]) == 0
    shown = capsys.readouterr().out
    assert "--json" in shown
    assert "--quiet" in shown


@pytest.mark.parametrize("command", ["images train", "demo"])
def test_training_commands_share_their_options(capsys, command):
    assert run([*command.split(), "-h"]) == 0
    shown = capsys.readouterr().out
    for option in ("--seed", "--device", "--threads", "--budget", "--out"):
        assert option in shown


@pytest.mark.parametrize("line", ["", "images"])
def test_a_noun_alone_shows_its_help(capsys, line):
    assert run(line.split()) == 2
    shown = capsys.readouterr()
    assert "Usage:" in shown.out
    assert shown.err == ""
