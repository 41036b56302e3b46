"""Annotations are found where people put them, and real sets are read whole."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vivogan.domains.images.annotations.read import AnnotationOptions, read

DATA = Path(os.environ.get("VIVOGAN_DATA", "/nowhere"))
VOC = "<annotation><filename>{0}</filename><object><name>c</name><bndbox><xmin>2</xmin><ymin>2</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object></annotation>"  # noqa: E501


def mask(path, *places):
    path.parent.mkdir(parents=True, exist_ok=True)
    labels = np.zeros((40, 50), np.uint8)
    for i, (y, x) in enumerate(places, 1):
        labels[y : y + 6, x : x + 6] = i
    Image.fromarray(labels).save(path)


def counts(found):
    return [None if one is None else len(one) for one in found.objects]


@pytest.mark.parametrize(
    ("source", "image", "masks"),
    [
        ("d", "d/{}.png", "d/masks/{}.png"),
        ("d", "d/images/{}.png", "d/labels/{}.png"),
        ("d/images", "d/images/{}.png", "d/masks/{}.png"),
        ("d/JPEGImages", "d/JPEGImages/{}.png", "d/Annotations/{}.png"),
        ("d", "d/{}.png", "d/{}_mask.png"),
        ("d", "d/{}cell.png", "d/{}dots.png"),
        ("d/cells", "d/cells/{}.png", "d/cells_masks/{}.png"),
    ],
)
def test_masks_are_found(tmp_path, photo, source, image, masks):
    for name in ("1", "2", "3"):
        photo(tmp_path / image.format(name))
    mask(tmp_path / masks.format("1"), (2, 2), (20, 20))
    mask(tmp_path / masks.format("2"))
    found = read(tmp_path / source)
    assert counts(found) == [2, 0, None]
    assert any("1 images have no usable annotation" in note for note in found.notes)
    assert found.names == ["object"]
    assert found.annotated.tolist() == [0, 1]


@pytest.mark.parametrize("packed", [False, True])
def test_one_folder_per_image(tmp_path, photo, packed):
    for name, n in (("one", 2), ("two", 3)):
        photo(tmp_path / "set" / name / "images" / f"{name}.png")
        for i in range(n):
            mask(tmp_path / "set" / name / "masks" / f"{i}f.png", (2 + 8 * i, 5))
    source = (
        Path(shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "set")) if packed else tmp_path / "set"
    )
    found = read(source)
    assert counts(found) == [2, 3]
    assert found.objects[1].labels.max() == 3


@pytest.mark.parametrize("place", ["beside.csv", "cells/inside.csv", "named/far.csv"])
def test_a_table_inside_beside_or_named(tmp_path, photo, place):
    photo(tmp_path / "cells" / "a.png")
    photo(tmp_path / "cells" / "b.png")
    (tmp_path / "counts.csv").write_text("who,many\nx,3\n")  # a stranger's table
    (tmp_path / "foreign.csv").write_text("image,x,y\nz.png,1,1\n")
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text("image,x,y,type\na.png,3,4,t\na.png,9,9,s\n")
    named = tmp_path / place if place.startswith("named") else None
    found = read(tmp_path / "cells", named)
    assert counts(found) == [2, None]
    assert (found.names, found.objects[0].classes.tolist()) == (["s", "t"], [1, 0])
    assert found.objects[0].boxes is None


def test_labelme_beside_every_image(tmp_path, photo):
    photo(tmp_path / "a.png")
    shape = {"label": "c", "shape_type": "rectangle", "points": [[1, 1], [5, 5]]}
    (tmp_path / "a.json").write_text(json.dumps({"shapes": [shape], "imagePath": "a.png"}))
    assert counts(read(tmp_path)) == counts(read(tmp_path / "a.png")) == [1]


def test_voc_with_its_split_from_a_folder_and_from_a_zip(tmp_path, photo):
    root = tmp_path / "VOC"
    for name in "abc":
        photo(root / "JPEGImages" / f"{name}.png")
        (root / "Annotations").mkdir(exist_ok=True)
        (root / "Annotations" / f"{name}.xml").write_text(VOC.format(f"{name}.png"))
    lists = root / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    (lists / "trainval.txt").write_text("a\nb\n")
    (lists / "val.txt").write_text("b\n")
    (lists / "test.txt").write_text("c\n")
    zipped = shutil.make_archive(str(tmp_path / "voc"), "zip", tmp_path, "VOC")
    for source in (root, Path(zipped), root / "JPEGImages"):
        found = read(source)
        assert counts(found) == [1, 1, 1]
        parts = {Path(name).stem: part for name, part in zip(found.ids, found.part.tolist(), strict=True)}
        assert parts == {"a": "train", "b": "selection", "c": "test"}


def test_masks_say_more_than_a_table(tmp_path, photo):
    photo(tmp_path / "a.png")
    mask(tmp_path / "masks" / "a.png", (2, 2), (20, 20))
    (tmp_path / "dots.csv").write_text("image,x,y\na.png,3,4\n")
    found = read(tmp_path)
    assert counts(found) == [2]
    assert any("annotated a second time" in note for note in found.notes)
    assert counts(read(tmp_path, tmp_path / "dots.csv")) == [1]


def test_same_names_in_train_and_test(tmp_path, photo):
    for part, n in (("train", 2), ("test", 1)):
        photo(tmp_path / part / "images" / "a.png")
        mask(tmp_path / part / "masks" / "a.png", *[(2, 2), (20, 20)][:n])
    found = read(tmp_path)
    assert dict(zip(found.part.tolist(), counts(found), strict=True)) == {"train": 2, "test": 1}


def test_the_annotated_one_of_two_identical_images_is_kept(tmp_path, photo):
    shutil.copy(photo(tmp_path / "b.png"), tmp_path / "a.png")
    (tmp_path / "dots.csv").write_text("image,x,y\nb.png,3,4\n")
    found = read(tmp_path)
    assert (found.ids, counts(found)) == (["b.png"], [1])


def test_a_roi_set_in_a_zip_of_images(tmp_path, photo):
    from vivogan.domains.images.annotations.objects import Objects
    from vivogan.domains.images.annotations.write import write_rois

    boxes = Objects(np.array([[5, 5]], np.float32), np.zeros(1, np.intp), np.array([[1, 1, 9, 9]], np.float32))
    write_rois(tmp_path / "set" / "a_RoiSet.zip", boxes)
    photo(tmp_path / "set" / "a.png")
    assert counts(read(tmp_path / "set")) == [1]
    archive = Path(shutil.make_archive(str(tmp_path / "all"), "zip", tmp_path / "set"))
    assert zipfile.is_zipfile(archive)
    assert counts(read(archive)) == [1]


def real(name):
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"{name} is not in VIVOGAN_DATA")
    return path


def test_bccd():
    found = read(real("bccd_blood_cells/bccd.zip"))
    assert len(found) == len(found.annotated) == 364
    classes = Counter(found.names[k] for objects in found.objects for k in objects.classes)
    without_area, merged = len(found.refusals), int(found.notes[0].split()[0])
    assert "drawn twice" in found.notes[0]
    assert classes == {"RBC": 4155 - without_area - merged, "WBC": 372, "Platelets": 361}
    assert (without_area, merged) == (2, 7)
    assert Counter(found.part.tolist()) == {"train": 205, "selection": 87, "test": 72}


@pytest.mark.parametrize(
    ("name", "images", "objects"),
    [
        ("vgg_cells/vgg_cells.npz", 200, 35192),
        ("dsb2018_nuclei/dsb2018_fluo256.npz", 334, 9543),
        ("isbi2012_em/isbi2012_em_train.npz", 30, 3431),  # connected parts of the interior
        ("adipocyte_cells/adipocyte_cells.zip", 200, 31017),  # dots of one pixel in JPEG
    ],
)
def test_real_sets(name, images, objects):
    found = read(real(name))
    assert (len(found), sum(counts(found))) == (images, objects)
    assert not found.refusals


def test_options_reach_the_readers(tmp_path, photo):
    photo(tmp_path / "a.png")
    mask(tmp_path / "masks" / "a.png", (2, 2), (20, 20))
    assert read(tmp_path, options=AnnotationOptions(kind="dots")).objects[0].boxes is None
