"""Every LabelMe shape, and the wrong ones refused alone."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from vivogan.domains.images.annotations.labelme import read_labelme
from vivogan.domains.images.annotations.raster import filled
from vivogan.errors import InputError


def read(desk, *shapes):
    (sheet,) = read_labelme("a.json", {"imagePath": "a.png", "imageHeight": 40, "imageWidth": 50, "shapes": list(shapes)}, desk)  # fmt: skip  # noqa: E501
    return sheet


def shape(kind, points, **more):
    return {"label": "cell", "shape_type": kind, "points": points, **more}


def test_shapes(desk):
    stream = io.BytesIO()
    Image.fromarray(np.full((3, 4), 255, np.uint8)).save(stream, "PNG")
    sheet = read(
        desk(),
        shape("polygon", [[2, 1], [6, 1], [6, 4], [2, 4]]),
        shape("rectangle", [[6, 4], [2, 1]]),
        shape("circle", [[20, 20], [20, 30]]),
        shape("point", [[3.5, 4.5]]),
        shape("mask", [[5, 7], [8, 9]], mask=base64.b64encode(stream.getvalue()).decode()),
    )
    polygon, rectangle, circle, point, mask = sheet.drawn
    assert filled(polygon.outlines, (40, 50)).pixels.shape == (3, 4)
    assert rectangle.box == (0.5, 1.5, 3.5, 5.5)
    assert abs(filled(circle.outlines, (40, 50)).pixels.sum() - np.pi * 100) < 10
    assert point.point == (4, 3)
    assert (mask.mask.top, mask.mask.left, mask.mask.pixels.sum()) == (7, 5, 12)
    assert sheet.size == (40, 50)


@pytest.mark.parametrize(
    "wrong",
    [
        shape("line", [[1, 1], [2, 2]]),
        shape("polygon", [[1, 1], [2, 2]]),
        shape("polygon", []),
        shape("polygon", [[1], [2], [3]]),
        shape("polygon", 7),
        shape("circle", [[1, 1]]),
        shape("rectangle", [[1, 1]]),
        shape("mask", [[1, 1]], mask="???"),
        shape("mask", [[1, 1]]),
        "text",
        None,
    ],
)
def test_a_wrong_shape_costs_only_itself(desk, wrong):
    table = desk()
    sheet = read(table, wrong, shape("point", [[3, 4]]))
    assert len(sheet.drawn) == 1
    assert [refusal.record for refusal in table.draft.refusals] == ["shape 1"]


def test_no_shapes(desk):
    with pytest.raises(InputError, match="no list of shapes"):
        read_labelme("a.json", {"shapes": 1}, desk())
