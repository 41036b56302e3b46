"""Oracles: whatever gives records a number. What every domain shares: specification, function, command, judgement."""

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
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vivogan.core.files import write_text
from vivogan.errors import UserError

Floats = NDArray[np.float64]
Values = Callable[[list[str]], Floats]
NUMBER = r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
SPEC = re.compile(rf"\s*(?P<sign>-?)\s*(?P<body>\S.*?)\s*(?:\*\s*(?P<weight>{NUMBER}))?\s*")
FUNCTION = re.compile(r"(?P<module>[A-Za-z_][\w.]*):(?P<name>[A-Za-z_]\w*)")
PLACE = "{}"  # in a command: the file of records
CONFIRMED = 0.5  # share of the oracle's gain that a judge must see, in standard deviations of the start
NOTABLE = 0.5  # standard deviations that count as a gain


class Learned(Protocol):
    """One output of a trained predictor."""

    def same_as(self, other: Any) -> str:
        """How this predictor is the other one again; empty where it is not."""


@dataclass(frozen=True)
class Oracle:
    """``oracle(records) -> [n]``, higher is better, NaN for what cannot be judged.

    ``values`` are what it says of n records (strings), in its own unit; the score is ``weight`` times that, so a
    negative weight (a ``-`` before the spec) is for what should be low. ``learned`` is the predictor, where it is one.
    """

    name: str
    values: Values
    weight: float = 1.0
    learned: Any = None

    def __call__(self, records: list[str]) -> Floats:
        return self.weight * self.values(records)


@dataclass(frozen=True)
class Words:
    """What the user calls things: the option that names an oracle, and what it is asked about."""

    option: str = "--oracle"
    things: str = "sequences"


def parsed(spec: str) -> tuple[str, float]:
    """WHAT and weight of a specification ``[-]WHAT[*weight]``. Raises ``UserError``."""
    match = SPEC.fullmatch(spec)
    if match is None:
        raise UserError("an oracle without a name", "Give a run folder, module:function, or a command")
    return match["body"], float(match["weight"] or 1) * (-1 if match["sign"] else 1)


def function(body: str, words: Words = Words()) -> Values | None:
    """The values that ``module:function`` gives, also of the current folder; None where ``body`` is no such thing.

    The function takes a list of n strings and gives n numbers. Raises ``UserError`` when it cannot be imported.
    """
    match = FUNCTION.fullmatch(body)
    if match is None:
        return None
    with _current_folder():
        try:
            given = getattr(importlib.import_module(match["module"]), match["name"])
        except Exception as error:  # whatever the user's module does while it is imported
            raise UserError(f"{words.option} {body}: cannot be imported ({type(error).__name__}: {error})") from error

    def values(records: list[str]) -> Floats:
        try:
            said = np.asarray(given(list(records)), np.float64)
        except Exception as error:
            raise UserError(
                f"{words.option} {body}: failed ({type(error).__name__}: {error})", "Mend the function"
            ) from error
        return checked(body, said, len(records), words)

    return values


def command(body: str, words: Words = Words()) -> Values | None:
    """The values that a command prints; None where none of this name is installed.

    It runs without a shell, reads records one a line, from the file that stands for ``{}`` or else from its input, and
    prints one number a line.
    """
    try:
        parts = shlex.split(body)
    except ValueError as error:
        raise UserError(f"{words.option} {body}: {error}", "Close the quotation marks") from error
    if not parts or shutil.which(parts[0]) is None:
        return None
    return lambda records: checked(body, _printed(body, parts, records, words), len(records), words)


def _printed(body: str, parts: list[str], records: Sequence[str], words: Words) -> Floats:
    """The numbers that a command prints."""
    text = "".join(record + "\n" for record in records)
    with tempfile.TemporaryDirectory(prefix="vivogan-oracle-") as folder:
        file = Path(folder, f"{words.things}.txt")
        given = any(PLACE in part for part in parts)
        if given:
            write_text(file, text)
        filled = [part.replace(PLACE, str(file)) for part in parts]
        try:
            done = subprocess.run(filled, input=None if given else text, capture_output=True, text=True, check=False)
        except OSError as error:
            raise UserError(f"{words.option} {body}: cannot be started ({error.strerror})") from error
    if done.returncode:
        said = [line for line in (done.stderr + "\n" + done.stdout).splitlines() if line.strip()]
        raise UserError(
            f"{words.option} {body}: exit status {done.returncode}: {said[-1].strip() if said else 'it said nothing'}"
        )
    lines = done.stdout.split("\n")
    try:
        return np.array([float(line) for line in lines if line.strip()])
    except ValueError as error:
        raise UserError(
            f"{words.option} {body}: {error}", "It must print one number a line, nan for invalid ones"
        ) from error


def checked(name: str, values: Floats, count: int, words: Words = Words()) -> Floats:
    """The values, when there is one for each record; infinities are invalid too."""
    if values.shape != (count,):
        raise UserError(
            f"{words.option} {name}: gave {values.size} numbers for {count} {words.things}",
            "It must give one for each",
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


# ── what came of it ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Gain:
    """How a score moved: of records before [n] and after [m], in its own unit and in deviations of the start."""

    name: str
    before: Floats
    after: Floats

    @property
    def shift(self) -> float:
        """The difference of the means."""
        return float(np.nanmean(self.after) - np.nanmean(self.before)) if self.known else float("nan")

    @property
    def deviations(self) -> float:
        """The same, over the standard deviation at the start."""
        return self.shift / max(float(np.nanstd(self.before)), 1e-12) if self.known else float("nan")

    @property
    def known(self) -> bool:
        return bool(np.isfinite(self.before).any() and np.isfinite(self.after).any())

    def to_dict(self) -> dict[str, Any]:
        shares = (0.0, 0.1, 0.5, 0.9, 1.0)
        said = {
            when: {f"{share:g}": float(np.nanquantile(values, share)) for share in shares}
            | {"mean": float(np.nanmean(values)), "n": int(np.isfinite(values).sum())}
            for when, values in (("before", self.before), ("after", self.after))
            if np.isfinite(values).any()
        }
        return {"name": self.name, "shift": self.shift, "deviations": self.deviations} | said


def told(gain: Gain) -> str:
    if not gain.known:
        return f"{gain.name}: could not be compared"
    before, after = float(np.nanmean(gain.before)), float(np.nanmean(gain.after))
    return f"{gain.name}: mean {before:.4g} → {after:.4g} ({gain.deviations:+.2f} standard deviations of the start)"


def agreement(gains: Sequence[Gain]) -> str:
    """Whether the judge saw what the oracles saw."""
    if len(gains) == 1:
        return "No judge took part: the gain is the oracles' own word"
    own, judged = gains[0].deviations, gains[1].deviations
    if not own >= NOTABLE:
        return "The oracles saw no gain worth judging"
    if judged >= CONFIRMED * own:
        return f"The judge confirms the gain ({judged:+.2f} of {own:+.2f} standard deviations)"
    return (
        f"The judge disagrees: {judged:+.2f} standard deviations where the oracles see {own:+.2f}. "
        "The designs please the oracles more than they are good (over-optimised)"
    )
