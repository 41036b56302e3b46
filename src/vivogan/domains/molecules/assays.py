"""What assays measured, as numbers that can be learned: bounds, units, decimal commas, replicates, outliers.

A concentration (an IC50, a Ki …) becomes its p-value, −log₁₀ of mol/l: 9 − log₁₀(value in nM), as the field compares
activities on that scale (Kalliokoski et al., PLoS ONE 8, e61007, 2013). A value that is only a bound (">10000") is no
measurement and is left out, as ChEMBL's pChEMBL leaves it out.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from vivogan.domains.columns import is_measured
from vivogan.errors import UserError

# Molar units and how many nM each is; the letters before M decide, however they are written.
MOLAR: Mapping[str, float] = {
    **dict.fromkeys(("m", "mol/l", "molar"), 1e9),
    **dict.fromkeys(("mm", "mmol/l", "millimolar"), 1e6),
    **dict.fromkeys(("um", "µm", "μm", "umol/l", "µmol/l", "μmol/l", "micromolar"), 1e3),
    **dict.fromkeys(("nm", "nmol/l", "nanomolar"), 1.0),
    **dict.fromkeys(("pm", "pmol/l", "picomolar"), 1e-3),
    **dict.fromkeys(("fm", "fmol/l", "femtomolar"), 1e-6),
}
WRITTEN = re.compile(r"[munpfµμ]M|[munpfµμ]mol/[lL]")  # of a header that names no quantity: "dose_uM", not "gap (nm)"
QUANTITY = re.compile(r"(?:IC|EC|AC|XC|GI|CC|TC|LC|ED|SC)_?\d\d|K[idb]|MIC|potency|activity|affinity|conc\w*", re.I)
POTENCY = re.compile(r"p(?:(?:IC|EC|AC|XC|GI|CC|TC|LC|ED|SC)_?\d\d|K[idb]|MIC|ChEMBL|Activity|Potency)", re.I)
ATTACHED = frozenset(("", "%", *MOLAR))  # what may follow a number without a space
MISSING = frozenset(("", "nan", "na", "n/a", "#n/a", "null", "<na>"))
NOT_MEASURED = MISSING | {"-", "--", "nd", "n.d.", "none", "not determined", "not tested", "nt", "?", "*"}
NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
CELL = re.compile(
    rf"\s*(?P<sign><<|>>|<=|>=|=<|=>|≤|≥|<|>|~|≈|=|ca\.?)?\s*(?P<number>{NUMBER})"
    rf"(?:\s*(?:±|\+/?-)\s*{NUMBER})?\s*(?P<unit>[^\d\s±<>=~][^±<>=~]*)?"
)
RANGE = re.compile(r"\s\d")
THOUSANDS = re.compile(r"(?<![\d.])\d{1,3}(?:,\d{3})+(?![\d,])")
EUROPEAN = re.compile(r"(?<![\d.,])\d{1,3}(?:\.\d{3})+,\d+(?![\d,.])")
DECIMAL_COMMA = re.compile(r"(?<![\d,.])\d+,(?:\d{1,2}|\d{4,})(?![\d,.])")
BOUNDS = frozenset(("<<", ">>", "<=", ">=", "=<", "=>", "≤", "≥", "<", ">"))
ABOUT = frozenset(("~", "≈", "ca", "ca."))
MOSTLY = 0.5  # the share of numbers from which a column is one of measurements
FEW_UNITS = 6  # different units that are still taken for units
SPREAD = 1.0  # p-units between replicates from which they contradict each other
UNLIKELY = (1.0, 14.0)  # p-values beyond which the unit is probably wrong
OUTLYING = 3.5  # modified z-score (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993)
TIED = 0.1  # the share of values at one end from which they are probably bounds


class Value(NamedTuple):
    """One cell: ``sign`` is "=", "~" or one of ``BOUNDS``, ``unit`` as it is written ("" for none)."""

    sign: str
    number: float
    unit: str


@dataclass(frozen=True)
class Assay:
    """A column of measurements after cleaning: ``values`` [n] as text ("" for none), their ``unit`` ("" when nothing
    says it), ``faults`` by row, and ``notes``."""

    values: list[str]
    unit: str
    faults: dict[int, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def value_of(text: str, decimal_comma: bool = False) -> Value | None:
    """What a cell says; None when it says no number.

    >>> value_of(">= 10,000 nM"), value_of("5,3 uM", decimal_comma=True), value_of("inactive")
    (Value(sign='>=', number=10000.0, unit='nM'), Value(sign='=', number=5.3, unit='uM'), None)
    """
    text = text.strip().strip("'\"")
    if "," in text:
        text = EUROPEAN.sub(lambda m: m[0].replace(".", "").replace(",", "."), text)
        text = text.replace(",", ".") if decimal_comma else THOUSANDS.sub(lambda m: m[0].replace(",", ""), text)
    match = CELL.fullmatch(text.replace("'", ""))
    if match is None or not math.isfinite(number := float(match["number"])):
        return None
    sign, unit = (match["sign"] or "=").lower(), (match["unit"] or "").strip()
    if RANGE.search(unit):
        return None  # "7.1 to 8.2" is no measurement, but the name of a level
    if unit.lower() not in ATTACHED and not match.string[match.start("unit") - 1].isspace():
        return None  # "3A4" and "5-HT" are names
    return Value("~" if sign in ABOUT else sign, number, unit)


def unit_of(column: str) -> str:
    """The unit that the name of a column says: a molar unit, a p-value's name, or "".

    >>> unit_of("IC50 (nM)"), unit_of("Ki_uM"), unit_of("pChEMBL Value"), unit_of("gap (nm)"), unit_of("logP")
    ('nM', 'uM', 'pChEMBL', '', '')
    """
    words = words_of(column)
    if potency := next((word for word in words if POTENCY.fullmatch(word)), ""):
        return potency
    named = any(QUANTITY.fullmatch(word) for word in words)
    found = [w for w in words if WRITTEN.fullmatch(w) or (named and w != "m" and w.lower() in MOLAR)]
    return found[-1] if found else ""


def words_of(column: str) -> list[str]:
    """The words of a column's name, and the pieces of those with a slash."""
    words = [word for word in re.split(r"[\s_()\[\],;:]+", column) if word]
    return words + [piece for word in words if "/" in word for piece in word.split("/")]


def quantity_of(column: str) -> str:
    """What a column of concentrations is called as p-values: "pIC50", or "p(mol/l)" where the quantity has no name."""
    found = next((word for word in words_of(column) if QUANTITY.fullmatch(word) and word[0].isupper()), "")
    return f"p{found}" if found else "p(mol/l)"


def checked_units(units: str | None) -> str:
    """The unit of an option. Raises ``UserError`` when it is none that is known."""
    word = (units or "").strip()
    if not word or word.lower() in MOLAR or POTENCY.fullmatch(word):
        return word
    raise UserError(f"units {word}: no such unit", "Give M, mM, uM, nM, pM, or pIC50 for what is a p-value already")


def is_assay(texts: Sequence[str], unit: str) -> bool:
    """Whether a column holds measurements, not classes: by its unit, its signs, or its numbers."""
    cells = [text for text in texts if text.strip().lower() not in NOT_MEASURED]
    comma = any(DECIMAL_COMMA.search(text) for text in cells)
    found = [value for text in cells if (value := value_of(text, comma)) is not None]
    if not found or len(found) < MOSTLY * len(cells):
        return False
    signed = any(v.unit or v.sign != "=" for v in found) and len({v.unit for v in found}) <= FEW_UNITS
    return bool(unit) or signed or is_measured(repr(v.number) for v in found)


def classes(texts: Sequence[str]) -> list[str]:
    """The classes of a column: words as they are, whole numbers without decimals, nothing for what is missing.

    >>> classes(["1.0", "0.0", "nan"]), classes(["toxic", "1.0"])
    (['1', '0', ''], ['toxic', '1.0'])
    """
    words = ["" if text.strip().lower() in MISSING else text.strip() for text in texts]
    numbers = {word: value_of(word) for word in set(words) if word}
    if all(value is not None and not value.unit and value.number % 1 == 0 for value in numbers.values()):
        return [str(int(numbers[word].number)) if word else "" for word in words]  # type: ignore[union-attr]
    return words


def cleaned(column: str, texts: Sequence[str], units: str = "") -> Assay:
    """A column of measurements [n], its numbers in one unit; see the top of this file."""
    comma = any(DECIMAL_COMMA.search(text) for text in texts)
    cells = [None if text.strip().lower() in NOT_MEASURED else text.strip() for text in texts]
    found = {row: value_of(text, comma) for row, text in enumerate(cells) if text is not None}
    default = unit_of(column) or units
    molar = default.lower() in MOLAR or any(v is not None and v.unit.lower() in MOLAR for v in found.values())
    counts = Counter(value.unit for value in found.values() if value is not None)
    usual = default or (counts.most_common(1)[0][0] if counts else "")
    values, signs, faults = [""] * len(texts), Counter[str](), {}
    for row, value in found.items():
        reason = fault(value, cells[row] or "", default, usual, molar)
        if reason or value is None:
            faults[row] = reason
            continue
        signs[value.sign] += 1
        if value.sign not in BOUNDS:
            unit = (value.unit or default).lower()
            values[row] = f"{9 - math.log10(value.number * MOLAR[unit]):.6g}" if molar else plain(value.number)
    unit = quantity_of(column) if molar else usual
    return Assay(
        values, unit, faults, [*told(column, signs), *doubts(column, values, molar or bool(POTENCY.match(unit)))]
    )


def fault(value: Value | None, text: str, default: str, usual: str, molar: bool) -> str:
    """Why a cell cannot be used; "" when it can."""
    if value is None:
        return f"'{text[:40]}' is no number. Write a number, or leave it empty"
    if not molar:
        if value.unit == usual or (not value.unit and default):
            return ""
        own = f"the unit '{value.unit}'" if value.unit else "no unit"
        other = f"'{usual}'" if usual else "none"
        return f"'{text[:40]}' has {own}, other rows have {other}. Give all rows one unit"
    if value.unit and value.unit.lower() not in MOLAR:
        return f"'{text[:40]}' is no molar concentration. Convert it to nM, or leave it empty"
    if not value.unit and not default:
        return f"'{text[:40]}' has no unit, other rows have one. Write it, or give units=nM"
    return "" if value.number > 0 else f"'{text[:40]}' is no concentration, which is above 0. Correct it"


def plain(number: float) -> str:
    """A number as it is written: whole ones without decimals."""
    return str(int(number)) if number % 1 == 0 and abs(number) < 1e15 else repr(number)


def told(column: str, signs: Counter[str]) -> list[str]:
    """Notes on values with a sign."""
    notes = []
    if bounds := sum(count for sign, count in signs.items() if sign in BOUNDS):
        notes.append(f"{column}: {bounds} values are only bounds (< or >) and were left out")
    if signs["~"]:
        notes.append(f"{column}: {signs['~']} values are approximate (~) and were taken as they are")
    return notes


def doubts(column: str, values: Sequence[str], potency: bool) -> list[str]:
    """Notes on outliers, on p-values that no assay gives, and on many equal values at one end. Nothing is changed."""
    numbers = np.array([float(value) for value in values if value])
    if len(numbers) < 10:
        return []
    notes = []
    middle = float(np.median(numbers))
    deviation = float(np.median(np.abs(numbers - middle)))
    far = np.abs(0.6745 * (numbers - middle)) > OUTLYING * deviation if deviation else np.zeros(len(numbers), bool)
    if far.any():
        span = f"{numbers[far].min():.4g} to {numbers[far].max():.4g}"
        notes.append(f"{column}: {int(far.sum())} values lie far from the others ({span}); check them")
    if potency and (strange := int(((numbers < UNLIKELY[0]) | (numbers > UNLIKELY[1])).sum())):
        notes.append(f"{column}: {strange} p-values are below {UNLIKELY[0]:g} or above {UNLIKELY[1]:g}; check the unit")
    for end in (numbers.min(), numbers.max()):
        tied = int((numbers == end).sum())
        if tied >= max(5, TIED * len(numbers)) and is_measured(values):
            notes.append(f"{column}: {tied} values are all {end:.4g}, at the end of the scale; probably bounds")
    return notes


def merged(values: Sequence[str], potency: bool, spread: float) -> tuple[str, bool]:
    """Replicates as one: their median, and whether they contradict each other.

    The median of two p-values is the geometric mean of the concentrations. ``spread`` is the standard deviation of the
    column, beyond which plain numbers contradict each other; of p-values it is a factor of ten.

    >>> merged(["6.0", "7.5", "6.2"], True, 0.5), merged(["", "5.1"], True, 0.5)
    (('6.2', True), ('5.1', False))
    """
    given = [value for value in values if value]
    if len(set(given)) < 2:
        return (given[0] if given else ""), False
    numbers = np.array([float(value) for value in given])
    return f"{np.median(numbers):.6g}", bool(np.ptp(numbers) > (SPREAD if potency else spread))
