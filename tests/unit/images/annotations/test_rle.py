"""Run lengths: exact both ways for any mask, and those of the COCO API itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from vivogan.domains.images.annotations import rle


@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=12)))
def test_any_mask_comes_back_plain_and_packed(mask):
    counts = rle.encode(mask)
    assert np.array_equal(rle.decode(counts, *mask.shape), mask)
    assert rle.unpack(rle.pack(counts)) == counts
    assert np.array_equal(rle.decode(rle.pack(counts), *mask.shape), mask)


@given(st.lists(st.integers(0, 2**31), max_size=20))
def test_any_counts_come_back(counts):
    assert rle.unpack(rle.pack(counts)) == counts


def test_the_columns_come_first_and_zeros_before_ones():
    mask = np.array([[0, 1, 1], [0, 0, 1]], bool)
    assert rle.encode(mask) == [2, 1, 1, 2]
    assert rle.encode(~mask) == [0, 2, 1, 1, 2]


def test_the_packing_of_the_coco_api():
    # What pycocotools writes. (On 300 random masks of up to 70 x 70 both wrote the same, when this was made.)
    assert rle.pack([6, 1, 40, 4, 5, 4, 5, 4, 21]) == "61X13mN000`0"


@pytest.mark.parametrize("counts", [[3], [1, 2, 3], [-1, 5], "a", "\x01", "oooooooooooooooo"])
def test_wrong_counts_are_refused(counts):
    with pytest.raises(ValueError):
        rle.decode(counts, 2, 2)
