"""Pictures of molecules for the report."""

import numpy as np
import pytest

from tests.unit.molecules.test_features import CHAINS, RINGS
from vivogan.domains.molecules.plots import _differing, figures

BIARYLS = [f"c1ccc(-c2cccc{a}c2)cc1{b}" for a in ("(C)", "(O)", "n") for b in ("C", "O", "F", "N")]


def gallery(real, made):
    return {
        "classes": ["a", "b"], "y": np.arange(len(real)) % 2, "real": real, "made": made, "closest_made": made[:3],
        "closest_train": real[:3], "train": real, "walk": [made[:4], made[4:8]],
    }  # fmt: skip


@pytest.mark.parametrize("real", [RINGS, RINGS[:8] + BIARYLS, CHAINS])
def test_every_figure_is_a_picture_with_words(real):
    found = figures(gallery(real, [*CHAINS[:8], "", "C1CC", *RINGS[:15]]))
    names = [figure.name for figure in found]
    assert {"real", "generated", "nearest", "properties", "space", "interpolation"} <= set(names)
    assert ("scaffolds" in names) == (BIARYLS[0] in real)
    assert len(names) == len(set(names))
    for figure in found:
        assert figure.image.dtype == np.uint8
        assert figure.image.ndim == 3
        assert figure.image.std() > 5
        assert figure.title
        assert figure.caption.endswith(".")


def test_without_a_molecule_there_are_still_pictures():
    found = {figure.name: figure for figure in figures(gallery(RINGS, [""] * 8))}
    assert set(found) == {"real", "generated", "nearest", "interpolation"}


def test_what_two_molecules_do_not_share_is_marked():
    assert _differing("Cc1ccccc1", "Oc1ccccc1") == ([0], [0])
    assert _differing("CCO", "CCO") == ([], [])
