"""Outlines to pixels and back, and many objects in one map."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays

from vivogan.domains.images.annotations.drawn import Crop
from vivogan.domains.images.annotations.raster import filled, outlines_of, paint, trimmed


@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=10)))
def test_any_mask_comes_back_from_its_outlines(mask):
    if not mask.any():
        return
    (rings,) = outlines_of(mask.astype(np.int32))
    assert np.array_equal(paint([filled(rings, mask.shape, holes=True)], mask.shape) > 0, mask)


def test_a_square_from_the_corner_of_the_first_pixel():
    square = np.array([[-0.5, -0.5], [-0.5, 2.5], [1.5, 2.5], [1.5, -0.5]])
    assert filled([square], (9, 9)).pixels.shape == (2, 3)


def test_what_is_too_thin_keeps_a_pixel_and_what_lies_out_none():
    line = np.array([[2.2, 1.0], [2.3, 5.0], [2.25, 3.0]])
    assert filled([line], (9, 9)).pixels.sum() == 1
    assert filled([line + 100], (9, 9)).pixels.size == 0


def test_trimmed_to_the_image():
    crop = trimmed(Crop(np.ones((5, 5), bool), -2, 7), (9, 9))
    assert (crop.top, crop.left, crop.pixels.shape) == (0, 7, (3, 2))
    assert trimmed(Crop(np.zeros((5, 5), bool))).pixels.size == 0
    assert trimmed(Crop(np.ones((5, 5), bool), 20, 20), (9, 9)).pixels.size == 0


def test_the_small_one_is_seen_and_none_is_lost():
    big, small = Crop(np.ones((8, 8), bool)), Crop(np.ones((2, 2), bool), 3, 3)
    for crops in ([big, small], [small, big], [big, big], [small, small, small]):
        labels = paint(crops, (9, 9))
        assert set(np.unique(labels)) == {0, *range(1, len(crops) + 1)}
    assert (paint([small, big], (9, 9)) == 1).sum() == 4


def test_an_object_that_is_not_there_has_no_outline():
    assert [len(rings) for rings in outlines_of(np.array([[3, 0], [1, 0]], np.int32))] == [1, 0, 1]
