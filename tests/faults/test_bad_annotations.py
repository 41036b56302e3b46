"""What people get wrong in annotations, each said in one line: the file, the record, the reason and the mend."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from vivogan.core.limits import Limits
from vivogan.domains.images.annotations.read import AnnotationOptions, read
from vivogan.errors import InputError

SHAPE = (40, 50)


@pytest.fixture
def images(tmp_path) -> Path:
    """Two different images, a.png and b.png."""
    folder = tmp_path / "images"
    folder.mkdir()
    for seed, name in enumerate("ab"):
        Image.fromarray(np.random.default_rng(seed).integers(1, 255, SHAPE, np.uint8)).save(folder / f"{name}.png")
    return folder


def saved(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def png(array) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, "PNG")
    return stream.getvalue()


def coco(**wrong) -> str:
    box = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 9, 9]}
    return json.dumps({
        "images": [{"id": 1, "file_name": "a.png", "height": 40, "width": 50}],
        "categories": [{"id": 1, "name": "cell"}],
        "annotations": [box, {**box, "id": 2, "bbox": [20, 20, 9, 9], **wrong}],
    })  # fmt: skip


def voc(**wrong) -> str:
    box = {"xmin": 20, "ymin": 20, "xmax": 29, "ymax": 29, **wrong}
    name = box.pop("name", "cell")
    good = "<object><name>cell</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object>"
    sides = "".join(f"<{side}>{value}</{side}>" for side, value in box.items())
    return f"<annotation>{good}<object><name>{name}</name><bndbox>{sides}</bndbox></object></annotation>"


ONE_WRONG = {  # file → (content with one good and one wrong object, record, reason)
    "nan.csv": ("image,x,y\na.png,1,1\na.png,nan,1\n", "line 3", "x is 'nan', not a finite number"),
    "text.csv": ("image,x,y\na.png,1,1\na.png,1,left\n", "line 3", "y is 'left'"),
    "half.csv": ("image,x,y\na.png,1,1\na.png,1,\n", "line 3", "y is ''"),
    "short.csv": ("image,x,y\na.png,1,1\na.png,1\n", "line 3", "has not 3 values"),
    "outside.csv": ("image,x,y\na.png,1,1\na.png,60,1\n", "line 3", "outside the image of 40 x 50"),
    "class.csv": ("image,x,y,class\na.png,1,1,k\na.png,2,2,\n", "line 3", "has no class"),
    "nobody.csv": ("image,x,y\na.png,1,1\n,2,2\n", "line 3", "names no image"),
    "missing.csv": ("image,x,y\na.png,1,1\nzebra.png,2,2\n", "zebra.png", "no image has this name"),
    "area.csv": ("image,xmin,ymin,xmax,ymax\na.png,1,1,9,9\na.png,20,20,20,29\n", "line 3", "has no area"),
    "far.csv": ("image,xmin,ymin,xmax,ymax\na.png,1,1,9,9\na.png,20,20,90,29\n", "line 3", "pixels outside the image"),
    "category.json": (coco(category_id=7), "annotation 2", "has the category 7, which is not listed"),
    "image.json": (coco(image_id=7), "annotation 2", "image_id 7"),
    "nan.json": (coco(bbox=[float("nan"), 1, 2, 2]), "annotation 2", "no finite numbers"),
    "area.json": (coco(bbox=[20, 20, 0, 9]), "annotation 2", "has no area"),
    "outside.json": (coco(bbox=[200, 20, 9, 9]), "annotation 2", "outside the image"),
    "runs.json": (coco(segmentation={"size": [40, 50], "counts": "04"}), "annotation 2", "do not fill"),
    "huge.json": (coco(segmentation={"size": [float("inf"), 50], "counts": [2000]}), "annotation 2", "cannot be read"),
    "a.xml": (voc(xmax="wide"), "object 2", "no finite numbers"),
    "area/a.xml": (voc(xmax=20), "object 2", "has no area"),
    "out/a.xml": (voc(xmax=99), "object 2", "outside the image"),
    "class/a.xml": (voc(name=""), "object 2", "has no class"),
}


@pytest.mark.parametrize("name", ONE_WRONG)
def test_one_wrong_object_costs_only_itself(tmp_path, images, name):
    content, record, reason = ONE_WRONG[name]
    found = read(images, saved(tmp_path / "drawn" / name, content))
    (refusal,) = found.refusals
    assert refusal.file.endswith(name)
    assert refusal.record == record
    assert reason in refusal.reason
    assert refusal.reason.count(". ") >= 1, "it says how to mend it"
    assert "\n" not in refusal.reason
    assert len(found.objects[0]) == 1
    assert found.objects[1] is None


NOTHING = {  # file → (content of which nothing can be used, what is said)
    "empty.csv": (b"", "is empty"),
    "empty.json": (b"", "is empty"),
    "empty.xml": (b"", "is empty"),
    "empty.zip": (b"", "is empty"),
    "header.csv": (b"image,x,y\n", "header.csv: holds no annotation"),
    "columns.csv": (b"image,count\na.png,3\n", "no columns of dots or boxes"),
    "latin.csv": (b"image,x,y\nb\xe9.png,1,1\n", "not UTF-8"),
    "binary.csv": (bytes(range(256)), "."),
    "none.csv": (b"image,x,y\na.png,,\nb.png,,\n", "hold no object on any image"),
    "broken.json": (b'{"shapes": [', "not valid JSON"),
    "deep.json": (b"[" * 100_000, "not valid JSON"),
    "list.json": (b"[1, 2]", "neither COCO nor LabelMe"),
    "number.json": (b"7", "neither COCO nor LabelMe"),
    "other.json": (b'{"a": 1}', "neither COCO nor LabelMe"),
    "cut.xml": (b"<annotation><object>", "no XML"),
    "bomb.xml": (b'<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><annotation>&b;</annotation>', "document type"),
    "svg.xml": (b"<svg/>", "an XML of <svg>"),
    "broken.zip": (b"PK\3\4 nothing more", "broken"),
    "bad.roi": (b"Iout", "no ROI of ImageJ"),
    "noise.png": (b"\x89PNG\r\n\x1a\n" + b"x" * 50, "."),
    "a.png": (png(np.zeros(SHAPE, np.uint8)), "hold no object on any image"),
    "b.png": (png(np.ones((50, 40), np.uint8)), "drawn on 50 x 40 pixels (height x width), the image has 40 x 50"),
    "c.png": (png(np.ones(SHAPE, np.uint8)), "no image has this name"),
    "notes.docx": (b"hello", "no kind of file that holds annotations"),
}


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_usable_is_one_line(tmp_path, images, name):
    content, reason = NOTHING[name]
    with pytest.raises(InputError) as error:
        read(images, saved(tmp_path / "drawn" / name, content))
    assert reason in str(error.value)
    assert "\n" not in str(error.value)


def test_nothing_there(tmp_path, images):
    with pytest.raises(InputError, match="no annotations were found in it or beside it"):
        read(images)
    with pytest.raises(InputError, match=r"gone.csv: does not exist"):
        read(images, tmp_path / "gone.csv")
    with pytest.raises(InputError, match="does not exist"):
        read(tmp_path / "gone")
    (tmp_path / "text.txt").write_text("hello")
    with pytest.raises(InputError, match="no kind of file that holds images"):
        read(tmp_path / "text.txt")


def test_a_mask_of_the_wrong_size_leaves_its_image_unlabelled(tmp_path, images):
    labels = np.zeros(SHAPE, np.uint8)
    labels[3:9, 3:9], labels[20:30, 20:30] = 1, 2
    saved(tmp_path / "masks" / "a.png", png(labels))
    saved(tmp_path / "masks" / "b.png", png(labels[:, :30]))
    found = read(images)
    assert found.objects[1] is None
    assert "drawn on 40 x 30 pixels (height x width), the image has 40 x 50" in found.refusals[0].reason
    assert any("1 images have no usable annotation" in note for note in found.notes)


def test_boxes_drawn_twice_and_over_the_edge_are_mended_with_a_note(tmp_path, images):
    text = "image,xmin,ymin,xmax,ymax\na.png,1,1,9,9\na.png,1,1,9,9\na.png,40,30,53,39\n"
    found = read(images, saved(tmp_path / "boxes.csv", text))
    assert found.objects[0].boxes.tolist() == [[0.5, 0.5, 8.5, 8.5], [29.5, 39.5, 38.5, 49.5]]
    assert any("drawn twice" in note for note in found.notes)
    assert any("over the edge" in note for note in found.notes)


def test_images_of_another_kind_are_refused_by_name(tmp_path, images):
    Image.fromarray(np.full((*SHAPE, 3), 9, np.uint8)).save(images / "colour.png")
    Image.fromarray(np.full((*SHAPE, 4), 9, np.uint8)).save(images / "alpha.png")
    tifffile.imwrite(images / "deep.tif", np.full(SHAPE, 900, np.uint16))
    saved(images / "empty.png", b"")
    found = read(images, saved(tmp_path / "dots.csv", "image,x,y\na.png,3,3\ncolour.png,3,3\n"))
    assert found.ids == ["a.png", "b.png"]
    assert {refusal.record for refusal in found.refusals} == {"colour.png", "alpha.png", "deep.tif", "empty.png"}


def test_one_image_is_enough(tmp_path, images):
    found = read(images / "a.png", saved(tmp_path / "dots.csv", "x,y\n3,4\n"))
    assert (len(found), len(found.objects[0])) == (1, 1)


def test_every_wrong_file_is_named_not_the_first_alone(tmp_path, images):
    drawn = tmp_path / "drawn"
    saved(drawn / "a.xml", voc())
    saved(drawn / "b.xml", "<annotation>")
    saved(drawn / "c.xml", voc())
    saved(drawn / "d.json", "{")
    found = read(images, drawn)
    assert {Path(refusal.file).name for refusal in found.refusals} == {"b.xml", "c.xml", "d.json"}
    assert len(found.objects[0]) == 2


def test_limits_reach_the_annotations(tmp_path, images):
    options = AnnotationOptions(limits=Limits(pixels=2500))
    saved(tmp_path / "masks" / "a.png", png(np.ones((400, 500), np.uint8)))
    with pytest.raises(InputError, match="limit of 2,500"):
        read(images, options=options)
    evil = tmp_path / "evil.zip"
    with zipfile.ZipFile(evil, "w") as archive:
        archive.writestr("../../a.xml", voc())
    with pytest.raises(InputError, match="leads out of the archive"):
        read(images, evil)


def test_sizes_and_categories_beyond_sense_are_no_obstacle(tmp_path, images):
    shape = {"label": "c", "shape_type": "point", "points": [[5, 5]]}
    labelme = {"shapes": [shape], "imageHeight": float("inf"), "imageWidth": -3}
    assert len(read(images, saved(tmp_path / "drawn" / "a.json", json.dumps(labelme))).objects[0]) == 1
    size = "<size><width>1e999</width><height>x</height></size>"
    text = voc().replace("<annotation>", f"<annotation>{size}")
    assert len(read(images, saved(tmp_path / "voc" / "a.xml", text)).objects[0]) == 2
    document = json.loads(coco())
    document["categories"].append({"id": [1], "name": None})
    assert len(read(images, saved(tmp_path / "coco.json", json.dumps(document))).objects[0]) == 2


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(ONE_WRONG)), st.integers(0, 400), st.binary(min_size=1, max_size=4))
def test_damaged_bytes_never_end_in_a_traceback(tmp_path, images, name, place, noise):
    content = ONE_WRONG[name][0].encode()
    place %= len(content)
    damaged = content[:place] + noise + content[place + len(noise) :]
    with suppress(InputError):
        read(images, saved(tmp_path / "noise" / Path(name).name, damaged))
