"""Everything written is read back to the same objects, by the reader that users have."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vivogan.domains.images.annotations.objects import Objects
from vivogan.domains.images.annotations.read import read
from vivogan.domains.images.annotations.write import write_coco, write_label_image, write_objects_csv, write_rois
from vivogan.errors import UserError

SHAPE = (60, 70)


def cells(seed=0, holes=False):
    """Discs at random, the later cut by the earlier, with two classes."""
    rng = np.random.default_rng(seed)
    labels = np.zeros(SHAPE, np.int32)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    for i in range(8):
        at, radius = rng.uniform(0, SHAPE), rng.uniform(3, 12)
        distance = np.hypot(y - at[0], x - at[1])
        labels[(distance < radius) & (distance > 2 * holes) & (labels == 0)] = i + 1
    found = Objects.from_labels(labels)
    return Objects(found.centres, rng.integers(0, 2, len(found)), found.boxes, found.labels)


def back(tmp_path, photo, path):
    found = read(photo(tmp_path / "images" / "a.png", *SHAPE), path)
    assert not found.refusals
    return found, found.objects[0]


def rows(objects, names):
    made = []
    for i, ((y, x), k) in enumerate(zip(objects.centres.tolist(), objects.classes.tolist(), strict=True)):
        row = {"image": "a.png", "object": i + 1, "class": names[k], "y": y, "x": x}
        if objects.boxes is not None:
            row |= dict(zip(("top", "left", "bottom", "right"), objects.boxes[i].tolist(), strict=True))
        made.append(row)
    return made


def same(one, other):
    assert np.allclose(one.centres, other.centres, atol=0.01)
    assert np.array_equal(one.classes, other.classes)
    assert (one.boxes is None) == (other.boxes is None)
    assert one.boxes is None or np.allclose(one.boxes, other.boxes, atol=0.01)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("holes", [False, True])
def test_labels_come_back_from_rois_run_lengths_and_polygons(tmp_path, photo, seed, holes):
    objects = cells(seed, holes)
    write_rois(tmp_path / "rois.zip", objects, ["x", "y"])
    write_coco(tmp_path / "rle.json", [("a.png", SHAPE)], [objects], ["x", "y"])
    write_coco(tmp_path / "polygons.json", [("a.png", SHAPE)], [objects], ["x", "y"], outlines="polygons")
    for name in ("rois.zip", "rle.json", "polygons.json"):
        found, own = back(tmp_path, photo, tmp_path / name)
        assert np.array_equal(own.labels, objects.labels), name
        assert [found.names[k] for k in own.classes] == [("x", "y")[k] for k in objects.classes]
        same(own, Objects(objects.centres, own.classes, objects.boxes))


def test_boxes_and_dots_come_back(tmp_path, photo):
    objects = cells()
    boxes, dots = Objects(objects.centres, objects.classes, objects.boxes), Objects(objects.centres, objects.classes)
    write_rois(tmp_path / "boxes.zip", boxes, ["x", "y"])
    own = back(tmp_path, photo, tmp_path / "boxes.zip")[1]
    assert np.allclose(own.boxes, objects.boxes)
    assert own.labels is None
    write_rois(tmp_path / "dots.zip", dots, ["x", "y"])
    same(back(tmp_path, photo, tmp_path / "dots.zip")[1], dots)
    for one in (boxes, dots):
        write_objects_csv(tmp_path / "objects.csv", rows(one, ["x", "y"]))
        same(back(tmp_path, photo, tmp_path / "objects.csv")[1], one)
    with pytest.raises(UserError, match="dots only"):
        write_coco(tmp_path / "dots.json", [("a.png", SHAPE)], [dots], ["x", "y"])


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 59), st.integers(0, 69)), min_size=1, max_size=12, unique=True))
def test_any_dots_come_back_from_a_table(tmp_path, photo, places):
    objects = Objects(np.array(places, np.float32), np.zeros(len(places), np.intp))
    write_objects_csv(tmp_path / "objects.csv", rows(objects, ["cell"]))
    same(back(tmp_path, photo, tmp_path / "objects.csv")[1], objects)


def test_label_images(tmp_path, photo):
    objects = cells()
    write_label_image(tmp_path / "a.tif", objects.labels)
    assert tifffile.imread(tmp_path / "a.tif").dtype == np.uint16
    assert np.array_equal(back(tmp_path, photo, tmp_path / "a.tif")[1].labels, objects.labels)
    many = np.arange(300 * 300, dtype=np.int32).reshape(300, 300)
    write_label_image(tmp_path / "many.tif", many)
    assert tifffile.imread(tmp_path / "many.tif").dtype == np.uint32
    assert np.array_equal(tifffile.imread(tmp_path / "many.tif"), many)
    for wrong in (np.zeros((2, 2)), np.zeros(3, int), np.full((2, 2), -1)):
        with pytest.raises(ValueError, match="instance map"):
            write_label_image(tmp_path / "no.tif", wrong)


def test_coco_says_what_others_expect(tmp_path):
    objects = cells()
    write_coco(tmp_path / "c.json", [("a.png", SHAPE)], [objects], ["x", "y"], scores=[np.full(len(objects), 0.5)])
    document = json.loads((tmp_path / "c.json").read_text())
    assert document["images"] == [{"id": 1, "file_name": "a.png", "height": 60, "width": 70}]
    assert document["categories"] == [{"id": 1, "name": "x"}, {"id": 2, "name": "y"}]
    for i, one in enumerate(document["annotations"]):
        x, y, width, height = one["bbox"]
        inside = objects.labels[int(y) : int(y + height), int(x) : int(x + width)] == i + 1
        assert inside.sum() == one["area"] == (objects.labels == i + 1).sum()
        assert one["score"] == 0.5


def test_the_table_keeps_what_it_does_not_know(tmp_path):
    write_objects_csv(
        tmp_path / "t.csv", [{"image": "a", "y": 1, "x": 2, "score": 0.5, "mood": "good"}, {"image": "b"}]
    )
    assert (tmp_path / "t.csv").read_text() == "image,y,x,score,mood\na,1,2,0.5,good\nb,,,,\n"
    write_objects_csv(tmp_path / "none.csv", [])
    assert (tmp_path / "none.csv").read_text() == "image,y,x\n"


def test_the_same_objects_give_the_same_bytes(tmp_path):
    for name in ("one.zip", "two.zip"):
        write_rois(tmp_path / name, cells(), ["x", "y"])
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
