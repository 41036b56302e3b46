"""What is asked of molecules, several things at once: each a desirability between 0 and 1, joined by a geometric mean.

Toxicity can be asked to fall, never to rise; ``refuse_toxic`` is the one place that says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.molecules.chemistry import Mol
from vivogan.domains.molecules.oracles import WORDS, Oracle, oracle, pattern, unit_range
from vivogan.domains.oracles import NUMBER, parsed
from vivogan.errors import UserError

Floats = NDArray[np.float64]
WINDOW = re.compile(
    rf"(?P<what>.+?)\s*(?:<\s*(?P<below>{NUMBER})|>\s*(?P<above>{NUMBER})"
    rf"|=\s*(?P<low>{NUMBER})\s*\.\.\s*(?P<high>{NUMBER}))"
)
LEAST = 1e-6  # desirability of what could not be worse: the mean of the rest still says which way is up
SHOULDER = 0.5  # of a window, in standard deviations of the start

# ── toxicity ────────────────────────────────────────────────────────────────────────────────────────────────────────

# Names of what harms: general words, and the panels and assays of Tox21, ClinTox and TDC.
TOXIC = re.compile(
    r"tox|herg|kcnh2|(?<![a-z])ames(?![a-z])|mutagen|carcinogen|teratogen|lethal|(?<![a-z])p?(?:ld|lc)_?50|(?<![a-z])dili(?![a-z])"
    r"|liver_?injury|skin_?(?:reaction|sensiti)|(?<![a-z])(?:nr|sr)[-_](?:ar|ahr|aromatase|er|ppar|are|atad5|hse|mmp|p53)"
    r"|adverse|side_?effect|ha?emoly|phospholipidosis|seizure|nerve_?agent|poison|venom",
    re.IGNORECASE,
)
HARMLESS = re.compile(r"non[-_ ]?toxic|no[-_ ]?tox|not[-_ ]toxic|detox|toxicity[-_ ]free", re.IGNORECASE)
DOSE = re.compile(r"(?<![a-z])(?:ld|lc)_?50|lethal[-_ ]?dose", re.IGNORECASE)  # more of it is less toxic


def refuse_toxic(names: Sequence[str], raised: bool, spec: str) -> None:
    """Raises ``UserError`` when an objective would raise toxicity.

    An objective is about toxicity when a name of it says so: of the run folder, its task or data, the predicted
    column, the function or the command (``TOXIC``; "nontoxic" and the like do not count). Such an objective must lower
    what it names: a minus sign, or a window with an upper bound only. Lethal doses (LD50, LC50) are refused in either
    direction, since a lower dose is more toxic while −log₁₀ of it rises with toxicity: pLD50 can be lowered.
    """
    said = [HARMLESS.sub("", name) for name in names]
    if any(DOSE.search(name) for name in said):
        raise UserError(
            f"{WORDS.option} {spec}: a lethal dose is no objective, since it is unclear which direction is harmful",
            "Train a predictor of −log10 of the dose, name it pLD50, and lower it with a minus sign",
        )
    if raised and any(TOXIC.search(name) for name in said):
        raise UserError(
            f"{WORDS.option} {spec}: would raise toxicity, which vivogan does not do",
            "Lower it: put a minus sign before it, or give an upper bound (<)",
        )


def names_of(found: Oracle) -> list[str]:
    """Every name by which an oracle says what it is about."""
    given: Any = found.learned
    known = [found.name]
    for field in ("task", "target", "recipe", "source", "folder"):
        value = getattr(given, field, None)
        if value is not None:
            known.append(str(value))
    return known


# ── desirability ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Desirability:
    """How good a value is, 0 … 1 (Derringer and Suich 1980), with smooth shoulders, which show the way from afar.

    With a window (``low``, ``high``; either may be infinite) it is 1 inside and falls as a Gaussian of ``width``
    outside. Without one (both None), ``sign`` 1 or −1 says which way is better: values that lie between 0 and 1 by
    definition (``share``) are taken as they are, others by a logistic function around ``centre``.
    """

    sign: float = 1.0
    low: float | None = None
    high: float | None = None
    share: bool = False
    centre: float = 0.0
    width: float = 1.0

    @property
    def window(self) -> bool:
        return self.low is not None or self.high is not None

    def __call__(self, values: Floats) -> Floats:
        """Of values [n]; NaN stays."""
        if self.window:
            low = -np.inf if self.low is None else self.low
            high = np.inf if self.high is None else self.high
            outside = np.maximum(np.maximum(low - values, values - high), 0)
            found = np.exp(-0.5 * (outside / self.width) ** 2)
        elif self.share:
            found = values if self.sign > 0 else 1 - values
        else:
            found = 1 / (1 + np.exp(-np.clip(self.sign * (values - self.centre) / self.width, -50, 50)))
        return np.clip(found, LEAST, 1.0)

    def fitted(self, values: Floats) -> Desirability:
        """The same in the units of values [n] at the start: shoulders of half a standard deviation, and the middle of
        the logistic function two of them better than the mean."""
        known = values[np.isfinite(values)]
        sd = float(known.std()) if len(known) > 1 else 0.0
        if self.window:
            bounds = [bound for bound in (self.low, self.high) if bound is not None]
            return replace(self, width=SHOULDER * sd if sd > 0 else max(0.1 * max(map(abs, bounds)), 1e-3))
        sd = sd if sd > 0 else 1.0
        mean = float(known.mean()) if len(known) else 0.0
        return replace(self, centre=mean + 2 * self.sign * sd, width=sd)

    def met(self, values: Floats) -> NDArray[np.bool_]:
        """Whether values [n] lie in the window; where there is none, whether they are known."""
        low = -np.inf if self.low is None else self.low
        high = np.inf if self.high is None else self.high
        found: NDArray[np.bool_] = np.isfinite(values) & (values >= low) & (values <= high)
        return found


@dataclass(frozen=True)
class Objective:
    """One thing that is asked: an oracle, how good its values are, and how much that weighs beside the others."""

    oracle: Oracle
    desirability: Desirability
    weight: float = 1.0

    @property
    def name(self) -> str:
        return self.oracle.name

    def values(self, smiles: list[str]) -> Floats:
        """What the oracle says of n SMILES, in its own unit."""
        return self.oracle.values(smiles)


def objective(spec: str) -> Objective:
    """The objective of ``[-]WHAT[window][*weight]``, where WHAT is what ``oracles.oracle`` knows.

    The window is ``<number``, ``>number`` or ``=low..high``; without one the value is maximised, or minimised where a
    minus sign stands before it. So: ``qed``, ``-sa``, ``logp=1..3``, ``weight<500``, ``similar(CCO)>.4``,
    ``runs/activity:pIC50@lcb*2``, ``-runs/tox:hERG``.

    Raises ``UserError`` when there is no such thing, or when it would raise toxicity (``refuse_toxic``).
    """
    body, weight = parsed(spec)
    match = WINDOW.fullmatch(body)
    what = body if match is None else match["what"].strip()
    sign = -1.0 if weight < 0 else 1.0
    low = high = None
    if match is not None:
        low, high = (_bound(match, *names) for names in (("above", "low"), ("below", "high")))
        if sign < 0:
            raise UserError(
                f"{WORDS.option} {spec}: a window says itself which way is better", "Leave out the minus sign"
            )
        if low is not None and high is not None and low > high:
            raise UserError(f"{WORDS.option} {spec}: the window is empty", "Write the lower bound first")
    if weight == 0:
        raise UserError(f"{WORDS.option} {spec}: weighs nothing", "Give a weight above 0, or leave it out")
    lowered = sign < 0 or (low is None and high is not None)
    found = oracle(what, -1.0 if lowered else 1.0)
    refuse_toxic(names_of(found), not lowered, spec)
    return Objective(found, Desirability(sign, low, high, unit_range(what)), abs(weight))


def _bound(match: re.Match[str], *names: str) -> float | None:
    return next((float(match[name]) for name in names if match[name] is not None), None)


def desirabilities(values: Sequence[Floats], objectives: Sequence[Objective]) -> Floats:
    """[n, k] of what each of k oracles said of n molecules."""
    return np.stack([o.desirability(v) for o, v in zip(objectives, values, strict=True)], axis=1)


def overall(desirable: Floats, objectives: Sequence[Objective]) -> Floats:
    """The score [n] of desirabilities [n, k]: their weighted geometric mean, NaN where one is NaN.

    Not the mean: a molecule that fails in one thing fails, whatever it does elsewhere.
    """
    weights = np.array([o.weight for o in objectives])
    found: Floats = np.exp(np.log(desirable) @ weights / weights.sum())
    return found


# ── hard constraints ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Constraints:
    """What a molecule must and must not hold; one that does not comply is never asked about."""

    must: tuple[Mol, ...] = ()
    must_not: tuple[Mol, ...] = ()

    @classmethod
    def of(cls, must: Sequence[str] = (), must_not: Sequence[str] = ()) -> Constraints:
        """From SMARTS. Raises ``UserError`` where one is none."""
        return cls(
            tuple(pattern(smarts, "--must") for smarts in must),
            tuple(pattern(smarts, "--must-not") for smarts in must_not),
        )

    def __call__(self, mol: Mol) -> bool:
        return all(mol.HasSubstructMatch(query) for query in self.must) and not any(
            mol.HasSubstructMatch(query) for query in self.must_not
        )
