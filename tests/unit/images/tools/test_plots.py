"""Pictures of images and objects: sizes, colours and places; what is drawn is where it belongs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vivogan.domains.images.annotations.objects import Objects
from vivogan.domains.images.tools import plots

NAMES = ["red", "white"]


def blank(side: int = 40, channels: int = 1, value: float = 0.0) -> NDArray[np.float32]:
    return np.full((channels, side, side), value, np.float32)


def three(side: int = 40) -> Objects:
    """Two objects of class 0, one of class 1."""
    labels = np.zeros((side, side), np.int32)
    labels[4:10, 4:10], labels[4:10, 10:16], labels[30:36, 20:32] = 1, 2, 3
    return Objects.from_labels(labels, np.array([0, 0, 1]))


def coloured(picture: NDArray[np.uint8], index: int) -> NDArray[np.bool_]:
    return (picture == np.array(plots.colour(index))).all(2)


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_any_number_of_channels_is_shown(channels: int) -> None:
    image = np.random.default_rng(0).normal(0.5, 1, (channels, 7, 9)).astype(np.float32)
    image[0, 0, 0] = np.nan
    picture = plots.shown(image)
    assert picture.shape == (7, 9, 3)
    assert picture.dtype == np.uint8


def test_grey_stays_grey_and_colours_stay_theirs() -> None:
    assert (plots.shown(blank(4, 1, 0.5)) == 128).all()
    image = blank(4, 3)
    image[1] = 1
    assert (plots.shown(image) == (0, 255, 0)).all()


def test_single_channels_of_many_are_told_apart() -> None:
    seen = set()
    for channel in range(3):
        image = blank(2, 4)
        image[channel] = 1
        seen.add(tuple(plots.shown(image)[0, 0].tolist()))
    assert seen == {(0, 255, 255), (255, 0, 255), (255, 255, 0)}


@pytest.mark.parametrize(("side", "times"), [(28, 8), (128, 5), (256, 2), (320, 2), (321, 1), (2000, 1)])
def test_small_images_are_enlarged(side: int, times: int) -> None:
    assert plots.factor((side, side // 2)) == times
    assert plots.overlay_objects(blank(side), Objects.none(), ["cell"]).shape[:2] == (side * times,) * 2


def test_overlays_of_an_image_have_one_size() -> None:
    image, objects = blank(), three()
    shapes = {
        plots.overlay_objects(image, objects, ["cell"]).shape,
        plots.overlay_attribution(image, np.ones((40, 40))).shape,
        plots.enlarged(plots.shown(image)).shape,
    }
    assert shapes == {(320, 320, 3)}


def test_outlines_lie_inside_their_objects() -> None:
    objects = three()
    picture = plots.overlay_objects(blank(), objects, ["cell"])
    assert objects.labels is not None
    inside = plots.enlarged(objects.labels, 8)
    for index, members in ((0, (1, 2)), (1, (3,))):
        drawn = coloured(picture, index)
        assert drawn.any()
        assert set(np.unique(inside[drawn])) <= set(members)
    assert coloured(picture, 0)[40, 79]  # touching objects are parted by lines on both sides
    assert coloured(picture, 0)[40, 80]
    assert (picture[inside == 0] == 0).all()


def test_boxes_frame_their_objects() -> None:
    objects = three()
    objects = Objects(objects.centres, objects.classes, objects.boxes)
    drawn = coloured(plots.overlay_objects(blank(), objects, ["cell"]), 1)
    rows, columns = np.flatnonzero(drawn.any(1)), np.flatnonzero(drawn.any(0))
    assert (rows[0], rows[-1]) == (240, 287)  # pixels 30…35, eightfold
    assert (columns[0], columns[-1]) == (160, 255)
    assert not drawn[250:280, 170:240].any()


def test_dots_are_centred_and_the_unsure_are_hollow() -> None:
    objects = Objects(np.array([[10, 12], [28, 5]], np.float32), np.array([0, 0]))
    picture = plots.overlay_objects(blank(), objects, ["cell"], [0.9, 0.2])
    drawn = np.abs(picture - np.array(plots.colour(0), float)).max(2) < 120
    for centre, filled in (((84, 100), True), ((228, 44), False)):
        y, x = np.nonzero(drawn & (np.abs(np.indices(drawn.shape) - np.array(centre)[:, None, None]).max(0) < 12))
        assert np.allclose([y.mean(), x.mean()], np.array(centre) - 0.5, atol=0.6)
        assert drawn[centre] == filled


def test_several_classes_have_a_legend_with_numbers() -> None:
    one, two = (plots.overlay_objects(blank(), three(), names) for names in (["cell"], NAMES))
    assert len(two) > len(one)
    below = two[len(one) :]
    assert coloured(below, 0).any()
    assert coloured(below, 1).any()


def test_legends_of_many_long_names_keep_the_width() -> None:
    names = [f"immature granulocyte, kind {i} of those seen on the slide" for i in range(9)]
    assert plots.legend(names, 200).shape[1] == 200
    assert len(plots.legend(names, 200)) > len(plots.legend(names[:1], 200))


def test_attribution_is_orange_for_and_blue_against() -> None:
    values = np.zeros((1, 40, 40))
    values[0, 2, 2], values[0, 30, 30] = 1, -1
    picture = plots.overlay_attribution(blank(channels=3), values)
    assert picture[20, 20].argmax() == 0
    assert picture[244, 244].argmax() == 2
    assert not picture[100:150].any()


def test_an_annotator_who_found_nothing() -> None:
    for objects in (Objects.none(), Objects.none((40, 40)), Objects(np.zeros((0, 2), np.float32), np.zeros(0, int))):
        assert not plots.overlay_objects(blank(), objects, ["cell"], []).any()


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.tuples(st.integers(1, 90), st.integers(1, 700)), max_size=7),
    st.integers(1, 5),
    st.text(max_size=60),
)
def test_sheets_take_any_pictures_and_captions(sizes: list[tuple[int, int]], columns: int, caption: str) -> None:
    pictures = [np.zeros((h, w, 3), np.uint8) for h, w in sizes]
    sheet = plots.panel(pictures, [caption] * len(sizes), columns)
    assert sheet.dtype == np.uint8
    assert sheet.shape[1] <= plots.WIDTH
    if pictures:
        assert not sheet[0, 0].any()


def test_captions_are_written_and_shortened() -> None:
    tile = np.zeros((50, 200, 3), np.uint8)
    bare, named = plots.panel([tile], [""], 1), plots.panel([tile], ["plate_" * 40 + "\n3 found"], 1)
    assert bare.shape == (50, 200, 3)
    assert named.shape[1] == 200
    assert len(named) > 70
    assert (named[50:] < 100).any()


def test_real_and_generated_in_rows_of_one_scale() -> None:
    real = [blank(300, value=0.2), blank(100, value=0.4)]
    made = [blank(80, value=0.9), blank(80, value=0.9)]
    objects: list[Any] = [three(80), None]
    sheet = plots.compare(real, made, (), objects, NAMES)
    assert coloured(sheet, 0).any()
    times = plots.factor((80, 80))
    assert sheet.shape[1] == 2 * 80 * times + plots.GAP
    grey = [int((sheet == value).all(2).sum()) for value in (51, 102)]
    assert grey[0] >= (80 * times) ** 2
    assert grey[1] >= (80 * times) ** 2
    assert plots.compare([], []).shape == (1, 1, 3)


def test_the_middle_keeps_its_objects() -> None:
    image, objects = blank(40), three()
    window, inside = plots._middle(image, objects, 36)
    assert window.shape == (1, 36, 36)
    assert inside is not None
    assert len(inside) == 3
    assert np.allclose(inside.centres, objects.centres - 2)
    _, few = plots._middle(image, objects, 20)
    assert few is not None
    assert few.labels is not None
    assert few.labels.max(initial=0) == len(few)
