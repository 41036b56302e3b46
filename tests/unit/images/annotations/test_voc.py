"""Pascal VOC, Cell Counter, and XML that would reach outside its file."""

from __future__ import annotations

import pytest

from vivogan.domains.images.annotations.voc import is_list, read_lists, read_xml
from vivogan.errors import InputError

VOC = b"""<annotation><filename>a.png</filename><size><width>50</width><height>40</height></size>
<object><name>RBC</name><bndbox><xmin>2</xmin><ymin>1</ymin><xmax>6</xmax><ymax>4</ymax></bndbox></object>
<object><name>RBC</name></object></annotation>"""


def test_boxes(desk):
    table = desk()
    (sheet,) = read_xml("Annotations/a.xml", VOC, table)
    assert sheet.size == (40, 50)
    assert [(one.name, one.box) for one in sheet.drawn] == [("RBC", (0.5, 1.5, 3.5, 5.5))]
    assert [refusal.record for refusal in table.draft.refusals] == ["object 2"]


def test_cell_counter(desk):
    xml = b"""<CellCounter_Marker_File><Image_Properties><Image_Filename>b.png</Image_Filename></Image_Properties>
    <Marker_Data><Marker_Type><Type>1</Type><Marker><MarkerX>3</MarkerX><MarkerY>4</MarkerY></Marker></Marker_Type>
    <Marker_Type><Type>2</Type></Marker_Type></Marker_Data></CellCounter_Marker_File>"""
    (sheet,) = read_xml("CellCounter_b.xml", xml, desk())
    assert sheet.images[0] == "b.png"
    assert [(one.name, one.point) for one in sheet.drawn] == [("1", (4, 3))]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'<!DOCTYPE a [<!ENTITY x "y">]><annotation/>', "document type"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><annotation/>', "document type"),
        ('<!DOCTYPE a [<!ENTITY x "y">]><annotation/>'.encode("utf-16"), "document type"),
        (b"<annotation>\n<object>", "no XML"),
        (b"", "no XML"),
        (b'<?xml version="1.0" encoding="klingon"?><annotation/>', "no XML"),
        (b"<svg/>", "an XML of <svg>"),
    ],
)
def test_what_is_refused(desk, content, reason):
    with pytest.raises(InputError, match=reason):
        read_xml("a.xml", content, desk())


def test_the_finer_list_counts():
    lists = {"ImageSets/Main/trainval.txt": b"a\nb\nc\n", "ImageSets/Main/val.txt": b"b 1\n\n", "x/test.txt": b"d\n"}
    assert read_lists(lists) == {"a": "train", "b": "selection", "c": "train", "d": "test"}
    assert read_lists({"ImageSets/Main/cat_train.txt": b"a\n"}) == {}
    assert is_list("VOC/ImageSets/Main/train.txt")
    assert not is_list("notes/train.txt")
