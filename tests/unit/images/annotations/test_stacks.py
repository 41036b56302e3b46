"""Annotations in an ``.npz`` beside the images they are of."""

from __future__ import annotations

import numpy as np
import pytest

from vivogan.domains.images.annotations.read import AnnotationOptions, read
from vivogan.errors import InputError

IMAGES = np.random.default_rng(0).integers(0, 255, (3, 20, 24), np.uint8)
LABELS = np.zeros((3, 20, 24), np.uint16)
LABELS[0, 2:6, 2:6], LABELS[0, 10:15, 3:9], LABELS[1, 2:9, 2:9] = 5, 9, 1


def npz(path, **arrays):
    np.savez(path / "set.npz", images=IMAGES, **arrays)
    return path / "set.npz"


def test_instance_maps(tmp_path):
    found = read(npz(tmp_path, labels=LABELS))
    assert [len(objects) for objects in found.objects] == [2, 1, 0]
    assert np.array_equal(found.objects[0].labels > 0, LABELS[0] > 0)
    assert read(npz(tmp_path, other=LABELS), options=AnnotationOptions(masks="other")).objects[0].labels is not None


def test_points_and_boxes(tmp_path):
    found = read(npz(tmp_path, points=np.array([[0, 3, 4], [0, 9, 9], [2, 1, 1]], np.int16)))
    assert [len(objects) for objects in found.objects] == [2, 0, 1]
    assert found.objects[0].centres.tolist() == [[3, 4], [9, 9]]
    assert found.objects[0].boxes is None
    found = read(npz(tmp_path, boxes=np.array([[1, 2.0, 3, 6, 9]])))
    assert found.objects[1].boxes.tolist() == [[1.5, 2.5, 5.5, 8.5]]


def test_rows_of_no_image_are_refused_one_by_one(tmp_path):
    rows = np.array([[0, 3, 4], [7, 1, 1], [-1, 1, 1], [0.5, 1, 1], [np.nan, 1, 1], [0, np.inf, 1], [1, 90, 1]])
    found = read(npz(tmp_path, points=rows))
    assert len(found.refusals) == 6
    assert len(found.objects[0]) == 1
    assert found.objects[1] is None  # all that was drawn on it is lost: not an empty image


@pytest.mark.parametrize(
    ("arrays", "options", "reason"),
    [
        ({}, {}, "holds no masks, points or boxes of 3 images"),
        ({"labels": LABELS[:2]}, {}, "holds no masks"),
        ({"labels": LABELS}, {"masks": "that"}, "there is no array 'that'"),
        ({"labels": LABELS * 0}, {}, "hold no object"),
        ({"labels": np.full(LABELS.shape, np.nan)}, {}, "NaN"),
        ({"labels": LABELS[:, :10]}, {}, "no object is left"),
    ],
)
def test_what_cannot_be_used(tmp_path, arrays, options, reason):
    with pytest.raises(InputError, match=reason):
        read(npz(tmp_path, **arrays), options=AnnotationOptions(**options))
