"""Tables of dots and boxes under every name that people and ImageJ give their columns."""

from __future__ import annotations

import pytest

from vivogan.domains.images.annotations.dots import read_table
from vivogan.errors import InputError


def one(text, desk):
    return {sheet.images[0]: sheet.drawn for sheet in read_table("t.csv", text.encode(), desk)}


@pytest.mark.parametrize(
    ("text", "name", "group"),
    [
        ("image,x,y\na.png,3,4\n", "a.png", "object"),
        ("filename;Y;X;type\na.png;4;3;red\n", "a.png", "red"),
        ("\tLabel\tArea\tX\tY\n1\ta.png:0001-0002\t9\t3\t4\n", "a.png", "object"),
        ("Type,Slice,X,Y\n2,1,3,4\n", "a.png", "2"),
        ("label,centroid-0,centroid-1,file\n7,4,3,a\n", "a", "7"),
    ],
)
def test_dots(desk, text, name, group):
    drawn = one(text, desk())[name][0]
    assert drawn.point == (4, 3)
    assert drawn.name == group
    assert drawn.box is None


@pytest.mark.parametrize(
    "text",
    [
        "image,xmin,ymin,xmax,ymax\na.png,2,1,6,4\n",
        "image,x1,y1,x2,y2\na.png,6,4,2,1\n",
        "image,x,y,width,height\na.png,2,1,4,3\n",
        "Label,X,Y,BX,BY,Width,Height\na.png,9,9,2,1,4,3\n",
        "filename,width,height,class,xmin,ymin,xmax,ymax\na.png,50,40,c,2,1,6,4\n",
    ],
)
def test_boxes_are_counted_from_the_corner(desk, text):
    assert one(text, desk())["a.png"][0].box == (0.5, 1.5, 3.5, 5.5)


def test_kind_dots_takes_x_and_y_for_a_dot(desk):
    drawn = one("image,x,y,width,height\na.png,2,1,4,3\n", desk(kind="dots"))["a.png"][0]
    assert (drawn.point, drawn.box) == ((1, 2), None)


def test_a_line_without_coordinates_says_that_nothing_is_there(desk):
    assert one("image,x,y\na.png,,\nb.png,1,1\n", desk())["a.png"] == []


def test_without_images_the_table_is_of_the_image_of_its_name(desk):
    (sheet,) = read_table("a.csv", b"x,y\n1,2\n", desk())
    assert sheet.images == ("a.csv",)
    assert sheet.loose


def test_lines_that_are_wrong_are_refused_by_number(desk):
    table = desk()
    sheets = read_table("t.csv", b"image,x,y\na.png,1,1\na.png,nan,1\na.png,1\na.png,ten,1\n,1,1\n", table)
    assert [refusal.record for refusal in table.draft.refusals] == ["line 4", "line 3", "line 5", "line 6"]
    assert len(sheets[0].drawn) == 1
    assert sheets[0].lost


def test_the_class_column_can_be_named_and_must_exist(desk):
    assert one("image,x,y,what\na.png,1,1,k\n", desk(classes="what"))["a.png"][0].name == "k"
    with pytest.raises(InputError, match="has no column 'that'"):
        one("image,x,y\na.png,1,1\n", desk(classes="that"))


def test_a_table_of_something_else(desk):
    with pytest.raises(InputError, match="no columns of dots or boxes"):
        one("image,count\na.png,1\n", desk())
