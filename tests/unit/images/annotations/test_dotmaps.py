"""Dot maps: what is one, and how many dots a blob is."""

from __future__ import annotations

import numpy as np

from vivogan.domains.images.annotations.dotmaps import are_dots, dots_of, usual_area


def test_single_dots_lie_at_their_middle():
    picture = np.zeros((20, 30), bool)
    picture[3, 4] = picture[10:12, 20:22] = True
    assert dots_of(picture, 1.0 * 4).tolist() == [[3, 4], [10.5, 20.5]]


def test_a_blob_of_three_areas_is_three_dots():
    picture = np.zeros((20, 30), bool)
    picture[5:7, 3:9] = True
    assert sorted(dots_of(picture, 4).tolist()) == [[5.5, 3.5], [5.5, 5.5], [5.5, 7.5]]


def test_no_dots():
    assert dots_of(np.zeros((5, 5), bool), 1).shape == (0, 2)


def test_dots_are_small_and_sparse():
    rng = np.random.default_rng(0)
    dots = rng.random((100, 100)) < 0.01
    assert are_dots([dots])
    assert 1 <= usual_area([dots]) <= 2
    cells = np.zeros((100, 100), bool)
    cells[10:30, 10:30] = True
    assert not are_dots([cells])
    assert not are_dots([np.zeros((5, 5), bool)])
    assert not are_dots([rng.random((100, 100)) < 0.3])
