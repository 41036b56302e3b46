"""People name images in many ways; one that may mean two images means none."""

from __future__ import annotations

import pytest

from vivogan.domains.images.annotations.match import Index, file_of, in_drawn, key


@pytest.mark.parametrize(
    ("ids", "value", "found"),
    [
        (["a.png", "b.png"], "a.png", ["a.png"]),
        (["a.png", "b.png"], "a", ["a.png"]),
        (["a.png", "b.png"], "C:\\data\\b.png", ["b.png"]),
        (["a.png", "b.png"], "masks/a_mask.tif", ["a.png"]),
        (["001cell.png", "002cell.png"], "002dots.png", ["002cell.png"]),
        (["train/images/a.png", "test/images/a.png"], "/x/train/masks/a.png", ["train/images/a.png"]),
        (["train/images/a.png", "test/images/a.png"], "test/a", ["test/images/a.png"]),
        (["train/a.png", "test/a.png"], "a.png", ["test/a.png", "train/a.png"]),
        (["a.tif", "a.tif#1", "b.tif"], "masks/a.tif", ["a.tif", "a.tif#1"]),
        (["s.tif#0", "s.tif#1"], "s.tif#1", ["s.tif#1"]),
        (["a#b.png"], "masks/a#b.png", ["a#b.png"]),
        (["slide.1.png", "slide.2.png"], "slide.2", ["slide.2.png"]),
        (["a.png"], "c.png", []),
        (["a.png"], "", []),
    ],
)
def test_find(ids, value, found):
    assert Index(ids).find(value) == found


def test_several_files_are_told_from_planes_of_one():
    index = Index(["train/a.png", "test/a.png", "s.tif#0", "s.tif#1"])
    assert index.several(index.find("a.png"))
    assert not index.several(index.find("s.tif"))


def test_one_object_per_file_belongs_to_the_image_of_its_folder():
    index = Index(["one/images/one.png", "two/images/two.png"])
    assert index.owner("/data/one/masks/0a9f.png") == ["one/images/one.png"]
    assert Index(["a.png", "b.png"]).owner("/data/masks/b/7.png") == ["b.png"]
    assert Index(["a.png", "b.png"]).owner("/data/masks/7.png") == []


def test_words():
    assert key("train/images/a.b.png") == ("train", "a.b")
    assert in_drawn("x/Masks/a.png")
    assert not in_drawn("masks.png")
    assert file_of("a.tif#3-1") == "a.tif"
