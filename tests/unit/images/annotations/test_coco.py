"""COCO: boxes, polygons, both kinds of run lengths, and what is refused of a file."""

from __future__ import annotations

import numpy as np
import pytest

from vivogan.domains.images.annotations import rle
from vivogan.domains.images.annotations.coco import read_coco
from vivogan.errors import InputError

MASK = np.zeros((6, 8), bool)
MASK[1:4, 2:6] = True


def document(*annotations):
    return {
        "images": [{"id": 1, "file_name": "a.png", "height": 6, "width": 8}, {"id": 2, "file_name": "b.png"}],
        "categories": [{"id": 5, "name": "cell"}],
        "annotations": [{"id": i, "image_id": 1, "category_id": 5, **one} for i, one in enumerate(annotations)],
    }


def test_boxes_and_polygons_are_counted_from_the_corner(desk):
    shape = {"bbox": [2, 1, 4, 3], "segmentation": [[2, 1, 6, 1, 6, 4, 2, 4]]}
    first, second = read_coco("c.json", document(shape), desk())
    assert first.drawn[0].box == (0.5, 1.5, 3.5, 5.5)
    assert first.drawn[0].outlines[0].tolist() == [[0.5, 1.5], [0.5, 5.5], [3.5, 5.5], [3.5, 1.5]]
    assert first.drawn[0].name == "cell"
    assert first.size == (6, 8)
    assert second.drawn == []  # listed and empty: looked at


@pytest.mark.parametrize("counts", [rle.encode(MASK), rle.pack(rle.encode(MASK))])
def test_run_lengths(desk, counts):
    sheets = read_coco("c.json", document({"segmentation": {"size": [6, 8], "counts": counts}}), desk())
    assert np.array_equal(sheets[0].drawn[0].mask.pixels, MASK)


def test_the_part_is_in_the_name(desk):
    assert read_coco("x/instances_val2017.json", document(), desk())[0].part == "selection"


@pytest.mark.parametrize(
    "wrong",
    [
        {"image_id": 9, "bbox": [1, 1, 2, 2]},
        {"category_id": 9, "bbox": [1, 1, 2, 2]},
        {"image_id": [1], "bbox": [1, 1, 2, 2]},
        {},
        {"bbox": [1, 2]},
        {"segmentation": [[1, 2, 3, 4]]},
        {"segmentation": {"size": [6, 8], "counts": [3]}},
        {"segmentation": {"size": [5, 8], "counts": [40]}},
        {"segmentation": {"size": [10**6, 10**6], "counts": [10**12]}},
        {"segmentation": "text"},
    ],
)
def test_one_wrong_annotation_costs_only_itself(desk, wrong):
    table = desk()
    sheets = read_coco("c.json", document(wrong, {"bbox": [1, 1, 2, 2]}), table)
    assert [refusal.record for refusal in table.draft.refusals] == ["annotation 0"]
    assert [drawn.record for drawn in sheets[0].drawn] == ["annotation 1"]


@pytest.mark.parametrize("wrong", [{"annotations": []}, {"images": 3, "annotations": []}, {"images": [1]}])
def test_no_lists(desk, wrong):
    with pytest.raises(InputError, match="no list of"):
        read_coco("c.json", wrong, desk())
