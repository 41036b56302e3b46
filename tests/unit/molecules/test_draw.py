"""Drawings: what is marked is coloured, what is long is shortened, and nothing that is no molecule stops a page."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from vivogan.domains.molecules.draw import MOST, SIZE, Drawing, picture, svg
from vivogan.errors import UserError

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"


def coloured(image: np.ndarray) -> np.ndarray:
    """Pixels that are neither white nor grey; drawn in black and white there are none."""
    return np.ptp(image.astype(int), axis=2) > 40


def test_a_grid_is_as_large_as_its_molecules() -> None:
    image = picture([Drawing("CCC", f"{i}") for i in range(7)], columns=3)
    assert image.shape == (3 * SIZE[1], 3 * SIZE[0], 3)
    assert picture([Drawing("CCC")], columns=5).shape == (SIZE[1], SIZE[0], 3)
    assert picture([]).shape == (SIZE[1], SIZE[0], 3)
    assert picture([]).min() < 60  # says that there is none


def test_the_ground_is_white_and_the_molecule_is_not() -> None:
    image = picture([Drawing("CCCCCC")])
    assert image[0, 0].tolist() == [255, 255, 255]
    assert image.min() < 60
    assert not coloured(image).any()


def test_marked_atoms_are_coloured() -> None:
    plain, marked = picture([Drawing("CCCCCC")]), picture([Drawing("CCCCCC", atoms=[0, 1])])
    assert coloured(marked).sum() > coloured(plain).sum() + 100
    left = np.flatnonzero(coloured(marked).any(0)).mean()
    assert abs(left - SIZE[0] / 2) > SIZE[0] / 8  # at one end of the chain, not all over it


def test_weights_are_blue_above_and_orange_below() -> None:
    for sign, channel in ((1.0, 2), (-1.0, 0)):  # blue, red
        image = picture([Drawing("CCCCCC", weights=[sign, 0, 0, 0, 0, 0])]).astype(int)
        tinted = image[coloured(image)].mean(0)
        assert tinted.argmax() == channel
    assert not coloured(picture([Drawing("CCCCCC", weights=[0.0] * 6)])).any()


def test_a_substructure_is_marked_and_lies_alike_everywhere() -> None:
    pair = [Drawing("c1ccccc1CCN"), Drawing("OC(=O)CCc1ccccc1")]
    assert coloured(picture(pair, contains="c1ccccc1")).sum() > coloured(picture(pair)).sum() + 500
    assert "#F9CC6B" in svg(pair, contains="c1ccccc1")  # the colour of a mark, in hexadecimal
    assert "#F9CC6B" not in svg(pair, contains="[Si]")


@pytest.mark.parametrize("contains", ["c1ccc(", ""])
def test_what_is_no_smarts_is_refused(contains: str) -> None:
    with pytest.raises(UserError, match="not a SMARTS"):
        svg([Drawing(ASPIRIN)], contains=contains)


def test_svg_is_xml_with_its_legends() -> None:
    text = svg([Drawing(ASPIRIN, "aspirin <1>"), Drawing("no molecule", "nothing"), Drawing("CCO", "x" * 300)])
    root = ElementTree.fromstring(text)
    assert root.tag.endswith("svg")
    assert "http" not in text.replace("http://www.w3.org", "").replace("http://www.rdkit.org", "")


def test_a_page_has_an_end() -> None:
    many = [Drawing("C")] * (MOST + 50)
    assert picture(many, columns=20, size=(20, 20)).shape[0] == 20 * (MOST // 20)
