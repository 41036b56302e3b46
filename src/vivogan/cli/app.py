"""The command ``vivogan``: its nouns, and what every failure turns into."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

import vivogan
from vivogan.cli import demo, doctor, expression, images, molecules, report, sequences
from vivogan.errors import VivoganError

INTERRUPTED = 130
# typer carries its own copy of click; this is that copy's "the command line is wrong", by its public subclass.
UsageError: type[Exception] = typer.BadParameter.__mro__[1]

app = typer.Typer(
    name="vivogan",
    help="Learn the distribution of a biological data set, make more of it, and judge it honestly.",
    epilog="Start with:  vivogan demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(images.app, name="images")
app.add_typer(sequences.app, name="sequences")
app.add_typer(molecules.app, name="molecules")
app.add_typer(expression.app, name="expression")
app.command("report")(report.report)
app.command("doctor")(doctor.doctor)
app.command("demo")(demo.demo)


def main() -> NoReturn:
    """The entry point of the ``vivogan`` script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code. Every failure is one line on stderr, never a traceback."""
    try:
        code = app(list(arguments), prog_name="vivogan", standalone_mode=False)
    except VivoganError as error:
        return _failed(str(error), error.exit_code)
    except UsageError as error:
        line = _usage(error)
        return _failed(line, 2) if line else 2
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        return _failed(_bug(error), 1)
    if code == INTERRUPTED:
        return _failed("interrupted. A run keeps its last checkpoint; give the same command again to continue", code)
    return code if isinstance(code, int) else 0


def _failed(line: str, code: int) -> int:
    print(f"vivogan: {line}", file=sys.stderr)
    return code


def _usage(error: Exception) -> str:
    """The parser's message, with where to read on; empty when the help itself was the message."""
    message = " ".join(error.format_message().split()).replace("Value error, ", "")  # type: ignore[attr-defined]
    if not message:
        return ""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "vivogan"
    return f"{message.removesuffix('.')}{'' if message.endswith('?') else '.'} See: {command} --help"


def _bug(error: Exception) -> str:
    """Put the traceback where the user can find it, and say so in one line."""
    trace = "".join(traceback.format_exception(error))
    what = f"this is a bug in vivogan {vivogan.__version__} ({type(error).__name__}: {error})"
    what = " ".join(what.split())
    try:
        with tempfile.NamedTemporaryFile("w", prefix="vivogan-", suffix=".log", delete=False, encoding="utf-8") as log:
            log.write(f"vivogan {' '.join(sys.argv[1:])}\n\n{trace}")
    except OSError:
        return f"{what}. The traceback could not be written to {tempfile.gettempdir()}"
    return f"{what}. Please report it with {log.name}"


def _version(wanted: bool) -> None:
    if wanted:
        print(f"vivogan {vivogan.__version__}")
        raise typer.Exit()


@app.callback()
def _everywhere(
    version: Annotated[
        bool,
        typer.Option("--version", metavar="", callback=_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Learn the distribution of a biological data set, make more of it, and judge it honestly."""
