"""What assays measured becomes numbers on one scale; what cannot be trusted is said."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivogan.domains.molecules import assays
from vivogan.domains.molecules.assays import (
    Value,
    checked_units,
    classes,
    cleaned,
    doubts,
    is_assay,
    merged,
    quantity_of,
    unit_of,
    value_of,
)
from vivogan.errors import UserError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", Value("=", 5.0, "")),
        ("-1.5e-3", Value("=", -0.0015, "")),
        (">10000", Value(">", 10000.0, "")),
        ("<= 5 nM", Value("<=", 5.0, "nM")),
        ("≥ 3µM", Value("≥", 3.0, "µM")),
        ("~20", Value("~", 20.0, "")),
        ("ca. 7", Value("~", 7.0, "")),
        ("'='12 nM", Value("=", 12.0, "nM")),
        ("10,000", Value("=", 10000.0, "")),
        ("1,234,567.5", Value("=", 1234567.5, "")),
        ("5.2 ± 0.3 nM", Value("=", 5.2, "nM")),
        ("45%", Value("=", 45.0, "%")),
        ("inactive", None),
        ("3A4", None),
        ("1-5", None),
        ("", None),
        ("inf", None),
    ],
)
def test_cells(text: str, value: Value | None) -> None:
    assert value_of(text) == value


@pytest.mark.parametrize(
    ("column", "unit"),
    [
        ("IC50 (nM)", "nM"),
        ("Ki_uM", "uM"),
        ("exp_mean [nM]", "nM"),
        ("EC50 [mol/L]", "mol/L"),
        ("IC50 (M)", "M"),
        ("Ki (nm)", "nm"),
        ("gap (nm)", ""),
        ("pIC50", "pIC50"),
        ("y [pEC50/pKi]", "pEC50"),
        ("pChEMBL Value", "pChEMBL"),
        ("logP", ""),
        ("M", ""),
        ("measured log solubility in mols per litre", ""),
    ],
)
def test_units_of_headers(column: str, unit: str) -> None:
    assert unit_of(column) == unit


@given(st.floats(1e-3, 1e8), st.sampled_from([("nM", 1.0), ("uM", 1e3), ("pM", 1e-3), ("mM", 1e6), ("M", 1e9)]))
def test_concentrations_become_p_values(number: float, unit: tuple[str, float]) -> None:
    name, factor = unit
    expected = -math.log10(number * factor * 1e-9)
    for found in (cleaned(f"IC50 ({name})", [repr(number)]), cleaned("x", [f"{number!r} {name}"])):
        assert float(found.values[0]) == pytest.approx(expected, abs=1e-4)
    assert quantity_of("IC50 (nM)") == "pIC50"


def test_what_cannot_be_used_is_said_row_by_row() -> None:
    found = cleaned("IC50 (nM)", ["5", ">10000", "0", "inactive", "5 uM", "n/a", "30 %", "-3"])
    assert found.values == ["8.30103", "", "", "", "5.30103", "", "", ""]
    assert found.unit == "pIC50"
    assert sorted(found.faults) == [2, 3, 6, 7]
    assert "no number" in found.faults[3]
    assert "no molar" in found.faults[6]
    assert any("bounds" in note for note in found.notes)


def test_mixed_units_need_a_unit_for_each_row() -> None:
    found = cleaned("IC50", ["5 nM", "5 uM", "7"])
    assert found.values == ["8.30103", "5.30103", ""]
    assert "has no unit" in found.faults[2]
    assert cleaned("IC50", ["5 nM", "7"], units="nM").faults == {}
    other = cleaned("Tm", ["55 C", "56 C", "60", "2 K"])
    assert other.values == ["55", "56", "", ""]
    assert sorted(other.faults) == [2, 3]


def test_what_is_no_concentration_stays() -> None:
    assert cleaned("pIC50", ["5.5", "6"]).values == ["5.5", "6"]
    assert cleaned("logS", ["-1.5", "2"]).unit == ""
    assert cleaned("Ki", ["5,3", "5,25"]).values == ["5.3", "5.25"]  # decimal commas


def test_measurements_and_classes_are_told_apart() -> None:
    assert is_assay(["0.5", "1.25"], "")
    assert is_assay(["1", "2", "x"], "nM")
    assert is_assay([">5", "3"], "")
    assert not is_assay(["0", "1", ""], "")
    assert not is_assay(["high", "low", "3"], "")
    assert not is_assay(["3A4", "2D6", "5-HT"], "")
    assert classes(["1.0", "0", "nan"]) == ["1", "0", ""]
    assert classes(["toxic", "none", "N/A"]) == ["toxic", "none", ""]


def test_doubts_are_noted_and_change_nothing() -> None:
    rng = np.random.default_rng(0)
    values = [f"{x:.3f}" for x in rng.normal(7, 0.5, 100)]
    assert doubts("x", values, True) == []
    assert any("far from the others" in note for note in doubts("x", [*values, "12"], True))
    assert any("check the unit" in note for note in doubts("x", [*values, "0.5"], True))
    assert any("probably bounds" in note for note in doubts("x", [*values, *["5"] * 20], True))


def test_replicates() -> None:
    assert merged(["6.0", "6.4"], True, 9) == ("6.2", False)  # the geometric mean of the concentrations
    assert merged(["6.0", "7.5", "6.2"], True, 9) == ("6.2", True)
    assert merged(["1", "3"], False, 1.5) == ("2", True)
    assert merged(["", ""], True, 1) == ("", False)


def test_units_of_the_option() -> None:
    assert checked_units("uM") == "uM"
    assert checked_units(None) == ""
    assert checked_units("pKi") == "pKi"
    with pytest.raises(UserError, match="no such unit"):
        checked_units("furlong")


def test_levels_are_classes_and_no_measurements() -> None:
    levels = ["up to 7.087", "7.087 to 8.166", "8.166 to 9.3", "above 9.3"]
    assert assays.value_of("7.087 to 8.166") is None
    assert not assays.is_assay(levels, "")
    assert assays.classes(levels) == levels
