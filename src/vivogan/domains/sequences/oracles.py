"""Oracles: whatever gives sequences a number. A trained predictor, a Python function, or a command."""

from __future__ import annotations

import importlib
import math
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vivogan.core.files import write_text
from vivogan.domains.sequences.codec import SequenceCodec
from vivogan.domains.sequences.tools.learned import Learned, learned
from vivogan.errors import UserError

Floats = NDArray[np.float64]
Values = Callable[[list[str]], Floats]
SPEC = re.compile(r"\s*(?P<sign>-?)\s*(?P<body>.+?)\s*(?:\*\s*(?P<weight>-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?))?\s*")
FUNCTION = re.compile(r"(?P<module>[A-Za-z_][\w.]*):(?P<name>[A-Za-z_]\w*)")
PLACE = "{}"  # in a command: the file of sequences


@dataclass(frozen=True)
class Oracle:
    """``oracle(sequences) -> [n]``, higher is better, NaN for what cannot be judged.

    ``values`` are what it says, in its own unit; the score is ``weight`` times that, so a negative weight (a ``-``
    before the spec) is for what should be low. Toxicity and haemolysis are such things: the sign is up to the user.
    """

    name: str
    values: Values
    weight: float = 1.0
    learned: Learned | None = None

    def __call__(self, sequences: list[str]) -> Floats:
        return self.weight * self.values(sequences)

    def reading(self, codec: SequenceCodec) -> Oracle:
        """The same for the sequences of a generator: a predictor of proteins is given what reading frames spell."""
        return self if self.learned is None else replace(self, values=self.learned.values(codec))


def oracle(spec: str) -> Oracle:
    """The oracle of a specification ``[-]WHAT[*weight]`` (``-`` and a weight below 0 lower it), where WHAT is one of

    * ``runs/mic`` or ``runs/mic:column``, a trained predictor (for classes the column is the class, and the value its
      probability); with ``@lcb`` at the end one standard deviation is taken off the score, for caution;
    * ``module:function``, a Python function from a list of n sequences to n numbers, also of the current folder;
    * ``command --with options {}``, run without a shell: reads sequences one a line, from the file that stands for
      ``{}`` or else from its input, and prints one number a line.

    Raises ``UserError`` when there is no such thing.
    """
    match = SPEC.fullmatch(spec)
    if match is None:
        raise UserError("an oracle without a name", "Give a run folder, module:function, or a command")
    body, weight = match["body"], float(match["weight"] or 1) * (-1 if match["sign"] else 1)
    for reads in KINDS:
        found = reads(body, weight)
        if found is not None:
            return found
    raise UserError(
        f"--oracle {spec}: no run folder, function or command of this name",
        "Give a run folder (runs/mic or runs/mic:column), module:function, or a command that is installed",
    )


def _run(body: str, weight: float) -> Oracle | None:
    found = learned(body, -1.0 if weight < 0 else 1.0)
    return None if found is None else Oracle(body, found.values(), weight, found)


def _function(body: str, weight: float) -> Oracle | None:
    match = FUNCTION.fullmatch(body)
    if match is None:
        return None
    with _current_folder():
        try:
            function = getattr(importlib.import_module(match["module"]), match["name"])
        except Exception as error:  # whatever the user's module does while it is imported
            raise UserError(f"--oracle {body}: cannot be imported ({type(error).__name__}: {error})") from error

    def values(sequences: list[str]) -> Floats:
        try:
            said = np.asarray(function(list(sequences)), np.float64)
        except Exception as error:
            raise UserError(
                f"--oracle {body}: failed ({type(error).__name__}: {error})", "Mend the function"
            ) from error
        return checked(body, said, len(sequences))

    return Oracle(body, values, weight)


def _command(body: str, weight: float) -> Oracle | None:
    try:
        words = shlex.split(body)
    except ValueError as error:
        raise UserError(f"--oracle {body}: {error}", "Close the quotation marks") from error
    if not words or shutil.which(words[0]) is None:
        return None
    return Oracle(body, lambda sequences: checked(body, _printed(body, words, sequences), len(sequences)), weight)


def _printed(body: str, words: list[str], sequences: Sequence[str]) -> Floats:
    """The numbers that a command prints."""
    text = "".join(sequence + "\n" for sequence in sequences)
    with tempfile.TemporaryDirectory(prefix="vivogan-oracle-") as folder:
        file = Path(folder, "sequences.txt")
        given = any(PLACE in word for word in words)
        if given:
            write_text(file, text)
        filled = [word.replace(PLACE, str(file)) for word in words]
        try:
            done = subprocess.run(filled, input=None if given else text, capture_output=True, text=True, check=False)
        except OSError as error:
            raise UserError(f"--oracle {body}: cannot be started ({error.strerror})") from error
    if done.returncode:
        said = [line for line in (done.stderr + "\n" + done.stdout).splitlines() if line.strip()]
        raise UserError(
            f"--oracle {body}: exit status {done.returncode}: {said[-1].strip() if said else 'it said nothing'}"
        )
    lines = done.stdout.split("\n")
    try:
        return np.array([float(line) for line in lines if line.strip()])
    except ValueError as error:
        raise UserError(f"--oracle {body}: {error}", "It must print one number a line, nan for invalid ones") from error


def checked(name: str, values: Floats, count: int) -> Floats:
    """The values, when there is one for each sequence; infinities are invalid too."""
    if values.shape != (count,):
        raise UserError(
            f"--oracle {name}: gave {values.size} numbers for {count} sequences", "It must give one for each"
        )
    return np.where(np.isfinite(values), values, math.nan)


@contextmanager
def _current_folder() -> Iterator[None]:
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        yield
    finally:
        sys.path.remove(here)


KINDS: tuple[Callable[[str, float], Oracle | None], ...] = (_run, _function, _command)


def total(values: Sequence[Floats], oracles: Sequence[Oracle]) -> Floats:
    """The objective [n] of what each oracle says: the plain weighted sum, in the oracles' own units.

    So a weight says how many units of one objective a unit of another is worth. NaN where any oracle gave NaN.
    """
    return np.sum([o.weight * v for o, v in zip(oracles, values, strict=True)], axis=0)


def independent(judge: Oracle, oracles: Sequence[Oracle]) -> None:
    """Raises ``UserError`` when the judge is one of the oracles, or a predictor that was learned in the same way."""
    for other in oracles:
        if judge.name == other.name:
            raise UserError(f"--judge {judge.name}: is the oracle itself", "Judge by a predictor that takes no part")
        if judge.learned is not None and other.learned is not None:
            same = judge.learned.same_as(other.learned)
            if same:
                raise UserError(f"--judge {judge.name}: {same} {other.name}", "Train it with another --seed or kind")
