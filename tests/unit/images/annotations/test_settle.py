"""What is checked of every drawing before it is believed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from vivogan.domains.images.annotations.drawn import Crop, Drawn, Sheet
from vivogan.domains.images.annotations.settle import settle

SHAPE = (40, 50)
NAN = float("nan")
SQUARE = np.array([[4.5, 4.5], [4.5, 14.5], [14.5, 14.5], [14.5, 4.5]])


def lay(desk, *drawn, **sheet):
    tally: Counter[str] = Counter()
    return settle([Sheet("f", ("a.png",), list(drawn), **sheet)], SHAPE, desk, tally), tally


@pytest.mark.parametrize(
    ("drawn", "reason"),
    [
        (Drawn("r", point=(NAN, 1)), "no finite numbers"),
        (Drawn("r", box=(1, 1, 5, float("inf"))), "no finite numbers"),
        (Drawn("r", outlines=(SQUARE * NAN,)), "no finite numbers"),
        (Drawn("r", point=(40.6, 1)), "outside the image of 40 x 50"),
        (Drawn("r", point=(1, -3)), "outside the image"),
        (Drawn("r", box=(1, 1, 1, 5)), "has no area"),
        (Drawn("r", box=(10, 10, 70, 20)), "pixels outside the image"),
        (Drawn("r", box=(41, 51, 42, 52)), "outside the image"),
        (Drawn("r", outlines=(SQUARE + 100,)), "outside the image"),
        (Drawn("r", name="", point=(1, 1)), "has no class"),
        (Drawn("r", mask=Crop(np.zeros((5, 5), bool))), "empty mask"),
        (Drawn("r"), "draws nothing"),
    ],
)
def test_one_wrong_drawing_costs_only_itself(desk, drawn, reason):
    table = desk()
    (objects, names), _ = lay(table, drawn, Drawn("good", "cell", point=(3, 3)))
    assert (len(objects), names) == (1, ["cell"])
    (refusal,) = table.draft.refusals
    assert (refusal.file, refusal.record) == ("f", "r")
    assert reason in refusal.reason


def test_an_image_whose_drawings_are_all_lost_is_not_empty(desk):
    assert lay(desk(), Drawn("r", point=(NAN, 1)))[0] is None
    objects, names = lay(desk())[0]
    assert (len(objects), names, objects.labels.shape) == (0, [], SHAPE)


def test_another_size_leaves_the_image_unlabelled(desk):
    table = desk()
    assert lay(table, Drawn("r", point=(1, 1)), size=(50, 40))[0] is None
    assert "drawn on 50 x 40 pixels (height x width), the image has 40 x 50" in table.draft.refusals[0].reason


def test_a_few_pixels_over_the_edge_are_clipped(desk):
    (objects, _), tally = lay(desk(), Drawn("r", box=(-3, 10, 20, 20)), Drawn("r", outlines=(SQUARE - 7,)))
    assert objects.boxes.tolist() == [[-0.5, 10, 20, 20], [-0.5, -0.5, 7.5, 7.5]]
    assert sum(tally.values()) == 3  # both clipped, and a box beside an outline
    (objects, _), tally = lay(desk(), Drawn("r", point=(40, 50)))
    assert objects.centres.tolist() == [[39, 49]]
    assert not tally


def test_twice_is_once(desk):
    boxes = [Drawn("1", "a", box=(1, 1, 21, 21)), Drawn("2", "a", box=(1, 1, 21, 21.5))]
    others = [Drawn("3", "b", box=(1, 1, 21, 21)), Drawn("4", "a", box=(1, 1, 21, 30))]
    (_, names), tally = lay(desk(), *boxes, *others)
    assert names == ["a", "b", "a"]
    assert tally["objects were drawn twice; one of each was kept"] == 1
    dots = [Drawn("1", point=(3, 3)), Drawn("2", point=(3, 3.2)), Drawn("3", point=(3, 4))]
    assert len(lay(desk(), *dots)[0][0]) == 2
    ring = np.ones((11, 11), bool)
    ring[1:-1, 1:-1] = False
    assert len(lay(desk(), Drawn("1", mask=Crop(ring)), Drawn("2", mask=Crop(~ring, 0, 0)))[0][0]) == 2


def test_outlines_become_labels_boxes_and_centres(desk):
    objects, _ = lay(desk(), Drawn("1", outlines=(SQUARE,)))[0]
    assert objects.boxes.tolist() == [[4.5, 4.5, 14.5, 14.5]]
    assert objects.centres.tolist() == [[9.5, 9.5]]
    assert (objects.labels == 1).sum() == 100


def test_kinds(desk):
    outline, box, dot = Drawn("1", outlines=(SQUARE,)), Drawn("2", box=(20, 20, 30, 30)), Drawn("3", point=(35, 35))
    objects = lay(desk(kind="dots"), outline, box, dot)[0][0]
    assert (len(objects), objects.boxes, objects.labels) == (3, None, None)
    table = desk(kind="boxes")
    objects = lay(table, outline, box, dot)[0][0]
    assert (len(objects.boxes), objects.labels, len(table.draft.refusals)) == (2, None, 1)
    table = desk(kind="masks")
    objects = lay(table, outline, box, dot)[0][0]
    assert (objects.labels.max(), len(table.draft.refusals)) == (1, 2)
    objects, tally = lay(desk(), outline, box, dot)
    assert objects[0].boxes is None
    assert sum(tally.values()) == 1


@pytest.mark.parametrize(("kind", "boxes", "labels"), [("dots", False, False), ("boxes", True, False), ("masks", True, True)])  # fmt: skip  # noqa: E501
def test_kinds_of_maps(desk, kind, boxes, labels):
    drawn = np.zeros(SHAPE, np.int32)
    drawn[3:6, 3:6] = 8
    objects = lay(desk(kind=kind), labels=drawn)[0][0]
    assert (objects.boxes is not None, objects.labels is not None) == (boxes, labels)
