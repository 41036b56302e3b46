"""ImageJ's ROIs: every kind with an area or points, classes by name, group or counter, planes by position."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
import roifile

from vivogan.domains.images.annotations.imagej import read_roi, read_roi_set
from vivogan.domains.images.annotations.raster import filled
from vivogan.errors import InputError

SQUARE = [[2, 1], [6, 1], [6, 4], [2, 4]]


def roi(kind, points=SQUARE, name="", group=0, position=0):
    made = roifile.ImagejRoi.frompoints(np.array(points), name=name)
    made.roitype, made.group, made.position = roifile.ROI_TYPE[kind], group, position
    if kind in ("RECT", "OVAL"):
        made.integer_coordinates, made.n_coordinates = None, 0
        made.right, made.bottom = made.right - 1, made.bottom - 1  # frompoints counts pixels, ImageJ edges
    return made.tobytes()


def packed(*rois):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for i, content in enumerate(rois):
            archive.writestr(f"{i}.roi", content)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["POLYGON", "FREEHAND", "TRACED"])
def test_outlines(desk, kind):
    (sheet,) = read_roi("a.roi", roi(kind), desk())
    crop = filled(sheet.drawn[0].outlines, (40, 50))
    assert (crop.top, crop.left, crop.pixels.shape) == (1, 2, (3, 4))
    assert sheet.piece


def test_rectangle_oval_and_points(desk):
    drawn = read_roi_set("a.zip", packed(roi("RECT"), roi("OVAL"), roi("POINT", [[3, 4], [7, 8]])), desk())[0].drawn
    assert drawn[0].box == (0.5, 1.5, 3.5, 5.5)
    assert filled(drawn[1].outlines, (40, 50)).pixels.sum() >= 8
    assert [one.point for one in drawn[2:]] == [(4, 3), (8, 7)]


def test_classes(desk):
    rois = [
        roi("RECT", name="neuron-1"),
        roi("RECT", name="neuron-2"),
        roi("RECT", name="0012-0034"),
        roi("RECT", name="0012-0034", group=3),
    ]
    (sheet,) = read_roi_set("a.zip", packed(*rois), desk())
    assert [one.name for one in sheet.drawn] == ["neuron", "neuron", "object", "group 3"]


def test_names_of_single_objects_are_no_classes(desk):
    (sheet,) = read_roi_set("a.zip", packed(*(roi("RECT", name=name) for name in ("Tom", "Dick", "Harry"))), desk())
    assert {one.name for one in sheet.drawn} == {"object"}


def test_counters_are_classes(desk):
    made = roifile.ImagejRoi.frompoints(np.array([[3, 4], [7, 8]]))
    made.roitype = roifile.ROI_TYPE.POINT
    made.counters = np.array([0, 1], np.uint8)
    made.counter_positions = np.zeros(2, np.uint32)
    (sheet,) = read_roi("a.roi", made.tobytes(), desk())
    assert [one.name for one in sheet.drawn] == ["counter 0", "counter 1"]


def test_positions_are_planes_of_a_stack(desk):
    content = packed(roi("RECT", position=1), roi("RECT", position=3), roi("RECT", position=3))
    sheets = read_roi_set("s.zip", content, desk("s.tif", "s.tif#1", "s.tif#2"))
    assert {sheet.images[0]: len(sheet.drawn) for sheet in sheets} == {"s.tif": 1, "s.tif#2": 2}


def test_a_roi_may_lie_in_a_folder_named_after_its_image(desk):
    (sheet,) = read_roi("/data/rois/a/0001.roi", roi("RECT"), desk())
    assert sheet.images[0] == "a.png"


def test_an_empty_set_says_that_nothing_is_there(desk):
    (sheet,) = read_roi_set("a.zip", packed(), desk())
    assert (sheet.drawn, sheet.lost) == ([], False)


def test_what_is_refused(desk):
    table = desk()
    (sheet,) = read_roi_set("a.zip", packed(roi("LINE"), b"Iout", b"", roi("POLYLINE"), roi("RECT")), table)
    assert len(sheet.drawn) == 1
    assert sorted(refusal.record for refusal in table.draft.refusals) == ["0.roi", "1.roi", "2.roi", "3.roi"]
    with pytest.raises(InputError, match="broken zip"):
        read_roi_set("a.zip", b"PK\3\4 and no more", desk())
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(InputError, match="zip without ROIs"):
        read_roi_set("a.zip", other.getvalue(), desk())


def test_limits_hold_within_a_set(desk):
    small = desk(limits={"archive_members": 1})
    with pytest.raises(InputError, match="limits"):
        read_roi_set("a.zip", packed(roi("RECT"), roi("RECT")), small)


def test_a_composite_with_an_unknown_segment_is_refused(desk):
    made = roifile.ImagejRoi.frombytes(roi("RECT"))
    made.multi_coordinates = np.array([99, 1, 1], np.float32)
    made.shape_roi_size = 3
    table = desk()
    (sheet,) = read_roi("a.roi", made.tobytes(), table)
    assert (sheet.drawn, sheet.lost) == ([], True)
    assert "no ROI of ImageJ" in table.draft.refusals[0].reason
