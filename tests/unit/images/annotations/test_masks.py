"""Mask pictures of every kind: instances, binary, colours, stacks, one object a file, dot maps."""

from __future__ import annotations

import io

import numpy as np
import pytest
import tifffile
from PIL import Image

from vivogan.domains.images.annotations.masks import read_pictures

LABELS = np.zeros((40, 50), np.uint16)
LABELS[2:10, 3:12], LABELS[20:35, 20:30], LABELS[20:35, 30:40] = 7, 300, 301


def png(array):
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, "PNG")
    return stream.getvalue()


def tiff(array):
    stream = io.BytesIO()
    tifffile.imwrite(stream, array, photometric="minisblack")
    return stream.getvalue()


def read(desk, **files):
    return read_pictures({f"masks/{name}": (lambda c=content: c) for name, content in files.items()}, desk)


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.uint32, np.float32])
def test_instances_of_any_depth(desk, kind):
    (sheet,) = read(desk(), **{"a.tif": tiff(LABELS.astype(kind))})
    assert np.array_equal(sheet.labels, LABELS)
    assert sheet.images == ("a.png",)


@pytest.mark.parametrize("high", [1, 255])
def test_binary_masks_are_split_with_a_note(desk, high):
    table = desk()
    (sheet,) = read(table, **{"a.png": png((LABELS > 0).astype(np.uint8) * np.uint8(high))})
    assert sheet.labels.max() == 2  # two of the three touch
    assert "split into connected parts" in table.draft.notes[0]


def test_one_instance_map_tells_that_all_are(desk):
    single = np.zeros_like(LABELS)
    single[3:9, 3:9] = single[20:30, 3:9] = 1  # one object in two pieces
    sheets = read(desk(), **{"a.tif": tiff(LABELS), "b.tif": tiff(single)})
    assert sheets[1].labels.max() == 1


def test_colours_are_objects_and_alpha_is_not(desk):
    colours = np.zeros((40, 50, 4), np.uint8)
    colours[..., 3] = 255
    colours[2:10, 3:12, 0], colours[20:35, 20:30, 1] = 200, 200
    (sheet,) = read(desk(), **{"a.png": png(colours)})
    assert len(np.unique(sheet.labels)) == 3
    assert sheet.labels[0, 0] == 0


def test_a_stack_over_one_image_holds_objects_that_overlap(desk):
    planes = np.zeros((2, 40, 50), np.uint8)
    planes[0, 5:20, 5:20] = planes[1, 10:30, 10:30] = 255
    (sheet,) = read(desk(), **{"a.tif": tiff(planes)})
    assert [one.mask.pixels.sum() for one in sheet.drawn] == [225, 400]


def test_planes_of_a_stack_of_images(desk):
    planes = np.stack([LABELS, LABELS])
    sheets = read(desk("s.tif", "s.tif#1"), **{"s.tif": tiff(planes)})
    assert [sheet.images for sheet in sheets] == [("s.tif",), ("s.tif#1",)]
    table = desk("s.tif", "s.tif#1")
    assert read(table, **{"s.tif": tiff(np.stack([LABELS] * 3))}) == []
    assert "has 3 planes, its image 2" in table.draft.refusals[0].reason


def test_one_object_a_file(desk):
    files = {f"a/{i}.png": png((value == LABELS).astype(np.uint8) * 255) for i, value in enumerate((7, 300))}
    sheets = read(desk(), **files)
    assert all(sheet.piece and sheet.images == ("a.png",) for sheet in sheets)
    assert [sheet.drawn[0].mask.pixels.sum() for sheet in sheets] == [72, 150]


def test_dot_maps_in_png_and_jpeg(desk):
    dots = np.zeros((40, 50, 3), np.uint8)
    dots[5, 7, 0] = dots[20, 30, 0] = 255
    (sheet,) = read(desk("001cell.png"), **{"001dots.png": png(dots)})
    assert [one.point for one in sheet.drawn] == [(5, 7), (20, 30)]
    stream = io.BytesIO()
    Image.fromarray(dots).save(stream, "JPEG", quality=100, subsampling=0)
    (sheet,) = read(desk(), **{"a.jpg": stream.getvalue()})
    assert [one.point for one in sheet.drawn] == [(5, 7), (20, 30)]
    (sheet,) = read(desk("001cell.png", kind="masks"), **{"001dots.png": png(dots)})
    assert sheet.labels.max() == 2


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("c.png", png(np.zeros((4, 4), np.uint8)), "no image has this name"),
        ("a.png", b"", "is empty"),
        ("a.png", b"nonsense", "no PNG"),
        ("a.tif", tiff(np.full((4, 4), np.nan, np.float32)), "NaN"),
    ],
)
def test_what_is_refused(desk, name, content, reason):
    table = desk()
    assert read(table, **{name: content}) == []
    assert reason in table.draft.refusals[0].reason
